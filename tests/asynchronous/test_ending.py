"""How a run on an event loop ends: cancelled, in time or not, with one error or several; and that nothing is left of it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from asynchronous.loops import on_loop, others
from synaflow import (
    Cancelled,
    RunnerError,
    StepError,
    StepStatus,
    StreamReadError,
    async_run,
    async_stream,
    pipeline,
    run,
    step,
    stream,
)

Log = list[str]


class World:
    """Steps that tell when they have begun and when they have ended, in a pipeline with forks, calls and values."""

    def __init__(self, **waits: str) -> None:
        self.log: Log = []
        self.begun = asyncio.Event()

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[None]:
        self.log.append(f"{name} opened")
        try:
            yield
        finally:
            await asyncio.sleep(0)
            self.log.append(f"{name} closed")

    async def numbers(self) -> AsyncIterator[int]:
        async with self.connection("numbers"):
            number = 0
            while True:
                await asyncio.sleep(0)
                yield number
                number += 1

    def doubled(self, numbers: Iterator[int]) -> Iterator[int]:
        self.log.append("doubled opened")
        try:
            for number in numbers:
                yield 2 * number
        finally:
            self.log.append("doubled closed")

    async def called(self, doubled: int) -> int:
        async with self.connection("call"):
            if doubled == 20:
                self.begun.set()
                await asyncio.Event().wait()  # for ever
        return doubled

    async def reads(self, called: AsyncIterator[int], numbers: AsyncIterator[int]) -> None:
        async with self.connection("reads"):
            async for _ in called:
                await anext(numbers)

    def plainly(self, numbers: Iterator[int]) -> None:
        self.log.append("plainly opened")
        try:
            for _ in numbers:
                pass
        finally:
            self.log.append("plainly closed")

    async def lonely(self) -> None:
        async with self.connection("lonely"):
            await asyncio.Event().wait()

    def pipeline(self, *more: Any) -> Any:
        called = step("called", self.called, concurrency=3)
        steps = [self.numbers, self.doubled, called, self.reads, self.plainly, self.lonely, *more]
        return pipeline("world", steps=steps)

    def check_closed(self) -> None:
        opened = sorted(line.removesuffix(" opened") for line in self.log if line.endswith("opened"))
        closed = sorted(line.removesuffix(" closed") for line in self.log if line.endswith("closed"))
        assert opened == closed
        assert {"numbers", "doubled", "call", "reads", "plainly", "lonely"} <= set(opened)


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


# Streams that are handed out


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


# Ctrl-C, for real

SCRIPT = """
import asyncio, os, signal, sys
from collections.abc import AsyncIterator, Iterator
from synaflow import async_run, pipeline, run, stream

def say(text: str) -> None:
    print(text, flush=True)

async def numbers() -> AsyncIterator[int]:
    number = 0
    try:
        while True:
            await asyncio.sleep(0)
            yield number
            number += 1
            if number == 1000:
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        await asyncio.sleep(0)
        say("numbers closed")

def total(numbers: Iterator[int]) -> int:
    try:
        return sum(numbers)
    finally:
        say("total closed")

async def count(numbers: AsyncIterator[int]) -> int:
    try:
        return len([number async for number in numbers])
    finally:
        await asyncio.sleep(0)
        say("count closed")

endless = pipeline("endless", steps=[numbers, total, count])
try:
    if sys.argv[1] == "run":
        run(endless)
    elif sys.argv[1] == "stream":
        for item in stream(endless, None, "numbers"):
            pass
    else:
        asyncio.run(async_run(endless))
except KeyboardInterrupt as error:
    say("interrupted")
"""


@pytest.mark.parametrize("way", ["run", "stream", "async_run"])
def test_every_finally_runs_when_the_user_interrupts(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, way],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.split()
    assert sorted(done.stdout.split("\n")[:-2]) == ["count closed", "numbers closed", "total closed"], lines
    assert lines[-1] == "interrupted"


def test_what_runs_on_nobodys_loop_leaves_none() -> None:
    async def one() -> int:
        return 1

    assert run(pipeline("one", steps=[one]))["one"] == 1
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()
