"""`stream(...)`: one step's stream handed to the caller, lazily, in lockstep with the rest of the pipeline.

The run lives on a stack of its own, the driver's. Asked for an item, the caller switches to where the run stopped last;
the task that reads the stream on the caller's behalf, the last in line, switches back with the item. So the caller's loop is
one more consumer, and between two of its items everything stands still.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final

import greenlet

from synaflow import Cancelled, DeadLetter, PipelineDef, RunnerError, RunResult, StepError, StreamReadError, bind_params
from synaflow_local.execution import Execution, nobody
from synaflow_local.left_behind import Owner, close_left_behind
from synaflow_local.plan import plan
from synaflow_local.runner import execute
from synaflow_local.spill import SPILL_AFTER, Spilling

__all__ = ["ELSEWHERE", "UNDER_WAY", "RunStream", "stream"]

ELSEWHERE: Final = (
    "a stream was {} from another thread than the one that began it; "
    "read and close it in one thread, and hand the items to the other"
)
UNDER_WAY: Final = (
    "a stream was read or closed by a step of its own run, or by somebody else while it was being read; "
    "read it where nothing of its run is under way"
)


def stream(
    pipeline: PipelineDef,
    params: object = None,
    name: str = "",
    *,
    stats: bool = False,
    dead_letter: Callable[[DeadLetter], object] | None = None,
    spill_after: int | None = SPILL_AFTER,
    spill_to: str | os.PathLike[str] | None = None,
) -> RunStream:
    """Runs a pipeline as far as its caller iterates over one of its streams.

    Args:
        pipeline: What to run.
        params: A value of the pipeline's params class; None when every field has a default.
        name: The step whose stream the caller gets. It may have other consumers; the caller is the last in line.
        stats: Whether to count and time every step, at a cost per item.
        dead_letter: Called with every item that an `each` step with `on_error="continue"` drops, as it does.
        spill_after: How many bytes of items all branches that run ahead may keep in memory, as for `run`.
        spill_to: The directory for those beyond, as for `run`.

    Returns:
        An iterator. Exhausted, it has a `result`; closed or dropped before, it closes every generator of the run.
        It is read and closed in one thread, the one that asks for its first item; its steps see the context variables as
        they are set now. Where its own steps refer to what keeps it (methods of an object that has it as an attribute),
        close it: the garbage collector can't tell that nobody else does.

    Raises:
        ParamsError: The params don't fit the pipeline's params class.
        RunnerError: The step doesn't exist or gives no stream, a step is asynchronous while an event loop runs in this thread,
            or `spill_to` can't be written to.

    Example:
        >>> from synaflow import pipeline
        >>> def numbers() -> Iterator[int]:
        ...     yield from range(3)
        >>> def doubled(numbers: Iterator[int]) -> Iterator[int]:
        ...     for number in numbers:
        ...         yield 2 * number
        >>> items = stream(pipeline("doubling", steps=[numbers, doubled]), None, "doubled")
        >>> list(items), items.result.steps["doubled"].items_out
        ([0, 2, 4], 3)
    """
    if not name:
        raise RunnerError(f"stream() needs the name of a step of pipeline '{pipeline.name}' whose stream to hand out")
    close_left_behind()
    planned = plan(pipeline, (), name)
    if planned.awaits is not None:
        from synaflow_local.asynchronous.own_loop import OwnLoopStream, refuse_running_loop
        from synaflow_local.asynchronous.stream import async_stream

        refuse_running_loop(pipeline, planned.awaits, "async for item in async_stream(pipeline, ...)")
        items = async_stream(
            pipeline,
            params,
            name,
            stats=stats,
            dead_letter=dead_letter,
            spill_after=spill_after,
            spill_to=spill_to,
        )
        return OwnLoopStream(items, pipeline.name)
    execution = Execution(
        pipeline,
        planned,
        bind_params(pipeline, params),
        stats,
        dead_letter,
        Spilling(spill_after, spill_to),
    )
    return RunStream(execution)


class RunStream(Iterator[Any]):
    """The iterator that `stream(...)` returns. Also a context manager that closes it."""

    def __init__(self, execution: Execution) -> None:
        self._handover: Final = _Handover(execution)
        # The driver must not know this object: it is its being dropped that ends the run.
        self._driver: Final = greenlet.greenlet(self._handover.drive)
        self._driver.gr_context = contextvars.copy_context()

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

    def __next__(self) -> Any:  # noqa: ANN401  # the step's item type isn't known to the type checker
        handover = self._handover
        if not handover.ended:
            self._go_on(None)
        if not handover.ended:
            item, handover.item = handover.item, None
            return item
        error, handover.error = handover.error, None
        if error is not None:
            raise error
        raise StopIteration

    def close(self) -> None:
        """Ends the run where it stands: every generator is closed, consumers first."""
        handover = self._handover
        if handover.ended:
            return
        if not self._driver:
            # Not begun: there is nothing to close.
            handover.ended, handover.result = True, handover.execution.result()
            return
        stop = Cancelled("the stream was closed by its caller")
        self._go_on(stop)
        error, handover.error = handover.error, None
        # Where no item has been given yet, it is thrown into the run itself, and comes out of it.
        if error is not None and error is not stop:
            raise error

    def closes_here(self) -> bool:
        """Whether it can be closed here and now."""
        return True

    def __reduce__(self) -> str:
        raise TypeError("a stream can't be copied or pickled: it is a run that is under way; hand on its items")

    def __enter__(self) -> RunStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        handover = self._handover
        if self._driver and not handover.ended and handover.owner is not Owner.current():
            handover.owner.leave(self, handover.execution.pipeline.name)
        else:
            self.close()

    def _go_on(self, stop: Cancelled | None) -> None:
        handover = self._handover
        if not self._driver:
            handover.owner = Owner.current()
            handover.owner.begin(self)
        elif handover.owner is not Owner.current():
            raise StreamReadError(ELSEWHERE.format("read" if stop is None else "closed"))
        if handover.busy:
            raise StreamReadError(UNDER_WAY)
        handover.caller = self._driver.parent = greenlet.getcurrent()
        handover.busy = True
        stack = handover.stack or self._driver
        try:
            if stop is None:
                stack.switch()
            else:
                handover.execution.stopped = True
                stack.throw(stop)
        finally:
            handover.busy = False


class _Handover:
    """What the caller and the driver know of each other.

    Attributes:
        owner: The thread that has begun it.
        busy: Whether the caller waits for an item, or for the end.
        caller: Where to switch to with an item.
        stack: Where to switch to for the next one; None for the driver, which knows this object and must not be known to it.
    """

    def __init__(self, execution: Execution) -> None:
        self.execution: Final = execution
        self.owner: Owner
        self.busy = False
        self.caller: greenlet.greenlet
        self.stack: greenlet.greenlet | None = None
        self.item: object = None
        self.error: BaseException | None = None
        self.result: RunResult | None = None
        self.ended = False

    def drive(self) -> None:
        """The driver's stack: the whole run."""
        self.execution.hand_out = self.hand_out
        try:
            self.result = execute(self.execution)
        except StepError as error:
            self.error, self.result = error, error.result
        except BaseException as error:
            self.error, self.result = error, self.execution.result()
        finally:
            self.ended, self.item, self.stack = True, None, None
            self.execution.hand_out = nobody

    def hand_out(self, source: Iterator[object]) -> None:
        """The stack of the task that reads the stream for the caller."""
        for item in source:
            self.item, self.stack = item, greenlet.getcurrent()
            del item
            self.caller.switch()
