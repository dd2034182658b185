"""A pipeline of asynchronous and plain steps, as a module that a generated DAG file imports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from synaflow import pipeline, step


class Params(NamedTuple):
    upto: int = 6


async def numbers(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        await asyncio.sleep(0)
        yield number


async def fetched(numbers: int) -> str:
    await asyncio.sleep(0.01 * (3 - numbers % 3))
    if numbers == 4:
        raise LookupError(f"no page {numbers}")
    return f"page {numbers}"


def letters(fetched: Iterator[str]) -> int:
    return sum(map(len, fetched))


async def listed(fetched: AsyncIterator[str]) -> tuple[str, ...]:
    return tuple([page async for page in fetched])


async def told(letters: int, listed: tuple[str, ...]) -> str:
    await asyncio.sleep(0)
    return f"{letters} letters: {', '.join(listed)}"


fetches = pipeline(
    "fetches",
    Params,
    [numbers, step("fetched", fetched, concurrency=3, timeout=20, on_error="continue"), letters, listed, told],
)
