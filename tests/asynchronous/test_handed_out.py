"""Streams that are handed out on an event loop, or with a loop of their own: read, closed and dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from asynchronous.loops import on_loop, others
from asynchronous.world import World
from synaflow import RunnerError, StepError, StepStatus, StreamReadError, async_stream, pipeline, run, step, stream

Log = list[str]


async def endless() -> AsyncIterator[int]:
    number = 0
    while True:
        await asyncio.sleep(0)
        yield number
        number += 1


def test_a_stream_is_closed_or_dropped_and_then_nothing_runs() -> None:
    world = World()

    async def main() -> None:
        async with async_stream(pipeline("world", steps=[world.numbers, world.doubled]), None, "doubled") as items:
            assert [await anext(items), await anext(items)] == [0, 2]
            with pytest.raises(RunnerError, match="has not ended yet"):
                _ = items.result
        assert items.result.steps["numbers"].status is StepStatus.CANCELLED
        with pytest.raises(StopAsyncIteration):
            await anext(items)
        dropped = async_stream(pipeline("world", steps=[world.numbers, world.doubled]), None, "doubled")
        assert await anext(dropped) == 0
        del dropped
        for _ in range(20):
            await asyncio.sleep(0)
        assert others() == set()
        unread = async_stream(pipeline("world", steps=[world.numbers, world.doubled]), None, "doubled")
        await unread.aclose()
        assert unread.result.steps["numbers"].items_out in (0, None)

    on_loop(main())
    assert world.log == ["numbers opened", "doubled opened", "doubled closed", "numbers closed"] * 2 or sorted(
        world.log
    ) == sorted(["numbers opened", "doubled opened", "doubled closed", "numbers closed"] * 2)


def test_the_caller_may_be_cancelled_while_it_waits_and_ask_again() -> None:
    go_on = asyncio.Event()

    async def held() -> AsyncIterator[int]:
        await go_on.wait()
        yield 7

    async def main() -> None:
        async with async_stream(pipeline("held", steps=[held]), None, "held") as items:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(items)
            go_on.set()
            assert [item async for item in items] == [7]

    on_loop(main())


def test_two_tasks_cant_read_it_at_once() -> None:
    async def main() -> None:
        async with async_stream(pipeline("endless", steps=[endless]), None, "endless") as items:
            found = await asyncio.gather(anext(items), anext(items), return_exceptions=True)
            assert sorted(map(type, found), key=str) == sorted([int, StreamReadError], key=str)

    on_loop(main())


def test_a_stream_is_of_a_step_that_gives_one() -> None:
    async def one() -> int:
        return 1

    with pytest.raises(RunnerError, match="needs the name of a step"):
        async_stream(pipeline("one", steps=[one]), None)
    with pytest.raises(RunnerError, match="'one'"):
        async_stream(pipeline("one", steps=[one]), None, "one")


def test_an_error_comes_out_of_the_stream() -> None:
    async def fails() -> AsyncIterator[int]:
        yield 1
        raise ValueError("wrong")

    async def main() -> None:
        items = async_stream(pipeline("failing", steps=[fails]), None, "fails")
        assert await anext(items) == 1
        with pytest.raises(StepError, match="ValueError: wrong"):
            await anext(items)
        await items.aclose()
        assert items.result.steps["fails"].status is StepStatus.FAILED

    on_loop(main())


def test_it_is_read_on_one_loop() -> None:
    with stream(pipeline("endless", steps=[endless]), None, "endless") as items:
        assert next(items) == 0

        async def inside() -> None:
            with pytest.raises(StreamReadError, match="was read where another one runs; there, use async_stream"):
                next(items)
            with pytest.raises(StreamReadError, match="was closed where another one runs"):
                items.close()

        on_loop(inside())
        assert next(items) == 1


def test_a_stream_with_a_loop_of_its_own_is_closed_in_its_thread_where_no_loop_runs() -> None:
    ended: Log = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            ended.append("numbers")

    made = pipeline("own", steps=[numbers])
    kept = [stream(made, None, "numbers"), stream(made, None, "numbers")]
    assert [next(items) for items in kept] == [1, 1]
    seen: list[str] = []

    def elsewhere() -> None:
        with pytest.raises(StreamReadError, match="was read from another thread than the one that began it"):
            next(kept[0])
        with pytest.warns(ResourceWarning, match="was dropped in another thread than the one that began it"):
            kept.pop()
        seen.append("elsewhere")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == ["elsewhere"]
    plain = pipeline("plain", steps=[step("one", lambda: 1, hints={"return": int})])

    async def inside() -> None:
        with pytest.warns(ResourceWarning, match="was dropped where another event loop runs"):
            kept.pop()
        run(plain)  # closes what it can: nothing, here

    on_loop(inside())
    assert ended == []
    run(plain)
    assert ended == ["numbers", "numbers"]
