"""An error at every item of every step of every pipeline of the corpus, one at a time; and Ctrl-C; and a dropped stream.

Of a place that a run comes past often, the first eight items, one in the middle and the last are taken. A pipeline of
hundreds of steps or thousands of items is run at some of its points, evenly spread: they are alike.
"""

from __future__ import annotations

import gc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

import synaflow_local
from conformance.injected import Point, Probe, injected
from conformance.watch import alive_greenlets, within
from corpus import CASES, Case, Recorder
from synaflow import OnError, PipelineDef, RunResult, StepError, StepStatus

SECONDS = 10
ITEMS = 20_000
"""About how many a case may take over all its points. None of more than 150 items is run at all of them for less."""

pytestmark = pytest.mark.timeout(300)


class Injected(Exception):
    """What is raised somewhere."""


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    # Once for all: looking through every object there is takes as long as all the runs of a case.
    before = alive_greenlets()
    yield
    gc.collect()
    assert alive_greenlets() <= before


@dataclass
class Ran:
    """What came of one run of a case."""

    pipeline: PipelineDef
    probe: Probe
    recorder: Recorder
    result: RunResult | None = None
    error: BaseException | None = None
    warned: str = ""

    @property
    def own(self) -> bool:
        """Whether the error is none that was injected but one the case raises by itself."""
        return self.error is not None and self.probe.error not in _causes(self.error)

    @property
    def closings(self) -> Counter[str]:
        """How often each `finally` that the recorder knows ran."""
        return Counter(self.recorder.closings())


@dataclass(frozen=True)
class Undisturbed:
    """What a case does by itself.

    Attributes:
        points: Where to disturb it.
        closings: How often each `finally` runs.
        entered: How often each step's own code is begun.
        failed: The steps that fail by themselves.
        ends: What the run raises by itself, if it does.
    """

    points: tuple[Point, ...]
    closings: Mapping[str, int]
    entered: Mapping[str, int]
    failed: frozenset[str] = frozenset()
    ends: type[BaseException] | None = None


def _as_it_is(pipeline: PipelineDef) -> PipelineDef:
    return pipeline


def _continuing(pipeline: PipelineDef) -> PipelineDef:
    return replace(pipeline, steps=tuple(replace(step, on_error=OnError.CONTINUE) for step in pipeline.steps))


def _run(case: Case, probe: Probe, changed: Callable[[PipelineDef], PipelineDef] = _as_it_is) -> Ran:
    recorder = Recorder()
    ran = Ran(changed(injected(case.build(recorder), probe)), probe, recorder)
    options = case.options(recorder) if callable(case.options) else case.options
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            ran.result = synaflow_local.run(ran.pipeline, case.params() if case.params else None, **options)  # type: ignore[arg-type]
        except StepError as error:
            ran.result, ran.error = error.result, error
        except Injected as error:
            raise AssertionError("an error left the run as itself") from error
        except BaseException as error:
            if error is not probe.error and type(error) is not case.raises:
                raise
            ran.error = error
    ran.warned = "\n".join(str(warning.message) for warning in warned)
    return ran


_KNOWN: dict[tuple[str, object], Undisturbed] = {}


def _undisturbed(case: Case, changed: Callable[[PipelineDef], PipelineDef] = _as_it_is) -> Undisturbed:
    known = _KNOWN.get((case.name, changed))
    if known is None:
        known = _KNOWN[case.name, changed] = _observed(case, changed)
    return known


def _observed(case: Case, changed: Callable[[PipelineDef], PipelineDef]) -> Undisturbed:
    ran = _run(case, Probe(), changed)
    _check_closed(ran)
    items = ran.probe.seen.total()
    failed = _failed(ran.result) if ran.result is not None else set()
    return Undisturbed(
        tuple(ran.probe.points(most=1000 if items <= 150 else max(4, ITEMS // items))),
        ran.closings,
        ran.probe.entered,
        frozenset(failed),
        type(ran.error) if ran.error is not None else None,
    )


def _failed(result: RunResult) -> set[str]:
    return {name for name, step in result.steps.items() if step.status is StepStatus.FAILED or step.dropped}


def _causes(error: BaseException | None) -> list[BaseException]:
    """An error and what it comes from: where a pipeline is run per item, its own error comes in between."""
    causes: list[BaseException] = []
    while error is not None:
        causes.append(error)
        error = error.__cause__
    return causes


def _check_closed(ran: Ran, before: Undisturbed | None = None) -> None:
    """Whatever was begun has ended, and every `finally` ran once for each time its step was begun."""
    assert ran.probe.begun == ran.probe.ended
    if before is None:
        return
    for name, count in before.closings.items():
        closings = ran.closings[name]
        if before.entered.get(name) == count:
            assert closings == ran.probe.entered[name], f"{ran.probe.at}: the finally of '{name}' ran {closings} times"
        else:  # the step has another name than its log, or enters what it closes not always
            assert closings <= count, f"{ran.probe.at}: the finally of '{name}' ran {closings} times"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_error_everywhere(case: Case) -> None:
    """The run ends, names the step, keeps the original, closes everything once, and leaves nothing.

    Where the case fails by itself as well, it may say so instead, if it came first: at a point behind its own error.
    """
    before = _undisturbed(case)
    for point in before.points:
        ran = _run(case, Probe(point, Injected(str(point))))
        _check_closed(ran, before)
        assert ran.probe.fired, point
        if ran.own:
            assert before.ends is not None, f"{point}: {ran.error!r}"
            assert type(ran.error) is before.ends, f"{point}: {ran.error!r}"
            continue
        result, step = ran.result, point.step.partition("/")[0]
        assert result is not None
        if result.ok:
            # Where streams are pulled ahead, nobody may have got that far.
            assert f"no consumer had asked for more: {ran.probe.error!r}" in ran.warned, point
        elif ran.error is not None:
            assert isinstance(ran.error, StepError)
            if isinstance(ran.error.__cause__, Injected | StepError):
                assert ran.error.step == step, f"{point}: {ran.error}"
            else:  # a consumer that it came to has made another of it
                step = ran.error.step
                assert step in _below(ran.pipeline, {point.step}), f"{point}: {ran.error}"
            assert result.steps[step].status is StepStatus.FAILED, point


def _only_ended_by_its_error(case: Case) -> bool:
    return bool(case.endless) and (case.error is not None or case.raises is not None)


@pytest.mark.parametrize("case", [case for case in CASES if not _only_ended_by_its_error(case)], ids=str)
def test_an_error_everywhere_and_continue(case: Case) -> None:
    """With every step told to continue, nothing raises; what failed, and what depends on it, is told in the result."""
    before = _undisturbed(case, _continuing)
    for point in before.points:
        ran = _run(case, Probe(point, Injected(str(point))), _continuing)
        _check_closed(ran, before)
        assert ran.probe.fired, point
        if ran.error is not None:
            assert ran.own, point
            assert type(ran.error) is before.ends, f"{point}: {ran.error!r}"
            continue
        result, step = ran.result, point.step.partition("/")[0]
        assert result is not None
        assert not result.ok, point
        failed = _failed(result)
        # Those below may fail of themselves for want of items: the least of nothing, a zip of unequal lengths.
        below = _below(ran.pipeline, {step, *before.failed})
        assert step in failed, point
        assert failed <= below, point
        bad = {name for name, step in result.steps.items() if step.status is not StepStatus.OK} - failed
        assert bad <= below, point
        assert all(result.steps[name].status is StepStatus.SKIPPED for name in bad), point


def _below(pipeline: PipelineDef, steps: set[str]) -> set[str]:
    """Those steps and all that depend on them."""
    below = set(steps)
    for name in pipeline.order:
        if any(edge.producer in below for edge in pipeline.edges_into(name)):
            below.add(name)
    return below


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_interrupt_everywhere(case: Case) -> None:
    """Ctrl-C leaves the run as itself, and every `finally` ran."""
    before = _undisturbed(case)
    for point in before.points:
        ran = _run(case, Probe(point, KeyboardInterrupt()))
        _check_closed(ran, before)
        assert ran.probe.fired, point
        if ran.error is not ran.probe.error:
            assert before.ends is not None, f"{point}: {ran.error!r}"
            assert type(ran.error) is before.ends, f"{point}: {ran.error!r}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_stream_dropped_everywhere(case: Case) -> None:
    """The caller of `stream` stops after each number of items, for each stream: everything is closed, once."""
    names = [step.name for step in case.build(Recorder()).steps if step.output.stream]
    many = len(names) > 15
    for name in names[:: len(names) // 2] if many else names:
        for number in (0, 1, 3) if many else range(9):
            probe, recorder = Probe(), Recorder()
            ran = Ran(injected(case.build(recorder), probe), probe, recorder)
            ended = _take(ran, case, name, number)
            _check_closed(ran)
            steps = {step.name for step in ran.pipeline.steps if not step.each}
            twice = {step: count for step, count in ran.closings.items() if count > 1 and step in steps}
            assert not twice, (name, number, twice)
            if ended:
                break


def _take(ran: Ran, case: Case, name: str, number: int) -> bool:
    """Takes so many items of a stream and drops it; tells whether it had ended before."""
    params = case.params() if case.params else None
    fails = case.raises or StepError
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        taken = synaflow_local.stream(ran.pipeline, params, name)
        try:
            for _ in range(number):
                if next(taken, Recorder) is Recorder:
                    return True
        except (StepError, fails):
            return True
        finally:
            if _undisturbed(case).ends is not None:
                with suppress(StepError, fails):
                    taken.close()  # what its `finally` raises couldn't be seen otherwise
            del taken
    return False
