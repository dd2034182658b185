"""The pipeline as the page shows it: what it is made of, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from synaflow._model import EdgeKind
from synaflow._types import spell

if TYPE_CHECKING:
    from synaflow._model import Edge, PipelineDef

__all__ = ["Entry", "to_dict"]


class Entry(TypedDict):
    """A step or a params field.

    Attributes:
        deps: By producer, the type of the parameter that takes it, the first of several. Empty for a field.
        output: The type of what it gives.
        fn: The function's name, None for a field.
        on_error: What its failure does to the run, None for a field.
        needs_materialize: Whether some consumer collects its stream.
    """

    deps: dict[str, str]
    output: str
    fn: str | None
    on_error: str | None
    needs_materialize: bool


def to_dict(pipeline: PipelineDef) -> dict[str, Entry]:
    """`{name: {deps, output, fn, on_error, needs_materialize}}`: the steps as listed, then the params fields."""
    entries: dict[str, Entry] = {}
    for step in pipeline.steps:
        entries[step.name] = {
            "deps": _deps(pipeline.edges_into(step.name)),
            "output": spell(step.output.type),
            "fn": step.function,
            "on_error": str(step.on_error),
            "needs_materialize": _needs_materialize(pipeline.edges_out_of(step.name)),
        }
    for field in pipeline.fields:
        entries[field.name] = {
            "deps": {},
            "output": spell(field.output.type),
            "fn": None,
            "on_error": None,
            "needs_materialize": _needs_materialize(pipeline.edges_out_of(field.name)),
        }
    return entries


def _deps(edges: tuple[Edge, ...]) -> dict[str, str]:
    deps: dict[str, str] = {}
    for edge in edges:
        deps.setdefault(edge.producer, spell(edge.wanted))
    return deps


def _needs_materialize(edges: tuple[Edge, ...]) -> bool:
    return any(edge.kind is EdgeKind.COLLECT for edge in edges)
