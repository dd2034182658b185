"""Time limits: of a step, and those a step holds over a stream itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asynchronous.loops import on_loop
from synaflow import StepError, StepStatus, async_run, pipeline, step

Log = list[str]


@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_a_value_step_has_so_much_time(on_error: Any) -> None:
    ended: Log = []

    async def slow() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")
        return 1

    def after(slow: int) -> int:
        return slow

    limited = pipeline("limited", steps=[step("slow", slow, timeout=0.01, on_error=on_error), after])
    if on_error == "stop":
        with pytest.raises(StepError, match="step 'slow' of pipeline 'limited' failed: TimeoutError"):
            on_loop(async_run(limited))
    else:
        result = on_loop(async_run(limited))
        assert result.steps["after"].status is StepStatus.SKIPPED
    assert ended == ["slow"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_each_call_has_so_much_time(concurrency: int) -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(9):
            yield number

    async def slow(numbers: int) -> int:
        if numbers % 4 == 3:
            await asyncio.Event().wait()
        return numbers

    def seen(slow: Iterator[int]) -> list[int]:
        return list(slow)

    called = step("slow", slow, timeout=0.05, on_error="continue", concurrency=concurrency)
    result = on_loop(async_run(pipeline("limited", steps=[numbers, called, seen])))
    assert result["seen"] == [0, 1, 2, 4, 5, 6, 8]
    assert [(letter.index, type(letter.error.__cause__)) for letter in result.dead_letters] == [
        (3, TimeoutError),
        (7, TimeoutError),
    ]


@pytest.mark.parametrize("asynchronous", [True, False])
def test_each_item_of_a_stream_has_so_much_time(asynchronous: bool) -> None:
    ended: Log = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(9):
                if number == 3:
                    await asyncio.Event().wait()
                yield number
        finally:
            ended.append("numbers")

    seen: list[int] = []

    async def reads(numbers: AsyncIterator[int]) -> None:
        async for number in numbers:
            seen.append(number)  # noqa: PERF401  # what came before the error is to be seen

    def reads_plainly(numbers: Iterator[int]) -> None:
        for number in numbers:
            seen.append(number)  # noqa: PERF402

    reader = step("reads", reads if asynchronous else reads_plainly)
    with pytest.raises(StepError, match="step 'numbers' of pipeline 'limited' failed") as caught:
        on_loop(async_run(pipeline("limited", steps=[step("numbers", numbers, timeout=0.05), reader])))
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert seen == [0, 1, 2]
    assert ended == ["numbers"]


def test_a_limit_of_the_steps_own_may_be_held_over_a_stream() -> None:
    """Who gives up on an item doesn't take the stream away from the others."""
    go_on = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        yield 0
        await go_on.wait()
        yield 1

    async def impatient(numbers: AsyncIterator[int]) -> list[int | None]:
        found: list[int | None] = [await anext(numbers)]
        try:
            async with asyncio.timeout(0.01):
                await anext(numbers)
        except TimeoutError:
            found.append(None)
        go_on.set()
        found.append(await anext(numbers))
        return found

    def patient(numbers: Iterator[int]) -> list[int]:
        return list(numbers)

    result = on_loop(async_run(pipeline("limits", steps=[numbers, impatient, patient])))
    assert dict(result) == {"impatient": [0, None, 1], "patient": [0, 1]}


@pytest.mark.parametrize("plain", [False, True])
def test_a_stream_that_was_cut_off_says_so(plain: bool) -> None:
    """Python ends a generator whose reader gives up waiting: nobody is to take that for its last item."""
    waiting = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        yield 0
        await waiting.wait()
        yield 1

    async def same(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
        async for number in numbers:
            yield number

    def same_plainly(numbers: Iterator[int]) -> Iterator[int]:
        yield from numbers

    async def impatient(same: AsyncIterator[int]) -> list[int]:
        found = [await anext(same)]
        try:
            async with asyncio.timeout(0.01):
                await anext(same)
        except TimeoutError:
            waiting.set()
        return [*found, *[number async for number in same]]

    steps: list[Any] = [numbers, step("same", same_plainly if plain else same), impatient]
    with pytest.raises(
        StepError, match="step 'impatient' had given up waiting for an item of 'same', which ended that"
    ):
        on_loop(async_run(pipeline("cut", steps=steps)))
