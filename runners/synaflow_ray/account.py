"""What an actor tells of its steps once they have ended: the local runner's result, seen from the whole pipeline.

To the local runner a stream that comes from another actor is a params field of that actor's name. An error that comes out of
it is that field's to it, and here the failure that the other actor has told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from inspect import getattr_static
from types import CodeType, TracebackType
from typing import TYPE_CHECKING

from synaflow import EdgeKind, PipelineDef, RunResult, StepError, StepResult, StepStatus
from synaflow_ray.packing import PackedFailure, how_lost, pack, pack_failure
from synaflow_ray.plan import OUT
from synaflow_ray.report import End, Report

if TYPE_CHECKING:
    from synaflow_ray.inlet import Inlet
    from synaflow_ray.outlet import Outlet
    from synaflow_ray.plan import ActorPlan
    from synaflow_ray.pool import Pool

__all__ = ["Account"]


@dataclass(frozen=True)
class Account:
    """One actor's.

    Attributes:
        plan: What the actor is for.
        inlets: What it has read.
        outlet: What it has given.
        pool: Its replicas.
    """

    plan: ActorPlan
    inlets: Mapping[str, Inlet]
    outlet: Outlet
    pool: Pool | None

    def report(self, result: RunResult | None, failed: StepError | None, fatal: BaseException | None) -> Report:
        """How the steps went.

        Args:
            result: What the local runner says, whole or up to an error.
            failed: The failure that it raised.
            fatal: What it raised that is no step's failure.
        """
        steps = self._steps(result)
        errors, failures = self._failures(result, failed)
        failure = failures[0] if failures else None
        statuses = {name: step.status for name, step in steps.items()}
        if self.pool is not None and self.pool.failure is not None:
            statuses[self.plan.name] = StepStatus.FAILED
        packed_fatal = pack(fatal) if fatal is not None else None
        if packed_fatal is not None and self.pool is not None:
            packed_fatal = self.pool.fatal or packed_fatal
        return Report(
            statuses,
            self._items_in(steps),
            self._items_out(steps),
            {name: step.seconds for name, step in steps.items() if step.seconds is not None},
            tuple(errors),
            failure,
            failure is not None
            and self.end(failure).error is not None
            and bool(self.plan.readers)
            and not self.plan.kept,
            tuple(failures[1:]),
            tuple(name for name, inlet in self.inlets.items() if inlet.ended),
            branches=tuple(b for b in result.branches if b.consumer in steps) if result is not None else (),
            fatal=packed_fatal,
            raised_by=_raised_by(fatal, self.plan.part) or self.plan.name if fatal is not None else None,
            lost=next(((name, how_lost(i.lost)) for name, i in self.inlets.items() if i.lost is not None), None),
        )

    def end(self, failure: PackedFailure | None) -> End:
        """How the stream ended, for its readers."""
        if self.outlet.error is not None and failure is not None:
            return End(error=pack(self.outlet.error), failure=failure)
        if self.pool is not None and self.pool.failure is not None:
            failed = self.pool.failure
            return End(error=failed.cause or pack(failed.unpack()), failure=failed)
        return End(self.outlet.value, cancelled=not self.outlet.finished)

    def _steps(self, result: RunResult | None) -> dict[str, StepResult]:
        """Its own steps' results; the sink that takes the stream away is none."""
        own = {step.name for step in self.plan.part.steps}
        return {name: step for name, step in result.steps.items() if name in own} if result is not None else {}

    def _failures(
        self, result: RunResult | None, failed: StepError | None
    ) -> tuple[list[PackedFailure], list[PackedFailure]]:
        """The failures that the run goes on after, and that which ends it with those that came later."""
        errors: list[PackedFailure] = []
        failures: list[PackedFailure] = []
        for error in result.errors if result is not None else ():
            ends = failed is not None and (failures or error is failed)
            (failures if ends else errors).append(self._packed(error))
        if not failures and self.pool is not None and self.pool.failure is not None:
            failures.append(self.pool.failure)
        return errors, failures

    def _packed(self, error: StepError) -> PackedFailure:
        if error.step == OUT and self.pool is not None and self.pool.failure is not None:
            return self.pool.failure
        inlet = self.inlets.get(error.step)
        if inlet is not None and inlet.failure is not None:
            return inlet.failure
        return pack_failure(error, index=self._index(error.step))

    def _index(self, name: str) -> int | None:
        """The index of the item that a step was at, where the local runner hasn't counted and the streams between actors tell."""
        if name == self.plan.name and self.plan.streams:
            return self.outlet.count
        streams = [edge for edge in self.plan.part.edges_into(name) if edge.binds]
        if len(streams) == 1 and streams[0].kind is EdgeKind.STREAM and streams[0].producer in self.inlets:
            taken = self.inlets[streams[0].producer].taken
            return taken - 1 if taken and not self.plan.part[name].output.stream else None
        return None

    def _items_in(self, steps: Mapping[str, StepResult]) -> dict[str, int]:
        counts = {}
        for name, step in steps.items():
            taken = step.items_in
            if taken is None:
                read = {e.producer for e in self.plan.part.edges_into(name) if e.binds and e.producer in self.inlets}
                taken = sum(self.inlets[producer].taken for producer in read) if read else None
            if taken is not None:
                counts[name] = taken
        return counts

    def _items_out(self, steps: Mapping[str, StepResult]) -> dict[str, int]:
        counts = {name: step.items_out for name, step in steps.items() if step.items_out is not None}
        if self.plan.streams:
            counts[self.plan.name] = self.outlet.count
        return counts


def _raised_by(error: BaseException | None, part: PipelineDef) -> str | None:
    """The step whose own code an exception came out of: the innermost one in its traceback."""
    codes = {code: step.name for step in part.steps if (code := _code(step.fn)) is not None}
    found = None
    traceback: TracebackType | None = error.__traceback__ if error is not None else None
    while traceback is not None:
        found = codes.get(traceback.tb_frame.f_code, found)
        traceback = traceback.tb_next
    return found


def _code(fn: object) -> CodeType | None:
    while isinstance(fn, partial):
        fn = fn.func
    # Of an instance with a `__call__`, that method's.
    code = getattr(fn, "__code__", None) or getattr(getattr_static(fn, "__call__", None), "__code__", None)
    return code if isinstance(code, CodeType) else None
