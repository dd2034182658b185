"""Streams from one side to the other: an asynchronous one as a plain iterator, and a plain one for `async for`.

Inside a run every stream is a plain iterator, so that forks, `each` steps, counts and errors are the same code whoever makes
it and whoever reads it. Where both sides are asynchronous and nothing stands between them, the reader awaits the maker's own.

A reader may give up waiting, by a time limit of its own. A branch of a fork can be read on after that. Whatever else is a
generator is then at its end, as Python has it, and whoever asks for more would be told that this was all there is: a
stream that was cut off says so instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from types import FrameType
from typing import Final

from synaflow import Cancelled, StreamReadError
from synaflow_local.asynchronous.stack import awaited, current_stack
from synaflow_local.streams import Once

__all__ = [
    "AsyncOneShot",
    "AsyncStream",
    "Bridged",
    "BridgedGenerator",
    "Lasting",
    "Lend",
    "Stopped",
    "Threaded",
    "bridged",
    "generated",
    "threaded",
    "to_async",
]


Lend = Callable[[Callable[[], object]], Awaitable[object]]
"""Runs plain code that may have to wait, in a task that has no stack of its own, for the step that has started it."""


class Stopped(Cancelled, asyncio.CancelledError):
    """What a step is told to end with. Plain code sees it, asynchronous code a CancelledError."""


class Bridged(Iterator[object]):
    """An asynchronous iterator as a plain one.

    Attributes:
        source: The asynchronous iterator.
        timeout: Seconds that an item may take; None for any time.
        late: What is told of the error where one took longer.
    """

    def __init__(
        self,
        source: AsyncIterator[object],
        timeout: float | None = None,
        late: Callable[[TimeoutError], None] | None = None,
    ) -> None:
        self.source: Final = source
        self.timeout: Final = timeout
        self.late: Final = late

    def __next__(self) -> object:
        try:
            return awaited(self.source.__anext__() if self.timeout is None else self._in_time(self.timeout))
        except StopAsyncIteration:
            raise StopIteration from None
        except asyncio.CancelledError as error:
            stack = current_stack()
            if stack is not None and stack.owner is not None and stack.owner.stopped:
                raise Stopped(*error.args) from None
            raise

    async def _in_time(self, seconds: float) -> object:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self.source.__anext__()
        except TimeoutError as error:
            if self.late is not None and limit.expired():
                self.late(error)
            raise

    def close(self) -> None:
        """Closes it, where it can be closed."""
        close = getattr(self.source, "aclose", None)
        if close is not None:
            awaited(close())


class BridgedGenerator(Bridged):
    """An asynchronous generator as a plain iterator."""

    @property
    def gi_frame(self) -> FrameType | None:
        """As of a generator: None once it has ended."""
        frame: FrameType | None = self.source.ag_frame  # type: ignore[attr-defined]  # it is a generator
        return frame


def bridged(
    source: AsyncIterator[object], timeout: float | None = None, late: Callable[[TimeoutError], None] | None = None
) -> Bridged:
    """An asynchronous iterator as a plain one."""
    return (BridgedGenerator if hasattr(source, "ag_frame") else Bridged)(source, timeout, late)


class Threaded(Iterator[object]):
    """An iterator that blocks, read in a thread of its own."""

    def __init__(self, source: Iterator[object], in_thread: Callable[[Callable[[], object]], object]) -> None:
        self.source: Final = source
        self._in_thread: Final = in_thread

    def __next__(self) -> object:
        return self._in_thread(self.source.__next__)

    def close(self) -> None:
        """Closes it there, where it can be closed."""
        close = getattr(self.source, "close", None)
        if close is not None:
            self._in_thread(close)


class ThreadedGenerator(Threaded):
    """A generator that blocks, read in a thread of its own."""

    @property
    def gi_frame(self) -> FrameType | None:
        """None once it has ended."""
        frame: FrameType | None = self.source.gi_frame  # type: ignore[attr-defined]  # it is a generator
        return frame


def threaded(source: Iterator[object], in_thread: Callable[[Callable[[], object]], object]) -> Threaded:
    """An iterator that blocks, read in a thread of its own."""
    return (ThreadedGenerator if hasattr(source, "gi_frame") else Threaded)(source, in_thread)


class Lasting(Iterator[object]):
    """A plain stream that can be read on after whoever waited for an item has given up."""


def to_async(source: Iterator[object], lend: Lend, step: str, stream: str) -> AsyncIterator[object]:
    """A stream for a step that reads it by `async for`.

    Args:
        source: The stream.
        lend: What lets another task of the step's read it.
        step: The step, for people.
        stream: Whose stream it is, for people.
    """
    if isinstance(source, Bridged) and source.timeout is None:
        return AsyncStream(source.source, source.source.__anext__, step, stream)
    return AsyncStream(source, _Waiting(source, lend).item, step, stream)


class AsyncStream(AsyncIterator[object]):
    """A stream of the run for `async for`."""

    def __init__(self, source: object, item: Callable[[], Awaitable[object]], step: str, stream: str) -> None:
        self._source: Final = source
        self._item: Final = item
        self._step: Final = step
        self._stream: Final = stream
        self._cut = False

    async def __anext__(self) -> object:
        try:
            return await self._item()
        except StopAsyncIteration:
            if self._cut:
                raise StreamReadError(
                    f"step '{self._step}' had given up waiting for an item of '{self._stream}', which ended that stream, "
                    "and reads on; wait for an item with asyncio.wait(), which cancels nothing, or give "
                    f"'{self._stream}' a timeout="
                ) from None
            raise
        except Stopped as error:
            # Time limits and task groups know CancelledError itself, and no class of it.
            raise asyncio.CancelledError(*error.args) from None
        except asyncio.CancelledError:
            self._cut = not isinstance(self._source, Lasting)
            raise

    async def aclose(self) -> None:
        """Does nothing: the run closes what it has opened."""


class _Waiting:
    """What waits for the items of a plain stream.

    It is read in the task of the step that it was made for, or in one that this step has started (`asyncio.wait_for`
    starts one on Python 3.11): that task is then lent a stack to wait on.
    """

    def __init__(self, source: Iterator[object], lend: Lend) -> None:
        self._source: Final = source
        self._lend: Final = lend

    async def item(self) -> object:
        """The next item."""
        return self._next() if current_stack() is not None else await self._lend(self._next)

    def _next(self) -> object:
        try:
            return next(self._source)
        except StopIteration:
            raise StopAsyncIteration from None


async def generated(stream: AsyncIterator[object]) -> AsyncGenerator[object, None]:
    """A stream for a step that asks for a generator."""
    async for item in stream:
        yield item


class AsyncOneShot(Once[AsyncIterator[object]]):
    """A stream for a step that asks for `AsyncIterable`: it can be iterated over once."""

    def __aiter__(self) -> AsyncIterator[object]:
        return self.take()
