"""`run(...)`: a pipeline from its first step to its last, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from time import perf_counter

from synaflow import DeadLetter, EdgeKind, PipelineDef, Progress, RunResult, SpillError, StepDef, bind_params
from synaflow_local.execution import Execution
from synaflow_local.left_behind import close_left_behind
from synaflow_local.plan import plan
from synaflow_local.progress import rows
from synaflow_local.region import RegionRun
from synaflow_local.spill import SPILL_AFTER, Spilling

__all__ = ["call", "execute", "run"]

# Looked up once: an enum's member costs more to find than a plain step's arguments to gather.
_ITERATE = EdgeKind.ITERATE


def run(
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
    """Runs a pipeline to its end, in this process: one pass, in lockstep, with flat memory.

    Where a step is asynchronous, it does so on an event loop of its own, as `async_run` would.

    Args:
        pipeline: What to run.
        params: A value of the pipeline's params class; may be left out when every field has a default.
        outputs: Steps whose values to keep; by default the terminal steps'. A stream is kept as a list.
        stats: Whether to count and time every step, at a cost per item.
        progress: Whether to show live progress on standard error: items are counted, which costs some 50 ns each where a
            stream isn't forked. A function is called with a line of text every two seconds and at the end instead, from a
            thread of its own but for the last: `progress=logger.info`.
        dead_letter: Called with every item that an `each` step with `on_error="continue"` drops, as it does.
        spill_after: How many bytes of items all branches that run ahead may keep in memory together, by estimate; what
            is more goes to disk, pickled, and comes back as a copy. By default 256 MiB. None: everything stays in memory.
        spill_to: The directory for that, which needs room; by default the one for temporary files (TMPDIR, or
            `/var/tmp`). Nothing of it stays behind, however the run ends.

    Returns:
        The values of the outputs and what became of every step.

    Raises:
        ParamsError: The params don't fit the pipeline's params class.
        RunnerError: An output names no step, a step is asynchronous while an event loop runs in this thread, or `spill_to`
            can't be written to.
        SpillError: The disk was full.
        StepError: A step with `on_error="stop"` failed, or a `finally` did. The original error is its `__cause__`, what
            was achieved by then its `result`.

    Example:
        >>> from collections.abc import Iterator
        >>> from typing import NamedTuple
        >>> from synaflow import pipeline
        >>> def numbers(count: int) -> Iterator[int]:
        ...     yield from range(count)
        >>> def total(numbers: Iterator[int]) -> int:
        ...     return sum(numbers)
        >>> class Params(NamedTuple):
        ...     count: int = 5
        >>> run(pipeline("sums", Params, [numbers, total]))["total"]
        10
    """
    close_left_behind()
    planned = plan(pipeline, outputs)
    if planned.awaits is not None:
        import asyncio

        from synaflow_local.asynchronous.own_loop import refuse_running_loop
        from synaflow_local.asynchronous.runner import async_run

        refuse_running_loop(pipeline, planned.awaits, "await async_run(pipeline, ...)")
        return asyncio.run(
            async_run(
                pipeline,
                params,
                outputs=outputs,
                stats=stats,
                progress=progress,
                dead_letter=dead_letter,
                spill_after=spill_after,
                spill_to=spill_to,
            )
        )
    execution = Execution(
        pipeline,
        planned,
        bind_params(pipeline, params),
        stats,
        dead_letter,
        Spilling(spill_after, spill_to),
        counts=bool(progress),
    )
    del params  # a value is let go with its last consumer, also where nobody else has the params any more
    tell = progress if callable(progress) else None
    with Progress(pipeline.name, partial(rows, execution), tell) if progress else nullcontext():
        return execute(execution)


def execute(execution: Execution) -> RunResult:
    """Runs all regions, one after the other, and makes the result."""
    try:
        for part in execution.plan.parts:
            if execution.stopped:
                break
            if isinstance(part, StepDef):
                call(execution, part)
            else:
                region = RegionRun(execution, part)
                execution.regions.append(region)
                region.run()
                execution.regions.clear()
    finally:
        result = execution.result()
    if execution.spilling.failure is not None:
        execution.abort(execution.spilling.failure)
    if execution.fatal is not None:
        if isinstance(execution.fatal, SpillError):
            execution.fatal.result = result
        raise execution.fatal
    if execution.first is not None:
        execution.first.result = result
        raise execution.first
    execution.let_go()
    return result


def call(execution: Execution, step: StepDef) -> None:
    """Calls a step that takes and gives plain values."""
    name = step.name
    if name in execution.skipped:
        execution.pass_over(name)
        return
    started = perf_counter()
    try:
        arguments: dict[str, object] = {}
        for edge in execution.plan.edges[name]:
            value = execution.take(edge.producer)
            if edge.kind is _ITERATE:
                collection: Iterable[object] = value  # type: ignore[assignment]  # its type says so
                value = iter(collection)
            arguments[edge.parameter] = value
        execution.give(name, execution.call(step, arguments))
    except BaseException as error:
        execution.fail(name, error, _nowhere)
    finally:
        execution.seconds[name] = perf_counter() - started


def _nowhere(step: str) -> int | None:
    return None
