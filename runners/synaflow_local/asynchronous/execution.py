"""One run on an event loop: steps that are awaited, or called in threads, and the errors of those that fail together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING

from synaflow import Cancelled, DeadLetter, PipelineDef, StepDef, StepError
from synaflow_local.asynchronous.bridges import Stopped, bridged, threaded
from synaflow_local.asynchronous.stack import awaited, current_stack, outlasting, own_error
from synaflow_local.execution import Execution
from synaflow_local.stats import Clock
from synaflow_local.threads import outcome_of, threads_for

if TYPE_CHECKING:
    from synaflow_local.plan import Plan
    from synaflow_local.spill import Spilling

__all__ = ["LoopExecution"]


class LoopExecution(Execution):
    """What a run on an event loop knows.

    Attributes:
        told: The steps that were told to end: what they raise after that is no error of its own.
        together: The failures of steps that had failed before they could be told to end, but for the first.
    """

    on_loop = True

    def __init__(
        self,
        pipeline: PipelineDef,
        plan: Plan,
        values: dict[str, object],
        stats: bool,
        dead_letter: Callable[[DeadLetter], object] | None,
        spilling: Spilling,
        *,
        counts: bool = False,
    ) -> None:
        super().__init__(pipeline, plan, values, stats, dead_letter, spilling, counts=counts)
        self.told: set[str] = set()
        self.together: list[StepError] = []
        self._clocks: dict[object, Clock] = {}
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._is_told = True

    @property
    def clock(self) -> Clock:
        """Who spends how long, where that is measured, in the code that runs now."""
        return self._clocks.setdefault(current_stack(), Clock())

    @property
    def async_fields(self) -> frozenset[str]:
        """The params fields whose streams take `async for`."""
        return frozenset(name for name, value in self.values.items() if isinstance(value, AsyncIterable))

    def call(self, step: StepDef, arguments: dict[str, object]) -> object:
        """Calls a step's function: awaited where it is asynchronous, in a thread where it blocks."""
        if step.thread:
            return self._in_thread(step, partial(self.call_plainly, step, arguments))
        given = self.call_plainly(step, arguments)
        if step.is_async and isinstance(given, Awaitable):
            return awaited(given if step.timeout is None else _in_time(given, step.timeout))
        return given

    def iterator_of(self, given: object) -> Iterator[object]:
        """The iterator over a stream that came with the params."""
        return bridged(aiter(given)) if isinstance(given, AsyncIterable) else super().iterator_of(given)

    def iterator(self, step: StepDef, source: object) -> Iterator[object]:
        """The iterator that a step annotated as a stream has returned, or what reads an asynchronous one."""
        late = partial(self.at, step=step.name, index=None)
        if hasattr(type(source), "__anext__"):
            return bridged(source, step.timeout, late)  # type: ignore[arg-type]  # as just seen
        if step.name in self.plan.lenient and isinstance(source, AsyncIterable):
            return bridged(aiter(source), step.timeout, late)
        iterator = super().iterator(step, source)
        return threaded(iterator, partial(self._in_thread, step)) if step.thread and step.concurrency == 1 else iterator

    def _in_thread(self, step: StepDef, action: Callable[[], object]) -> object:
        pool = self._threads.get(step.name)
        if pool is None:
            pool = self._threads[step.name] = threads_for(step)
        future = asyncio.wrap_future(pool.submit(copy_context().run, outcome_of, action))
        # A thread can't be stopped: who is in a hurry has to wait for it.
        hurried = outlasting(future)
        if hurried is not None:
            raise hurried
        outcome = future.result()
        if outcome.error is not None:
            raise outcome.error
        return outcome.given[0]

    def end_threads(self) -> None:
        """Lets go of the threads, none of which has anything left to do."""
        for pool in self._threads.values():
            pool.shutdown()

    # Errors

    def fail(self, step: str, error: BaseException, where: Callable[[str], int | None]) -> None:
        """Takes note that an exception came out of a step: its own, one of a producer's, or that it was stopped."""
        if isinstance(error, asyncio.CancelledError) and not isinstance(error, Cancelled):
            error = self._ended_by(step, error)
        self._is_told = self.stopped and step in self.told
        try:
            super().fail(step, error, where)
        finally:
            self._is_told = True

    def _ended_by(self, step: str, error: asyncio.CancelledError) -> BaseException:
        if self.stopped or step in self.told:
            return Stopped(*error.args)
        own = own_error(error)
        if own is not None:
            return own
        # By whoever ends the event loop, and with it everything that runs there.
        self.abort(error)
        return Stopped(*error.args)

    def _follow(self, first: StepError, failure: StepError) -> None:
        if self._is_told:
            super()._follow(first, failure)
        else:
            self.together.append(failure)

    def closing(self, step: str, source: object, close: Callable[[], object], index: int | None = None) -> None:
        """Closes something of a step's; that it was cancelled, when nobody has cancelled it, is an error of its own."""
        super().closing(step, source, partial(_uncancelled, close), index)

    def abort(self, error: BaseException) -> None:
        """Ends the run with something that is no step's failure; that it ends already is no news."""
        if not (self.stopped and isinstance(error, asyncio.CancelledError)):
            super().abort(error)

    def _tell(self, handler: Callable[[DeadLetter], object], letter: DeadLetter) -> None:
        answer = handler(letter)
        if isinstance(answer, Awaitable):
            awaited(answer)

    def _spent(self) -> dict[str, float]:
        spent: dict[str, float] = {}
        for clock in self._clocks.values():
            clock.turn("")
            for step, seconds in clock.seconds.items():
                spent[step] = spent.get(step, 0.0) + seconds
        return spent


def _uncancelled(close: Callable[[], object]) -> None:
    try:
        close()
    except asyncio.CancelledError as error:
        own = None if isinstance(error, Cancelled) else own_error(error)
        if own is None:
            raise
        raise own from error


async def _in_time(given: Awaitable[object], seconds: float) -> object:
    async with asyncio.timeout(seconds):
        return await given
