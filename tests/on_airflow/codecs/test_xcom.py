"""Packed values through Airflow's own XCom, from task to task."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from on_airflow.codecs import travel_drawn
from on_airflow.codecs.test_values import EVERYTHING

pytest.importorskip("airflow.sdk")


def drawn(count: int) -> list[tuple[Any, Any]]:
    """Random types with values."""
    found: list[tuple[Any, Any]] = []

    @settings(max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=travel_drawn.MAY_BE)
    @given(travel_drawn.pairs)
    def draw(pair: tuple[Any, Any]) -> None:
        found.append(pair)

    draw()
    return found


def picklable(pair: tuple[Any, Any]) -> bool:
    """Whether the other process can be given this."""
    try:
        pickle.loads(pickle.dumps(pair))
    except Exception:
        return False
    return True


@pytest.mark.timeout(300)
def test_what_one_task_sends_another_receives(tmp_path: Path) -> None:
    cases = [pair for pair in [*((tp, value) for tp, value, _ in EVERYTHING), *drawn(400)] if picklable(pair)]
    assert len(cases) > 450
    (tmp_path / "cases").write_bytes(pickle.dumps(cases))
    here = Path(__file__).resolve().parent
    path = os.pathsep.join(entry for entry in sys.path if entry)
    ended = subprocess.run(
        [sys.executable, str(here / "travel_by_xcom.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    seen = tmp_path / "seen"
    assert seen.exists(), ended.stdout[-5_000:] + ended.stderr[-5_000:]
    count, *wrong = seen.read_text("utf-8").splitlines()
    assert wrong == []
    assert int(count) == len(cases)
    assert (tmp_path / "state").read_text() == "success"
