"""The tasks: steps, the pipelines that are made of them, and what runs those here and on Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from time import perf_counter
from typing import Any, Final, NamedTuple

from synaflow import PipelineDef, RunResult, pipeline, run, step

__all__ = ["TASKS", "Length", "Task", "Timed", "local", "ours"]

Row = dict[str, Any]


class Length(NamedTuple):
    """How many items there are."""

    length: int


class Timed(NamedTuple):
    """What a sink makes of its items, and the seconds from the first that it was given to the end."""

    total: int
    seconds: float


def numbers(length: int) -> Iterator[int]:
    """The source of a stream of ints."""
    yield from range(length)


def doubled(numbers: Iterator[int]) -> Iterator[int]:
    """A step that makes one of one."""
    for number in numbers:
        yield number * 2


def total(items: Iterator[int]) -> Timed:
    """A sink of ints."""
    first = next(items)
    started = perf_counter()
    found = first + sum(items)
    return Timed(found, perf_counter() - started)


def rows(length: int) -> Iterator[Row]:
    """The source of a stream of small dicts."""
    for number in range(length):
        yield {"id": number, "name": f"row {number}", "amount": number / 7, "late": number % 3 == 0}


def marked(rows: Iterator[Row]) -> Iterator[Row]:
    """A step that makes one of one."""
    for row in rows:
        yield {**row, "paid": not row["late"]}


def added(items: Iterator[Row]) -> Timed:
    """A sink of dicts."""
    first = next(items)
    started = perf_counter()
    found = first["id"] + sum(row["id"] for row in items)
    return Timed(found, perf_counter() - started)


class Task(NamedTuple):
    """A source, in a chain a step between, and a sink, or two of the same for a fork."""

    source: Callable[[int], Iterator[Any]]
    between: Callable[[Iterator[Any]], Iterator[Any]] | None
    sink: Callable[[Iterator[Any]], Timed]


TASKS: Final = {
    "chain of ints": Task(numbers, doubled, total),
    "chain of dicts": Task(rows, marked, added),
    "fork of ints": Task(numbers, None, total),
    "fork of dicts": Task(rows, None, added),
}
"""By name. They are steps as they stand, and what is written by hand calls the same functions."""


@cache
def built(name: str) -> PipelineDef:
    """A task as a pipeline."""
    source, between, sink = TASKS[name]
    if between is not None:
        return pipeline("chain", Length, [source, between, step("sink", sink, inputs={"items": between.__name__})])
    sinks = [step(f"sink_{one}", sink, inputs={"items": source.__name__}) for one in ("a", "b")]
    return pipeline("fork", Length, [source, *sinks])


def timed(result: RunResult) -> Timed:
    """What a run made of it: the totals of all sinks, and the seconds of the slowest."""
    sinks = [value for value in dict(result).values() if isinstance(value, Timed)]
    return Timed(sum(sink.total for sink in sinks), max(sink.seconds for sink in sinks))


def local(name: str, count: int) -> Timed:
    """A task, run here."""
    return timed(run(built(name), Length(count)))


def ours(name: str, count: int) -> Timed:
    """A task, run on Ray."""
    from synaflow_ray import run as run_on_ray

    return timed(run_on_ray(built(name), Length(count)))
