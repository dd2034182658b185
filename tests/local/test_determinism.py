"""Two runs, and two processes with different hash seeds, give the same order of everything."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from conformance.drawn import plans
from conformance.plans import Plan
from local.happenings import happenings

RANDOM_PIPELINES = 40


@pytest.fixture(scope="module")
def drawn() -> list[Plan]:
    """Some random pipelines, drawn once for all processes."""
    found: list[Plan] = []

    @seed(4)
    @settings(
        max_examples=RANDOM_PIPELINES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(plans())
    def draw(plan: Plan) -> None:
        found.append(plan)

    draw()
    return found


@pytest.fixture(scope="module")
def here(drawn: list[Plan]) -> list[str]:
    """What happens in this process."""
    return list(happenings(drawn))


def check_same(these: list[str], those: list[str]) -> None:
    for number, (this, that) in enumerate(zip_longest(these, those, fillvalue="nothing more")):
        assert this == that, f"line {number}, after:\n" + "\n".join(these[max(0, number - 5) : number])


def test_there_is_much_to_compare(here: list[str]) -> None:
    about = {line.partition(":")[0] for line in here}
    assert len(about) > RANDOM_PIPELINES + 150
    assert not any(line.endswith(": not refused") for line in here)
    assert any(": call " in line for line in here)


def test_two_runs(drawn: list[Plan], here: list[str]) -> None:
    check_same(here, list(happenings(drawn)))


@pytest.mark.parametrize("hash_seed", ["0", "1", "42", "random"])
def test_two_processes(hash_seed: str, drawn: list[Plan], here: list[str], tmp_path: Path) -> None:
    file = tmp_path / "plans"
    file.write_bytes(pickle.dumps(drawn))
    done = subprocess.run(
        [sys.executable, "-m", "local.happenings", str(file)],
        # More or less of an environment also moves objects to other addresses.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": hash_seed, "FILLER": "x" * 5_000},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check_same(here, done.stdout.splitlines())
