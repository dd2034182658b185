"""What came of a random pipeline, compared with what the reference says."""

from __future__ import annotations

from hypothesis import assume

from conformance.plans import Boom, Journal, Plan
from corpus.reference import Expected
from synaflow import PipelineDef, RunResult, StepError, StepStatus

__all__ = ["check_closed", "check_error", "check_statuses", "check_values", "fails_unseen", "failures"]


def failures(error: Exception) -> list[StepError]:
    """What has failed a run: a step, or on an event loop several, none of which could be told to end before it failed."""
    found: list[StepError] = []
    for each in error.exceptions if isinstance(error, ExceptionGroup) else [error]:
        assert isinstance(each, StepError), each
        assert each.result is not None
        found.append(each)
    assert len(found) > 1 or not isinstance(error, ExceptionGroup)
    assert len({each.step for each in found}) == len(found)
    assert all(each.result is found[0].result for each in found)
    return found


def check_closed(plan: Plan, journal: Journal) -> None:
    """Whatever has begun has ended, and no step but an `each` one began twice."""
    assert journal.started == journal.finished
    for node in plan.nodes:
        if node.kind not in ("each", "flat", "field"):
            assert journal.started[node.name] <= 1, f"{node.name} ran twice"


def check_error(plan: Plan, expected: Expected, error: StepError) -> None:
    """The error is one that the reference meets too, with the original, and at the item it failed at."""
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    if mismatched and expected.skipped:
        assume(error.step in expected.errors)
    assert error.step in expected.errors, (error, expected.errors)
    node = plan.node(error.step)
    cause = error.__cause__
    if node.kind == "runs":
        while isinstance(cause, StepError | ExceptionGroup):
            cause = cause.__cause__ if isinstance(cause, StepError) else cause.exceptions[0]
    if isinstance(cause, Boom):
        assert cause.args == (node.name,)
        if error.index is not None and node.kind in ("source", "transform"):
            assert error.index == node.fails_at
    else:
        assert len(node.items) > 1, repr(cause)


def check_values(plan: Plan, pipeline: PipelineDef, expected: Expected, result: RunResult, *, ahead: bool) -> None:
    """The values asked for, and how many items the streams had that nobody reads; with `ahead`, some may have been dropped."""
    wanted = plan.outputs or tuple(name for name in pipeline.terminals if not pipeline[name].output.stream)
    assert dict(result) == {name: expected.values[name] for name in wanted if name in expected.values}
    for name, count in expected.counts.items():
        assert result.steps[name].items_out == count or (ahead and expected.dropped), name


def check_statuses(plan: Plan, expected: Expected, result: RunResult, *, ahead: bool) -> None:
    """What became of each step, and of each item; with `ahead`, more items may have met their fate than anyone asked for."""
    dropped = {(letter.step, letter.index) for letter in result.dead_letters}
    if ahead or fails_unseen(plan):
        # Pulled ahead, a step may fail on items that nobody gets to see.
        assert dropped >= expected.dropped
        return
    assert dropped == expected.dropped
    for name, step in result.steps.items():
        if name in expected.failed:
            assert step.status is StepStatus.FAILED, step
        elif name in expected.skipped:
            assert step.status is StepStatus.SKIPPED, step
        elif not step.dropped:
            assert step.status is StepStatus.OK, step
    assert result.ok is not bool(expected.failed or expected.dropped)


def fails_unseen(plan: Plan) -> bool:
    """Whether a step that goes on after its errors may be run further than its consumers ask."""
    return any(node.on_error == "continue" and plan.name_of(node.name) in plan.hurried() for node in plan.nodes)
