"""The tasks as pipelines, and the functions that run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from benchmarks.plain import Values, a, b, both, doubled, numbers, total
from synaflow import PipelineDef, pipeline, run, step

__all__ = ["Params", "build", "call_values", "chain", "fork", "join"]


class Params(NamedTuple):
    """How many items a stream has, or what value steps begin with."""

    length: int


@cache
def _chain() -> PipelineDef:
    return pipeline("chain", Params, [numbers, doubled, total])


@cache
def _fork(max_in_flight: int | None) -> PipelineDef:
    return pipeline("fork", Params, [step("numbers", numbers, max_in_flight=max_in_flight), a, b])


@cache
def _join() -> PipelineDef:
    return pipeline("join", Params, [numbers, doubled, both])


def chain(count: int, *, stats: bool = False) -> int:
    """The chain: source, transform, sink."""
    result: int = run(_chain(), Params(count), stats=stats)["total"]
    return result


def fork(count: int, max_in_flight: int | None = None) -> dict[str, int]:
    """The fork to two sinks."""
    return dict(run(_fork(max_in_flight), Params(count)))


def join(count: int) -> int:
    """A step that reads a stream and what another step makes of the same stream, side by side."""
    result: int = run(_join(), Params(count))["both"]
    return result


def call_values(made: Values) -> Callable[[int], int]:
    """A function that runs the value steps as a pipeline."""
    built = build(made.steps)

    def call(count: int) -> int:
        result: int = run(built, Params(count))[made.last]
        return result

    return call


def build(steps: Sequence[Callable[..., object]]) -> PipelineDef:
    """A pipeline of value steps."""
    return pipeline("values", Params, steps)
