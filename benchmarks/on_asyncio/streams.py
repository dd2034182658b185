"""Streams whose items are there at once, so that what is measured is what each item costs and not what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache, partial

from benchmarks import plain
from benchmarks.measure import Spread, agreed, interleaved, quotients, spread
from benchmarks.work import Params
from synaflow import PipelineDef, async_run, pipeline

__all__ = ["chains", "forks"]


async def numbers(length: int) -> AsyncIterator[int]:
    """Where every stream begins."""
    for number in range(length):
        yield number


async def doubled(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
    """A transform."""
    async for number in numbers:
        yield number * 2


async def total(doubled: AsyncIterator[int]) -> int:
    """The end of the chain."""
    result = 0
    async for number in doubled:
        result += number
    return result


async def a(numbers: AsyncIterator[int]) -> int:
    """The asynchronous end of the fork; the plain one is `plain.b`."""
    result = 0
    async for number in numbers:
        result += number
    return result


def chains(rounds: int, items: int) -> tuple[Spread, ...]:
    """A chain of three asynchronous steps, and one whose transform and sink are plain, against `async for` by hand.

    Returns:
        For each of the two, how many times as long it takes, and how many nanoseconds longer for an item.
    """
    variants = {
        "by hand": partial(_chained, items),
        "asynchronous": partial(_chain, items),
        "mixed": partial(_mixed_chain, items),
    }
    agreed(variants)
    taken = interleaved(variants, rounds)
    return (*_price(taken, "asynchronous", items), *_price(taken, "mixed", items))


def forks(rounds: int, items: int) -> tuple[Spread, ...]:
    """An asynchronous stream with an asynchronous and a plain sink, against a loop that feeds two accumulators, and queues.

    Returns:
        How many times as long as the loop it takes, how many nanoseconds longer for an item, and how many times as long as
        what tasks that are sinks take, in lockstep by a queue for each.
    """
    variants = {
        "by hand": partial(_pushed, items),
        "with queues": partial(_queued, items),
        "fork": partial(_fork, items),
    }
    agreed(variants)
    taken = interleaved(variants, rounds)
    return (*_price(taken, "fork", items), quotients(taken, "fork", "with queues"))


def _price(taken: Mapping[str, Sequence[float]], of: str, items: int) -> tuple[Spread, Spread]:
    longer = [1e9 * (one - other) / items for one, other in zip(taken[of], taken["by hand"], strict=True)]
    return quotients(taken, of, "by hand"), spread(longer)


# By hand


def _chained(count: int) -> int:
    return asyncio.run(total(doubled(numbers(count))))


def _pushed(count: int) -> dict[str, int]:
    return asyncio.run(_push(count))


async def _push(count: int) -> dict[str, int]:
    first, second = plain.Sum(), plain.Sum()
    async for number in numbers(count):
        first.add(number)
        second.add(number)
    return {"a": first.result, "b": second.result}


def _queued(count: int) -> dict[str, int]:
    return asyncio.run(_hand_out(count))


async def _hand_out(count: int) -> dict[str, int]:
    queues: dict[str, asyncio.Queue[int | None]] = {"a": asyncio.Queue(1), "b": asyncio.Queue(1)}
    async with asyncio.TaskGroup() as group:
        sinks = {name: group.create_task(_taken(queue)) for name, queue in queues.items()}
        async for number in numbers(count):
            for queue in queues.values():
                queue.put_nowait(number)
            for queue in queues.values():
                await queue.join()
        for queue in queues.values():
            queue.put_nowait(None)
    return {name: sink.result() for name, sink in sinks.items()}


async def _taken(queue: asyncio.Queue[int | None]) -> int:
    result = 0
    while (number := await queue.get()) is not None:
        result += number
        queue.task_done()
    return result


# As pipelines


@cache
def _asynchronous() -> PipelineDef:
    return pipeline("asynchronous", Params, [numbers, doubled, total])


@cache
def _mixed() -> PipelineDef:
    return pipeline("mixed", Params, [numbers, plain.doubled, plain.total])


@cache
def _forked() -> PipelineDef:
    return pipeline("forked", Params, [numbers, a, plain.b])


def _chain(count: int) -> int:
    result: int = asyncio.run(async_run(_asynchronous(), Params(count)))["total"]
    return result


def _mixed_chain(count: int) -> int:
    result: int = asyncio.run(async_run(_mixed(), Params(count)))["total"]
    return result


def _fork(count: int) -> dict[str, int]:
    return dict(asyncio.run(async_run(_forked(), Params(count))))
