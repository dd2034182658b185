"""An error at every item of every step of every pipeline of the corpus, one at a time; and Ctrl-C; and a dropped stream.

Cases that fail by themselves are run through the same: then either the injected error comes first or their own. Of pipelines
with more than 15 steps or 150 points (deep chains, wide forks, thousands of items) some steps and items are taken, the first
and the last among them: the others are the same again and again.
"""

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
MOST_POINTS = 150
"""More than that, of steps or of points over all steps, and some of them are taken."""


class Injected(Exception):
    """What is raised somewhere."""


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    # Once for all: looking through every object there is takes as long as all the runs of a case.
    before = alive_greenlets()
    yield
    gc.collect()
    assert alive_greenlets() <= before


def _troubled(case: Case) -> bool:
    """Whether it isn't fine by itself."""
    return bool(case.error or case.raises or case.errors or case.letters or case.may_warn)


pytestmark = pytest.mark.timeout(300)


def _run(case: Case, probe: Probe) -> tuple[Recorder, RunResult | None, BaseException | None]:
    recorder = Recorder()
    pipeline = injected(case.build(recorder), probe)
    options = case.options(recorder) if callable(case.options) else case.options
    with warnings.catch_warnings(record=True) as probe.warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            result = synaflow_local.run(pipeline, case.params() if case.params else None, **options)  # type: ignore[arg-type]
        except StepError as error:
            return recorder, error.result, error
        except Injected as error:
            raise AssertionError("an error left the run as itself") from error
        except KeyboardInterrupt as error:
            return recorder, None, error
    return recorder, result, None


def _points(case: Case) -> list[Point]:
    probe = Probe()
    _, _, error = _run(case, probe)
    assert error is None or _troubled(case), "the case isn't fine by itself"
    _check_closed(probe)
    steps = [step.name for step in case.build(Recorder()).steps]
    most = None
    if len(steps) > MOST_STEPS or probe.seen.total() > MOST_POINTS:
        steps, most = ([steps[at] for at in _some(len(steps), 3)], 2) if len(steps) > MOST_STEPS else (steps, 4)
    return [
        Point(step, place, number)
        for (step, place), count in probe.seen.items()
        if step in steps
        for number in _some(count, most or count)
    ]


def _some(count: int, most: int) -> list[int]:
    """So many numbers below `count`, evenly, the first and the last among them."""
    return list(range(count)) if count <= most else [at * (count - 1) // (most - 1) for at in range(most)]


def _check_closed(probe: Probe) -> None:
    assert probe.begun == probe.ended


def _unreached(probe: Probe) -> bool:
    """Whether a source that was pulled ahead failed where nobody has asked for more: that is a warning."""
    return any("no consumer had asked" in str(warning.message) for warning in probe.warned)


def _check_once(case: Case, recorder: Recorder, at: object) -> None:
    each = {step.name for step in case.build(Recorder()).steps if step.each}
    twice = {step: n for step, n in Counter(recorder.closings()).items() if n > 1 and step not in each}
    assert not twice or case.closings.items() >= twice.items(), f"{at}: {twice}"


FINE = tuple(case for case in CASES if not _troubled(case))
TROUBLED = tuple(case for case in CASES if _troubled(case))
UNFAILING = tuple(case for case in FINE if "handle" not in case.name)
"""Without those in which one step fails and another handles it."""


@pytest.mark.parametrize("case", FINE, ids=str)
def test_an_error_everywhere(case: Case) -> None:
    """The run ends, names the step, keeps the original, closes everything once, and leaves nothing."""
    for point in _points(case):
        probe = Probe(point, Injected(str(point)))
        recorder, result, error = _run(case, probe)
        _check_closed(probe)
        _check_once(case, recorder, point)
        assert probe.fired, point
        assert result is not None
        assert not result.ok or _unreached(probe), point
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
        with warnings.catch_warnings(record=True) as probe.warned, within(SECONDS):
            warnings.simplefilter("always")
            result = synaflow_local.run(pipeline, case.params() if case.params else None, **options)  # type: ignore[arg-type]
        _check_closed(probe)
        _check_once(case, recorder, point)
        assert probe.fired, point
        if _unreached(probe):
            continue
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


@pytest.mark.parametrize("case", FINE, ids=str)
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
    _drop_everywhere(case)


def _drop_everywhere(case: Case) -> None:
    streams = [step.name for step in case.build(Recorder()).steps if step.output.stream]
    long = len(streams) > MOST_STEPS
    for name in [streams[at] for at in _some(len(streams), 3 if long else MOST_STEPS)]:
        for number in (0, 1, 8) if long else range(9):
            if _drop(case, name, number):
                break


def _drop(case: Case, name: str, number: int) -> bool:
    """Drops the stream of that step after so many items; gives back whether it had ended by then."""
    probe, recorder = Probe(), Recorder()
    pipeline = injected(case.build(recorder), probe)
    ended = False
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        taken = synaflow_local.stream(pipeline, case.params() if case.params else None, name)
        try:
            for _ in range(number):
                if next(taken, Recorder) is Recorder:
                    ended = True
                    break
            if _troubled(case):
                taken.close()
        except (StepError, KeyboardInterrupt):
            if not _troubled(case):
                raise
            ended = True
        del taken
    _check_closed(probe)
    _check_once(case, recorder, (name, number))
    return ended


@pytest.mark.parametrize("case", TROUBLED, ids=str)
def test_an_error_beside_its_own(case: Case) -> None:
    """The run ends with the injected error or the case's own, closes everything once, and leaves nothing."""
    for point in _points(case):
        probe = Probe(point, Injected(str(point)))
        recorder, result, error = _run(case, probe)
        _check_closed(probe)
        _check_once(case, recorder, point)
        if result is None:
            assert isinstance(error, case.raises or ()), f"{point}: {error!r}"
        if probe.fired and result is not None:
            assert not result.ok or "handle" in case.name or _unreached(probe), point
        if error is not None and error.__cause__ is probe.error:
            assert isinstance(error, StepError)
            assert error.step in (point.step, case.error and case.error.step), f"{point}: {error}"


@pytest.mark.parametrize("case", TROUBLED, ids=str)
def test_an_interrupt_beside_its_own_error(case: Case) -> None:
    """Ctrl-C leaves the run as itself, unless another did before, and every `finally` ran."""
    for point in _points(case):
        probe = Probe(point, KeyboardInterrupt())
        recorder, _, error = _run(case, probe)
        _check_closed(probe)
        _check_once(case, recorder, point)
        if probe.fired and case.raises is None and "swallow" not in case.name:
            assert _comes_of(error, probe.error), f"{point}: {error!r}"


def _comes_of(error: BaseException | None, first: BaseException) -> bool:
    """Whether it is that one, or was raised while that one was on its way, as by a `finally` that fails too."""
    while error is not None and error is not first:
        error = error.__cause__ or error.__context__
    return error is first


@pytest.mark.parametrize("case", TROUBLED, ids=str)
def test_a_stream_dropped_before_its_own_error(case: Case) -> None:
    """Wherever the caller stops, before the case's error or after it: everything is closed, once."""
    _drop_everywhere(case)
