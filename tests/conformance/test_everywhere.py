"""An error at every item of every step of every pipeline of the corpus, one at a time; and Ctrl-C; and a dropped stream."""

from __future__ import annotations

import gc
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

import synaflow_local
from conformance.injected import Point, Probe, injected
from conformance.watch import alive_greenlets, within
from corpus import CASES, Case, Recorder
from synaflow import OnError, PipelineDef, RunResult, StepError, StepStatus

SECONDS = 10
MOST_STEPS = 15
MOST_ITEMS = 150
"""Over all steps. A longer case has the same points again and again."""


class Injected(Exception):
    """What is raised somewhere."""


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    # Once for all: looking through every object there is takes as long as all the runs of a case.
    before = alive_greenlets()
    yield
    gc.collect()
    assert alive_greenlets() <= before


def _suits(case: Case) -> bool:
    """A case that is fine by itself, and small enough to be run at each of its points."""
    if case.error or case.raises or case.errors or case.letters or case.may_warn:
        return False
    if len(case.build(Recorder()).steps) > MOST_STEPS:
        return False
    probe = Probe()
    _run(case, probe)
    return probe.seen.total() <= MOST_ITEMS


pytestmark = pytest.mark.timeout(300)


def _run(case: Case, probe: Probe) -> tuple[Recorder, RunResult | None, BaseException | None]:
    recorder = Recorder()
    pipeline = injected(case.build(recorder), probe)
    options = case.options(recorder) if callable(case.options) else case.options
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        try:
            result = synaflow_local.run(pipeline, case.params() if case.params else None, **options)  # type: ignore[arg-type]
        except StepError as error:
            return recorder, error.result, error
        except Injected as error:
            raise AssertionError("an error left the run as itself") from error
        except KeyboardInterrupt as error:
            return recorder, None, error
    return recorder, result, None


def _points(case: Case) -> Iterator[Point]:
    probe = Probe()
    _, _, error = _run(case, probe)
    assert error is None, "the case isn't fine by itself"
    _check_closed(probe)
    yield from probe.points()


def _check_closed(probe: Probe) -> None:
    assert probe.begun == probe.ended


def _check_once(case: Case, recorder: Recorder, at: object) -> None:
    each = {step.name for step in case.build(Recorder()).steps if step.each}
    twice = {step: n for step, n in Counter(recorder.closings()).items() if n > 1 and step not in each}
    assert not twice or case.closings.items() >= twice.items(), f"{at}: {twice}"


SUITED = tuple(case for case in CASES if _suits(case))
UNFAILING = tuple(case for case in SUITED if "handle" not in case.name)
"""Without those in which one step fails and another handles it."""


@pytest.mark.parametrize("case", SUITED, ids=str)
def test_an_error_everywhere(case: Case) -> None:
    """The run ends, names the step, keeps the original, closes everything once, and leaves nothing."""
    for point in _points(case):
        probe = Probe(point, Injected(str(point)))
        recorder, result, error = _run(case, probe)
        _check_closed(probe)
        _check_once(case, recorder, point)
        assert probe.fired, point
        assert result is not None
        assert not result.ok, point
        if error is not None:
            assert isinstance(error, StepError)
            assert error.__cause__ is probe.error, f"{point}: {error.__cause__!r}"
            assert error.step == point.step, f"{point}: {error}"
            assert result.steps[point.step].status is StepStatus.FAILED, point


@pytest.mark.parametrize("case", UNFAILING, ids=str)
def test_an_error_everywhere_and_continue(case: Case) -> None:
    """With every step told to continue, nothing raises; what failed, and what depends on it, is told in the result."""
    for point in _points(case):
        probe = Probe(point, Injected(str(point)))
        recorder = Recorder()
        pipeline = _continuing(injected(case.build(recorder), probe))
        options = case.options(recorder) if callable(case.options) else case.options
        with within(SECONDS):
            result = synaflow_local.run(pipeline, case.params() if case.params else None, **options)  # type: ignore[arg-type]
        _check_closed(probe)
        _check_once(case, recorder, point)
        assert probe.fired, point
        assert not result.ok, point
        failed = {name for name, step in result.steps.items() if step.status is StepStatus.FAILED or step.dropped}
        # Those below may fail of themselves for want of items: the least of nothing, a zip of unequal lengths.
        below = _below(pipeline, point.step)
        assert point.step in failed, point
        assert failed <= below | {point.step}, point
        bad = {name for name, step in result.steps.items() if step.status is not StepStatus.OK} - failed
        assert bad <= below, point
        assert all(result.steps[name].status is StepStatus.SKIPPED for name in bad), point


def _continuing(pipeline: PipelineDef) -> PipelineDef:
    return replace(pipeline, steps=tuple(replace(step, on_error=OnError.CONTINUE) for step in pipeline.steps))


def _below(pipeline: PipelineDef, step: str) -> set[str]:
    below = {step}
    for name in pipeline.order:
        if any(edge.producer in below for edge in pipeline.edges_into(name)):
            below.add(name)
    return below - {step}


@pytest.mark.parametrize("case", SUITED, ids=str)
def test_an_interrupt_everywhere(case: Case) -> None:
    """Ctrl-C leaves the run as itself, and every `finally` ran."""
    for point in _points(case):
        probe = Probe(point, KeyboardInterrupt())
        recorder, _, error = _run(case, probe)
        _check_closed(probe)
        _check_once(case, recorder, point)
        assert probe.fired, point
        assert error is probe.error, f"{point}: {error!r}"


@pytest.mark.parametrize("case", UNFAILING, ids=str)
def test_a_stream_dropped_everywhere(case: Case) -> None:
    """The caller of `stream` stops after each number of items, for each stream: everything is closed, once."""
    for name in [step.name for step in case.build(Recorder()).steps if step.output.stream]:
        for number in range(9):
            probe, recorder = Probe(), Recorder()
            pipeline = injected(case.build(recorder), probe)
            params = case.params() if case.params else None
            ended = False
            with within(SECONDS):
                taken = synaflow_local.stream(pipeline, params, name)
                for _ in range(number):
                    if next(taken, Recorder) is Recorder:
                        ended = True
                        break
                del taken
            _check_closed(probe)
            _check_once(case, recorder, (name, number))
            if ended:
                break
