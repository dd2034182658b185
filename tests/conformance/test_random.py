"""Random pipelines against the reference: same values, no deadlock, everything closed, nothing left, bounds kept.

`SYNAFLOW_EXAMPLES` sets how many; the nox session `random` runs 100,000.
"""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import assume, event, given, note, settings
from hypothesis import strategies as st

import synaflow_local
from conformance.bounded import bounded_branches
from conformance.built import build
from conformance.compared import check_closed, check_error, check_statuses, check_values, fails_unseen, failures
from conformance.drawn import plans, trying
from conformance.plans import STREAMS, Boom, Halt, Journal, Plan
from conformance.watch import alive_greenlets, within
from corpus.reference import Expected, expect, items_of
from synaflow import PipelineDef, RunResult, StepError
from synaflow_local import RunStream

EXAMPLES = int(os.environ.get("SYNAFLOW_EXAMPLES", "2000"))
SECONDS = 20

pytestmark = pytest.mark.timeout(max(600, EXAMPLES))

quickly = trying(EXAMPLES)


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    files = os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else []
    yield
    assert threading.active_count() == 1
    if files:
        assert len(os.listdir("/proc/self/fd")) <= len(files)


def _run(pipeline: PipelineDef, plan: Plan) -> RunResult:
    """On an event loop of its own where anything is asynchronous."""
    spill_after = 0 if plan.spill else None
    return synaflow_local.run(pipeline, plan.params(pipeline), outputs=plan.outputs, spill_after=spill_after)


def _run_on_loop(pipeline: PipelineDef, plan: Plan) -> RunResult:
    spill_after = 0 if plan.spill else None

    async def run() -> RunResult:
        async with asyncio.timeout(SECONDS):  # a loop that nobody moves any more uses no processor
            return await synaflow_local.async_run(
                pipeline, plan.params(pipeline), outputs=plan.outputs, spill_after=spill_after
            )

    return asyncio.run(run(), debug=True)


Run = Callable[[PipelineDef, Plan], RunResult]

everywhere = pytest.mark.parametrize("run", [_run, _run_on_loop], ids=["run", "async_run"])
"""Without an event loop; and on one, where some of the steps are asynchronous."""


def _draw(data: st.DataObject, run: Run, max_nodes: int = 9) -> Plan:
    plan = data.draw(plans(max_nodes=max_nodes, awaiting=run is _run_on_loop, threads=True))
    note(str(plan))
    return plan


@everywhere
@quickly
@given(st.data())
def test_random_pipelines(run: Run, data: st.DataObject) -> None:
    """Any DAG that builds runs to its end, and gives what each step would compute alone."""
    plan = _draw(data, run)
    journal = Journal()
    pipeline = build(plan, journal)
    expected = expect(build(plan.plain(), Journal()), plan.outputs, plan.fields)
    result: RunResult | None = None
    errors: list[StepError] = []
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            result = run(pipeline, plan)
        except (StepError, ExceptionGroup) as raised:
            errors = failures(raised)
            result = errors[0].result
    assert result is not None
    # Pulled further than its consumers read, a stream may fail where none of them ever asks.
    assert plan.chunked or plan.hurried() or not warned, [str(warning.message) for warning in warned]
    check_closed(plan, journal)
    _check_bounds(plan, pipeline, result)
    if errors:
        event("failed" if len(errors) == 1 else "failed together")
        for error in errors:
            check_error(plan, expected, error)
    else:
        event("fine" if result.ok else "went on")
        assert not expected.errors, f"{expected.errors} should have failed"
        check_values(plan, pipeline, expected, result, ahead=plan.chunked)
        check_statuses(plan, expected, result, ahead=plan.chunked)
        if not plan.chunked and not expected.failed:
            _check_counts(plan, pipeline, expected, result)


@everywhere
@settings(quickly, max_examples=max(50, EXAMPLES // 40))  # it looks through every object there is, twice
@given(st.data())
def test_no_greenlet_is_left(run: Run, data: st.DataObject) -> None:
    """Whatever happens in a run, no stack of its own stays behind."""
    plan = _draw(data, run, max_nodes=6)
    pipeline = build(plan, Journal())
    before = alive_greenlets()
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        with suppress(StepError, ExceptionGroup):
            run(pipeline, plan)
    assert alive_greenlets() == before


@everywhere
@settings(quickly, max_examples=max(50, EXAMPLES // 4))
@given(st.data())
def test_halted(run: Run, data: st.DataObject) -> None:
    """What isn't an error but a call to stop, Ctrl-C say, leaves the run as itself, and everything is closed."""
    plan = _draw(data, run)
    at = data.draw(st.integers(0, len(plan.nodes) - 1))
    number = data.draw(st.integers(0, 5))
    nodes = tuple(replace(node, fails_at=None, handles=False, on_error="stop") for node in plan.nodes)
    failing = replace(plan, nodes=(*nodes[:at], replace(nodes[at], fails_at=number), *nodes[at + 1 :]))
    halting = replace(plan, nodes=(*nodes[:at], replace(nodes[at], fails_at=number, raises=Halt), *nodes[at + 1 :]))
    note(str(halting))
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    fails = plan.name_of(nodes[at].name) in expect(build(failing.plain(), Journal()), (), plan.fields).errors
    journal = Journal()
    with warnings.catch_warnings(), within(SECONDS):
        warnings.simplefilter("ignore")
        try:
            run(build(halting, journal), halting)
        except Halt as halt:
            assert halt.args == (nodes[at].name,)  # noqa: PT017  # it may also not be reached
            event("halted")
        except (StepError, ExceptionGroup):
            # Two streams that don't end together, taken item by item, may have ended the run before.
            assert mismatched
        else:
            assert not fails
    check_closed(plan, journal)


@everywhere
@settings(quickly, max_examples=max(50, EXAMPLES // 4))
@given(st.data())
def test_failing_in_a_finally(run: Run, data: st.DataObject) -> None:
    """An error in a `finally` fails a run that was fine; in one that wasn't, either may come first. All else is closed.

    One that nobody asked so far for, at the end of a stream that was only pulled for what waits for it, is a warning.
    """
    plan = _draw(data, run)
    at = data.draw(st.integers(0, len(plan.nodes) - 1))
    failing = replace(plan.nodes[at], fails_closing=True)
    nodes = tuple(replace(node, handles=False) for node in plan.nodes)
    plan = replace(plan, nodes=(*nodes[:at], failing, *nodes[at + 1 :]))
    note(str(plan))
    expected = expect(build(replace(plan, nodes=nodes).plain(), Journal()), plan.outputs, plan.fields)
    journal = Journal()
    errors: list[StepError] = []
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        try:
            run(build(plan, journal), plan)
        except (StepError, ExceptionGroup) as raised:
            errors = failures(raised)
    check_closed(plan, journal)
    if not errors:
        assert not journal.started[failing.name] or plan.chunked or failing.on_error == "continue" or warned
    for error in errors:
        if isinstance(error.__cause__, Boom):
            assert plan.node(error.step) == failing or error.step in expected.errors


def _items(pipeline: PipelineDef, plan: Plan, name: str) -> RunStream:
    return synaflow_local.stream(pipeline, plan.params(pipeline), name, spill_after=0 if plan.spill else None)


@pytest.mark.parametrize("awaiting", [False, True], ids=["stream", "on a loop"])
@quickly
@given(st.data())
def test_random_stream(awaiting: bool, data: st.DataObject) -> None:
    """The caller as a consumer: it gets the step's stream, may stop anywhere, and then everything is closed.

    A stream that is pulled only for what waits for its end may fail where nobody asked for more: that is a warning.
    """
    plan = data.draw(plans(chunked=False, awaiting=awaiting))
    names = [plan.name_of(node.name) for node in plan.nodes if node.kind in STREAMS and node.kind != "field"]
    assume(names)
    name = data.draw(st.sampled_from(names))
    stop = data.draw(st.sampled_from([None, 0, 1, 2, 5]))
    note(f"{plan}\nstream {name}, stop after {stop}")
    expected = expect(build(plan.plain(), Journal()), (name,), plan.fields)
    every = items_of(build(plan.plain(), Journal()), name, plan.fields)
    journal = Journal()
    items: list[object] = []
    errors: list[StepError] = []
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        built = build(plan, journal)
        taken = _items(built, plan, name)
        try:
            for item in taken:
                items.append(item)
                if len(items) == stop:
                    break
            taken.close()
        except (StepError, ExceptionGroup) as raised:
            # On an event loop, where all go on with the item that the caller has stopped at, that may also be at the end.
            errors = failures(raised)
    check_closed(plan, journal)
    assert plan.hurried() or not warned, [str(warning.message) for warning in warned]
    if errors:
        event("failed")
        for error in errors:
            check_error(plan, expected, error)
        assert items == every[: len(items)]
    else:
        whole = len(items) != stop
        if whole:
            assert not expected.errors
            # Pulled for what waits for its end, a stream may fail, and go on, on items that nobody gets to see.
            assert fails_unseen(plan) or taken.result.ok is not bool(expected.failed or expected.dropped)
        assert items == (every if stop is None else every[: stop or len(every)])


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
