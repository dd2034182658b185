"""Several calls of one `each` step at once: as awaits or in threads, the results in order or as they come.

A task of its own reads the step's inputs and begins the calls; whoever reads the step's stream takes their results. Between
the two there are never more calls than the step's `concurrency`, begun and not yet taken: that is the backpressure.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from synaflow import Cancelled, OnError, StepDef
from synaflow_local.asynchronous.stack import awaited, cancel_once, own_error
from synaflow_local.rules import movers_of
from synaflow_local.streams import EachInputs, Tally, abreast, arguments_of
from synaflow_local.threads import Outcome, call_in_thread, threads_for

if TYPE_CHECKING:
    from synaflow_local.asynchronous.execution import LoopExecution
    from synaflow_local.asynchronous.scheduler import LoopScheduler
    from synaflow_local.forks import Fork
    from synaflow_local.pullers import Puller
    from synaflow_local.tasks import Task

__all__ = ["Calls"]


@dataclass(slots=True, eq=False)
class _Call:
    """A call that was begun and whose result nobody has taken yet."""

    index: int
    items: dict[str, object]
    outcome: asyncio.Future[Outcome]
    in_thread: Future[Outcome] | None = None

    def cancel(self, step: str) -> None:
        """Cancels it; in a thread, only if it hasn't begun there."""
        if self.in_thread is not None:
            self.in_thread.cancel()
        else:
            cancel_once(self.outcome, f"step '{step}' was stopped")


@dataclass(slots=True, eq=False)
class _Wanted:
    """What one of the two sides waits for."""

    come: Callable[[], bool]
    by: Callable[[], Iterable[Puller]]

    @property
    def over(self) -> bool:
        """Whether it has come."""
        return self.come()

    def movers(self) -> Iterable[Puller]:
        """Who can bring it about."""
        return self.by()


@dataclass(slots=True, eq=False)
class Calls:
    """The calls of one `each` step in one run.

    Attributes:
        execution: The run.
        step: The step.
        reader: Who reads the step's stream.
        feeder: The task that reads the step's inputs.
        given: Results given.
        taken: Items taken.
    """

    execution: LoopExecution
    step: StepDef
    scheduler: LoopScheduler
    reader: Task | Fork
    feeder: Task
    given: Tally
    taken: Tally
    _begun: deque[_Call] = field(default_factory=deque)
    _asked: bool = False
    _ended: bool = False
    _failed: bool = False
    _closed: bool = False
    _error: Exception | None = None
    _landed: asyncio.Future[None] | None = None
    _pool: ThreadPoolExecutor | None = None
    _room: _Wanted = field(init=False)
    _more: _Wanted = field(init=False)

    def __post_init__(self) -> None:
        self._room = _Wanted(self._has_room, lambda: movers_of(self.reader))
        self._more = _Wanted(lambda: self._ended or bool(self._begun), lambda: (self.feeder,))

    # The side of the inputs

    def feed(self, prepare: Callable[[], EachInputs]) -> None:
        """Begins the calls, one for each item, as long as there is room: what the feeder does."""
        try:
            # Like any stream it is begun when it is first asked for.
            self.feeder.wait(self._room)
            if not self._closed:
                self._feed(prepare())
        except Exception as error:
            # It comes after the results of the items before it.
            self._error = error
        except Cancelled:
            if not self._closed:
                raise
        finally:
            self._ended = True
            self.scheduler.bring(self._more)

    def _feed(self, inputs: EachInputs) -> None:
        for index, items in enumerate(abreast(self.step, inputs.streams)):
            self.taken.n = index + 1
            self._begin(index, items, arguments_of(inputs, items))
            self.scheduler.bring(self._more)
            self.feeder.wait(self._room)
            if self._closed or self._failed:
                return

    def _has_room(self) -> bool:
        return self._closed or self._failed or (self._asked and len(self._begun) < self.step.concurrency)

    def _begin(self, index: int, items: dict[str, object], arguments: dict[str, object]) -> None:
        in_thread: Future[Outcome] | None = None
        if self.step.is_async:
            outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_task(self._awaited_call(arguments))
        else:
            self._pool = self._pool or threads_for(self.step)
            in_thread = call_in_thread(self._pool, self.execution, self.step, arguments)
            outcome = asyncio.wrap_future(in_thread)
        outcome.add_done_callback(self._land)
        self._begun.append(_Call(index, items, outcome, in_thread))

    async def _awaited_call(self, arguments: dict[str, object]) -> Outcome:
        outcome = Outcome()
        try:
            if self.step.timeout is None:
                await self._call(arguments, outcome)
            else:
                async with asyncio.timeout(self.step.timeout):
                    await self._call(arguments, outcome)
        except asyncio.CancelledError as error:
            outcome.error = own_error(error)
            if outcome.error is None:
                raise
        except BaseException as error:
            outcome.error = error
        return outcome

    async def _call(self, arguments: dict[str, object], outcome: Outcome) -> None:
        given = self.execution.call_plainly(self.step, arguments)
        if isinstance(given, Awaitable):
            given = await given
        if not self.step.flatten:
            outcome.given.append(given)
        elif isinstance(given, AsyncIterable):
            async for item in given:
                outcome.given.append(item)
        else:
            items: Iterable[object] = self.execution.iterator(self.step, given)
            outcome.given.extend(items)

    def _land(self, outcome: asyncio.Future[Outcome]) -> None:
        stops = self.step.on_error is OnError.STOP
        if not outcome.cancelled() and outcome.result().error is not None and stops:
            # Nothing after it is to be begun any more.
            self._failed = True
        if self._landed is not None and not self._landed.done():
            self._landed.set_result(None)

    # The side of the results

    def results(self) -> Generator[object, None, None]:
        """The step's stream."""
        self._asked = True
        self.scheduler.bring(self._room)
        while True:
            call = self._ready()
            if call is not None:
                yield from self._taken(call)
            elif self._begun:
                self._landed = asyncio.get_running_loop().create_future()
                awaited(self._landed)
            elif self._ended:
                break
            else:
                puller = self.reader.puller
                assert puller is not None, "a stream is read by somebody"
                puller.wait(self._more)
        if self._error is not None:
            raise self._error

    def _ready(self) -> _Call | None:
        """The call whose result is next, taken out."""
        for call in islice(self._begun, 1) if self.step.ordered else self._begun:
            if call.outcome.done():
                self._begun.remove(call)
                return call
        return None

    def _taken(self, call: _Call) -> Generator[object, None, None]:
        if call.outcome.cancelled():
            raise asyncio.CancelledError(f"a call of step '{self.step.name}' was cancelled")
        outcome = call.outcome.result()
        if not self._failed:
            self.scheduler.bring(self._room)
        yield from outcome.deliver(self.execution, self.step, call.index, call.items, self.given)

    def close(self) -> None:
        """Cancels what is under way, and has the feeder end."""
        if self._closed:
            return
        self._closed = True
        if not self.feeder.over:
            self.scheduler.cancel(self.feeder)
        calls, self._begun = [*self._begun], deque()
        for call in calls:
            call.cancel(self.step.name)
        for call in calls:
            self.scheduler.outlast(call.outcome)
            late = None if call.outcome.cancelled() or call.in_thread else call.outcome.result().error
            if isinstance(late, Exception) and not self._failed:
                # It was told to stop, and its cleaning up has failed.
                self.execution.record(self.step.name, late, call.index)
        if self._pool is not None:
            self._pool.shutdown()
