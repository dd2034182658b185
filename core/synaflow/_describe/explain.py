"""The plan in words: what is connected to what and why, what runs together, and how far it can drift apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from synaflow._describe.bounds import bounds
from synaflow._describe.values import spell_value
from synaflow._model import NO_DEFAULT, EdgeKind, OnError, StepMode
from synaflow._types import spell

if TYPE_CHECKING:
    from synaflow._model import Edge, FieldDef, PipelineDef, StepDef

__all__ = ["explain"]

_FOUND = {"inputs": "as told by inputs=", "name": "found by name", "type": "the only one that fits by type"}


def explain(pipeline: PipelineDef) -> str:
    """The plan, for a terminal. The same pipeline always gives the same text."""
    return "\n".join(_lines(pipeline)) + "\n"


def _lines(pipeline: PipelineDef) -> Iterator[str]:
    counts = (
        _count(len(pipeline.steps), "step"),
        _count(len(pipeline.edges), "edge"),
        _count(len(pipeline.regions), "stream region"),
    )
    yield f"pipeline '{pipeline.name}': {', '.join(counts)}"
    for line in (pipeline.doc or "").splitlines():
        yield f"  {line}".rstrip()
    if pipeline.params is not None:
        yield ""
        yield f"params ({pipeline.params.type.__name__})"
        for field in pipeline.fields:
            yield f"  {_field(field)}"
    yield ""
    yield "steps, in the order they are listed"
    for step in pipeline.steps:
        yield f"  {_step(step)}"
        for line in _inputs(pipeline, step):
            yield f"      {line}"
    yield ""
    yield "regions, in the order they run: each in one process, its streams in lockstep"
    for number, region in enumerate(pipeline.regions, 1):
        yield f"  {number}. {', '.join(region.steps)}"
    found = bounds(pipeline)
    if found:
        yield ""
        yield "branches: how many items may wait in each"
        paths = [f"{bound.edge.producer} -> {_reader(bound.edge)}" for bound in found]
        width = max(len(path) for path in paths)
        for path, bound in zip(paths, found, strict=True):
            yield f"  {path:<{width}}  {bound.reason}"
    notes = [*_aliases(pipeline)]
    if notes:
        yield ""
        yield from notes


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _field(field: FieldDef) -> str:
    text = f"{field.name}: {spell(field.output.type)}"
    if field.default is not NO_DEFAULT:
        text += f" = {spell_value(field.default)}"
    elif not field.required:
        text += " = ..."
    return f"{text}  # {field.doc}" if field.doc else text


def _step(step: StepDef) -> str:
    notes = []
    if step.each:
        notes.append("once per item, what each call yields is one stream" if step.flatten else "once per item")
    if step.is_async:
        notes.append("async")
    if step.mode is not StepMode.AUTO:
        notes.append(f"mode={step.mode}")
    if step.concurrency > 1:
        notes.append(f"concurrency={step.concurrency}")
    if not step.ordered:
        notes.append("ordered=False")
    if step.timeout is not None:
        notes.append(f"timeout={step.timeout}")
    if step.thread:
        notes.append("thread=True")
    if step.on_error is not OnError.STOP:
        notes.append(f"on_error={step.on_error}")
    if step.max_in_flight is not None:
        notes.append(f"max_in_flight={step.max_in_flight}")
    word = f" [{step.function}]" if step.function != step.name else ""
    return f"{step.name}{word} -> {spell(step.output.type)}" + (f"  ({', '.join(notes)})" if notes else "")


def _inputs(pipeline: PipelineDef, step: StepDef) -> Iterator[str]:
    edges = {edge.parameter: edge for edge in pipeline.edges_into(step.name)}
    for parameter in step.inputs:
        edge = edges.get(parameter.name)
        if edge is None:
            yield f"{parameter.name} takes its default, {spell_value(parameter.default)}"
        else:
            yield f"{parameter.name} <- {edge.producer}: {_edge(pipeline, edge)}; {_FOUND[edge.found]}"
    if step.after:
        yield f"after {', '.join(step.after)}"


def _edge(pipeline: PipelineDef, edge: Edge) -> str:
    types = f"{spell(edge.produced)} -> {spell(edge.wanted)}"
    match edge.kind:
        case EdgeKind.COLLECT:
            return f"collect into {getattr(edge.collector, '__name__', 'a collection')}: {types}"
        case EdgeKind.EACH:
            return f"each item of the {'stream' if edge.from_stream else 'collection'}: {types}"
        case EdgeKind.ITERATE:
            return f"iterate over the collection: {types}"
        case EdgeKind.VALUE if edge.from_stream:
            return f"value, the iterator itself: {types}"
        case _:
            return f"{edge.kind}: {types}"


def _reader(edge: Edge) -> str:
    return edge.consumer if edge.parameter == edge.producer else f"{edge.consumer}.{edge.parameter}"


def _aliases(pipeline: PipelineDef) -> Iterator[str]:
    for alias, name in pipeline.aliases:
        yield f"'{alias}' stands for '{name}'"
    if pipeline.exports is not None:
        yield f"exports '{pipeline.exports}'"
