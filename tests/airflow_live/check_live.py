"""DAGs in a real Airflow, with its scheduler, DAG processor and API server.

A nox session runs this file by its path; `nox -s tests` leaves it out, because of its name.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_live.airflow import VERSION, Airflow
from airflow_live.rest import Refused
from airflow_live.waiting import wait_for

pytestmark = pytest.mark.timeout(180)

HERE = Path(__file__).parent
SHOTS = os.environ.get("SYNAFLOW_SCREENSHOTS")
RETRIES_KILLED = VERSION >= (3, 1)
"""Airflow 3.0 fails a task whose process was killed, whatever its `retries` are."""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    airflow = Airflow(tmp_path_factory.mktemp("airflow") / "home")
    shutil.copy(HERE / "dags/by_hand.py", airflow.dags)
    airflow.start()
    try:
        airflow.rest.wait_for_dags("two_tasks", "held")
        yield airflow
    finally:
        airflow.stop()


def half(folder: Path) -> int:
    """The process that is in the middle of its stream, once it is."""
    file = folder / "half"
    return int(wait_for("half of the stream", lambda: file.read_text() if file.is_file() else None))


def test_a_run_and_its_values(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("two_tasks", "good", {"count": 4})
    assert airflow.rest.wait_for_end("two_tasks", "good") == "success"
    assert airflow.rest.xcom("two_tasks", "good", "numbers") == [0, 1, 4, 9]
    assert airflow.rest.xcom("two_tasks", "good", "total") == 14
    assert airflow.rest.xcom_keys("two_tasks", "good", "total") == {"return_value"}
    assert "4 values" in airflow.rest.log("two_tasks", "good", "total")


def test_params_that_do_not_fit_are_refused(airflow: Airflow) -> None:
    with pytest.raises(Refused, match="less than the minimum of 1") as caught:
        airflow.rest.trigger("two_tasks", "bad", {"count": 0})
    assert caught.value.status == 400
    with pytest.raises(Refused, match="No value passed") as caught:
        airflow.rest.trigger("held", "bad")
    assert caught.value.status == 400


def test_a_killed_task_is_tried_again(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("held", "killed", {"folder": str(tmp_path)})
    process = half(tmp_path)
    assert airflow.rest.tasks("held", "killed")["reader"].pid == process
    (tmp_path / "half").unlink()
    os.kill(process, signal.SIGKILL)
    if RETRIES_KILLED:
        assert half(tmp_path) != process
        assert not (tmp_path / "closed").exists()
        (tmp_path / "go").touch()
        assert airflow.rest.wait_for_end("held", "killed") == "success"
        assert airflow.rest.tasks("held", "killed")["reader"].attempt == 2
        assert airflow.rest.xcom("held", "killed", "reader") == sum(range(100))
    else:
        assert airflow.rest.wait_for_end("held", "killed") == "failed"
        assert airflow.rest.tasks("held", "killed")["reader"].attempt == 1


def test_what_is_marked_failed_is_closed(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("held", "marked", {"folder": str(tmp_path)})
    half(tmp_path)
    airflow.rest.mark("held", "marked", "reader", "failed")
    wait_for("finally", (tmp_path / "closed").exists)
    assert airflow.rest.wait_for_end("held", "marked") == "failed"
    assert airflow.rest.tasks("held", "marked")["reader"].attempt == 1


def test_clearing_runs_it_again(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("two_tasks", "cleared", {"count": 3})
    assert airflow.rest.wait_for_end("two_tasks", "cleared") == "success"
    airflow.rest.clear("two_tasks", "cleared", ["total"])
    airflow.rest.wait_for_task("two_tasks", "cleared", "total", lambda task: task.attempt == 2 and task.ended)
    assert airflow.rest.wait_for_end("two_tasks", "cleared") == "success"
    assert airflow.rest.xcom("two_tasks", "cleared", "total") == 5


def test_a_picture_of_the_run(airflow: Airflow, tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="NOT tested without playwright")
    from airflow_live.screenshot import screenshot

    airflow.rest.trigger("two_tasks", "seen")
    assert airflow.rest.wait_for_end("two_tasks", "seen") == "success"
    target = Path(SHOTS or tmp_path) / "airflow.png"
    screenshot(airflow.base, "two_tasks", "seen", ["numbers", "total"], target)
    assert target.read_bytes().startswith(b"\x89PNG")
