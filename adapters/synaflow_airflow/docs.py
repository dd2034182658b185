"""The `doc_md` of a DAG and of its tasks: what the UI shows beside them, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from synaflow import PipelineDef, part_of

__all__ = ["dag_doc", "first_line", "storable", "task_doc"]


def dag_doc(pipeline: PipelineDef) -> str:
    """What a pipeline is for, and its regions."""
    told = [_escaped(pipeline.doc)] if pipeline.doc else []
    count = len(pipeline.steps)
    told.append(
        f"The pipeline {_code(pipeline.name)}: {count} {'step' if count == 1 else 'steps'}, a task for each stream region."
    )
    return storable("\n\n".join(told))


def first_line(doc: str | None) -> str:
    """The first line of a docstring, empty where there is none."""
    return storable((doc or "").strip().partition("\n")[0].strip())


def task_doc(pipeline: PipelineDef, steps: tuple[str, ...], takes: Mapping[str, str], gives: Collection[str]) -> str:
    """The steps of a task, why they are together, and the plan by which they run."""
    lines = [f"- {_code(name)}{_summary(pipeline[name].doc)}" for name in steps]
    told = ["\n".join(lines)]
    if len(steps) > 1:
        told.append(_why(pipeline, steps))
    if takes:
        told.append(
            "Takes " + ", ".join(f"{_code(step)} from task {_code(task)}" for step, task in takes.items()) + "."
        )
    if gives:
        told.append("Gives " + ", ".join(map(_code, gives)) + ".")
    if len(steps) > 1:
        told.append(_block(_plan(pipeline, steps)))
    return storable("\n\n".join(told))


def _plan(pipeline: PipelineDef, steps: tuple[str, ...]) -> str:
    """Of the plan in words, what a part has of its own: its edges, and how far its branches may drift apart."""
    sections = part_of(pipeline, steps).explain().rstrip().split("\n\n")
    return "\n\n".join(section for section in sections if section.startswith(("steps", "branches")))


def _why(pipeline: PipelineDef, steps: tuple[str, ...]) -> str:
    inside = set(steps)
    streams = dict.fromkeys(
        (edge.producer, edge.consumer)
        for edge in pipeline.edges
        if edge.binds and edge.producer in inside and edge.consumer in inside
    )
    read = ", ".join(f"{_code(producer)} → {_code(consumer)}" for producer, consumer in streams)
    if not streams:
        return "They were joined into one task."
    regions = sum(1 for region in pipeline.regions if inside.issuperset(region.steps))
    together = f"They run together, in lockstep, because streams go from one to the other: {read}."
    return together if regions == 1 else f"{together} {regions} stream regions were joined into one task."


def _summary(doc: str | None) -> str:
    first = first_line(doc)
    return f": {_escaped(first)}" if first else ""


def storable(text: str) -> str:
    """A text without what no database takes: NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _escaped(text: str) -> str:
    """Text as Markdown shows it, letter for letter."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", text)


def _code(name: str) -> str:
    return f"`{name}`"


def _block(text: str) -> str:
    """A block of code that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"
