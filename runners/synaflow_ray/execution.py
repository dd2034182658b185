"""What the driver knows of a run: the values and reports that have come, and the result that is made of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from synaflow import (
    BranchResult,
    DeadLetter,
    OnError,
    RunResult,
    StepError,
    StepResult,
    StepStatus,
    check_dead_letter,
)
from synaflow_ray.report import Missing, Report, State

if TYPE_CHECKING:
    from synaflow_ray.packing import PackedFailure, PackedLetter
    from synaflow_ray.plan import Plan

__all__ = ["Execution"]


class Execution:
    """One run.

    Attributes:
        plan: The plan.
        reports: By actor, how its steps went; those that have ended.
        states: By actor, how it stood when it was last looked at.
        first: The failure that ends the run.
        fatal: What ends it instead: an exception that is no step's failure.
        values: The outputs.
        seconds: How long it took, from the first actor to the last.
    """

    def __init__(self, plan: Plan, dead_letter: Callable[[DeadLetter], object] | None) -> None:
        check_dead_letter(dead_letter)
        self.plan: Final = plan
        self.reports: Final[dict[str, Report]] = {}
        self.states: Final[dict[str, State]] = {}
        self.first: StepError | None = None
        self.fatal: BaseException | None = None
        self.values: Final[dict[str, object]] = {}
        self.seconds = 0.0
        self._dead_letter: Final = dead_letter
        self._handled: Final[dict[str, int]] = {}
        self._errors: Final[list[StepError]] = []
        self._known: Final[set[str]] = set()
        self._failed: Final[set[str]] = set()

    @property
    def stopped(self) -> bool:
        """Whether the run is to end."""
        return self.first is not None or self.fatal is not None

    def looked(self, actor: str, state: State) -> None:
        """Takes note of how an actor stands."""
        self.states[actor] = state
        if actor not in self.reports:  # there, they are all together
            for letter in state.letters:
                self._handle(actor, letter)

    def ended(self, actor: str, value: object, report: Report) -> None:
        """Takes note of how an actor's steps went."""
        self.reports[actor] = report
        if actor in self.plan.outputs and not isinstance(value, Missing):
            self.values[actor] = value
        for letter in report.letters[self._handled.get(actor, 0) :]:
            self._handle(actor, letter)
        for error in report.errors:
            self._add(error)
        if report.fatal is not None:
            fatal = report.fatal.unpack()
            fatal.add_note(f"raised in step '{report.raised_by or actor}' of pipeline '{self.plan.pipeline.name}'")
            self.abort(fatal)
        if report.failure is not None and not report.delivered:
            for failure in (report.failure, *report.later):
                self.fail(failure)

    def fail(self, packed: PackedFailure) -> None:
        """A step's failure, which ends the run."""
        if packed.key in self._known:
            return
        error = self._add(packed)
        if self.first is None:
            self.first = error
        else:
            self.first.add_note(f"afterwards: {error}")

    def died(self, step: str, reason: str, cause: BaseException | None) -> None:
        """An actor died, or was lost with its node."""
        self._failed.add(step)
        error = StepError(self.plan.pipeline.name, step, reason)
        error.__cause__ = cause
        if self.first is None and self.fatal is None:
            self._errors.append(error)
            self.first = error

    def abort(self, error: BaseException) -> None:
        """Ends the run with something that is no step's failure."""
        self.fatal = self.fatal or error

    def note(self, text: str) -> None:
        """Says something that belongs to the error that ends the run, or, without one, to the run."""
        error = self.fatal or self.first
        if error is not None:
            error.add_note(text)
        else:
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    def outcome(self) -> RunResult:
        """The result, or the error with the result on it.

        Raises:
            StepError: A step failed.
        """
        self._settle()
        result = self._result()
        if self.fatal is not None:
            raise self.fatal
        if self.first is not None:
            self.first.result = result
            raise self.first
        return result

    def _add(self, packed: PackedFailure) -> StepError:
        error = packed.unpack()
        self._known.add(packed.key)
        self._errors.append(error)
        self._failed.add(packed.step)
        return error

    def _handle(self, actor: str, letter: PackedLetter) -> None:
        self._handled[actor] = self._handled.get(actor, 0) + 1
        if self._dead_letter is not None:
            try:
                self._dead_letter(letter.unpack())
            except BaseException as error:
                self.abort(error)

    def _settle(self) -> None:
        """Warns of errors that were handed out and that nobody read as far as."""
        if self.stopped:
            return
        for name, report in self.reports.items():
            if report.failure is None or not report.delivered:
                continue
            readers = self.plan.actors[name].readers
            if not any(name in self.reports[reader].reached for reader in readers if reader in self.reports):
                failure = report.failure.unpack()
                warnings.warn(
                    f"step '{failure.step}' of pipeline '{failure.pipeline}' failed after {report.items_out.get(name, 0)} items of "
                    f"'{name}', where no consumer had asked for more: {failure.__cause__!r}",
                    RuntimeWarning,
                    stacklevel=3,
                )

    def _result(self) -> RunResult:
        pipeline = self.plan.pipeline
        letters = tuple(
            letter.unpack()
            for name in self.plan.actors
            if name in self.reports
            for letter in self.reports[name].letters
        )
        return RunResult(
            pipeline.name,
            {name: self.values[name] for name in self.plan.outputs if name in self.values},
            {step.name: self._step(step.name, letters) for step in pipeline.steps},
            tuple(self._branches()),
            tuple(self._errors),
            letters,
            self.seconds,
            dict(pipeline.aliases),
            pipeline,
        )

    def _step(self, name: str, letters: tuple[DeadLetter, ...]) -> StepResult:
        report = self.reports.get(self.plan.home[name], Report())
        return StepResult(
            name,
            self._status(name, report),
            report.items_in.get(name),
            report.items_out.get(name),
            report.seconds.get(name),
            sum(letter.step == name for letter in letters),
        )

    def _status(self, name: str, report: Report) -> StepStatus:
        if name in self._failed:
            return StepStatus.FAILED
        status = report.statuses.get(name, StepStatus.CANCELLED)
        handled = report.delivered and not self.stopped and status in (StepStatus.CANCELLED, StepStatus.FAILED)
        if status is StepStatus.FAILED and self.plan.pipeline[name].on_error is OnError.STOP and not handled:
            return StepStatus.CANCELLED if self.stopped else status
        return StepStatus.OK if handled else status

    def _branches(self) -> list[BranchResult]:
        pipeline, home = self.plan.pipeline, self.plan.home
        told: dict[tuple[str, str, str], BranchResult] = {}
        for report in self.reports.values():
            told.update(((b.producer, b.consumer, b.parameter), b) for b in report.branches)
        found: list[BranchResult] = []
        names = [field.name for field in pipeline.fields] + [step.name for step in pipeline.steps]
        for name in names:
            edges = [edge for edge in pipeline.edges_out_of(name) if edge.binds]
            kept = name in self.plan.outputs and name in pipeline and pipeline[name].output.stream
            if len(edges) + kept < 2:
                continue
            source = self.reports.get(name, Report())
            for edge in edges:
                reader = home[edge.consumer]
                inner = told.get((name, edge.consumer, edge.parameter))
                taken = self.reports.get(reader, Report()).taken.get(name, 0)
                peak, stored = source.peaks.get(reader, 0), source.stored.get(reader, 0)
                if inner is not None:
                    taken, peak = inner.items, max(peak, inner.peak)
                found.append(BranchResult(name, edge.consumer, edge.parameter, taken, peak, stored))
            if kept:
                found.append(BranchResult(name, name, "", source.items_out.get(name, 0), 0))
        return found
