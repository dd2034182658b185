"""Items that are dropped, many of them."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable, Iterator
from typing import NamedTuple

from synaflow import PipelineDef, RunResult, pipeline, run, step


class Params(NamedTuple):
    """How many items there are."""

    length: int


def dropping(error: Callable[[int], Exception]) -> PipelineDef:
    def source(length: int) -> Iterator[int]:
        yield from range(length)

    def fails(source: int) -> int:
        raise error(source)

    def total(fails: Iterator[int]) -> int:
        return sum(fails)

    return pipeline("dropping", Params, [source, step("fails", fails, on_error="continue"), total])


def calls(built: PipelineDef, count: int) -> int:
    """How many calls a run makes."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        result = run(built, Params(count))
    finally:
        profile.disable()
    assert result.steps["fails"].dropped == count
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_an_item_costs_the_same_however_many_were_dropped_before() -> None:
    built = dropping(ValueError)
    assert calls(built, 1_000) < 11 * calls(built, 100)


def test_one_error_object_raised_again_and_again() -> None:
    error = ValueError("the same")
    result: RunResult = run(dropping(lambda _: error), Params(3))
    assert [(letter.index, letter.error.index) for letter in result.dead_letters] == [(0, 0), (1, 1), (2, 2)]
    assert all(letter.error.__cause__ is error for letter in result.dead_letters)
