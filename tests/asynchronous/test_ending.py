"""How a run on an event loop ends: cancelled, with one error or several; and that nothing is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from asynchronous.loops import on_loop, others
from asynchronous.world import World
from synaflow import Cancelled, StepError, StepStatus, async_run, pipeline, step

Log = list[str]


def test_cancelled_from_outside_everything_is_closed() -> None:
    world = World()

    async def main() -> None:
        running = asyncio.ensure_future(async_run(world.pipeline()))
        await world.begun.wait()
        running.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await running
        assert others() == set()
        world.check_closed()

    on_loop(main())


def test_a_time_limit_around_the_run() -> None:
    world = World()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await async_run(world.pipeline())
        assert others() == set()
        world.check_closed()

    on_loop(main())


def test_in_a_task_group_it_ends_with_its_siblings() -> None:
    world = World()

    async def sibling() -> None:
        await world.begun.wait()
        raise ConnectionError("gone")

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(async_run(world.pipeline()))
            group.create_task(sibling())

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            await both()
        assert [type(error) for error in caught.value.exceptions] == [ConnectionError]
        world.check_closed()

    on_loop(main())


def test_a_failure_ends_all_and_is_alone() -> None:
    world = World()

    async def fails() -> None:
        await world.begun.wait()
        raise ValueError("wrong")

    with pytest.raises(StepError, match="step 'fails' of pipeline 'world' failed: ValueError: wrong") as caught:
        on_loop(async_run(world.pipeline(step("fails", fails))))
    world.check_closed()
    assert caught.value.result is not None
    steps = caught.value.result.steps
    assert steps["fails"].status is StepStatus.FAILED
    assert {steps[name].status for name in ("numbers", "doubled", "called", "reads", "plainly", "lonely")} == {
        StepStatus.CANCELLED
    }


def test_several_that_fail_before_they_can_be_told_come_together() -> None:
    go_on = asyncio.Event()
    waiting = 0

    def failing(error: Exception) -> Callable[[], Any]:
        async def fails() -> None:
            nonlocal waiting
            waiting += 1
            if waiting == 2:
                go_on.set()
            await go_on.wait()
            raise error

        return fails

    steps: list[Any] = [step("one", failing(ValueError("1"))), step("two", failing(KeyError("2")))]
    with pytest.raises(ExceptionGroup, match="2 steps of pipeline 'both' failed") as caught:
        on_loop(async_run(pipeline("both", steps=steps)))
    errors = caught.value.exceptions
    assert all(isinstance(error, StepError) for error in errors)
    assert {type(error.__cause__) for error in errors} == {ValueError, KeyError}
    assert {error.step for error in errors if isinstance(error, StepError)} == {"one", "two"}


def test_who_fails_while_it_is_told_to_end_is_noted_at_the_first() -> None:
    begun = asyncio.Event()

    async def first() -> None:
        await begun.wait()
        raise ValueError("1")

    async def second() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("2")

    with pytest.raises(StepError, match="step 'first' of pipeline 'both' failed: ValueError: 1") as caught:
        on_loop(async_run(pipeline("both", steps=[first, second])))
    assert caught.value.__notes__ == ["afterwards: step 'second' of pipeline 'both' failed: KeyError: '2'"]


def test_a_step_that_is_cancelled_by_something_of_its_own_has_failed() -> None:
    async def cancels() -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    with pytest.raises(
        StepError, match="step 'cancels' of pipeline 'own' failed: RuntimeError: it was cancelled by"
    ) as e:
        on_loop(async_run(pipeline("own", steps=[cancels])))
    assert isinstance(e.value.__cause__, RuntimeError)
    assert isinstance(e.value.__cause__.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("of", ["the source of a fork", "a source", "a call", "one of several calls", "a finally"])
def test_so_has_whatever_else_is(of: str) -> None:
    async def cancels() -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            if "source" in of:
                await cancels()
        finally:
            if of == "a finally":
                await cancels()

    async def called(numbers: int) -> int:
        if "call" in of:
            await cancels()
        return numbers

    def total(called: Iterator[int]) -> int:
        return sum(called)

    def count(numbers: Iterator[int]) -> int:
        return sum(1 for _ in numbers)

    steps: list[Any] = [numbers, step("called", called, concurrency=2 if "several" in of else 1), total]
    steps += [count] if "fork" in of else []
    with pytest.raises(StepError, match=r"failed.*: RuntimeError: it was cancelled by something of its own") as caught:
        on_loop(async_run(pipeline("own", steps=steps)))
    assert caught.value.step == ("called" if "call" in of else "numbers")


def test_a_run_that_nobody_awaits_any_more_ends_with_its_loop() -> None:
    """As `asyncio.run` has it, which cancels every task there is, in no order."""
    for _ in range(10):
        world = World()

        async def main(world: World = world) -> asyncio.Future[Any]:
            running = asyncio.ensure_future(async_run(world.pipeline()))
            await world.begun.wait()
            return running

        complaints: list[Any] = []

        async def watched(main: Any = main, complaints: list[Any] = complaints) -> asyncio.Future[Any]:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            running: asyncio.Future[Any] = await main()
            return running

        running = asyncio.run(watched())
        assert running.cancelled()
        assert complaints == []
        world.check_closed()


def test_a_plain_step_sees_cancelled_where_it_reads() -> None:
    seen: list[type[BaseException]] = []
    waiting = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        yield 0
        waiting.set()
        await asyncio.Event().wait()

    def plainly(numbers: Iterator[int]) -> None:
        try:
            for _ in numbers:
                pass
        except BaseException as error:
            seen.append(type(error))
            raise

    async def other(numbers: AsyncIterator[int]) -> None:
        async for _ in numbers:
            pass

    async def fails() -> None:
        await waiting.wait()
        raise ValueError

    with pytest.raises(StepError, match="step 'fails'"):
        on_loop(async_run(pipeline("told", steps=[numbers, plainly, other, fails])))
    assert len(seen) == 1
    assert issubclass(seen[0], Cancelled)


@pytest.mark.parametrize("waits_for", ["an item", "a turn", "something else"])
def test_an_asynchronous_step_sees_a_cancelled_error_as_anywhere(waits_for: str) -> None:
    """A task group passes on nothing else, and a time limit understands nothing else."""
    waiting, seen = asyncio.Event(), list[type[BaseException]]()

    async def numbers() -> AsyncIterator[int]:
        yield 0
        if waits_for == "an item":
            waiting.set()
            await asyncio.Event().wait()
        yield 1

    async def grouped(numbers: AsyncIterator[int]) -> None:
        try:
            async with asyncio.TaskGroup(), asyncio.timeout(30):
                await anext(numbers)
                if waits_for == "something else":
                    waiting.set()
                    await asyncio.Event().wait()
                await anext(numbers)
        except BaseException as error:
            seen.append(type(error))
            raise

    async def slow(numbers: AsyncIterator[int]) -> None:
        await anext(numbers)
        if waits_for == "an item":
            await anext(numbers)
        if waits_for == "a turn":
            waiting.set()
        await asyncio.Event().wait()

    async def fails() -> None:
        await waiting.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        raise ValueError

    with pytest.raises(StepError, match="step 'fails'"):
        on_loop(async_run(pipeline("told", steps=[numbers, grouped, slow, fails])))
    assert seen == [asyncio.CancelledError]


def test_an_error_in_a_finally_fails_a_run_that_was_fine() -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            raise OSError("not closed")

    async def first(numbers: AsyncIterator[int]) -> int:
        return await anext(numbers)

    with pytest.raises(StepError, match="step 'numbers' of pipeline 'closing' failed: OSError: not closed"):
        on_loop(async_run(pipeline("closing", steps=[numbers, first])))


def test_closing_takes_what_time_it_takes() -> None:
    """Who is told to end while something of its is being closed is left to it."""
    log: Log = []
    closing = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closing.set()
            for _ in range(20):
                await asyncio.sleep(0)
            log.append("closed")

    async def first(numbers: AsyncIterator[int]) -> int:
        return await anext(numbers)

    async def fails() -> None:
        await closing.wait()
        raise ValueError

    with pytest.raises(StepError, match="step 'fails'"):
        on_loop(async_run(pipeline("closing", steps=[numbers, first, fails])))
    assert log == ["closed"]
