"""A part of a pipeline as a pipeline of its own: what a target runs that takes a pipeline apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypedDict, cast

from synaflow._errors import RunnerError
from synaflow._model import NO_DEFAULT, FieldDef, Output, ParamsDef, PipelineDef, Region, StepDef

__all__ = ["dependents_of", "part_of"]


def part_of(pipeline: PipelineDef, steps: Collection[str], *, cut_streams: bool = False) -> PipelineDef:
    """The pipeline of some of a pipeline's steps, with what they take from elsewhere as its params.

    A stream is read where it is made: whole stream regions are what a pipeline can be cut into (`pipeline.regions`), and
    of a region, readers may be left out. A target that brings streams from one place to another cuts regions too.

    Args:
        pipeline: The whole.
        steps: Names of its steps.
        cut_streams: Whether the streams of steps that are left out are params too, as iterators.

    Returns:
        A pipeline of the same name. Its params are a dict, `{name: value}`: the fields of the pipeline's own params, and the
        steps of other parts, that its steps take values from. Its steps wait for no step of another part.

    Raises:
        RunnerError: A name is no step's, or a step's stream is made by a step that is left out.

    Example:
        >>> from collections.abc import Iterator
        >>> from synaflow import part_of, pipeline, run
        >>> def limit() -> int:
        ...     return 3
        >>> def numbers(limit: int) -> Iterator[int]:
        ...     yield from range(limit)
        >>> def total(numbers: Iterator[int]) -> int:
        ...     return sum(numbers)
        >>> whole = pipeline("sums", None, [limit, numbers, total])
        >>> [region.steps for region in whole.regions]
        [('limit',), ('numbers', 'total')]
        >>> dict(run(part_of(whole, ["numbers", "total"]), {"limit": 4}))
        {'total': 6}
    """
    wanted = frozenset(steps)
    unknown = sorted(wanted - {step.name for step in pipeline.steps})
    if unknown:
        raise RunnerError(f"pipeline '{pipeline.name}' has no step {', '.join(map(repr, unknown))}")
    edges = tuple(edge for edge in pipeline.edges if edge.consumer in wanted)
    for edge in edges:
        if edge.binds and edge.producer in pipeline and edge.producer not in wanted and not cut_streams:
            raise RunnerError(
                f"'{edge.consumer}' reads the stream of '{edge.producer}' in pipeline '{pipeline.name}': "
                "a part that has the one needs the other too"
            )
    needed = dict.fromkeys(edge.producer for edge in edges if edge.producer not in wanted)
    fields = {field.name: replace(field, required=True, default=NO_DEFAULT) for field in pipeline.fields}
    inputs = tuple(
        fields[name] if name in fields else FieldDef(name, _given_by(pipeline[name]), doc=pipeline[name].doc)
        for name in needed
    )
    return replace(
        pipeline,
        params=ParamsDef(_dict_of(needed), inputs) if inputs else None,
        steps=tuple(replace(step, after=_among(step.after, wanted)) for step in pipeline.steps if step.name in wanted),
        edges=edges,
        order=_among(pipeline.order, wanted),
        regions=tuple(Region(kept[0], kept) for region in pipeline.regions if (kept := _among(region.steps, wanted))),
        aliases=tuple((alias, name) for alias, name in pipeline.aliases if name in wanted),
        exports=pipeline.exports if pipeline.exports in wanted else None,
    )


def dependents_of(pipeline: PipelineDef, names: Iterable[str]) -> frozenset[str]:
    """The steps that take something from those steps or fields, directly or by way of others: what lacks it if they fail.

    Example:
        >>> from synaflow import dependents_of, pipeline
        >>> def one() -> int:
        ...     return 1
        >>> def two(one: int) -> int:
        ...     return one + 1
        >>> def three(two: int) -> int:
        ...     return two + 1
        >>> sorted(dependents_of(pipeline("count", None, [one, two, three]), ["one"]))
        ['three', 'two']
    """
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        for edge in pipeline.edges_out_of(waiting.pop()):
            if edge.consumer not in found:
                found.add(edge.consumer)
                waiting.append(edge.consumer)
    return frozenset(found)


def _given_by(step: StepDef) -> Output:
    # The type of an `each` step's output is that of one call.
    given = step.output
    return Output(Iterator[given.item], True, given.item) if given.stream else given  # type: ignore[name-defined]  # a type at run time


def _among(names: Iterable[str], wanted: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in wanted)


def _dict_of(names: Collection[str]) -> type:
    # What a type checker makes of a TypedDict whose keys it can't read is nothing; at run time it is a class.
    make = cast("Any", TypedDict)
    made: type = make("Inputs", dict.fromkeys(names, object))
    return made
