"""A world that is to end: steps of every kind, which tell when they have begun and when they have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from synaflow import pipeline, step

__all__ = ["World"]

Log = list[str]


class World:
    """Steps that tell when they have begun and when they have ended, in a pipeline with forks, calls and values."""

    def __init__(self) -> None:
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
