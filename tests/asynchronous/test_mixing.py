"""Plain and asynchronous steps in one pipeline: whoever makes a stream, whoever reads it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import Any, NamedTuple

import pytest

from asynchronous.loops import on_loop
from synaflow import (
    DeadLetter,
    ParamsError,
    PipelineError,
    RunnerError,
    StepError,
    StreamReadError,
    async_run,
    async_stream,
    include,
    pipeline,
    run,
    step,
    stream,
)


async def made() -> AsyncIterator[int]:
    for number in range(5):
        await asyncio.sleep(0)
        yield number


def made_plainly() -> Iterator[int]:
    yield from range(5)


async def doubled(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
    async for number in numbers:
        await asyncio.sleep(0)
        yield 2 * number


def doubled_plainly(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield 2 * number


def doubled_each(numbers: int) -> int:
    return 2 * numbers


async def doubled_each_later(numbers: int) -> int:
    await asyncio.sleep(0)
    return 2 * numbers


async def taken(doubled: AsyncIterator[int]) -> list[int]:
    return [number async for number in doubled]


async def taken_once(doubled: AsyncIterable[int]) -> list[int]:
    return [number async for number in doubled]


def taken_plainly(doubled: Iterator[int]) -> list[int]:
    return list(doubled)


def taken_plainly_once(doubled: Iterable[int]) -> list[int]:
    return list(doubled)


async def taken_whole(doubled: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return doubled


@pytest.mark.parametrize("take", [taken, taken_once, taken_plainly, taken_plainly_once, taken_whole])
@pytest.mark.parametrize("double", [doubled, doubled_plainly, doubled_each, doubled_each_later])
@pytest.mark.parametrize("make", [made, made_plainly])
@pytest.mark.parametrize("forked", [False, True])
def test_any_side_reads_what_any_side_makes(
    make: Callable[..., Any], double: Callable[..., Any], take: Callable[..., Any], forked: bool
) -> None:
    def size(numbers: Iterator[int]) -> int:
        return sum(1 for _ in numbers)

    steps: list[Any] = [
        step("numbers", make),
        step("doubled", double),
        step("taken", take),
        *([size] if forked else []),
    ]
    mixed = pipeline("mixed", steps=steps)
    expected = {"taken": [0, 2, 4, 6, 8], **({"size": 5} if forked else {})}
    assert dict(on_loop(async_run(mixed))) == expected
    assert dict(run(mixed)) == expected


def test_a_plain_loop_over_an_asynchronous_source_takes_no_thread_and_lets_the_loop_go_on() -> None:
    threads: set[int] = set()
    ticks = 0

    async def slow() -> AsyncIterator[int]:
        for number in range(3):
            seen = ticks
            while ticks < seen + 2:
                await asyncio.sleep(0)
            threads.add(threading.get_ident())
            yield number

    def total(slow: Iterator[int]) -> int:
        found = 0
        for number in slow:
            threads.add(threading.get_ident())
            found += number
        return found

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async def main() -> int:
        ticking = asyncio.create_task(tick())
        result = await async_run(pipeline("slow", steps=[slow, total]))
        ticking.cancel()
        await asyncio.wait([ticking])
        return result["total"]  # type: ignore[no-any-return]

    assert on_loop(main()) == 3
    assert threads == {threading.get_ident()}
    assert ticks >= 6


def test_values_and_streams_that_dont_depend_on_each_other_overlap() -> None:
    met = 0
    both = asyncio.Event()

    async def meet() -> int:
        nonlocal met
        met += 1
        if met == 3:
            both.set()
        await both.wait()  # alone it would wait for ever
        return met

    async def left() -> int:
        return await meet()

    async def right() -> int:
        return await meet()

    async def streamed() -> AsyncIterator[int]:
        yield await meet()

    def last(streamed: Iterator[int], left: int) -> int:
        return left + sum(streamed)

    def all_of(left: int, right: int) -> int:
        return left + right

    assert on_loop(async_run(pipeline("meeting", steps=[left, right, streamed, all_of])))["all_of"] == 6


def test_a_chain_is_as_deep_as_it_likes() -> None:
    def adder(at: int) -> Callable[..., Any]:
        async def add(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
            async for number in numbers:
                yield number + 1

        def add_plainly(numbers: Iterator[int]) -> Iterator[int]:
            for number in numbers:
                yield number + 1

        return add if at % 3 else add_plainly

    depth = 150
    steps: list[Any] = [
        step("s0", made),
        *(step(f"s{n}", adder(n), inputs={"numbers": f"s{n - 1}"}) for n in range(1, depth)),
    ]
    steps.append(step("last", taken, inputs={"doubled": f"s{depth - 1}"}))
    assert on_loop(async_run(pipeline("deep", steps=steps)))["last"] == [n + depth - 1 for n in range(5)]


def test_memory_stays_flat() -> None:
    async def many() -> AsyncIterator[bytes]:
        for number in range(3_000):
            if number % 100 == 0:
                await asyncio.sleep(0)
            yield bytes(10_000)

    def halved(many: Iterator[bytes]) -> Iterator[bytes]:
        for each in many:
            yield each[::2]

    async def length(halved: AsyncIterator[bytes]) -> int:
        return sum([len(each) async for each in halved])

    def count(many: Iterator[bytes]) -> int:
        return sum(1 for _ in many)

    flat = pipeline("flat", steps=[many, halved, length, count])
    run(flat)
    tracemalloc.start()
    try:
        result = run(flat)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert dict(result) == {"length": 15_000_000, "count": 3_000}
    assert peak < 500_000  # of 30 MB


def test_a_step_may_run_a_pipeline_of_its_own() -> None:
    inner = pipeline("inner", steps=[step("numbers", made), step("doubled", doubled), step("taken", taken)])

    async def nested() -> int:
        return sum((await async_run(inner))["taken"])

    async def streamed() -> AsyncIterator[int]:
        async with async_stream(inner, None, "doubled") as items:
            async for item in items:
                yield item

    def total(streamed: Iterator[int], nested: int) -> int:
        return sum(streamed) + nested

    assert on_loop(async_run(pipeline("outer", steps=[nested, streamed, total])))["total"] == 40


@pytest.mark.parametrize("per_item", [False, True])
def test_an_asynchronous_pipeline_is_included(per_item: bool) -> None:
    class P(NamedTuple):
        size: int

    async def numbers(size: int) -> AsyncIterator[int]:
        for number in range(size):
            await asyncio.sleep(0)
            yield number

    async def total(numbers: AsyncIterator[int]) -> int:
        return sum([number async for number in numbers])

    sub = pipeline("sub", P, [numbers, total], exports="total")

    async def many() -> AsyncIterator[P]:
        for size in (2, 3, 4):
            yield P(size)

    async def one() -> P:
        return P(4)

    included = pipeline("outer", steps=[include("inner", sub, many) if per_item else include("inner", sub, one)])
    expected = [1, 3, 6] if per_item else 6
    assert on_loop(async_run(included, outputs=["inner"]))["inner"] == expected
    assert run(included, outputs=["inner"])["inner"] == expected


class Given(NamedTuple):
    rows: AsyncIterator[int]


def test_a_params_field_may_be_an_asynchronous_stream() -> None:
    def total(rows: Iterator[int]) -> int:
        return sum(rows)

    async def count(rows: AsyncIterator[int]) -> int:
        return len([row async for row in rows])

    given = pipeline("given", Given, [total, count])
    assert dict(on_loop(async_run(given, Given(made())))) == {"total": 10, "count": 5}
    assert dict(run(given, Given(made()))) == {"total": 10, "count": 5}
    with pytest.raises(ParamsError, match="'rows'"):
        on_loop(async_run(given, Given(iter([1]))))  # type: ignore[arg-type]  # that is what is shown


def test_contextvars_are_seen_and_what_a_step_sets_stays_its_own() -> None:
    who = contextvars.ContextVar("who", default="nobody")

    async def numbers() -> AsyncIterator[str]:
        yield who.get()
        who.set("numbers")
        await asyncio.sleep(0)
        yield who.get()

    async def each(numbers: str) -> str:
        return f"{numbers}, {who.get()}"

    async def value() -> str:
        seen = who.get()
        who.set("value")
        return seen

    def plain(each: Iterator[str], numbers: Iterator[str], value: str) -> list[str]:
        return [*each, who.get(), value]

    async def main() -> list[str]:
        who.set("me")
        steps: list[Any] = [numbers, step("each", each, concurrency=2), value, plain]
        found = (await async_run(pipeline("contexts", steps=steps)))["plain"]
        assert who.get() == "me"
        return found  # type: ignore[no-any-return]

    assert on_loop(main()) == ["me, me", "numbers, me", "me", "me"]


def test_a_stream_may_be_read_by_a_task_that_the_step_starts() -> None:
    async def waited_for(numbers: AsyncIterator[int]) -> list[int]:
        found = []
        while True:
            try:
                found.append(await asyncio.wait_for(anext(numbers), 30))
            except StopAsyncIteration:
                return found

    async def in_a_group(numbers: AsyncIterator[int]) -> int:
        async def read() -> int:
            return sum([number async for number in numbers])

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
        return reading.result()

    def plainly(numbers: Iterator[int]) -> int:
        return sum(numbers)

    steps: list[Any] = [step("numbers", made_plainly), waited_for, in_a_group, plainly]
    result = on_loop(async_run(pipeline("subtasks", steps=steps)))
    assert dict(result) == {"waited_for": [0, 1, 2, 3, 4], "in_a_group": 10, "plainly": 10}


@pytest.mark.parametrize("forked", [False, True])
def test_who_asks_for_a_generator_gets_one(forked: bool) -> None:
    async def first(numbers: AsyncGenerator[int, None]) -> int:
        found = await anext(numbers)
        await numbers.aclose()
        return found

    def first_plainly(numbers: Generator[int, None, None]) -> int:
        found = next(numbers)
        numbers.close()
        return found

    steps: list[Any] = [step("numbers", made), first, *([first_plainly] if forked else [])]
    result = on_loop(async_run(pipeline("generators", steps=steps)))
    assert set(result.values()) == {0}


def test_an_iterable_is_given_once() -> None:
    async def twice(numbers: AsyncIterable[int]) -> int:
        first = sum([number async for number in numbers])
        return first + sum([number async for number in numbers])

    with pytest.raises(StepError, match="step 'twice' iterates twice over 'numbers', which is a stream"):
        on_loop(async_run(pipeline("twice", steps=[step("numbers", made), twice])))


def test_a_stream_read_after_its_step_has_ended_is_refused() -> None:
    kept: list[AsyncIterator[int]] = []

    async def keeps(numbers: AsyncIterator[int]) -> int:
        kept.append(numbers)
        return await anext(numbers)

    def other(numbers: Iterator[int]) -> int:
        return sum(numbers)

    async def main() -> None:
        await async_run(pipeline("kept", steps=[step("numbers", made), keeps, other]))
        with pytest.raises(StreamReadError, match="read by 'keeps' after that step had ended"):
            await anext(kept[0])

    on_loop(main())


def test_a_stream_read_in_a_thread_is_refused() -> None:
    def threaded(numbers: Iterator[int]) -> int:
        found: list[BaseException] = []

        def read() -> None:
            try:
                next(numbers)
            except StreamReadError as error:
                found.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        raise found[0]

    with pytest.raises(StepError, match="from a thread of its own"):
        on_loop(async_run(pipeline("threaded", steps=[step("numbers", made), threaded])))


def test_dropped_items_are_told_to_an_asynchronous_handler() -> None:
    async def inverse(numbers: int) -> float:
        return 1 / numbers

    letters: list[int] = []

    async def note(letter: DeadLetter) -> None:
        await asyncio.sleep(0)
        letters.append(letter.index)

    def taken(inverse: Iterator[float]) -> list[float]:
        return list(inverse)

    steps: list[Any] = [step("numbers", made), step("inverse", inverse, on_error="continue"), taken]
    result = on_loop(async_run(pipeline("dropping", steps=steps), dead_letter=note))
    assert letters == [0]
    assert result["taken"] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert [letter.index for letter in result.dead_letters] == [0]


def test_items_and_seconds_are_counted() -> None:
    said: list[str] = []
    counted = pipeline("counted", steps=[step("numbers", made), step("doubled", doubled), step("taken", taken)])
    result = on_loop(async_run(counted, stats=True, progress=said.append))
    assert (result.steps["doubled"].items_in, result.steps["doubled"].items_out) == (5, 5)
    assert all((found.seconds or 0) >= 0 for found in result.steps.values())
    assert said
    assert all("counted" in line for line in said)


def test_outputs_and_params_are_checked_as_by_run() -> None:
    counted = pipeline("counted", steps=[step("numbers", made), step("taken", taken, inputs={"doubled": "numbers"})])
    assert on_loop(async_run(counted, outputs=["numbers"]))["numbers"] == [0, 1, 2, 3, 4]
    with pytest.raises(RunnerError, match="has no step 'nobody' to give"):
        on_loop(async_run(counted, outputs=["nobody"]))
    with pytest.raises(ParamsError):
        on_loop(async_run(counted, {"x": 1}))
    with pytest.raises(RunnerError, match="is no pipeline"):
        on_loop(async_run("counted"))  # type: ignore[arg-type]  # that is what is shown


# Where a loop runs, and where none does


def test_inside_a_running_loop_run_says_what_to_do() -> None:
    mixed = pipeline("mixed", steps=[step("numbers", made), step("taken", taken, inputs={"doubled": "numbers"})])

    async def main() -> None:
        with pytest.raises(RunnerError) as caught:
            run(mixed)
        assert str(caught.value) == (
            "step 'numbers' (made) of pipeline 'mixed' is asynchronous, and an event loop runs in this thread already: "
            "write `await async_run(pipeline, ...)`"
        )
        with pytest.raises(RunnerError, match=r"write `async for item in async_stream\(pipeline, \.\.\.\)`"):
            stream(mixed, None, "numbers")
        plain = pipeline("plain", steps=[step("numbers", made_plainly), step("doubled", doubled_plainly)])
        assert run(plain, outputs=["doubled"])["doubled"] == [0, 2, 4, 6, 8]  # it takes no loop

    on_loop(main())


def test_a_plain_pipeline_runs_on_a_loop_too() -> None:
    plain = pipeline("plain", steps=[step("numbers", made_plainly), step("doubled", doubled_plainly)])
    assert on_loop(async_run(plain, outputs=["doubled"]))["doubled"] == [0, 2, 4, 6, 8]


def test_stream_of_an_asynchronous_pipeline_has_a_loop_of_its_own() -> None:
    ended: list[str] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(5):
                await asyncio.sleep(0)
                yield number
        finally:
            await asyncio.sleep(0)
            ended.append("numbers")

    def seen(numbers: Iterator[int]) -> list[int]:
        return list(numbers)

    own = pipeline("own", steps=[numbers, seen])
    with stream(own, None, "numbers") as items:
        assert list(items) == [0, 1, 2, 3, 4]
        assert items.result["seen"] == [0, 1, 2, 3, 4]
    with stream(own, None, "numbers") as items:
        assert next(items) == 0
    assert ended == ["numbers", "numbers"]
    dropped = stream(own, None, "numbers")
    assert next(dropped) == 0
    del dropped
    assert ended == ["numbers", "numbers", "numbers"]
    with pytest.raises(PipelineError):
        pipeline("bad", steps=[numbers, seen, seen])
