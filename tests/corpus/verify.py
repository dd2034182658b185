"""Compares the outcome of a case with what the case expects. Plain assertions, so that any test framework can call it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from corpus.case import CLOSED, AtMost, Case, Event, Failure, Outcome
from synaflow import BranchResult, EdgeKind, RunResult, StepError, StepStatus

__all__ = ["check_events", "check_outcome"]

_HERE = str(Path(__file__).parent)


def check_outcome(case: Case, outcome: Outcome, *, in_process: bool) -> None:
    """Everything a case says except the order of its events."""
    if not case.may_warn:
        assert not outcome.warned, outcome.warned
    _check_raised(case, outcome, in_process)
    if outcome.result is not None:
        _check_result(case, outcome, outcome.result, in_process)
    if in_process:
        _check_closings(case, outcome.recorder.closings())
        if case.check is not None:
            case.check(outcome)


def check_events(case: Case, events: list[Event], *, exact_order: bool) -> None:
    """The log of a case: item by item in exact order, or, for a runner that doesn't promise one, step by step.

    A runner that doesn't promise exact order may pull ahead: a step may have got further than expected, never less far.
    """
    assert case.events is not None
    if exact_order and not case.unordered:
        closings = {step for step, item in case.events if item == CLOSED}
        assert [event for event in events if event[1] != CLOSED or event[0] in closings] == case.events
        return
    for step, expected in _by_step(case.events).items():
        actual = _by_step(events).get(step, [])
        assert (actual if exact_order else actual[: len(expected)]) == expected, step


def _by_step(events: Iterable[Event]) -> dict[str, list[object]]:
    items = sorted((event for event in events if event[1] != CLOSED), key=lambda event: event[0])
    return {step: [item for _, item in group] for step, group in groupby(items, key=lambda event: event[0])}


def _check_raised(case: Case, outcome: Outcome, in_process: bool) -> None:
    error = outcome.error
    if case.raises is not None:
        assert type(error) is case.raises, repr(error)
        return
    if case.error is None:
        if error is not None:
            raise AssertionError(f"the run failed: {error}") from error
        return
    assert isinstance(error, StepError), "the run was expected to fail"
    assert error.pipeline == outcome.pipeline.name
    _check_failure(case.error, error, outcome, in_process)
    assert error.result is not None, "the partial result is missing"
    assert error in error.result.errors


def _check_failure(expected: Failure, error: StepError, outcome: Outcome, in_process: bool) -> None:
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
    if in_process and expected.own:
        assert cause is not None
        if outcome.recorder.raised:
            assert any(cause is raised for raised in outcome.recorder.raised), "the cause is not the original"
        last = traceback.extract_tb(cause.__traceback__)[-1]
        assert last.filename.startswith(_HERE), f"the traceback ends in {last.filename}"


def _check_result(case: Case, outcome: Outcome, result: RunResult, in_process: bool) -> None:
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
    for name, status in (statuses or {}).items():
        assert result.steps[name].status is status, f"{name} is {result.steps[name].status}"
    ok = case.ok
    if ok is None:
        ok = plain and all(status is StepStatus.OK for status in (statuses or {}).values())
    assert result.ok is ok
    for name, (items_in, items_out) in case.counts.items():
        _count(result.steps[name].items_in, items_in, f"{name}.items_in")
        _count(result.steps[name].items_out, items_out, f"{name}.items_out")
    for name, count in case.dropped.items():
        assert result.steps[name].dropped == count, name
    _check_branches(case, outcome, result)
    if case.error is None:
        assert len(result.errors) >= len(case.errors), result.errors
        for expected in case.errors:
            found = [error for error in result.errors if error.step == expected.step]
            assert len(found) == 1, result.errors
            _check_failure(expected, found[0], outcome, in_process)
    letters = [(letter.step, letter.index, dict(letter.items)) for letter in result.dead_letters]
    assert letters == [(step, index, dict(items)) for step, index, items in case.letters]
    for letter in result.dead_letters:
        assert letter.error.step == letter.step
        assert letter.error.index == letter.index
        assert letter.error.__cause__ is not None


def _check_branches(case: Case, outcome: Outcome, result: RunResult) -> None:
    branches = {(branch.producer, branch.consumer, branch.parameter): branch for branch in result.branches}
    assert len(branches) == len(result.branches)
    kinds = {(edge.producer, edge.consumer, edge.parameter): edge.kind for edge in outcome.pipeline.edges}
    for key, peak in case.peaks.items():
        assert key in branches, f"no branch {key} among {list(branches)}"
        _peak(branches[key], peak)
    for key, branch in branches.items():
        # How much of a collection "waits" in its branch is the runner's.
        if case.drift is not None and key not in case.peaks and kinds.get(key) is not EdgeKind.COLLECT:
            _peak(branch, AtMost(case.drift))
    for key, taken in case.taken.items():
        assert branches[key].items == taken, branches[key]


def _peak(branch: BranchResult, expected: int | AtMost) -> None:
    if isinstance(expected, AtMost):
        assert branch.peak <= expected.bound, branch
    else:
        assert branch.peak == expected, branch


def _check_closings(case: Case, closings: list[str]) -> None:
    counts = Counter(closings)
    for step, expected in case.closings.items():
        assert counts[step] == expected, f"the finally of '{step}' ran {counts[step]} times"
    for first, second in case.closed_before:
        assert closings.index(first) < closings.index(second), closings


def _same(actual: object, expected: object, name: str) -> None:
    assert type(actual) is type(expected), f"{name}: {actual!r} is no {type(expected).__name__}"
    assert actual == expected, f"{name}: {actual!r} != {expected!r}"


def _count(actual: int | None, expected: object, what: str) -> None:
    if expected is not ...:
        assert actual == expected, f"{what} is {actual}, not {expected}"
