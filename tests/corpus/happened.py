"""What happened in a run, against what a case expects: the order of its events, and every `finally`.

A runner that pulls ahead promises each step's own order only, and not how far a step has got that the design leaves alone:

- A stream whose consumers stop early may have given more.
- Once the run ends by an error, steps that have nothing to do with the one that failed may have got further, or less far, or
  not have begun. Those it depends on have got as far as said, or further; those that depend on it have had all it gave.
- What stops them may come at any item, and after any of them that has ended by itself: who closes first is told only of
  sources that don't.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from corpus.case import Case, Outcome, RunnerUnderTest
from corpus.recorder import CLOSED, Event
from corpus.related import above, related
from synaflow import PipelineDef

__all__ = ["check_closings", "check_events"]

_STOPPED = "Cancelled"
"""What a step logs that sees itself stopped."""


def check_events(case: Case, outcome: Outcome, runner: RunnerUnderTest) -> None:
    """The log of a case: item by item in exact order, or, for a runner that doesn't promise one, step by step."""
    assert case.events is not None
    events = outcome.recorder.events
    if runner.exact_order and not case.unordered:
        closings = {step for step, item in case.events if item == CLOSED}
        assert [event for event in events if event[1] != CLOSED or event[0] in closings] == case.events
        return
    happened = _by_step(events)
    for step, expected in _by_step(case.events).items():
        actual = happened.get(step, [])
        if runner.pulls_ahead:
            _check_ahead(case, outcome.pipeline, step, actual, expected)
        else:
            assert actual == expected, step


def _check_ahead(case: Case, pipeline: PipelineDef, step: str, actual: list[object], expected: list[object]) -> None:
    failed = _failed(case)
    if not failed or step in related(pipeline, failed):
        # What a step logs under another name than its own may be a stream's.
        stream = step not in pipeline or pipeline[step].output.stream
        assert (actual[: len(expected)] if stream and step != failed else actual) == expected, step
        return
    assert _STOPPED not in actual[:-1], step
    had, due = ([item for item in items if item != _STOPPED] for items in (actual, expected))
    both = min(len(had), len(due))
    assert had[:both] == due[:both], step


def check_closings(case: Case, outcome: Outcome, *, pulls_ahead: bool) -> None:
    """Every `finally`: how often it ran, and which before which."""
    pipeline = outcome.pipeline
    closings = outcome.recorder.closings()
    counts = Counter(closings)
    begun = _by_step(outcome.recorder.events)
    failed = _failed(case)
    for step, expected in case.closings.items():
        allowed = {expected}
        if pulls_ahead and not expected and step in pipeline and pipeline[step].output.stream:
            allowed = {1} if begun.get(step) else {0, 1}  # it may be begun before anyone asks for it
        elif pulls_ahead and failed and step not in {failed, *above(pipeline, failed)} and not begun.get(step):
            allowed = {0, expected}  # it may not have begun
        assert counts[step] in allowed, f"the finally of '{step}' ran {counts[step]} times"
    for first, second in case.closed_before:
        if not pulls_ahead or (second in case.endless and counts[first]):
            assert closings.index(first) < closings.index(second), closings


def _failed(case: Case) -> str:
    return case.error.step if case.error is not None else case.raised_by


def _by_step(events: Iterable[Event]) -> dict[str, list[object]]:
    items = sorted((event for event in events if event[1] != CLOSED), key=lambda event: event[0])
    return {step: [item for _, item in group] for step, group in groupby(items, key=lambda event: event[0])}
