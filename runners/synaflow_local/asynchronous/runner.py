"""`await async_run(...)`: a pipeline on the caller's event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Final

from synaflow import DeadLetter, PipelineDef, Progress, RunResult, SpillError, StepDef, bind_params
from synaflow_local.asynchronous.execution import LoopExecution
from synaflow_local.asynchronous.region import LoopRegion
from synaflow_local.asynchronous.stack import Stack, awaited, cancel_once, entered, outlasting
from synaflow_local.plan import RegionPlan, plan
from synaflow_local.progress import rows
from synaflow_local.runner import call
from synaflow_local.spill import SPILL_AFTER, Spilling

__all__ = ["async_run", "execute"]


async def async_run(
    pipeline: PipelineDef,
    params: object = None,
    *,
    outputs: Sequence[str] = (),
    stats: bool = False,
    progress: bool | Callable[[str], object] = False,
    dead_letter: Callable[[DeadLetter], object] | None = None,
    spill_after: int | None = SPILL_AFTER,
    spill_to: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Runs a pipeline to its end, on the event loop that runs: plain and asynchronous steps in any mixture.

    Steps that don't depend on each other run at the same time, as far as they await. A fork keeps lockstep: nobody is given
    the next item before all have taken this one and asked for more; within a round its readers start in the order they are
    listed, and end as they like. What is begun has ended when this returns, however it does. A plain step that takes its time
    holds up the loop; `step(..., thread=True)` has it called in a thread.

    Args:
        pipeline: What to run.
        params: A value of the pipeline's params class; may be left out when every field has a default.
        outputs: Steps whose values to keep, as for `run`.
        stats: Whether to count and time every step. Time that a step waits for others isn't counted, what it awaits is.
        progress: Whether to show live progress on standard error, as for `run`.
        dead_letter: Called with every item that an `each` step with `on_error="continue"` drops, as it does; it may be
            asynchronous.
        spill_after: How many bytes of items all branches that run ahead may keep in memory, as for `run`.
        spill_to: The directory for those beyond, as for `run`.

    Returns:
        The values of the outputs and what became of every step, as of `run`.

    Raises:
        ParamsError: The params don't fit the pipeline's params class.
        RunnerError: An output names no step, or `spill_to` can't be written to.
        SpillError: The disk was full.
        StepError: A step with `on_error="stop"` failed, or a `finally` did.
        ExceptionGroup: Several did at the same time; it holds the StepError of each.
        CancelledError: Whoever awaits this was cancelled; by then every `finally` has run.

    Example:
        >>> import asyncio
        >>> from collections.abc import AsyncIterator, Iterator
        >>> from synaflow import pipeline
        >>> async def numbers() -> AsyncIterator[int]:
        ...     for number in range(5):
        ...         await asyncio.sleep(0)
        ...         yield number
        >>> def total(numbers: Iterator[int]) -> int:
        ...     return sum(numbers)
        >>> asyncio.run(async_run(pipeline("sums", None, [numbers, total])))["total"]
        10
    """
    execution = LoopExecution(
        pipeline,
        plan(pipeline, outputs, on_loop=True),
        bind_params(pipeline, params),
        stats,
        dead_letter,
        Spilling(spill_after, spill_to),
        counts=bool(progress),
    )
    del params  # a value is let go with its last consumer, also where nobody else has the params any more
    tell = progress if callable(progress) else None
    with Progress(pipeline.name, partial(rows, execution), tell) if progress else nullcontext():
        return await entered(partial(execute, execution))


def execute(execution: LoopExecution) -> RunResult:
    """Runs all regions, each as soon as it has what it takes, and makes the result. Needs a stack to wait on."""
    try:
        _Parts(execution).run()
    finally:
        execution.end_threads()
        result = execution.result()
    if execution.spilling.failure is not None:
        execution.abort(execution.spilling.failure)
    if execution.fatal is not None:
        if isinstance(execution.fatal, SpillError):
            execution.fatal.result = result
        raise execution.fatal
    if execution.first is not None:
        failures = [execution.first, *execution.together]
        for failure in failures:
            failure.result = result
        if execution.together:
            raise ExceptionGroup(f"{len(failures)} steps of pipeline '{result.pipeline}' failed", failures)
        raise execution.first
    execution.let_go()
    return result


class _Parts:
    """The parts of a plan, at the same time as far as they don't depend on each other."""

    def __init__(self, execution: LoopExecution) -> None:
        self._execution: Final = execution
        self._running: Final[dict[int, asyncio.Task[None]]] = {}
        self._missing: Final = _dependencies(execution)
        self._change: asyncio.Future[None]

    def run(self) -> None:
        """Runs them all to their end, or stops them all when the run is to end."""
        execution, loop = self._execution, asyncio.get_running_loop()
        try:
            while not execution.stopped:
                self._change = loop.create_future()
                self._begin()
                if not self._running:
                    break
                awaited(self._change)
        except asyncio.CancelledError as error:
            execution.abort(error)
        for place, running in self._running.items():
            part = execution.plan.parts[place]
            if isinstance(part, StepDef):
                execution.told.add(part.name)
            cancel_once(running, f"the run of pipeline '{execution.pipeline.name}' was stopped")
        while self._running:
            self._change = loop.create_future()
            hurried = outlasting(self._change)
            if hurried is not None:
                execution.abort(hurried)

    def _begin(self) -> None:
        """Begins the parts that have all they take."""
        parts = self._execution.plan.parts
        for place in [place for place, missing in self._missing.items() if not missing]:
            del self._missing[place]
            stack = Stack(partial(_run_part, self._execution, parts[place]))
            task = self._running[place] = asyncio.get_running_loop().create_task(stack.run())
            task.add_done_callback(partial(self._ended, place))

    def _ended(self, place: int, task: asyncio.Task[None]) -> None:
        del self._running[place]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._execution.abort(error)
        for missing in self._missing.values():
            missing.discard(place)
        if not self._change.done():
            self._change.set_result(None)


def _run_part(execution: LoopExecution, part: StepDef | RegionPlan) -> None:
    if isinstance(part, StepDef):
        call(execution, part)
        return
    region = LoopRegion(execution, part)
    execution.regions.append(region)
    region.run()
    execution.regions.remove(region)


def _dependencies(execution: LoopExecution) -> dict[int, set[int]]:
    """By the place of each part, those of the parts that have to have ended before it begins."""
    pipeline, parts = execution.pipeline, execution.plan.parts
    places = {
        name: place
        for place, part in enumerate(parts)
        for name in ((part.name,) if isinstance(part, StepDef) else part.region.steps)
    }
    needed: dict[int, set[int]] = {place: set() for place in range(len(parts))}
    for name, place in places.items():
        before = [edge.producer for edge in pipeline.edges_into(name)]
        before.extend(map(pipeline.resolve, pipeline[name].after))
        needed[place].update(places[other] for other in before if places.get(other, place) != place)
    return needed
