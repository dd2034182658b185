"""Random pipelines in other ways than the plain one: what comes of a run doesn't depend on how it is carried out.

Measured or not, in memory or on disk, on one stack or many, entered early or late, the first time or again: values,
statuses, counts, how far each branch ran ahead and which error is reported are the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal
from weakref import WeakSet

import greenlet
import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

import synaflow_local
import synaflow_local.plan as planning
from conformance.built import build
from conformance.drawn import plans
from conformance.plans import Boom, Journal, Node, Plan
from conformance.test_random import EXAMPLES, SECONDS, quickly
from conformance.watch import within
from corpus.reference import expect
from synaflow import PipelineDef, RunResult, StepError, StepStatus

pytestmark = pytest.mark.timeout(max(120, EXAMPLES // 5))


@dataclass
class Run:
    """What came of a run, without what may differ from one to the next."""

    result: RunResult
    error: StepError | None
    warned: list[str]

    def said(self) -> dict[str, object]:
        """Everything but counts and indexes: those are known in more places where a run is measured."""
        error = self.error
        return {
            "values": dict(self.result),
            "statuses": {name: (step.status, step.dropped) for name, step in self.result.steps.items()},
            "branches": [(b.producer, b.consumer, b.parameter, b.items, b.peak) for b in self.result.branches],
            "errors": [_told(error) for error in self.result.errors],
            "letters": [(letter.step, letter.index, dict(letter.items)) for letter in self.result.dead_letters],
            "error": error and _told(error),
            "warned": self.warned,
        }

    def counts(self) -> dict[tuple[str, str], int]:
        """The counts that are known, and at which items errors came."""
        steps = self.result.steps.items()
        found = [((name, "in"), step.items_in) for name, step in steps]
        found += [((name, "out"), step.items_out) for name, step in steps]
        found += [((error.step, "error"), error.index) for error in self.result.errors]
        return {key: count for key, count in found if count is not None}


def _told(error: StepError) -> tuple[object, ...]:
    return error.step, error.reason, type(error.__cause__), getattr(error, "__notes__", None)


def _run(pipeline: PipelineDef, plan: Plan, journal: Journal, params: object = None, **options: Any) -> Run:
    journal.clear()
    result: RunResult | None = None
    error: StepError | None = None
    with warnings.catch_warnings(record=True) as warned, within(SECONDS):
        warnings.simplefilter("always")
        options = {"spill_after": 0 if plan.spill else None, **options}
        try:
            result = synaflow_local.run(pipeline, params or plan.params(pipeline), outputs=plan.outputs, **options)
        except StepError as raised:
            result, error = raised.result, raised
    assert result is not None
    assert journal.started == journal.finished
    return Run(result, error, [str(warning.message) for warning in warned])


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans())
def test_measured(plan: Plan) -> None:
    """With `stats=True` there are more counts, and nothing else is different."""
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    plain, measured = _run(pipeline, plan, journal), _run(pipeline, plan, journal, stats=True)
    assert measured.said() == plain.said()
    # Of streams taken side by side that don't end together, one may have given an item that nobody counts as taken.
    uneven = plain.result.errors and any(len(node.items) > 1 for node in plan.nodes)
    assert uneven or measured.counts().items() >= plain.counts().items()


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans())
def test_spilled(plan: Plan) -> None:
    """Items come back from disk as they went there."""
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    plain = _run(pipeline, plan, journal, spill_after=None)
    for bound in (0, 300):
        assert _run(pipeline, plan, journal, spill_after=bound).said() == plain.said()


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans())
def test_on_many_stacks(plan: Plan) -> None:
    """Where every chain is cut into stacks of its own, and all are entered before the run, nothing is different."""
    note(str(plan))
    journal = Journal()
    plain = _run(build(plan, journal), plan, journal)
    pipeline = build(plan, journal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_STACK_BUDGET", 2)
        for part in planning.plan(pipeline, plan.outputs).parts:
            if isinstance(part, planning.RegionPlan):
                part.shallow = False
    cut = _run(pipeline, plan, journal)
    assert cut.said() == plain.said()
    assert cut.counts() == plain.counts()


class _Greenlets:
    """The greenlets that are switched to while it looks."""

    def __init__(self) -> None:
        self.seen: WeakSet[greenlet.greenlet] = WeakSet()

    def __enter__(self) -> _Greenlets:
        greenlet.settrace(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        greenlet.settrace(None)

    def _note(self, _: str, greenlets: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
        self.seen.update(greenlets)

    def alive(self) -> Iterator[greenlet.greenlet]:
        """Those that have begun and not ended, besides the one that is looking."""
        return (seen for seen in self.seen if seen and seen is not greenlet.getcurrent())


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans())
def test_again(plan: Plan) -> None:
    """A second run of one pipeline is as the first, and neither leaves a greenlet."""
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    with _Greenlets() as greenlets:
        first = _run(pipeline, plan, journal)
        assert not list(greenlets.alive())
        second = _run(pipeline, plan, journal)
        assert not list(greenlets.alive())
    assert second.said() == first.said()
    assert second.counts() == first.counts()


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans(failing=False, chunked=False), st.data())
def test_several_that_continue(plan: Plan, data: st.DataObject) -> None:
    """However many steps fail and go on, what becomes of each is as if it were alone: none of it is a matter of who is first."""
    failing = data.draw(st.lists(st.sampled_from(range(len(plan.nodes))), min_size=2, max_size=4, unique=True))
    nodes = [
        replace(node, fails_at=data.draw(st.integers(0, 4)), on_error="continue")
        if at in failing and node.kind != "field" and not _taken_beside_another(plan, node)
        else node
        for at, node in enumerate(plan.nodes)
    ]
    plan = replace(plan, nodes=tuple(nodes))
    note(str(plan))
    journal = Journal()
    pipeline = build(plan, journal)
    expected = expect(build(plan, Journal()), plan.outputs, plan.fields)
    run = _run(pipeline, plan, journal)
    if expected.errors:  # streams taken side by side that don't end together
        assert run.error is not None
        assert run.error.step in expected.errors
        return
    assert run.error is None, run.error
    assert dict(run.result).items() <= expected.values.items()
    for name in plan.outputs or [name for name in pipeline.terminals if not pipeline[name].output.stream]:
        assert name in run.result or name not in expected.values, name
    statuses = {name: step.status for name, step in run.result.steps.items()}
    if plan.hurried():
        return  # what is run further than its consumers ask may fail there, unseen
    failed = {name for name, status in statuses.items() if status is StepStatus.FAILED}
    assert failed <= expected.failed
    for name in expected.failed - failed:  # who would have asked it was skipped before
        assert StepStatus.SKIPPED in {statuses[edge.consumer] for edge in pipeline.edges_out_of(name)}
    assert {
        name for name, status in statuses.items() if status is StepStatus.SKIPPED
    } == expected.skipped - expected.failed
    assert {(letter.step, letter.index) for letter in run.result.dead_letters} == expected.dropped


def _taken_beside_another(plan: Plan, node: Node) -> bool:
    """Whether a step takes its items side by side with another's, so that none may be dropped."""
    return any(node.name in other.items and len(other.items) > 1 for other in plan.nodes)


@settings(quickly, max_examples=max(50, EXAMPLES // 8))
@given(plans(failing=False, chunked=False), st.data())
def test_a_stream_of_the_params_fails(plan: Plan, data: st.DataObject) -> None:
    """It is the field that is reported, whoever reads it, and no step's policy covers it."""
    fields = [node for node in plan.nodes if node.kind == "field"]
    assume(fields)
    failing = data.draw(st.sampled_from(fields))
    number = data.draw(st.integers(0, failing.length))
    policy: Literal["stop", "continue"] = data.draw(st.sampled_from(["stop", "continue"]))
    nodes = (node if _taken_beside_another(plan, node) else replace(node, on_error=policy) for node in plan.nodes)
    plan = replace(plan, nodes=tuple(nodes))
    note(f"{plan}\n{failing.name} fails at {number}")

    def given_until() -> Iterator[int]:
        yield from range(number)
        error = Boom(failing.name)
        error.raised_by = failing.name  # type: ignore[attr-defined]  # as the reference asks for it
        raise error

    makers = {**plan.fields, failing.name: given_until}
    expected = expect(build(plan, Journal()), plan.outputs, makers)
    journal = Journal()
    pipeline = build(plan, journal)
    assert pipeline.params is not None
    params = pipeline.params.type(**{name: make() for name, make in makers.items()})
    run = _run(pipeline, plan, journal, params=params)
    if run.error is None:
        assert failing.name not in expected.errors
    else:
        assert run.error.step in expected.errors
        assert run.error.step != failing.name or run.error.index in (None, number)
