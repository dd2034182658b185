"""Random pipelines against the reference: same values, no deadlock, everything closed, nothing left, bounds kept.

`SYNAFLOW_EXAMPLES` sets how many; the nox session `random` runs 100,000.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st

import synaflow_local
from conformance.bounded import bounded_branches
from conformance.built import build
from conformance.drawn import plans
from conformance.plans import STREAMS, Boom, Halt, Journal, Plan
from conformance.watch import alive_greenlets, within
from corpus.reference import Expected, expect, items_of
from synaflow import PipelineDef, RunResult, StepError, StepStatus

EXAMPLES = int(os.environ.get("SYNAFLOW_EXAMPLES", "2000"))
SECONDS = 20

pytestmark = pytest.mark.timeout(max(600, EXAMPLES))

quickly = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=True,
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    files = os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else []
    yield
    assert threading.active_count() == 1
    if files:
        assert len(os.listdir("/proc/self/fd")) <= len(files)


def _run(pipeline: PipelineDef, plan: Plan) -> RunResult:
    spill_after = 0 if plan.spill else None
    return synaflow_local.run(pipeline, plan.params(pipeline), outputs=plan.outputs, spill_after=spill_after)


@quickly
@given(plans())
def test_random_pipelines(plan: Plan) -> None:
    """Any DAG that builds runs to its end, and gives what each step would compute alone."""
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    expected = expect(build(plan, Journal()), plan.outputs, plan.fields)
    result: RunResult | None = None
    error: StepError | None = None
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            result = _run(pipeline, plan)
        except StepError as raised:
            result, error = raised.result, raised
    assert result is not None
    # Pulled further than its consumers read, a stream may fail where none of them ever asks.
    assert plan.chunked or plan.hurried() or not warned, [str(warning.message) for warning in warned]
    _check_closed(plan, journal)
    _check_bounds(plan, pipeline, result)
    if error is not None:
        event("failed")
        _check_error(plan, expected, error)
    else:
        event("fine" if result.ok else "went on")
        assert not expected.errors, f"{expected.errors} should have failed"
        _check_values(plan, pipeline, expected, result)
        _check_statuses(plan, expected, result)
        if not plan.chunked and not expected.failed:
            _check_counts(plan, pipeline, expected, result)


@settings(quickly, max_examples=max(50, EXAMPLES // 40))  # it looks through every object there is, twice
@given(plans(max_nodes=6))
def test_no_greenlet_is_left(plan: Plan) -> None:
    """Whatever happens in a run, no stack of its own stays behind."""
    note(str(plan))
    pipeline = build(plan, Journal())
    before = alive_greenlets()
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        with suppress(StepError):
            _run(pipeline, plan)
    assert alive_greenlets() == before


@settings(quickly, max_examples=max(50, EXAMPLES // 4))
@given(plans(), st.data())
def test_halted(plan: Plan, data: st.DataObject) -> None:
    """What isn't an error but a call to stop, Ctrl-C say, leaves the run as itself, and everything is closed."""
    at = data.draw(st.integers(0, len(plan.nodes) - 1))
    number = data.draw(st.integers(0, 5))
    nodes = tuple(replace(node, fails_at=None, handles=False, on_error="stop") for node in plan.nodes)
    failing = replace(plan, nodes=(*nodes[:at], replace(nodes[at], fails_at=number), *nodes[at + 1 :]))
    halting = replace(plan, nodes=(*nodes[:at], replace(nodes[at], fails_at=number, raises=Halt), *nodes[at + 1 :]))
    note(str(halting))
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    fails = plan.name_of(nodes[at].name) in expect(build(failing, Journal()), (), plan.fields).errors
    journal = Journal()
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        try:
            _run(build(halting, journal), halting)
        except Halt as halt:
            assert halt.args == (nodes[at].name,)  # noqa: PT017  # it may also not be reached
            event("halted")
        except StepError:
            # Two streams that don't end together, taken item by item, may have ended the run before.
            assert mismatched
        else:
            assert not fails
    _check_closed(plan, journal)


@settings(quickly, max_examples=max(50, EXAMPLES // 4))
@given(plans(), st.data())
def test_failing_in_a_finally(plan: Plan, data: st.DataObject) -> None:
    """An error in a `finally` fails a run that was fine; in one that wasn't, either may come first. All else is closed.

    One that nobody asked so far for, at the end of a stream that was only pulled for what waits for it, is a warning.
    """
    at = data.draw(st.integers(0, len(plan.nodes) - 1))
    failing = replace(plan.nodes[at], fails_closing=True)
    nodes = tuple(replace(node, handles=False) for node in plan.nodes)
    plan = replace(plan, nodes=(*nodes[:at], failing, *nodes[at + 1 :]))
    note(str(plan))
    expected = expect(build(replace(plan, nodes=nodes), Journal()), plan.outputs, plan.fields)
    journal = Journal()
    error: StepError | None = None
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            _run(build(plan, journal), plan)
        except StepError as raised:
            error = raised
    _check_closed(plan, journal)
    if error is None:
        assert not journal.started[failing.name] or plan.chunked or failing.on_error == "continue" or warned
    elif isinstance(error.__cause__, Boom):
        assert plan.node(error.step) == failing or error.step in expected.errors


@quickly
@given(plans(chunked=False), st.data())
def test_random_stream(plan: Plan, data: st.DataObject) -> None:
    """The caller as a consumer: it gets the step's stream, may stop anywhere, and then everything is closed.

    A stream that is pulled only for what waits for its end may fail where nobody asked for more: that is a warning.
    """
    names = [plan.name_of(node.name) for node in plan.nodes if node.kind in STREAMS and node.kind != "field"]
    assume(names)
    name = data.draw(st.sampled_from(names))
    stop = data.draw(st.sampled_from([None, 0, 1, 2, 5]))
    note(f"{plan}\nstream {name}, stop after {stop}")
    expected = expect(build(plan, Journal()), (name,), plan.fields)
    every = items_of(build(plan, Journal()), name, plan.fields)
    journal = Journal()
    items: list[object] = []
    error: StepError | None = None
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        built = build(plan, journal)
        taken = synaflow_local.stream(built, plan.params(built), name, spill_after=0 if plan.spill else None)
        try:
            for item in taken:
                items.append(item)
                if len(items) == stop:
                    break
        except StepError as raised:
            error = raised
        taken.close()
    _check_closed(plan, journal)
    assert plan.hurried() or not warned, [str(warning.message) for warning in warned]
    if error is not None:
        event("failed")
        _check_error(plan, expected, error)
        assert items == every[: len(items)]
    else:
        whole = len(items) != stop
        if whole:
            assert not expected.errors
            # Pulled for what waits for its end, a stream may fail, and go on, on items that nobody gets to see.
            assert _fails_unseen(plan) or taken.result.ok is not bool(expected.failed or expected.dropped)
        assert items == (every if stop is None else every[: stop or len(every)])


def _check_closed(plan: Plan, journal: Journal) -> None:
    assert journal.started == journal.finished
    for node in plan.nodes:
        if node.kind not in ("each", "flat", "field"):
            assert journal.started[node.name] <= 1, f"{node.name} ran twice"


def _check_bounds(plan: Plan, pipeline: PipelineDef, result: RunResult) -> None:
    branches = {(b.producer, b.consumer, b.parameter): b for b in result.branches}
    bounded = bounded_branches(pipeline)
    for bound in pipeline.bounds():
        edge = bound.edge
        branch = branches.get((edge.producer, edge.consumer, edge.parameter))
        if branch is None:
            continue
        limit = pipeline[edge.producer].max_in_flight or 1 if edge.producer in pipeline else 1
        assert edge not in bounded or branch.peak <= limit, branch
        assert bound.limit is None or branch.peak <= bound.limit, f"{branch}, {bound.reason}"
        if not plan.spill:
            assert branch.spilled == branch.spilled_bytes == 0, branch
        elif branch.peak > (1 if limit == 1 else 3 * limit):
            event("spilled")
            assert branch.spilled, branch
        assert not branch.unpicklable


def _check_error(plan: Plan, expected: Expected, error: StepError) -> None:
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    if mismatched and expected.skipped:
        assume(error.step in expected.errors)
    assert error.step in expected.errors, (error, expected.errors)
    node = plan.node(error.step)
    cause = error.__cause__
    if node.kind == "runs" and isinstance(cause, StepError):
        cause = cause.__cause__
    if isinstance(cause, Boom):
        assert cause.args == (node.name,)
        if error.index is not None and node.kind in ("source", "transform"):
            assert error.index == node.fails_at
    else:
        assert len(node.items) > 1, repr(cause)


def _check_values(plan: Plan, pipeline: PipelineDef, expected: Expected, result: RunResult) -> None:
    wanted = plan.outputs or tuple(name for name in pipeline.terminals if not pipeline[name].output.stream)
    assert dict(result) == {name: expected.values[name] for name in wanted if name in expected.values}
    for name, count in expected.counts.items():
        assert result.steps[name].items_out == count or (plan.chunked and expected.dropped), name


def _check_statuses(plan: Plan, expected: Expected, result: RunResult) -> None:
    dropped = {(letter.step, letter.index) for letter in result.dead_letters}
    if plan.chunked or _fails_unseen(plan):
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


def _fails_unseen(plan: Plan) -> bool:
    return any(node.on_error == "continue" and plan.name_of(node.name) in plan.hurried() for node in plan.nodes)


def _check_counts(plan: Plan, pipeline: PipelineDef, expected: Expected, result: RunResult) -> None:
    hurried = plan.hurried()
    for branch in result.branches:
        taken = expected.taken.get((branch.producer, branch.consumer, branch.parameter), 0)
        if branch.parameter:
            assert branch.items == taken or (branch.items > taken and branch.consumer in hurried), branch
        if branch.producer in result.steps:
            given = result.steps[branch.producer].items_out or 0
            least = expected.given.get(branch.producer, 0)
            assert given == least or (given > least and branch.producer in hurried), branch.producer
