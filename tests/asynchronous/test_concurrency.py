"""Several calls of an `each` step under way at once: as awaits, or in threads; in order, or as they come."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynchronous.loops import on_loop
from synaflow import PipelineDef, RunResult, StepError, StepStatus, async_run, async_stream, pipeline, run, step, stream

Run = Callable[..., RunResult]


def run_on_loop(pipeline: PipelineDef, *arguments: Any, **options: Any) -> RunResult:
    return on_loop(async_run(pipeline, *arguments, **options))


anyhow = pytest.mark.parametrize("go", [run, run_on_loop], ids=["run", "async_run"])


def numbers() -> Iterator[int]:
    yield from range(20)


def items(called: Iterator[int]) -> list[int]:
    return list(called)


class Gate:
    """Calls that end in an order of the test's, and how many of them are under way."""

    def __init__(self, *order: int) -> None:
        self.order = list(order)
        self.under_way: set[int] = set()
        self.most = 0
        self.begun: list[int] = []
        self._changed = threading.Condition()

    async def later(self, number: int) -> int:
        with self._noted(number):
            while not self._is_next(number):
                await asyncio.sleep(0)
            self.order.remove(number)
        return number

    def blocking(self, number: int) -> int:
        with self._noted(number):
            with self._changed:
                assert self._changed.wait_for(partial(self._is_next, number), 30)
                self.order.remove(number)
                self._changed.notify_all()
        return number

    def _is_next(self, number: int) -> bool:
        return self.order[0] == number

    def _noted(self, number: int) -> Noted:
        return Noted(self, number)


class Noted:
    def __init__(self, gate: Gate, number: int) -> None:
        self.gate, self.number = gate, number

    def __enter__(self) -> None:
        self.gate.begun.append(self.number)
        self.gate.under_way.add(self.number)
        self.gate.most = max(self.gate.most, len(self.gate.under_way))

    def __exit__(self, *_: object) -> None:
        self.gate.under_way.discard(self.number)


def backwards_by(size: int) -> list[int]:
    """As many at a time, the last first."""
    return [number for start in range(0, 20, size) for number in reversed(range(start, min(start + size, 20)))]


def called_by(gate: Gate, asynchronous: bool) -> Callable[..., Any]:
    async def later(numbers: int) -> int:
        return await gate.later(numbers)

    def blocking(numbers: int) -> int:
        return gate.blocking(numbers)

    return later if asynchronous else blocking


@anyhow
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
@pytest.mark.parametrize("size", [2, 5, 20, 64])
def test_results_come_in_order_whichever_call_is_quicker(go: Run, asynchronous: bool, size: int) -> None:
    gate = Gate(*backwards_by(size))
    called = step("called", called_by(gate, asynchronous), concurrency=size)
    assert go(pipeline("ordered", steps=[numbers, called, items]))["items"] == list(range(20))
    assert gate.most == min(size, 20)
    assert not gate.under_way
    assert gate.begun == sorted(gate.begun) or not asynchronous  # which of two threads comes first is theirs


@anyhow
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
def test_not_ordered_they_come_as_they_are_ready(go: Run, asynchronous: bool) -> None:
    """One of four waits for all the others, which have to be taken meanwhile."""
    gate = Gate(*[number for number in range(20) if number != 2], 2)
    called = step("called", called_by(gate, asynchronous), concurrency=4, ordered=False)
    found = go(pipeline("unordered", steps=[numbers, called, items]))["items"]
    assert found.index(2) >= 16  # of those that are ready together, the first begun is the first given
    assert sorted(found) == list(range(20))
    assert gate.most <= 4


@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
def test_no_more_are_begun_than_are_taken(asynchronous: bool) -> None:
    """Of the calls begun and not taken there are never more than `concurrency`: that is the backpressure."""
    begun: list[int] = []

    async def later(numbers: int) -> int:
        begun.append(numbers)
        return numbers

    def blocking(numbers: int) -> int:
        begun.append(numbers)
        return numbers

    pulled: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(50):
            pulled.append(number)
            yield number

    called = step("called", later if asynchronous else blocking, concurrency=5)
    taken = 0
    with stream(pipeline("pressed", steps=[numbers, called]), None, "called") as given:
        for item in given:
            assert item == taken
            taken += 1
            assert len(begun) <= taken + 5
            assert len(pulled) <= taken + 6
    assert taken == 50
    assert sorted(begun) == list(range(50))


@anyhow
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
def test_a_failing_call_comes_after_the_results_before_it(go: Run, asynchronous: bool) -> None:
    begun: list[int] = []

    def fails(number: int) -> int:
        begun.append(number)
        return number if 1 / (7 - number) else -1

    async def later(numbers: int) -> int:
        await asyncio.sleep(0)
        return fails(numbers)

    def blocking(numbers: int) -> int:
        return fails(numbers)

    taken: list[int] = []

    def takes(called: Iterator[int]) -> None:
        taken.extend(called)  # what came is there, though it fails in the end
        raise AssertionError("not reached")

    called = step("called", later if asynchronous else blocking, concurrency=3)
    with pytest.raises(StepError) as caught:
        go(pipeline("failing", steps=[numbers, called, takes]))
    error = caught.value
    assert (error.step, error.index, type(error.__cause__)) == ("called", 7, ZeroDivisionError)
    assert taken == list(range(7)) or taken == []  # list.extend keeps all of them, or none
    assert len(begun) <= 7 + 3
    assert error.result is not None
    assert error.result.steps["takes"].status is StepStatus.CANCELLED


@anyhow
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
def test_items_that_fail_are_dropped(go: Run, asynchronous: bool, ordered: bool) -> None:
    async def later(numbers: int) -> int:
        await asyncio.sleep(0)
        return numbers // (numbers % 3)

    def blocking(numbers: int) -> int:
        return numbers // (numbers % 3)

    letters: list[int] = []
    function = later if asynchronous else blocking
    called = step("called", function, concurrency=4, on_error="continue", ordered=ordered)
    result = go(
        pipeline("dropping", steps=[numbers, called, items]), dead_letter=lambda each: letters.append(each.index)
    )
    expected = [number // (number % 3) for number in range(20) if number % 3]
    assert result["items"] == expected if ordered else sorted(result["items"]) == sorted(expected)
    dropped = [number for number in range(20) if number % 3 == 0]
    assert letters == dropped if ordered else sorted(letters) == dropped
    assert {letter.items["numbers"] for letter in result.dead_letters} == set(dropped)
    assert result.steps["called"].items_in == 20
    assert result.steps["called"].items_out == len(expected)
    assert result.steps["called"].dropped == len(dropped)


@anyhow
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "threads"])
def test_what_each_call_yields_is_one_stream(go: Run, asynchronous: bool) -> None:
    async def later(numbers: int) -> AsyncIterator[int]:
        for number in range(numbers % 4):
            await asyncio.sleep(0)
            yield numbers + number

    def blocking(numbers: int) -> Iterator[int]:
        for number in range(numbers % 4):
            yield numbers + number

    called = step("called", later if asynchronous else blocking, concurrency=4)
    result = go(pipeline("flat", steps=[numbers, called, items]))
    assert result["items"] == [number + more for number in range(20) for more in range(number % 4)]


@anyhow
def test_a_source_that_fails_does_so_after_what_was_called_for_its_items(go: Run) -> None:
    def numbers() -> Iterator[int]:
        yield from range(6)
        raise OSError("gone")

    async def called(numbers: int) -> int:
        await asyncio.sleep(0)
        return numbers

    taken: list[int] = []

    def takes(called: Iterator[int]) -> None:
        for item in called:
            taken.append(item)  # noqa: PERF402  # extend() would keep none

    with pytest.raises(StepError, match="step 'numbers' of pipeline 'failing' failed: OSError: gone"):
        go(pipeline("failing", steps=[numbers, step("called", called, concurrency=4), takes]))
    assert taken == [0, 1, 2, 3, 4, 5]


def test_who_stops_early_cancels_what_is_under_way() -> None:
    ended: list[int] = []

    async def called(numbers: int) -> int:
        try:
            if numbers > 2:
                await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(numbers)
        return numbers

    def first(called: Iterator[int]) -> list[int]:
        return [next(called), next(called)]

    result = run_on_loop(pipeline("early", steps=[numbers, step("called", called, concurrency=8), first]))
    assert result["first"] == [0, 1]
    assert result.steps["called"].status is StepStatus.OK
    assert sorted(ended) == list(range(len(ended)))
    assert 8 <= len(ended) <= 10


@anyhow
def test_threads_that_are_under_way_are_waited_for(go: Run) -> None:
    ended: list[int] = []
    go_on = threading.Event()

    def called(numbers: int) -> int:
        if numbers > 1:
            assert go_on.wait(30)
        ended.append(numbers)
        return numbers

    def first(called: Iterator[int]) -> int:
        found = next(called)
        go_on.set()
        return found

    before = threading.active_count()
    assert go(pipeline("early", steps=[numbers, step("called", called, concurrency=4), first]))["first"] == 0
    assert threading.active_count() == before
    assert ended


@anyhow
def test_threads_see_contextvars_and_their_names_are_the_steps(go: Run) -> None:
    who = contextvars.ContextVar("who", default="nobody")

    def called(numbers: int) -> tuple[str, str]:
        return who.get(), threading.current_thread().name

    def names(called: Iterator[tuple[str, str]]) -> set[str]:
        return {f"{seen} {thread.rpartition('_')[0]}" for seen, thread in called}

    def in_context() -> None:
        who.set("me")
        result = go(pipeline("named", steps=[numbers, step("called", called, concurrency=4), names]))
        assert result["names"] == {"me synaflow-called"}

    contextvars.copy_context().run(in_context)


@anyhow
@pytest.mark.parametrize("ordered", [True, False])
def test_its_stream_may_be_forked(go: Run, ordered: bool) -> None:
    async def called(numbers: int) -> int:
        for _ in range(numbers % 3):
            await asyncio.sleep(0)
        return numbers

    seen: list[tuple[str, int]] = []

    def left(called: Iterator[int]) -> list[int]:
        return [seen.append(("left", item)) or item for item in called]  # type: ignore[func-returns-value]

    async def right(called: AsyncIterator[int]) -> list[int]:
        return [seen.append(("right", item)) or item async for item in called]  # type: ignore[func-returns-value]

    called_step = step("called", called, concurrency=5, ordered=ordered)
    result = go(pipeline("forked", steps=[numbers, called_step, left, right]))
    assert result["left"] == result["right"]
    assert sorted(result["left"]) == list(range(20))
    assert ordered is False or result["left"] == list(range(20))
    for at in range(0, 40, 2):  # in lockstep: nobody has one that the other hasn't got, and left starts
        assert [name for name, _ in seen[at : at + 2]] == ["left", "right"]


@anyhow
def test_two_streams_side_by_side(go: Run) -> None:
    def evens(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            yield 2 * number

    async def both(numbers: int, evens: int) -> int:
        await asyncio.sleep(0)
        return numbers + evens

    called = step("called", both, concurrency=3)
    assert go(pipeline("abreast", steps=[numbers, evens, called, items]))["items"] == [3 * n for n in range(20)]


@anyhow
def test_one_concurrent_step_feeds_another(go: Run) -> None:
    async def once(numbers: int) -> int:
        await asyncio.sleep(0)
        return numbers + 1

    def twice(once: int) -> int:
        return 2 * once

    steps: list[Any] = [numbers, step("once", once, concurrency=4), step("called", twice, concurrency=3), items]
    assert go(pipeline("chain", steps=steps))["items"] == [2 * (n + 1) for n in range(20)]


def test_a_list_that_isnt_a_stream_may_be_gone_through_concurrently() -> None:
    async def wide() -> list[int]:
        return list(range(20))

    async def called(wide: int) -> int:
        await asyncio.sleep(0)
        return wide

    each = step("called", called, concurrency=6, mode="each", inputs={"wide": "wide"})
    result = run_on_loop(pipeline("listed", steps=[wide, each, items]))
    assert result["items"] == list(range(20))


def test_a_stream_is_handed_out_while_calls_are_under_way() -> None:
    async def called(numbers: int) -> int:
        await asyncio.sleep(0)
        return numbers

    async def main() -> list[int]:
        async with async_stream(
            pipeline("handed", steps=[numbers, step("called", called, concurrency=6)]), None, "called"
        ) as given:
            return [item async for item in given]

    assert on_loop(main()) == list(range(20))


@anyhow
@settings(max_examples=60)
@given(
    size=st.integers(1, 9),
    count=st.integers(0, 30),
    waits=st.lists(st.integers(0, 4), min_size=1, max_size=7),
    ordered=st.booleans(),
    asynchronous=st.booleans(),
    taken=st.integers(0, 35),
)
def test_any_number_of_calls(
    go: Run, size: int, count: int, waits: list[int], ordered: bool, asynchronous: bool, taken: int
) -> None:
    """Every item that was taken is given once, in order if that is asked for, whatever the calls take."""
    under_way = most = 0
    lock = threading.Lock()

    def noted(by: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += by
            most = max(most, under_way)

    async def later(numbers: int) -> int:
        noted(1)
        for _ in range(waits[numbers % len(waits)]):
            await asyncio.sleep(0)
        noted(-1)
        return numbers

    def blocking(numbers: int) -> int:
        noted(1)
        for _ in range(waits[numbers % len(waits)]):
            time.sleep(0)  # others may go first
        noted(-1)
        return numbers

    def numbers() -> Iterator[int]:
        yield from range(count)

    def some(called: Iterator[int]) -> list[int]:
        found: list[int] = []
        while len(found) < taken and (item := next(called, None)) is not None:
            found.append(item)
        return found

    called = step("called", later if asynchronous else blocking, concurrency=size, ordered=ordered or size == 1)
    found = go(pipeline("any", steps=[numbers, called, some]))["some"]
    assert len(found) == min(taken, count)
    assert len(set(found)) == len(found)
    assert most <= size
    if ordered or size == 1:
        assert found == list(range(len(found)))
    elif taken >= count:
        assert sorted(found) == list(range(count))
