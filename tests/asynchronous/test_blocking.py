"""Plain steps that block: by default they hold up the loop; `thread=True` has them called in a thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asynchronous.loops import on_loop
from synaflow import StepError, StepStatus, async_run, pipeline, run, step


class Met:
    """Lets a thread go on when the event loop has got on, and the other way round: who holds up the other fails the test."""

    def __init__(self) -> None:
        self.ticks = 0
        self.threads: set[int] = set()

    def block(self) -> None:
        """Blocks until the event loop has gone round some more."""
        self.threads.add(threading.get_ident())
        seen = self.ticks
        waiting = threading.Event()
        for _ in range(3_000):
            if self.ticks >= seen + 3:
                return
            waiting.wait(0.01)
        raise AssertionError("the event loop stands still")

    async def tick(self) -> None:
        while True:
            self.ticks += 1
            await asyncio.sleep(0.001)

    async def run(self, made: Any) -> Any:
        ticking = asyncio.create_task(self.tick())
        try:
            return await async_run(made)
        finally:
            ticking.cancel()
            await asyncio.wait([ticking])


def test_a_blocking_value_step_doesnt_hold_up_the_loop() -> None:
    met = Met()

    def blocks() -> int:
        met.block()
        return 1

    assert on_loop(met.run(pipeline("blocking", steps=[step("blocks", blocks, thread=True)])))["blocks"] == 1
    assert threading.get_ident() not in met.threads


def test_without_the_option_it_runs_on_the_loop() -> None:
    where: list[int] = []

    def plain() -> int:
        where.append(threading.get_ident())
        return 1

    on_loop(async_run(pipeline("plain", steps=[plain])))
    assert where == [threading.get_ident()]


@pytest.mark.parametrize("flatten", [False, True])
def test_blocking_calls_for_each_item(flatten: bool) -> None:
    met = Met()

    async def numbers() -> AsyncIterator[int]:
        for number in range(4):
            yield number

    def blocks(numbers: int) -> int:
        met.block()
        return 2 * numbers

    def blocks_flat(numbers: int) -> Iterator[int]:
        met.block()
        yield 2 * numbers

    def seen(blocks: Iterator[int]) -> list[int]:
        return list(blocks)

    steps: list[Any] = [numbers, step("blocks", blocks_flat if flatten else blocks, thread=True), seen]
    assert on_loop(met.run(pipeline("blocking", steps=steps)))["seen"] == [0, 2, 4, 6]
    assert threading.get_ident() not in met.threads
    assert len(met.threads) == 1


@pytest.mark.parametrize("forked", [False, True])
def test_a_blocking_generator_makes_its_items_in_one_thread(forked: bool) -> None:
    met = Met()
    closed: list[int] = []

    def numbers() -> Iterator[int]:
        try:
            for number in range(4):
                met.block()
                yield number
        finally:
            closed.append(threading.get_ident())

    async def seen(numbers: AsyncIterator[int]) -> list[int]:
        return [number async for number in numbers]

    def total(numbers: Iterator[int]) -> int:
        return sum(numbers)

    steps: list[Any] = [step("numbers", numbers, thread=True), seen, *([total] if forked else [])]
    assert on_loop(met.run(pipeline("blocking", steps=steps)))["seen"] == [0, 1, 2, 3]
    assert threading.get_ident() not in met.threads
    assert {*met.threads} == {*closed}
    assert len(met.threads) == 1


def test_two_that_block_do_so_at_once() -> None:
    barrier = threading.Barrier(2, timeout=30)

    def left() -> int:
        return barrier.wait() * 0 + 1

    def right() -> int:
        return barrier.wait() * 0 + 2

    steps = [step("left", left, thread=True), step("right", right, thread=True)]
    assert dict(on_loop(async_run(pipeline("both", steps=steps)))) == {"left": 1, "right": 2}


def test_an_error_in_a_thread_is_the_steps() -> None:
    def fails() -> int:
        raise ValueError("wrong")

    def stops() -> int:
        raise StopIteration("odd")

    for fn, text in [(fails, "ValueError: wrong"), (stops, "StopIteration: odd")]:
        with pytest.raises(StepError, match=f"step 'it' of pipeline 'failing' failed: {text}") as caught:
            on_loop(async_run(pipeline("failing", steps=[step("it", fn, thread=True)])))
        assert caught.value.__cause__ is not None
        frames = [frame.name for frame in traceback.extract_tb(caught.value.__cause__.__traceback__)]
        assert frames[-1] == fn.__name__


def test_a_thread_is_waited_for_when_the_run_is_cancelled() -> None:
    begun, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def blocks() -> int:
        begun.set()
        assert go_on.wait(30)
        ended.append("blocks")
        return 1

    async def main() -> None:
        running = asyncio.ensure_future(async_run(pipeline("blocking", steps=[step("blocks", blocks, thread=True)])))
        while not begun.is_set():
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ended == ["blocks"]

    before = threading.active_count()
    on_loop(main())
    assert threading.active_count() == before


def test_contextvars_are_seen_in_the_thread() -> None:
    who = contextvars.ContextVar("who", default="nobody")

    def blocks() -> str:
        return who.get()

    async def main() -> Any:
        who.set("me")
        return await async_run(pipeline("named", steps=[step("blocks", blocks, thread=True)]))

    assert on_loop(main())["blocks"] == "me"


def test_run_has_nothing_else_to_do_and_calls_it_as_any_other() -> None:
    def blocks() -> int:
        return threading.get_ident()

    assert run(pipeline("plain", steps=[step("blocks", blocks, thread=True)]))["blocks"] == threading.get_ident()


def test_what_depends_on_one_that_failed_is_skipped() -> None:
    def fails() -> int:
        raise ValueError

    def after(fails: int) -> int:
        return fails

    made = pipeline("skipping", steps=[step("fails", fails, thread=True, on_error="continue"), after])
    result = on_loop(async_run(made))
    assert result.steps["fails"].status is StepStatus.FAILED
    assert result.steps["after"].status is StepStatus.SKIPPED
