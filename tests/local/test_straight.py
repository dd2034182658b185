"""A stream with one branch is passed straight through: no frame of ours runs per item."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType

import pytest

import synaflow_local
from synaflow import RunResult, pipeline, run, step

HERE = synaflow_local.__path__[0]


def calls_of_ours(count: int, **options: bool) -> tuple[int, RunResult]:
    """How often a frame of the runner's was entered during a run over that many items."""

    def s() -> Iterator[int]:
        yield from range(count)

    def plus(s: Iterator[int]) -> Iterator[int]:
        for number in s:
            yield number + 1

    def total(plus: Iterator[int]) -> int:
        return sum(plus)

    chain = pipeline("chain", steps=[s, plus, total])
    run(chain)
    entered = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        if event == "call" and frame.f_code.co_filename.startswith(HERE):
            entered += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        result = run(chain, **options)  # type: ignore[arg-type]
    finally:
        sys.setprofile(before)
    return entered, result


def test_no_frame_of_ours_per_item() -> None:
    few, _ = calls_of_ours(10)
    many, result = calls_of_ours(1_000)
    assert few == many
    assert result["total"] == 500_500


def test_counting_costs_frames_and_is_asked_for() -> None:
    entered, result = calls_of_ours(1_000, stats=True)
    assert entered > 1_000
    assert (result.steps["s"].items_out, result.steps["plus"].items_in, result.steps["total"].items_in) == (1000,) * 3
    assert all(step.seconds is not None for step in result.steps.values())


def test_without_stats_a_straight_chain_is_not_counted() -> None:
    _, result = calls_of_ours(10)
    assert [step.items_out for step in result.steps.values()] == [None, None, None]
    assert result.branches == ()


def test_the_consumer_gets_the_generator_itself() -> None:
    kept: list[object] = []

    def s() -> Iterator[int]:
        yield 1

    def look(s: Iterator[int]) -> None:
        kept.append(s)

    run(pipeline("itself", steps=[s, look]))
    assert kept[0].gi_code is s.__code__  # type: ignore[attr-defined]


@pytest.mark.parametrize("depth", [1_500])
def test_a_chain_deeper_than_the_stack(depth: int) -> None:
    def head() -> Iterator[int]:
        yield from range(3)

    def link(xs: Iterator[int]) -> Iterator[int]:
        for x in xs:
            yield x + 1

    steps = [step("t0", head)]
    steps += [step(f"t{n}", link, inputs={"xs": f"t{n - 1}"}) for n in range(1, depth)]
    deep = pipeline("deep", steps=steps)
    assert run(deep, outputs=[f"t{depth - 1}"])[f"t{depth - 1}"] == [depth - 1, depth, depth + 1]
