"""`async_stream(...)`: one step's stream handed to the caller on an event loop, in lockstep with the rest of the pipeline.

The run lives in a task of its own, which is begun when the caller asks for the first item. The task that reads the stream on
the caller's behalf, the last in line, puts each item down and waits until the caller asks for the next.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Final

from synaflow import DeadLetter, PipelineDef, RunnerError, RunResult, StepError, StreamReadError, bind_params
from synaflow_local.asynchronous.execution import LoopExecution
from synaflow_local.asynchronous.runner import execute
from synaflow_local.asynchronous.stack import awaited, entered
from synaflow_local.execution import nobody
from synaflow_local.plan import plan
from synaflow_local.spill import SPILL_AFTER, Spilling

__all__ = ["AsyncRunStream", "async_stream"]


def async_stream(
    pipeline: PipelineDef,
    params: object = None,
    name: str = "",
    *,
    stats: bool = False,
    dead_letter: Callable[[DeadLetter], object] | None = None,
    spill_after: int | None = SPILL_AFTER,
    spill_to: str | os.PathLike[str] | None = None,
) -> AsyncRunStream:
    """Runs a pipeline as far as its caller iterates over one of its streams by `async for`.

    Args:
        pipeline: What to run.
        params: A value of the pipeline's params class; None when every field has a default.
        name: The step whose stream the caller gets. It may have other consumers; the caller is the last in line.
        stats: Whether to count and time every step, at a cost per item.
        dead_letter: Called with every item that an `each` step with `on_error="continue"` drops; it may be asynchronous.
        spill_after: How many bytes of items all branches that run ahead may keep in memory, as for `run`.
        spill_to: The directory for those beyond, as for `run`.

    Returns:
        An asynchronous iterator, and a context manager that closes it: `async with async_stream(...) as items`. Exhausted or
        closed, it has a `result`; closed or dropped before, it closes every generator of the run.

    Raises:
        ParamsError: The params don't fit the pipeline's params class.
        RunnerError: The step doesn't exist or gives no stream, or `spill_to` can't be written to.

    Example:
        >>> import asyncio
        >>> from collections.abc import AsyncIterator
        >>> from synaflow import pipeline
        >>> async def numbers() -> AsyncIterator[int]:
        ...     for number in range(3):
        ...         yield number
        >>> async def main() -> list[int]:
        ...     async with async_stream(pipeline("counting", None, [numbers]), None, "numbers") as items:
        ...         return [item async for item in items]
        >>> asyncio.run(main())
        [0, 1, 2]
    """
    if not name:
        raise RunnerError(
            f"async_stream() needs the name of a step of pipeline '{pipeline.name}' whose stream to hand out"
        )
    execution = LoopExecution(
        pipeline,
        plan(pipeline, (), name, on_loop=True),
        bind_params(pipeline, params),
        stats,
        dead_letter,
        Spilling(spill_after, spill_to),
    )
    return AsyncRunStream(execution)


class AsyncRunStream(AsyncIterator[Any]):
    """The asynchronous iterator that `async_stream(...)` returns. Also a context manager that closes it."""

    def __init__(self, execution: LoopExecution) -> None:
        # The run must not know this object: where nobody closes it, it is its being dropped that ends the run.
        self._handover: Final = _Handover(execution)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def result(self) -> RunResult:
        """What has come of the run.

        Raises:
            RunnerError: The run hasn't ended.
        """
        if self._handover.result is None:
            raise RunnerError(
                "the run has not ended yet: exhaust its stream, or close it, before asking for the result"
            )
        return self._handover.result

    async def __anext__(self) -> Any:  # noqa: ANN401  # the step's item type isn't known to the type checker
        handover = self._handover
        if handover.reading:
            raise StreamReadError("a stream is read in two tasks at once; read it in one, and hand on its items")
        if handover.run is None and handover.result is None:
            self._loop = asyncio.get_running_loop()
            handover.run = self._loop.create_task(handover.drive())
        if await handover.ask():
            return handover.items.pop()
        handover.raise_error()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the run where it stands: every generator is closed, consumers first."""
        handover = self._handover
        if handover.run is not None and not handover.run.done():
            handover.cancel()
            await asyncio.wait([handover.run])
        if handover.result is None:
            # Not begun: there is nothing to close.
            handover.result = handover.execution.result()
        handover.raise_error()

    async def __aenter__(self) -> AsyncRunStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> str:
        raise TypeError("a stream can't be copied or pickled: it is a run that is under way; hand on its items")

    def __del__(self) -> None:
        loop, run = self._loop, self._handover.run
        if loop is not None and run is not None and not run.done() and not loop.is_closed():
            # It may be dropped in any thread. Nobody is there any more to be told of an error.
            loop.call_soon_threadsafe(self._handover.cancel)


class _Handover:
    """What the caller and the run know of each other.

    Attributes:
        execution: The run.
        run: Its task, once it has begun.
        items: The item that was put down, if one was.
        reading: Whether the caller waits for one.
        result: What has come of the run, once it has ended.
    """

    def __init__(self, execution: LoopExecution) -> None:
        self.execution: Final = execution
        self.run: asyncio.Task[None] | None = None
        self.items: Final[list[object]] = []
        self.reading = False
        self.result: RunResult | None = None
        self._error: BaseException | None = None
        self._put: asyncio.Future[None] | None = None
        self._asked: asyncio.Future[None] | None = None

    async def ask(self) -> bool:
        """Waits for the next item; False when the run has ended without another."""
        if not self.items and self.run is not None and not self.run.done():
            put = self._put = asyncio.get_running_loop().create_future()
            if self._asked is not None and not self._asked.done():
                self._asked.set_result(None)
            self.reading = True
            try:
                await asyncio.wait([put, self.run], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.reading = False
        return bool(self.items)

    def raise_error(self) -> None:
        """Raises what the run has ended with, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def cancel(self) -> None:
        """Ends the run where it stands."""
        self.execution.stopped = True
        if self.run is not None:
            self.run.cancel()

    async def drive(self) -> None:
        """The whole run."""
        self.execution.hand_out = self._hand_out
        try:
            self.result = await entered(partial(execute, self.execution))
        except StepError as error:
            self._error, self.result = error, error.result
        except BaseException as error:
            self._error, self.result = error, self.execution.result()
        finally:
            self.execution.hand_out = nobody

    def _hand_out(self, source: Iterator[object]) -> None:
        """Reads the stream for the caller, in the task of the run that does."""
        loop = asyncio.get_running_loop()
        for item in source:
            self.items.append(item)
            del item
            self._asked = loop.create_future()
            if self._put is not None and not self._put.done():
                self._put.set_result(None)
            awaited(self._asked)
