"""Random pipelines against the reference: same values, no deadlock, everything closed, nothing left, bounds kept.

`SYNAFLOW_EXAMPLES=100000` sets how many; 300 otherwise.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings
from hypothesis import strategies as st

import synaflow_local
from conformance.bounded import bounded_branches
from conformance.plans import STREAMS, Boom, Journal, Plan, build, plans
from conformance.watch import alive_greenlets, within
from corpus.reference import Expected, expect
from synaflow import PipelineDef, RunResult, StepError, StepStatus
from synaflow._describe.bounds import bounds

EXAMPLES = int(os.environ.get("SYNAFLOW_EXAMPLES", "300"))
SECONDS = 5

pytestmark = pytest.mark.timeout(max(120, EXAMPLES // 5))

quickly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=True,
    report_multiple_bugs=False,
)


@quickly
@given(plans())
def test_random_pipelines(plan: Plan) -> None:
    """Any DAG that builds runs to its end, and gives what each step would compute alone."""
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    expected = expect(build(plan, Journal()), plan.outputs)
    result: RunResult | None = None
    error: StepError | None = None
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            result = synaflow_local.run(pipeline, outputs=plan.outputs)
        except StepError as raised:
            result, error = raised.result, raised
    assert result is not None
    assert plan.chunked or not warned, [str(warning.message) for warning in warned]
    _check_closed(plan, journal)
    _check_bounds(pipeline, result)
    if error is not None:
        event("failed")
        _check_error(plan, expected, error)
    else:
        event("fine" if result.ok else "went on")
        assert not expected.errors, f"{expected.errors} should have failed"
        _check_values(plan, pipeline, expected, result)
        _check_statuses(plan, expected, result)
        if not plan.chunked and not expected.failed:
            _check_counts(pipeline, expected, result)


@settings(quickly, max_examples=max(50, EXAMPLES // 10))  # it looks through every object there is, twice
@given(plans(max_nodes=6))
def test_no_greenlet_is_left(plan: Plan) -> None:
    """Whatever happens in a run, no stack of its own stays behind."""
    note(str(plan))
    pipeline = build(plan, Journal())
    before = alive_greenlets()
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        with suppress(StepError):
            synaflow_local.run(pipeline, outputs=plan.outputs)
    assert alive_greenlets() == before


@quickly
@given(plans(failing=False, chunked=False), st.data())
def test_random_stream(plan: Plan, data: st.DataObject) -> None:
    """The caller as a consumer: it gets the step's stream, may stop anywhere, and then everything is closed."""
    names = [node.name for node in plan.nodes if node.kind in STREAMS]
    name = data.draw(st.sampled_from(names))
    stop = data.draw(st.sampled_from([None, 0, 1, 2, 5]))
    note(f"{plan}\nstream {name}, stop after {stop}")
    expected = expect(build(plan, Journal()), (name,))
    assume(not expected.errors)
    journal = Journal()
    items: list[object] = []
    with within(SECONDS):
        taken = synaflow_local.stream(build(plan, journal), None, name)
        for item in taken:
            items.append(item)
            if len(items) == stop:
                break
        whole = len(items) != stop
        if whole:
            assert taken.result.ok
        taken.close()
    _check_closed(plan, journal)
    every = expected.values[name]
    assert isinstance(every, list)
    assert items == (every if stop is None or stop > len(every) else every[: stop or len(every)])


def _check_closed(plan: Plan, journal: Journal) -> None:
    assert journal.started == journal.finished
    for node in plan.nodes:
        if node.kind not in ("each", "flat"):
            assert journal.started[node.name] <= 1, f"{node.name} ran twice"


def _check_bounds(pipeline: PipelineDef, result: RunResult) -> None:
    peaks = {(b.producer, b.consumer, b.parameter): b.peak for b in result.branches}
    for edge in bounded_branches(pipeline):
        peak = peaks.get((edge.producer, edge.consumer, edge.parameter), 0)
        assert peak <= (pipeline[edge.producer].max_in_flight or 1), f"{edge.producer} to {edge.consumer}: {peak}"
    for bound in bounds(pipeline):
        edge = bound.edge
        peak = peaks.get((edge.producer, edge.consumer, edge.parameter), 0)
        assert bound.limit is None or peak <= bound.limit, f"{edge.producer} to {edge.consumer}: {peak}, {bound.reason}"


def _check_error(plan: Plan, expected: Expected, error: StepError) -> None:
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    if mismatched and expected.skipped:
        assume(error.step in expected.errors)
    assert error.step in expected.errors, (error, expected.errors)
    (node,) = [node for node in plan.nodes if node.name == error.step]
    if isinstance(error.__cause__, Boom):
        assert error.__cause__.args == (error.step,)
        if error.index is not None and node.kind in ("source", "transform"):
            assert error.index == node.fails_at
    else:
        assert len(node.items) > 1, repr(error.__cause__)


def _check_values(plan: Plan, pipeline: PipelineDef, expected: Expected, result: RunResult) -> None:
    wanted = plan.outputs or tuple(name for name in pipeline.terminals if not pipeline[name].output.stream)
    assert dict(result) == {name: expected.values[name] for name in wanted if name in expected.values}
    for name, count in expected.counts.items():
        assert result.steps[name].items_out == count or (plan.chunked and expected.dropped), name


def _check_statuses(plan: Plan, expected: Expected, result: RunResult) -> None:
    dropped = {(letter.step, letter.index) for letter in result.dead_letters}
    if plan.chunked:
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


def _check_counts(pipeline: PipelineDef, expected: Expected, result: RunResult) -> None:
    for branch in result.branches:
        edge = (branch.producer, branch.consumer, branch.parameter)
        if branch.parameter:
            assert branch.items == expected.taken.get(edge, 0), branch
        assert result.steps[branch.producer].items_out == expected.given.get(branch.producer, 0), branch.producer
