"""What a case of the corpus is, what a runner is to it, and what a run of it gives.

Nothing here knows a runner or pytest: another runner is put through the corpus with an adapter of a few lines, a
`RunnerUnderTest`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Protocol

from corpus.recorder import CLOSED, Event, Recorder, log
from synaflow import PipelineDef, RunResult, StepError, StepStatus

__all__ = [
    "CLOSED",
    "IN_PROCESS",
    "LOCKSTEP",
    "Anything",
    "AtLeast",
    "AtMost",
    "Case",
    "Event",
    "Failure",
    "IfCounted",
    "Outcome",
    "Recorder",
    "RunnerUnderTest",
    "case",
    "log",
    "missing",
    "registered",
    "run_case",
]

IN_PROCESS = "in_process"
"""The capability a case needs that looks at objects the steps left behind: same process, same objects."""

LOCKSTEP = "lockstep"
"""The capability a case needs that looks at what an item pulled ahead would change."""

Anything = EllipsisType


@dataclass(frozen=True)
class AtMost:
    """A bound, where the design gives no exact figure."""

    bound: int


@dataclass(frozen=True)
class AtLeast:
    """That many in lockstep. A runner that pulls ahead may have more: a consumer further down stops early."""

    number: int


@dataclass(frozen=True)
class IfCounted:
    """That many where somebody counts; None where a straight chain runs without anyone between its steps."""

    number: int


Count = int | AtLeast | IfCounted | Anything | None
"""What a count has to be: `...` for what isn't looked at, None for what isn't counted."""


@dataclass(frozen=True)
class Failure:
    """An error that a run has to report.

    Attributes:
        step: The step it has to name.
        cause: The type of the original, None where the design names none.
        index: The item's index; `...` where the design doesn't say whether it is known.
        text: What the original's text has to hold.
        notes: What the notes on the error, or on the original, have to hold.
        own: Whether the original's traceback has to end in the step's own code.
    """

    step: str
    cause: type[BaseException] | None = ValueError
    index: int | Anything | None = ...
    text: str = ""
    notes: tuple[str, ...] = ()
    own: bool = True


@dataclass(frozen=True)
class Case:
    """A pipeline and all that the design says of a run of it. Expected values are worked out by hand.

    Attributes:
        name: The case's name, unique.
        build: Makes the pipeline anew; its steps log into the recorder.
        about: What it shows, from the docstring of `build`.
        params: Makes the params of one run; None for a run without.
        options: Other arguments of `run`; or what makes them of the run's recorder.
        values: The values of the run, by name; all of them. None where nothing is said.
        statuses: By step. None: all are `OK` if the run is.
        ok: `RunResult.ok`; None: true unless `error`, `errors`, `statuses` or `letters` say otherwise.
        events: The log, item by item, in exact order. The closings of a step count only if one is in it.
        unordered: The events' order between steps isn't fixed by the design, only each step's own.
        closings: How often each step's `finally` runs. Steps not named: not looked at.
        closed_before: Pairs of steps: the first one's `finally` runs before the second one's.
        endless: Sources that don't end by themselves. Any other may have ended by the time that its consumers are stopped, where
            it is pulled ahead.
        counts: (items_in, items_out) by step; `...` for what isn't looked at.
        peaks: By (producer, consumer, parameter): how many items waited in that branch at most.
        drift: The bound for every other lazy branch; None: not looked at.
        taken: By (producer, consumer, parameter): how many items the consumer took.
        error: The error that `run` raises as `StepError`.
        raises: An error that leaves `run` as itself.
        raised_by: The step it comes from. A runner that runs steps elsewhere names it in a note.
        errors: For a run that goes on: the errors in its result.
        letters: (step, index, items by parameter) of each dropped item, in order.
        dropped: Items dropped, by step.
        may_warn: Whether the run may warn of an error nobody reached.
        check: Anything else in the result, the warnings or the log.
        check_kept: The same of objects that the steps kept or raised: looked at where steps run in this process.
        needs: Capabilities without which the case can't be run at all.
    """

    name: str
    build: Callable[[Recorder], PipelineDef]
    about: str = ""
    params: Callable[[], object] | None = None
    options: Mapping[str, object] | Callable[[Recorder], Mapping[str, object]] = field(default_factory=dict)
    values: Mapping[str, object] | None = None
    statuses: Mapping[str, StepStatus] | None = None
    ok: bool | None = None
    events: list[Event] | None = None
    unordered: bool = False
    closings: Mapping[str, int] = field(default_factory=dict)
    closed_before: tuple[tuple[str, str], ...] = ()
    endless: frozenset[str] = frozenset()
    counts: Mapping[str, tuple[Count, Count]] = field(default_factory=dict)
    peaks: Mapping[tuple[str, str, str], int | AtMost] = field(default_factory=dict)
    drift: int | None = 1
    taken: Mapping[tuple[str, str, str], int | AtLeast] = field(default_factory=dict)
    error: Failure | None = None
    raises: type[BaseException] | None = None
    raised_by: str = ""
    errors: tuple[Failure, ...] = ()
    letters: tuple[tuple[str, int, Mapping[str, object]], ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    may_warn: bool = False
    check: Callable[[Outcome], None] | None = None
    check_kept: Callable[[Outcome], None] | None = None
    needs: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Outcome:
    """What came of running a case once.

    Attributes:
        pipeline: The pipeline that was run.
        recorder: What its steps left behind.
        result: What `run` returned, or what hung on the `StepError` it raised.
        error: What `run` raised.
        warned: The warnings of the run.
    """

    pipeline: PipelineDef
    recorder: Recorder
    result: RunResult | None
    error: BaseException | None
    warned: tuple[str, ...] = ()


class RunnerUnderTest(Protocol):
    """A runner as the corpus sees it.

    Attributes:
        name: For people.
        exact_order: Whether it promises the exact order of events.
        in_process: Whether steps run in this process, on the very objects, so that what they leave behind can be seen.
        pulls_ahead: Whether a source may be pulled further than its consumers have asked, by as much as the runner likes where no
            `max_in_flight` is said. Then a step may have got further than it does in lockstep by the time others stop or fail.
        options: The options its `run` takes.
    """

    name: str
    exact_order: bool
    in_process: bool
    pulls_ahead: bool
    options: frozenset[str]

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, object]) -> RunResult:
        """Runs it to its end, as the runner's own `run` does."""
        ...


def missing(runner: RunnerUnderTest, case: Case) -> str | None:
    """Why a runner can't be given a case, in words; None where it can."""
    if IN_PROCESS in case.needs and not runner.in_process:
        return f"'{case.name}' looks at objects its steps left behind, and '{runner.name}' runs them elsewhere"
    if LOCKSTEP in case.needs and runner.pulls_ahead:
        return f"'{case.name}' shows what is so in lockstep, and '{runner.name}' pulls ahead"
    untaken = sorted(set(_options(case, Recorder())) - runner.options)
    return f"'{runner.name}' takes no {', '.join(untaken)}" if untaken else None


def run_case(runner: RunnerUnderTest, case: Case) -> Outcome:
    """Runs a case once, on a fresh pipeline, in a context of its own."""
    return copy_context().run(_run_case, runner, case)


def _run_case(runner: RunnerUnderTest, case: Case) -> Outcome:
    recorder = Recorder()
    pipeline = case.build(recorder)
    params = case.params() if case.params else None
    options = _options(case, recorder)
    result: RunResult | None = None
    error: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = runner.run(pipeline, params, options)
        except StepError as raised:
            result, error = raised.result, raised
        except BaseException as raised:
            if case.raises is None:
                raise
            error = raised
    return Outcome(pipeline, recorder, result, error, tuple(str(warning.message) for warning in caught))


def _options(case: Case, recorder: Recorder) -> Mapping[str, object]:
    return case.options(recorder) if callable(case.options) else case.options


_registry: dict[str, Case] = {}


def case(**expected: object) -> Callable[[Callable[[Recorder], PipelineDef]], Callable[[Recorder], PipelineDef]]:
    """Registers the function below it, which builds a pipeline, as a case. Arguments are the fields of `Case`."""

    def register(build: Callable[[Recorder], PipelineDef]) -> Callable[[Recorder], PipelineDef]:
        name = str(expected.pop("name", build.__name__))
        if name in _registry:
            raise ValueError(f"two cases are called '{name}'")
        about = str(expected.pop("about", " ".join((build.__doc__ or "").split())))
        _registry[name] = Case(name=name, build=build, about=about, **expected)  # type: ignore[arg-type]
        return build

    return register


def registered() -> tuple[Case, ...]:
    """Every case, in the order they were registered."""
    return tuple(_registry.values())
