"""`stream(...)`: the caller is one more consumer, the last in line."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from synaflow import PipelineDef, RunnerError, StepError, StepStatus, StreamReadError, pipeline, run, step, stream

Log = list[str]


def numbers(log: Log, count: int = 3, fails_at: int | None = None) -> Iterator[int]:
    try:
        for number in range(count):
            if number == fails_at:
                raise ValueError("boom")
            log.append(f"s{number}")
            yield number
    finally:
        log.append("closed")


def build(log: Log, count: int = 3, fails_at: int | None = None) -> PipelineDef:
    def s() -> Iterator[int]:
        return numbers(log, count, fails_at)

    def a(s: Iterator[int]) -> int:
        total = 0
        for number in s:
            log.append(f"a{number}")
            total += number
        return total

    def report(a: int) -> str:
        log.append("report")
        return f"sum {a}"

    return pipeline("handing out", steps=[s, a, report])


def test_lazily_in_lockstep_the_caller_last() -> None:
    log: Log = []
    items = stream(build(log), None, "s")
    assert log == []
    for number in items:
        log.append(f"me{number}")
    assert log == ["s0", "a0", "me0", "s1", "a1", "me1", "s2", "a2", "me2", "closed", "report"]
    assert items.result["report"] == "sum 3"
    assert items.result.steps["s"].items_out == 3
    assert next(items, "none") == "none"


def test_result_before_the_end_is_refused() -> None:
    items = stream(build([]), None, "s")
    next(items)
    with pytest.raises(RunnerError, match="the run has not ended yet"):
        _ = items.result
    items.close()


@pytest.mark.parametrize("how", ["close", "with", "drop"])
def test_ended_half_way_everything_is_closed(how: str) -> None:
    log: Log = []
    items = stream(build(log, 10), None, "s")
    if how == "with":
        with items:
            next(items)
    else:
        next(items)
        if how == "close":
            items.close()
    if how != "drop":
        assert items.result.steps["a"].status is StepStatus.CANCELLED
        assert not items.result.ok
        assert list(items) == []
    gc.disable()  # dropped, it is closed at once and not when the collector comes by
    try:
        del items
        assert log == ["s0", "a0", "closed"]
    finally:
        gc.enable()


def test_closed_before_it_began_nothing_ran() -> None:
    log: Log = []
    stream(build(log), None, "s").close()
    assert log == []


def test_an_error_comes_out_of_next() -> None:
    log: Log = []
    items = stream(build(log, 5, fails_at=1), None, "s")
    assert next(items) == 0
    with pytest.raises(StepError, match="step 's' of pipeline 'handing out' failed at item 1: ValueError: boom"):
        next(items)
    assert items.result.steps["s"].status is StepStatus.FAILED
    assert list(items) == []


def test_a_straight_chain() -> None:
    def s() -> Iterator[int]:
        yield from range(4)

    def double(s: Iterator[int]) -> Iterator[int]:
        for number in s:
            yield 2 * number

    items = stream(pipeline("chain", steps=[s, double]), None, "double")
    assert list(items) == [0, 2, 4, 6]
    assert items.result.ok


def test_only_a_stream_can_be_handed_out() -> None:
    with pytest.raises(RunnerError, match="step 'a' of pipeline 'handing out' gives no stream to hand out"):
        stream(build([]), None, "a")
    with pytest.raises(RunnerError, match="has no step 'nobody' to give; its steps: s, a, report"):
        stream(build([]), None, "nobody")
    with pytest.raises(RunnerError, match="needs the name of a step"):
        stream(build([]))


def test_read_from_another_thread_is_refused() -> None:
    log: Log = []
    items = stream(build(log), None, "s")
    next(items)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            next(items)
        except StreamReadError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert "from another thread than the one that began it" in str(errors[0])
    assert list(items) == [1, 2]


def test_runs_inside_a_step_of_another_run() -> None:
    def inner() -> int:
        return sum(stream(build([], 4), None, "s"))

    def outer_s() -> Iterator[int]:
        yield from range(3)

    def a(outer_s: Iterator[int]) -> int:
        return sum(number + inner() for number in outer_s)

    def b(outer_s: Iterator[int]) -> int:
        return sum(outer_s)

    result = run(pipeline("outer", steps=[outer_s, step("a", a), b]))
    assert (result["a"], result["b"]) == (21, 3)
