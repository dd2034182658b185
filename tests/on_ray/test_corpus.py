"""The corpus on Ray: the same values, statuses and errors as `run`, every `finally`, and each step's own order of events.

Actors are lent from a pool, since to start one takes a second; a few cases start their own. A case of more than
`SYNAFLOW_RAY_ACTORS` of them (16) is left out. `SYNAFLOW_RAY_EVERY=3` runs one case in three, for the oldest Ray.
"""

from __future__ import annotations

import os

import pytest

from corpus import CASES, Case, check_events, check_outcome, missing, run_case
from on_ray.runner import RayRunner
from on_ray.warm import Pool

MOST = int(os.environ.get("SYNAFLOW_RAY_ACTORS", "16"))
SOME = CASES[:: int(os.environ.get("SYNAFLOW_RAY_EVERY", "1"))]

pytestmark = pytest.mark.timeout(60)

APART, FUSED = RayRunner(), RayRunner(fuse=True)

FUSIBLE = tuple(case for case in SOME if FUSED.actors(case) < APART.actors(case))
"""On all others the two are the same."""

OWN = ("linear", "diamond", "error_in_t_stops", "one_stops", "a_generator_of_the_params_fails_for_2")
"""They show most of what there is between actors; these start their own."""


def _check(runner: RayRunner, case: Case) -> None:
    if why := missing(runner, case):
        pytest.skip(why)
    if runner.actors(case) > MOST:
        pytest.skip(f"'{case.name}' would take more than {MOST} actors")
    outcome = run_case(runner, case)
    check_outcome(case, outcome, runner)
    if case.events is not None:
        check_events(case, outcome, runner)


@pytest.mark.parametrize("case", SOME, ids=str)
def test_one_actor_a_step(pool: Pool, case: Case) -> None:
    _check(RayRunner(pool=pool), case)


@pytest.mark.parametrize("case", FUSIBLE, ids=str)
def test_fused(pool: Pool, case: Case) -> None:
    _check(RayRunner(fuse=True, pool=pool), case)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("case", [case for case in CASES if case.name in OWN], ids=str)
def test_actors_of_its_own(case: Case) -> None:
    _check(RayRunner(), case)
