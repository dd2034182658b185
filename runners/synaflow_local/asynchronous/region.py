"""A stream region on an event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from synaflow_local.asynchronous.bridges import AsyncOneShot, bridged, generated, to_async
from synaflow_local.asynchronous.calls import Calls
from synaflow_local.asynchronous.scheduler import LoopScheduler
from synaflow_local.forks import Fork
from synaflow_local.plan import BranchPlan, RegionPlan, StreamPlan, TaskKind
from synaflow_local.region import RegionRun, wants_generator
from synaflow_local.streams import Opened

if TYPE_CHECKING:
    from synaflow import Edge, StepDef
    from synaflow_local.asynchronous.execution import LoopExecution
    from synaflow_local.tasks import Task

__all__ = ["LoopRegion"]


class LoopRegion(RegionRun):
    """One region of one run, its tasks in tasks of asyncio."""

    def __init__(self, execution: LoopExecution, plan: RegionPlan) -> None:
        super().__init__(execution, plan)
        self._loop_execution: Final = execution
        self._turns: LoopScheduler
        self._readers: Final[dict[Edge, Task | Fork]] = {}
        self._calls: Final[dict[str, Calls]] = {}

    def feed(self, task: Task) -> None:
        """Reads the inputs of an `each` step that is called for several items at once."""
        self._calls[task.step].feed(partial(self._each_inputs, self.execution.pipeline[task.step], task))

    def _schedule(self, tasks: list[Task]) -> LoopScheduler:
        execution = self._loop_execution
        for fork in self.forks.values():
            # Pulled at once, a chunk would keep what is there back for what takes its time.
            fork.chunked = fork.chunked and self._never_waits(fork.name)
            fork.alone = False
        self._turns = LoopScheduler(tasks, list(self.forks.values()), self.close, execution.abort, execution.told.add)
        return self._turns

    def _never_waits(self, name: str) -> bool:
        """Whether the stream of that name is made without waiting for anything but its own code."""
        pipeline, ahead = self.execution.pipeline, [name]
        if not self.plan.streams[name].simple:
            return False
        while ahead:
            stream = ahead.pop()
            if stream not in pipeline:
                if stream in self._loop_execution.async_fields:
                    return False
            elif pipeline[stream].is_async or pipeline[stream].thread:
                return False
            else:
                ahead.extend(edge.producer for edge in pipeline.edges_into(stream) if edge.binds)
        return True

    def _close_for(self, reader: Task | Fork, close: Callable[[], Fork | None]) -> Fork | None:
        if isinstance(reader, Fork):
            return self._turns.pump_of(reader).close(partial(reader.context.run, close))
        return close()

    def close(self, reader: Task | Fork) -> None:
        """Closes what was opened for a reader, undisturbed by whoever would have it end: that it does."""
        self._turns.closing(partial(super().close, reader))

    def _hand(self, branch: BranchPlan, source: Iterator[object]) -> None:
        if branch.edge is not None and branch.edge.is_async:
            self._readers[branch.edge] = self._reader(branch)
        super()._hand(branch, source)

    def _for_async(self, edge: Edge, source: Iterator[object]) -> object:
        reader = self._readers[edge]
        stream = to_async(source, partial(self._turns.lend, reader), edge.consumer, edge.producer)
        if wants_generator(edge):
            generator = generated(stream)
            reader.opened.append(Opened(self.execution, edge.consumer, bridged(generator)))
            return generator
        return AsyncOneShot(stream, edge.consumer, edge.parameter) if edge.one_shot else stream

    def _each(self, step: StepDef, stream: StreamPlan, reader: Task | Fork) -> Iterator[object]:
        if not stream.fed:
            return super()._each(step, stream, reader)
        given, taken = self._tallies(step)
        feeder = next(
            task for plan, task in self._tasks.items() if plan.kind is TaskKind.FEED and plan.step == step.name
        )
        calls = Calls(self._loop_execution, step, self._turns, reader, feeder, given, taken)
        self._calls[step.name] = calls
        reader.opened.append(Opened(self.execution, step.name, calls))
        return calls.results()
