"""Calls of a plain `each` step in threads, several at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from synaflow import OnError, StepDef

if TYPE_CHECKING:
    from types import TracebackType

    from synaflow_local.execution import Execution
    from synaflow_local.streams import Tally

__all__ = ["CallsInThreads", "Outcome", "call_in_thread", "outcome_of", "threads_for"]


@dataclass(slots=True, eq=False)
class Outcome:
    """What has come of a call.

    Attributes:
        given: What it gave: its value, or the items of its stream.
        error: What it raised, after those items. Kept here and not in the future, which can't hold a StopIteration.
    """

    given: list[object] = field(default_factory=list)
    error: BaseException | None = None

    def deliver(
        self, execution: Execution, step: StepDef, index: int, items: Mapping[str, object], tally: Tally
    ) -> Generator[object, None, None]:
        """Gives what the call gave, then raises what it raised, or drops its item."""
        for given in self.given:
            tally.n += 1
            yield given
        error = self.error
        if error is None:
            return
        if not isinstance(error, Exception):
            raise error
        execution.at(error, step.name, index)
        if step.on_error is OnError.STOP:
            raise error
        execution.drop(step.name, index, items, error)


def threads_for(step: StepDef) -> ThreadPoolExecutor:
    """As many threads as a step may have calls under way."""
    return ThreadPoolExecutor(step.concurrency, f"synaflow-{step.name}")


def call_in_thread(
    pool: ThreadPoolExecutor, execution: Execution, step: StepDef, arguments: dict[str, object]
) -> Future[Outcome]:
    """Begins a call in a thread. It sees the context variables that are set here; what it sets stays there."""
    return pool.submit(copy_context().run, _call, execution, step, arguments)


def _call(execution: Execution, step: StepDef, arguments: dict[str, object]) -> Outcome:
    outcome = Outcome()
    try:
        given = execution.call_plainly(step, arguments)
        if step.flatten:
            outcome.given.extend(execution.iterator(step, given))
        else:
            outcome.given.append(given)
    except BaseException as error:
        outcome.error = error
    return outcome


def outcome_of(action: Callable[[], object]) -> Outcome:
    """What has come of something that is done in a thread."""
    try:
        return Outcome([action()])
    except BaseException as error:
        return Outcome(error=error)


@dataclass(slots=True, eq=False)
class _Begun:
    """A call that was begun and whose result nobody has taken yet."""

    index: int
    items: Mapping[str, object]
    outcome: Future[Outcome]


class CallsInThreads:
    """The calls of one step: as many as its `concurrency`, begun and not yet taken. A context manager that waits for all."""

    def __init__(self, execution: Execution, step: StepDef) -> None:
        self._execution: Final = execution
        self._step: Final = step
        self._pool: Final = threads_for(step)
        self._begun: Final[deque[_Begun]] = deque()

    def begin(self, index: int, items: Mapping[str, object], arguments: dict[str, object]) -> None:
        """Begins the call for an item."""
        outcome = call_in_thread(self._pool, self._execution, self._step, arguments)
        self._begun.append(_Begun(index, items, outcome))

    def results(self, tally: Tally, *, room: bool) -> Generator[object, None, None]:
        """Gives the results that are there; waits for some until there is room for a call, or else for all of them."""
        while self._begun:
            ready = next((call for call in self._candidates() if call.outcome.done()), None)
            if ready is None:
                if room and len(self._begun) < self._step.concurrency:
                    return
                wait([call.outcome for call in self._candidates()], return_when=FIRST_COMPLETED)
                continue
            self._begun.remove(ready)
            yield from ready.outcome.result().deliver(self._execution, self._step, ready.index, ready.items, tally)

    def _candidates(self) -> list[_Begun]:
        return [self._begun[0]] if self._step.ordered else [*self._begun]

    def __enter__(self) -> CallsInThreads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
