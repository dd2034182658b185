"""Random pipelines on Ray against the reference: same values, the same error or one of several, no deadlock, everything closed.

`SYNAFLOW_EXAMPLES` sets how many.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from conformance.built import build
from conformance.compared import check_closed, check_error, check_statuses, check_values
from conformance.drawn import plans, trying
from conformance.plans import Halt, Journal, Plan
from conformance.watch import Deadlock
from corpus.reference import expect
from on_ray.runner import RayRunner
from on_ray.warm import Pool
from synaflow import RunResult, StepError

EXAMPLES = int(os.environ.get("SYNAFLOW_EXAMPLES", "100"))
SECONDS = 30

pytestmark = pytest.mark.timeout(max(600, 3 * EXAMPLES))

quickly = trying(EXAMPLES)


@contextmanager
def _in_time() -> Iterator[None]:
    """Raises `Deadlock` when the time is up, by the clock: who waits for other processes uses no processor."""

    def ring(_: int, __: FrameType | None) -> None:
        raise Deadlock(f"still running after {SECONDS} s")

    handler = signal.signal(signal.SIGALRM, ring)
    left, _ = signal.setitimer(signal.ITIMER_REAL, SECONDS)  # what was set is the timeout of the whole test
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


@quickly
@given(plans(max_nodes=6), st.booleans())
def test_random_pipelines(pool: Pool, plan: Plan, fuse: bool) -> None:
    """Any DAG that builds runs to its end, and gives what each step would compute alone."""
    note(f"{plan}\nfuse {fuse}")
    journal = Journal()
    pipeline = build(plan, journal)
    expected = expect(build(plan, Journal()), plan.outputs, plan.fields)
    ended: RunResult | StepError
    with warnings.catch_warnings(), _in_time():
        # Pulled ahead of its readers, a stream may fail where none of them ever asks.
        warnings.simplefilter("ignore")
        try:
            ended = RayRunner(fuse=fuse, pool=pool).run(pipeline, plan.params(pipeline), {"outputs": plan.outputs})
        except StepError as raised:
            ended = raised
    check_closed(plan, journal)
    if isinstance(ended, StepError):
        event("failed")
        check_error(plan, expected, ended)
    else:
        event("fine" if ended.ok else "went on")
        assert not expected.errors, f"{expected.errors} should have failed"
        check_values(plan, pipeline, expected, ended, ahead=True)
        check_statuses(plan, expected, ended, ahead=True)


@settings(quickly, max_examples=max(10, EXAMPLES // 4))
@given(plans(max_nodes=6), st.booleans(), st.data())
def test_halted(pool: Pool, plan: Plan, fuse: bool, data: st.DataObject) -> None:
    """What isn't an error but a call to stop leaves the run as itself, naming the step, and everything is closed."""
    at = data.draw(st.integers(0, len(plan.nodes) - 1))
    number = data.draw(st.integers(0, 5))
    nodes = [replace(node, fails_at=None, handles=False, on_error="stop") for node in plan.nodes]
    nodes[at] = replace(nodes[at], fails_at=number)
    failing = replace(plan, nodes=tuple(nodes))
    nodes[at] = replace(nodes[at], raises=Halt)
    halting = replace(plan, nodes=tuple(nodes))
    note(f"{halting}\nfuse {fuse}")
    name = plan.name_of(nodes[at].name)
    fails = name in expect(build(failing, Journal()), (), plan.fields).errors
    mismatched = any(len(node.items) > 1 for node in plan.nodes)
    journal = Journal()
    pipeline = build(halting, journal)
    runner = RayRunner(fuse=fuse, pool=pool)
    with warnings.catch_warnings(), _in_time():
        warnings.simplefilter("ignore")
        try:
            runner.run(pipeline, halting.params(pipeline), {"outputs": plan.outputs})
        except Halt as halt:
            event("halted")
            assert halt.args == (nodes[at].name,)  # noqa: PT017  # it may also not be reached
            # Which of those that share an actor it was can't be told where they share their code too, as these do.
            near = next(near for near in runner.groups(pipeline, plan.outputs) if name in near)
            assert any(f"'{step}'" in text for step in near for text in halt.__notes__)  # noqa: PT017
        except StepError:
            # Two streams that don't end together, taken item by item, may have ended the run before.
            assert mismatched
        else:
            assert not fails
    check_closed(plan, journal)
