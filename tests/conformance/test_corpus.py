"""Every case of the corpus on every runner."""

from __future__ import annotations

import pytest

from corpus import CASES, Case, RunnerUnderTest, check_events, check_outcome, missing, run_case

ORDERED = tuple(case for case in CASES if case.events is not None)


def _need(runner: RunnerUnderTest, case: Case) -> None:
    if why := missing(runner, case):
        pytest.skip(why)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outcome(runner: RunnerUnderTest, case: Case) -> None:
    """Values, statuses, counts, buffering, errors, and every `finally`."""
    _need(runner, case)
    check_outcome(case, run_case(runner, case), runner)


@pytest.mark.parametrize("case", ORDERED, ids=str)
def test_order(runner: RunnerUnderTest, case: Case) -> None:
    """What happened, in order."""
    _need(runner, case)
    check_events(case, run_case(runner, case), runner)


@pytest.mark.parametrize("case", ORDERED, ids=str)
def test_order_is_the_same_again(runner: RunnerUnderTest, case: Case) -> None:
    """Two runs of one pipeline happen in the same order."""
    _need(runner, case)
    if not runner.exact_order:
        pytest.skip(f"'{runner.name}' doesn't promise an exact order")
    assert run_case(runner, case).recorder.events == run_case(runner, case).recorder.events
