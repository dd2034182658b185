"""Waits, so many at once: as tasks of an event loop, and in threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Final

from benchmarks.measure import Spread, agreed, interleaved, quotients
from benchmarks.plain import numbers
from benchmarks.work import Params
from synaflow import PipelineDef, async_run, pipeline, run, step

__all__ = ["awaits", "threads"]

AT_ONCE: Final = 100
"""The waits that may be under way."""
SECONDS: Final = 0.01
"""What each of them takes."""


async def awaited(numbers: int) -> int:
    """A wait that leaves the event loop to others."""
    await asyncio.sleep(SECONDS)
    return numbers * 2


def slept(numbers: int) -> int:
    """A wait that blocks its thread."""
    time.sleep(SECONDS)
    return numbers * 2


def total(awaited: Iterator[int]) -> int:
    """One sink of what was waited for."""
    return sum(awaited)


def largest(awaited: Iterator[int]) -> int:
    """The other one."""
    return max(awaited)


def awaits(rounds: int, count: int) -> tuple[Spread, ...]:
    """So many waits in an `each` step, its results kept, and read by two sinks in lockstep, against `asyncio.gather`.

    Returns:
        For each of the two, how many times as long it takes.
    """
    kept = {"gather": partial(_gathered, count), "each": partial(_each, count)}
    read = {"gather, twice read": partial(_gathered_and_read, count), "fork": partial(_fork, count)}
    agreed(kept)
    agreed(read)
    taken = interleaved({**kept, **read}, rounds)
    return quotients(taken, "each", "gather"), quotients(taken, "fork", "gather, twice read")


def threads(rounds: int, count: int) -> tuple[Spread, ...]:
    """So many waits of an `each` step in threads, without an event loop, against a pool's `map`.

    Returns:
        How many times as long it takes.
    """
    variants = {"map": partial(_mapped, count), "each": partial(_each_in_threads, count)}
    agreed(variants)
    return (quotients(interleaved(variants, rounds), "each", "map"),)


# By hand


def _gathered(count: int) -> list[int]:
    return asyncio.run(_gather(count))


def _gathered_and_read(count: int) -> dict[str, int]:
    results = asyncio.run(_gather(count))
    return {"total": sum(results), "largest": max(results)}


async def _gather(count: int) -> list[int]:
    free = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        async with free:
            return await awaited(number)

    return await asyncio.gather(*map(one, numbers(count)))


def _mapped(count: int) -> list[int]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(slept, numbers(count)))


# As pipelines


@cache
def _waits() -> PipelineDef:
    return pipeline("waits", Params, [numbers, step("awaited", awaited, concurrency=AT_ONCE)])


@cache
def _forked() -> PipelineDef:
    return pipeline("forked", Params, [numbers, step("awaited", awaited, concurrency=AT_ONCE), total, largest])


@cache
def _sleeps() -> PipelineDef:
    return pipeline("sleeps", Params, [numbers, step("slept", slept, concurrency=AT_ONCE)])


def _each(count: int) -> list[int]:
    results: list[int] = asyncio.run(async_run(_waits(), Params(count), outputs=["awaited"]))["awaited"]
    return results


def _fork(count: int) -> dict[str, int]:
    return dict(asyncio.run(async_run(_forked(), Params(count))))


def _each_in_threads(count: int) -> list[int]:
    results: list[int] = run(_sleeps(), Params(count), outputs=["slept"])["slept"]
    return results
