"""The pipeline as the page shows it: what it is made of, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow._model import EdgeKind
from synaflow._types import spell

if TYPE_CHECKING:
    from synaflow._model import Edge, PipelineDef

__all__ = ["to_dict"]


def to_dict(pipeline: PipelineDef) -> dict[str, dict[str, object]]:
    """`{name: {deps, output, fn, on_error, needs_materialize}}`: the steps as listed, then the params fields."""
    entries: dict[str, dict[str, object]] = {}
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
