"""Forks on an event loop: nobody is given the next item before all have taken this one; starts in order, ends free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynchronous.loops import on_loop
from synaflow import async_run, async_stream, pipeline, run, step

Log = list[tuple[str, int]]


async def numbers() -> AsyncIterator[int]:
    for number in range(6):
        await asyncio.sleep(0)
        yield number


def reader(log: Log, name: str, waits: Callable[[int], int], plain: bool = False) -> Any:
    """A sink that takes note of when it starts on an item, and when it is done with it."""

    async def later(numbers: AsyncIterator[int]) -> None:
        async for number in numbers:
            log.append((f"{name} starts", number))
            for _ in range(waits(number)):
                await asyncio.sleep(0)
            log.append((f"{name} ends", number))

    def plainly(numbers: Iterator[int]) -> None:
        for number in numbers:
            log.append((f"{name} starts", number))
            log.append((f"{name} ends", number))

    return step(name, plainly if plain else later)


def check_rounds(log: Log, names: list[str], count: int) -> None:
    """Each round has all of them, begun in order, and is over before the next."""
    size = 2 * len(names)
    assert len(log) == size * count
    for number in range(count):
        found = log[size * number : size * (number + 1)]
        assert {at for _, at in found} == {number}
        assert [what.removesuffix(" starts") for what, _ in found if what.endswith("starts")] == names


@settings(max_examples=100)
@given(
    waits=st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), min_size=2, max_size=5),
    plain=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_rounds_are_kept_whatever_each_takes(waits: list[list[int]], plain: list[bool]) -> None:
    log: Log = []
    names = [f"r{n}" for n in range(len(waits))]
    readers = [reader(log, names[n], waits[n].__getitem__, plain[n]) for n in range(len(waits))]
    on_loop(async_run(pipeline("rounds", steps=[numbers, *readers])))
    check_rounds(log, names, 6)


def test_within_a_round_what_is_awaited_overlaps() -> None:
    """The first two can only go on when the last has started on the same item."""
    started = [[asyncio.Event() for _ in range(6)] for _ in range(3)]
    log: Log = []

    def meeting(at: int) -> Any:
        async def meets(numbers: AsyncIterator[int]) -> None:
            async for number in numbers:
                log.append((f"m{at} starts", number))
                started[at][number].set()
                await started[2][number].wait()
                log.append((f"m{at} ends", number))

        return step(f"m{at}", meets)

    on_loop(async_run(pipeline("meeting", steps=[numbers, *map(meeting, range(3))])))
    check_rounds(log, ["m0", "m1", "m2"], 6)
    assert [what for what, _ in log[:3]] == ["m0 starts", "m1 starts", "m2 starts"]


def test_without_waiting_the_order_is_that_of_plain_steps() -> None:
    """What nobody awaits runs exactly as without an event loop, item by item."""

    def made(log: Log) -> Any:
        def numbers() -> Iterator[int]:
            for number in range(4):
                log.append(("numbers", number))
                yield number

        def squares(numbers: Iterator[int]) -> Iterator[int]:
            for number in numbers:
                log.append(("squares", number))
                yield number * number

        def left(numbers: Iterator[int], squares: Iterator[int]) -> None:
            for number, square in zip(numbers, squares, strict=True):
                log.append(("left", number + square))

        def right(squares: Iterator[int]) -> None:
            for square in squares:
                log.append(("right", square))

        return pipeline("ordered", steps=[numbers, squares, left, right])

    plain: Log = []
    run(made(plain))
    looped: Log = []
    on_loop(async_run(made(looped)))
    assert looped == plain


@pytest.mark.parametrize("limit", [2, 5])
def test_max_in_flight_lets_branches_drift_so_far(limit: int) -> None:
    """A quick reader is ahead of a slow one by as many items as that, and by no more."""
    taken = {"quick": 0, "slow": 0}
    most = 0

    async def many() -> AsyncIterator[int]:
        for number in range(40):
            await asyncio.sleep(0)
            yield number

    async def quick(many: AsyncIterator[int]) -> None:
        nonlocal most
        async for _ in many:
            taken["quick"] += 1
            most = max(most, taken["quick"] - taken["slow"])

    async def slow(many: AsyncIterator[int]) -> None:
        async for _ in many:
            for _ in range(20):
                await asyncio.sleep(0)
            taken["slow"] += 1

    drifting = pipeline("drifting", steps=[step("many", many, max_in_flight=limit), quick, slow])
    result = on_loop(async_run(drifting))
    assert taken == {"quick": 40, "slow": 40}
    assert limit <= most <= limit + 1
    assert max(branch.peak for branch in result.branches) <= limit


def test_a_join_that_takes_two_of_one_and_one_of_the_other_doesnt_deadlock() -> None:
    async def halves(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
        async for number in numbers:
            if number % 2:
                await asyncio.sleep(0)
                yield number

    async def joined(numbers: AsyncIterator[int], halves: AsyncIterator[int]) -> list[tuple[int, int, int]]:
        return [(await anext(numbers), await anext(numbers), half) async for half in halves]

    def seen(numbers: Iterator[int]) -> list[int]:
        return list(numbers)

    result = on_loop(async_run(pipeline("joined", steps=[numbers, halves, joined, seen])))
    assert result["joined"] == [(0, 1, 1), (2, 3, 3), (4, 5, 5)]
    assert result["seen"] == [0, 1, 2, 3, 4, 5]


def test_somebody_who_is_away_is_not_taken_for_stuck() -> None:
    """A reader that takes its time keeps the others from running ahead: what it is bound to stays bound."""
    log: Log = []

    async def halves(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
        async for number in numbers:
            for _ in range(10):
                await asyncio.sleep(0)
            yield number

    async def zipped(numbers: AsyncIterator[int], halves: AsyncIterator[int]) -> None:
        async for number in numbers:
            log.append(("number", number))
            log.append(("half", await anext(halves)))

    result = on_loop(async_run(pipeline("away", steps=[numbers, halves, zipped])))
    assert log == [pair for number in range(6) for pair in [("number", number), ("half", number)]]
    assert all(branch.peak <= 1 for branch in result.branches)


def test_the_caller_of_async_stream_is_in_lockstep_too() -> None:
    log: Log = []

    async def main() -> None:
        made = pipeline("handed", steps=[numbers, reader(log, "seen", lambda _: 2)])
        async with async_stream(made, None, "numbers") as items:
            async for item in items:
                log.append(("caller", item))
                for _ in range(5):
                    await asyncio.sleep(0)
        assert items.result.ok

    on_loop(main())
    rounds = [{what for what, at in log if at == number} for number in range(6)]
    assert rounds == [{"caller", "seen starts", "seen ends"}] * 6
    assert [at for _, at in log] == sorted(at for _, at in log)


def test_a_value_waits_for_its_list_while_the_others_go_on() -> None:
    async def largest(numbers: list[int]) -> int:
        return max(numbers)

    async def relative(numbers: AsyncIterator[int], largest: int) -> AsyncIterator[float]:
        async for number in numbers:
            yield number / largest

    def shares(relative: Iterator[float]) -> list[float]:
        return list(relative)

    result = on_loop(async_run(pipeline("relative", steps=[numbers, largest, relative, shares])))
    assert result["shares"] == [number / 5 for number in range(6)]


def test_lockstep_of_many_forks_takes_no_busy_waiting() -> None:
    """While the source is away nobody is asked anything: the loop comes to rest."""
    go_on = asyncio.Event()

    async def held() -> AsyncIterator[int]:
        yield 0
        await go_on.wait()
        yield 1

    def sinks(at: int) -> Any:
        async def sink(held: AsyncIterator[int]) -> int:
            return sum([number async for number in held])

        return step(f"sink{at}", sink)

    async def main() -> None:
        steps: list[Any] = [held, *map(sinks, range(10))]
        running = asyncio.ensure_future(async_run(pipeline("held", steps=steps)))
        loop = asyncio.get_running_loop()
        for _ in range(200):
            await asyncio.sleep(0)
        ready = loop._ready  # type: ignore[attr-defined]  # what there is still to do
        await asyncio.sleep(0)
        assert len(ready) == 0
        go_on.set()
        assert dict(await running) == {f"sink{at}": 1 for at in range(10)}

    on_loop(main())
