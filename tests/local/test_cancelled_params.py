"""A stream of the params that is cancelled by who gives it: another run, or a runner that brings it from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

import synaflow_local
from synaflow import Cancelled, StepStatus, pipeline


class Params(NamedTuple):
    xs: Iterator[int]


def _given() -> Iterator[int]:
    yield 0
    yield 1
    raise Cancelled


def total(xs: Iterator[int]) -> int:
    return sum(xs)


def every(xs: list[int]) -> int:
    return sum(xs)


def each(xs: int) -> int:
    return xs


def passed(xs: Iterator[int]) -> Iterator[int]:
    yield from xs


def twice(passed: Iterator[int]) -> int:
    return 2 * sum(passed)


def after(total: int) -> int:
    return total


@pytest.mark.parametrize(
    "steps", [[total, after], [every], [each], [passed], [passed, twice], [total, every, each, passed, twice, after]]
)
def test_what_reads_it_is_cancelled(steps: list[object]) -> None:
    result = synaflow_local.run(pipeline("cancelled", Params, steps), Params(_given()))  # type: ignore[arg-type]
    assert {step.status for step in result.steps.values()} == {StepStatus.CANCELLED}
    assert not result
    assert not result.errors
