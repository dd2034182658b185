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

from synaflow import PipelineDef, RunResult, StepError, StepStatus

__all__ = [
    "CLOSED",
    "IN_PROCESS",
    "Anything",
    "AtMost",
    "Case",
    "Event",
    "Failure",
    "Outcome",
    "Recorder",
    "RunnerUnderTest",
    "case",
    "log",
    "registered",
    "run_case",
]

Event = tuple[str, object]
"""Which step, and the item it was about; `CLOSED` in place of an item when its `finally` ran."""

CLOSED = "closed"

IN_PROCESS = "in_process"
"""The capability a case needs that looks at objects the steps left behind: same process, same objects."""

Anything = EllipsisType


class Recorder:
    """What the steps of one run leave behind: a log in the order things happened, and objects to look at afterwards."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.kept: list[object] = []
        self.raised: list[BaseException] = []

    def __call__(self, step: str, item: object) -> None:
        """Logs that a step is at that item."""
        self.events.append((step, item))

    def closed(self, step: str) -> None:
        """Logs that the step's `finally` ran."""
        self.events.append((step, CLOSED))

    def keep(self, thing: object) -> None:
        """Keeps an object for the case's check."""
        self.kept.append(thing)

    def error(self, error: BaseException) -> BaseException:
        """Notes the error that a step is about to raise, so that its identity can be checked, and gives it back."""
        self.raised.append(error)
        return error

    def of(self, *steps: str) -> list[Event]:
        """The events of those steps only."""
        return [event for event in self.events if event[0] in steps]

    def closings(self) -> list[str]:
        """The steps whose `finally` ran, in the order they did."""
        return [step for step, item in self.events if item == CLOSED]


@dataclass(frozen=True)
class AtMost:
    """A bound, where the design gives no exact figure."""

    bound: int


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
        counts: (items_in, items_out) by step; `...` for what isn't looked at.
        peaks: By (producer, consumer, parameter): how many items waited in that branch at most.
        drift: The bound for every other lazy branch; None: not looked at.
        taken: By (producer, consumer, parameter): how many items the consumer took.
        error: The error that `run` raises as `StepError`.
        raises: An error that leaves `run` as itself.
        errors: For a run that goes on: the errors in its result.
        letters: (step, index, items by parameter) of each dropped item, in order.
        dropped: Items dropped, by step.
        may_warn: Whether the run may warn of an error nobody reached.
        check: Anything else, looked at in this process.
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
    counts: Mapping[str, tuple[int | Anything | None, int | Anything | None]] = field(default_factory=dict)
    peaks: Mapping[tuple[str, str, str], int | AtMost] = field(default_factory=dict)
    drift: int | None = 1
    taken: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    error: Failure | None = None
    raises: type[BaseException] | None = None
    errors: tuple[Failure, ...] = ()
    letters: tuple[tuple[str, int, Mapping[str, object]], ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    may_warn: bool = False
    check: Callable[[Outcome], None] | None = None
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
    """

    name: str
    exact_order: bool
    in_process: bool

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, object]) -> RunResult:
        """Runs it to its end, as the runner's own `run` does."""
        ...


def run_case(runner: RunnerUnderTest, case: Case) -> Outcome:
    """Runs a case once, on a fresh pipeline, in a context of its own."""
    return copy_context().run(_run_case, runner, case)


def _run_case(runner: RunnerUnderTest, case: Case) -> Outcome:
    recorder = Recorder()
    pipeline = case.build(recorder)
    params = case.params() if case.params else None
    options = case.options(recorder) if callable(case.options) else case.options
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


def log(text: str) -> list[Event]:
    """Reads a log written for people: `"s0 a0 s!"` is step s at item 0, step a at item 0, step s closed."""
    events: list[Event] = []
    for word in text.split():
        step = word.rstrip("0123456789!")
        item = word[len(step) :]
        events.append((step, CLOSED if item == "!" else int(item)))
    return events


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
