"""Compares the outcome of a case with what the case expects. Plain assertions, so that any test framework can call it.

Of a run on a runner that pulls ahead, less is known than in lockstep, and only that isn't looked at:

- how far a branch ran ahead, where no `max_in_flight` is said
- how much more a stream gave whose consumers stop early (`AtLeast`)
- once the run ends by an error: the status and the counts of steps that have nothing to do with the one that failed
- and what `happened` doesn't look at
"""

from __future__ import annotations

import traceback
from pathlib import Path

from corpus.case import AtLeast, AtMost, Case, Count, Failure, IfCounted, Outcome, RunnerUnderTest
from corpus.happened import check_closings
from corpus.related import related
from synaflow import BranchResult, EdgeKind, RunResult, StepError, StepStatus

__all__ = ["check_outcome"]

_HERE = str(Path(__file__).parent)


def check_outcome(case: Case, outcome: Outcome, runner: RunnerUnderTest) -> None:
    """Everything a case says except the order of its events."""
    if not case.may_warn:
        assert not outcome.warned, outcome.warned
    _check_raised(case, outcome, runner)
    if outcome.result is not None:
        _check_result(case, outcome, outcome.result, runner)
    check_closings(case, outcome, pulls_ahead=runner.pulls_ahead)
    if case.check is not None:
        case.check(outcome)
    if case.check_kept is not None and runner.in_process:
        case.check_kept(outcome)


def _check_raised(case: Case, outcome: Outcome, runner: RunnerUnderTest) -> None:
    error = outcome.error
    if case.raises is not None:
        assert type(error) is case.raises, repr(error)
        notes = getattr(error, "__notes__", ())
        assert runner.in_process or any(f"'{case.raised_by}'" in note for note in notes), notes
        return
    if case.error is None:
        if error is not None:
            raise AssertionError(f"the run failed: {error}") from error
        return
    assert isinstance(error, StepError), "the run was expected to fail"
    assert error.pipeline == outcome.pipeline.name
    _check_failure(case.error, error, outcome, runner)
    assert error.result is not None, "the partial result is missing"
    assert error in error.result.errors


def _check_failure(expected: Failure, error: StepError, outcome: Outcome, runner: RunnerUnderTest) -> None:
    cause = error.__cause__
    assert error.step == expected.step, error
    if not isinstance(expected.index, type(...)):
        assert error.index == expected.index, error
    if expected.cause is not None:
        assert type(cause) is expected.cause, repr(cause)
    assert expected.text in str(cause)
    notes = [*getattr(error, "__notes__", ()), *getattr(cause, "__notes__", ())]
    for wanted in expected.notes:
        assert any(wanted in note for note in notes), notes
    if expected.own:
        assert cause is not None
        if runner.in_process and outcome.recorder.raised:
            assert any(cause is raised for raised in outcome.recorder.raised), "the cause is not the original"
        last = traceback.extract_tb(cause.__traceback__)[-1]
        assert last.filename.startswith(_HERE), f"the traceback ends in {last.filename}"


def _check_result(case: Case, outcome: Outcome, result: RunResult, runner: RunnerUnderTest) -> None:
    assert result.pipeline == outcome.pipeline.name
    assert list(result.steps) == [step.name for step in outcome.pipeline.steps]
    if case.values is not None:
        assert {outcome.pipeline.resolve(name) for name in case.values} == set(result), dict(result)
        for name, value in case.values.items():
            _same(result[name], value, name)
    statuses = case.statuses
    plain = case.error is None and not case.errors and not case.letters and not case.dropped
    if statuses is None and plain:
        statuses = dict.fromkeys(result.steps, StepStatus.OK)
    known = set(result.steps)
    if case.error is not None and runner.pulls_ahead:
        known = related(outcome.pipeline, case.error.step)
    for name, status in (statuses or {}).items():
        assert name not in known or result.steps[name].status is status, f"{name} is {result.steps[name].status}"
    ok = case.ok
    if ok is None:
        ok = plain and all(status is StepStatus.OK for status in (statuses or {}).values())
    assert result.ok is ok
    for name, (items_in, items_out) in case.counts.items():
        if name in known:
            _count(result.steps[name].items_in, items_in, f"{name}.items_in", runner)
            _count(result.steps[name].items_out, items_out, f"{name}.items_out", runner)
    for name, dropped in case.dropped.items():
        assert result.steps[name].dropped == dropped, name
    _check_branches(case, outcome, result, runner)
    if case.error is None:
        assert len(result.errors) >= len(case.errors), result.errors
        for expected in case.errors:
            found = [error for error in result.errors if error.step == expected.step]
            assert len(found) == 1, result.errors
            _check_failure(expected, found[0], outcome, runner)
    letters = [(letter.step, letter.index, dict(letter.items)) for letter in result.dead_letters]
    assert letters == [(step, index, dict(items)) for step, index, items in case.letters]
    for letter in result.dead_letters:
        assert letter.error.step == letter.step
        assert letter.error.index == letter.index
        assert letter.error.__cause__ is not None


def _check_branches(case: Case, outcome: Outcome, result: RunResult, runner: RunnerUnderTest) -> None:
    branches = {(branch.producer, branch.consumer, branch.parameter): branch for branch in result.branches}
    assert len(branches) == len(result.branches)
    kinds = {(edge.producer, edge.consumer, edge.parameter): edge.kind for edge in outcome.pipeline.edges}
    # How much of a collection "waits" in its branch is the runner's.
    lazy = {key: branch for key, branch in branches.items() if kinds.get(key) is not EdgeKind.COLLECT}
    if runner.pulls_ahead:
        for bound in outcome.pipeline.bounds():
            branch = lazy.get((bound.edge.producer, bound.edge.consumer, bound.edge.parameter))
            producer = bound.edge.producer
            said = outcome.pipeline[producer].max_in_flight if producer in outcome.pipeline else None
            if branch is not None and said is not None and bound.limit is not None:
                _peak(branch, AtMost(bound.limit))
    else:
        for key, peak in case.peaks.items():
            assert key in branches, f"no branch {key} among {list(branches)}"
            _peak(branches[key], peak)
        for key, branch in lazy.items():
            if case.drift is not None and key not in case.peaks:
                _peak(branch, AtMost(case.drift))
    for key, taken in case.taken.items():
        _count(branches[key].items, taken, f"items of {key}", runner)


def _peak(branch: BranchResult, expected: int | AtMost) -> None:
    if isinstance(expected, AtMost):
        assert branch.peak <= expected.bound, branch
    else:
        assert branch.peak == expected, branch


def _same(actual: object, expected: object, name: str) -> None:
    assert type(actual) is type(expected), f"{name}: {actual!r} is no {type(expected).__name__}"
    assert actual == expected, f"{name}: {actual!r} != {expected!r}"


def _count(actual: int | None, expected: Count, what: str, runner: RunnerUnderTest) -> None:
    if isinstance(expected, IfCounted):
        # Where a chain's steps are apart, somebody carries its items, and knows how many there were.
        expected = None if runner.in_process or actual is None else expected.number
    if isinstance(expected, AtLeast):
        if runner.pulls_ahead:
            assert actual is not None, f"{what} is unknown"
            assert actual >= expected.number, f"{what} is {actual}, less than {expected.number}"
            return
        expected = expected.number
    if expected is not ...:
        assert actual == expected, f"{what} is {actual}, not {expected}"
