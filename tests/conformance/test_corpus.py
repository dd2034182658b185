"""Every case of the corpus on every runner."""

from __future__ import annotations

import pytest

from corpus import CASES, Case, RunnerUnderTest, check_events, check_outcome, run_case
from corpus.case import IN_PROCESS

ORDERED = tuple(case for case in CASES if case.events is not None)


def _need(runner: RunnerUnderTest, case: Case) -> None:
    if IN_PROCESS in case.needs and not runner.in_process:
        pytest.skip(f"'{case.name}' looks at objects its steps left behind, and '{runner.name}' runs them elsewhere")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outcome(runner: RunnerUnderTest, case: Case) -> None:
    """Values, statuses, counts, buffering, errors, and every `finally`."""
    _need(runner, case)
    check_outcome(case, run_case(runner, case), in_process=runner.in_process)


@pytest.mark.parametrize("case", ORDERED, ids=str)
def test_order(runner: RunnerUnderTest, case: Case) -> None:
    """What happened, in order."""
    _need(runner, case)
    if not runner.in_process:
        pytest.skip(f"'{runner.name}' runs the steps elsewhere, so what they log can't be seen")
    check_events(case, run_case(runner, case).recorder.events, exact_order=runner.exact_order)


@pytest.mark.parametrize("case", ORDERED, ids=str)
def test_order_is_the_same_again(runner: RunnerUnderTest, case: Case) -> None:
    """Two runs of one pipeline happen in the same order."""
    _need(runner, case)
    if not (runner.in_process and runner.exact_order):
        pytest.skip(f"'{runner.name}' doesn't promise an exact order")
    assert run_case(runner, case).recorder.events == run_case(runner, case).recorder.events
