"""DAGs of SynaFlow's in a real Airflow, with its scheduler, DAG processor and API server.

A nox session runs this file by its path; `nox -s tests` leaves it out, because of its name.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_live.airflow import VERSION, Airflow
from airflow_live.rest import Refused
from airflow_live.screenshot import screenshot
from airflow_live.waiting import wait_for
from synaflow import PipelineDef, run
from synaflow.cli import load_target, main
from synaflow_airflow.codecs import converter_for, unpack

pytestmark = pytest.mark.timeout(240)

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
SHOTS = os.environ.get("SYNAFLOW_SCREENSHOTS")
RETRIES_KILLED = VERSION >= (3, 1)
"""Airflow 3.0 fails a task whose process was killed, whatever its `retries` are."""
RESTARTS_CLEARED = VERSION >= (3, 1)
"""Airflow 3.0 leaves a task that is cleared while it runs in the state `restarting`, one written by hand too."""

REPORT = """
from report import winds_report

from synaflow_airflow import to_dag

dag = to_dag(winds_report, dag_id="report", tags=["winds"], handoff={handoff!r}, handoff_over=1000)
"""


@pytest.fixture(scope="module")
def handoff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder through which the report's big values go."""
    return tmp_path_factory.mktemp("handoff")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, handoff: Path) -> Iterator[Airflow]:
    """An Airflow with six DAGs: five from generated files, one from the factory."""
    pipelines = HERE / "pipelines"
    airflow = Airflow(tmp_path_factory.mktemp("airflow") / "home", (EXAMPLES, pipelines))
    retries = ["--task-option", "*.retries=1", "--task-option", "*.retry_delay=timedelta(seconds=1)"]
    with pytest.MonkeyPatch.context() as patch:
        for folder in (EXAMPLES, pipelines):
            patch.syspath_prepend(folder)
        _generate("flights:flights", airflow.dags / "flights.py", *(each.replace("*.", "rows.") for each in retries))
        _generate("held:held", airflow.dags / "held_dag.py", *retries)
        _generate("held:awaited", airflow.dags / "awaited_dag.py", *retries)
        # So much that a busy machine, too, is in the middle of the stream by then.
        timeout = ["--task-option", "numbers.execution_timeout=timedelta(seconds=10)", "--dag-id"]
        _generate("held:held", airflow.dags / "timed_dag.py", *timeout, "timed")
        _generate("held:awaited", airflow.dags / "timed_awaited_dag.py", *timeout, "timed_awaited")
    (airflow.dags / "report_dag.py").write_text(REPORT.format(handoff=handoff.as_uri()), encoding="utf-8")
    airflow.start()
    try:
        airflow.rest.wait_for_dags("flights", "held", "awaited", "timed", "timed_awaited", "report")
        yield airflow
        assert airflow.rest.import_errors() == []
    finally:
        airflow.stop()


def _generate(target: str, file: Path, *options: str) -> None:
    assert main(["airflow", "generate", target, "-o", str(file), *options]) == 0


def half(folder: Path) -> int:
    """The process that is in the middle of its stream, once it is."""
    file = folder / "half"
    return int(wait_for("half of the stream", lambda: file.read_text() if file.is_file() else None))


def value_of(airflow: Airflow, subject: PipelineDef, where: tuple[str, str, str], step: str) -> Any:
    """What a step has given, out of its XCom."""
    return unpack(converter_for(subject[step].output.type), airflow.rest.xcom(*where, step))


def rows(database: Path) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT * FROM late_flights").fetchall()


def test_the_generated_flights(airflow: Airflow, tmp_path: Path) -> None:
    """The whole of the example: the same values, the same table."""
    subject = load_target(str(EXAMPLES / "flights.py"))
    expected = run(subject, subject.params.type(database=tmp_path / "expected.sqlite"), outputs=["carriers", "late"])  # type: ignore[union-attr]
    airflow.rest.trigger("flights", "good", {"database": str(tmp_path / "late.sqlite"), "late_minutes": 60})
    assert airflow.rest.wait_for_end("flights", "good") == "success"
    assert value_of(airflow, subject, ("flights", "good", "rows"), "late") == expected["late"]
    carriers = value_of(airflow, subject, ("flights", "good", "rows"), "carriers")
    assert list(carriers.items()) == list(expected["carriers"].items())
    assert type(next(iter(carriers.values()))).__name__ == "Delays"
    assert rows(tmp_path / "late.sqlite") == rows(tmp_path / "expected.sqlite")
    summary = airflow.rest.xcom("flights", "good", "rows", "run-summary")
    assert summary["ok"] is True
    assert summary["steps"]["rows"]["items_out"] == 336_776
    log = airflow.rest.log("flights", "good", "rows")
    assert "rows 336,776" in log
    assert "done in" in log


def test_flights_killed_in_the_middle_are_as_if_nothing_had_been(airflow: Airflow, tmp_path: Path) -> None:
    """The table is written in one transaction, which the kill cuts off and the retry makes anew."""
    subject = load_target(str(EXAMPLES / "flights.py"))
    assert subject.params is not None
    expected = run(subject, subject.params.type(database=tmp_path / "expected.sqlite"), outputs=["carriers"])
    database, journal = tmp_path / "late.sqlite", tmp_path / "late.sqlite-journal"
    airflow.rest.trigger("flights", "killed", {"database": str(database)})
    wait_for("transaction", journal.exists)
    process = airflow.rest.tasks("flights", "killed")["rows"].pid
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert journal.exists()
    if not RETRIES_KILLED:
        assert airflow.rest.wait_for_end("flights", "killed") == "failed"
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            rows(database)
        return
    assert airflow.rest.wait_for_end("flights", "killed") == "success"
    task = airflow.rest.tasks("flights", "killed")["rows"]
    assert task.attempt == 2
    assert task.pid != process
    assert rows(database) == rows(tmp_path / "expected.sqlite")
    assert len(rows(database)) == 27_789
    carriers = value_of(airflow, subject, ("flights", "killed", "rows"), "carriers")
    assert list(carriers.items()) == list(expected["carriers"].items())


def test_a_report_of_two_readings(airflow: Airflow, handoff: Path, tmp_path: Path) -> None:
    """Made by the factory: dates and Decimals from the trigger, dataclasses through XComs and the hand-off."""
    subject = load_target(str(EXAMPLES / "report.py"))
    assert subject.params is not None
    conf = {"since": "2013-02-01", "until": "2013-11-30", "deviations": "3.5", "unusual": str(tmp_path / "unusual.csv")}
    airflow.rest.trigger("report", "good", conf)
    assert airflow.rest.wait_for_end("report", "good") == "success"
    assert len(airflow.rest.tasks("report", "good")) == 1 + len(subject.regions)
    assert airflow.rest.xcom("report", "good", "usual", "usual").keys() == {"handoff"}
    days = {"since": date(2013, 2, 1), "until": date(2013, 11, 30)}
    typed = subject.params.type(**days, deviations=Decimal("3.5"), unusual=tmp_path / "expected.csv")
    expected = run(subject, typed, outputs=["report", "strongest"])
    told = value_of(airflow, subject, ("report", "good", "report"), "report")
    assert told == expected["report"].replace("expected.csv", "unusual.csv")
    strongest = value_of(airflow, subject, ("report", "good", "again"), "strongest")
    assert repr(strongest) == repr(expected["strongest"])
    assert (tmp_path / "unusual.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert list(handoff.rglob("*")) == []


def test_params_that_do_not_fit(airflow: Airflow) -> None:
    """Airflow refuses what isn't in the schema, the task what Airflow lets through."""
    with pytest.raises(Refused, match="late_minutes") as caught:
        airflow.rest.trigger("flights", "bad", {"late_minutes": "many"})
    assert caught.value.status == 400
    with pytest.raises(Refused, match="No value passed") as caught:
        airflow.rest.trigger("held", "bad")
    assert caught.value.status == 400
    airflow.rest.trigger("flights", "unknown", {"minutes_late": 3})
    assert airflow.rest.wait_for_end("flights", "unknown") == "failed"
    assert "'minutes_late' is no param" in airflow.rest.log("flights", "unknown", "folder")


def test_a_killed_task_is_tried_again(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("held", "killed", {"folder": str(tmp_path)})
    process = half(tmp_path)
    assert airflow.rest.tasks("held", "killed")["numbers"].pid == process
    (tmp_path / "half").unlink()
    os.kill(process, signal.SIGKILL)
    if not RETRIES_KILLED:
        assert airflow.rest.wait_for_end("held", "killed") == "failed"
        assert airflow.rest.tasks("held", "killed")["numbers"].attempt == 1
        return
    assert half(tmp_path) != process
    assert not (tmp_path / "closed").exists()
    (tmp_path / "go").touch()
    assert airflow.rest.wait_for_end("held", "killed") == "success"
    assert airflow.rest.tasks("held", "killed")["numbers"].attempt == 2
    assert airflow.rest.xcom("held", "killed", "told", "told") == {"value": "4950, at most 99"}


@pytest.mark.parametrize(("dag", "state"), [("held", "failed"), ("held", "success"), ("awaited", "failed")])
def test_what_is_marked_is_closed(dag: str, state: str, airflow: Airflow, tmp_path: Path) -> None:
    """Its `finally` runs, before Airflow kills it."""
    name = f"marked_{state}"
    airflow.rest.trigger(dag, name, {"folder": str(tmp_path)})
    half(tmp_path)
    airflow.rest.mark(dag, name, "numbers", state)
    wait_for("finally", (tmp_path / "closed").exists)
    airflow.rest.wait_for_end(dag, name)
    task = airflow.rest.tasks(dag, name)["numbers"]
    assert (task.state, task.attempt) == (state, 1)


def test_what_is_cleared_is_closed_and_runs_again(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("held", "cleared", {"folder": str(tmp_path)})
    process = half(tmp_path)
    (tmp_path / "half").unlink()
    airflow.rest.clear("held", "cleared", ["numbers"])
    wait_for("finally", (tmp_path / "closed").exists)
    if not RESTARTS_CLEARED:
        assert airflow.rest.tasks("held", "cleared")["numbers"].state == "restarting"
        return
    assert half(tmp_path) != process
    (tmp_path / "go").touch()
    assert airflow.rest.wait_for_end("held", "cleared") == "success"


@pytest.mark.parametrize("dag", ["timed", "timed_awaited"])
def test_a_timeout_closes_it(dag: str, airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger(dag, "late", {"folder": str(tmp_path)})
    half(tmp_path)
    wait_for("finally", (tmp_path / "closed").exists)
    assert airflow.rest.wait_for_end(dag, "late") == "failed"
    assert "AirflowTaskTimeout" in airflow.rest.log(dag, "late", "numbers")


def test_the_log_counts_while_the_task_runs(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("held", "counted", {"folder": str(tmp_path)})
    half(tmp_path)

    def counted() -> bool:
        return "numbers 50" in airflow.rest.log("held", "counted", "numbers")

    wait_for("line that says how far it is", counted)
    assert airflow.rest.tasks("held", "counted")["numbers"].state == "running"
    (tmp_path / "go").touch()
    assert airflow.rest.wait_for_end("held", "counted") == "success"


def test_an_error_names_step_and_item_and_shows_the_users_code(airflow: Airflow, tmp_path: Path) -> None:
    """Cleared when what it failed of is gone, it runs to its end."""
    (tmp_path / "go").touch()
    (tmp_path / "disliked").write_text("70")
    airflow.rest.trigger("held", "broken", {"folder": str(tmp_path)})
    assert airflow.rest.wait_for_end("held", "broken") == "failed"
    assert airflow.rest.tasks("held", "broken")["numbers"].attempt == 2
    for attempt in (1, 2):
        log = airflow.rest.log("held", "broken", "numbers", attempt)
        assert "step 'total' of pipeline 'held' failed at item 70: ValueError: 70 is not to my liking" in log
        assert 'held.py", line' in log
        assert "in total" in log
    summary = airflow.rest.xcom("held", "broken", "numbers", "run-summary")
    assert summary["ok"] is False
    assert summary["steps"]["total"]["status"] == "failed"

    (tmp_path / "disliked").unlink()
    airflow.rest.clear("held", "broken", ["numbers"])
    airflow.rest.wait_for_task("held", "broken", "numbers", lambda task: task.attempt == 3)
    assert airflow.rest.wait_for_end("held", "broken") == "success"
    assert airflow.rest.xcom("held", "broken", "numbers", "run-summary")["ok"] is True
    assert airflow.rest.xcom("held", "broken", "told", "told") == {"value": "4950, at most 99"}


def test_a_picture_of_the_run(airflow: Airflow, tmp_path: Path) -> None:
    airflow.rest.trigger("flights", "seen", {"database": str(tmp_path / "late.sqlite")})
    assert airflow.rest.wait_for_end("flights", "seen") == "success"
    target = Path(SHOTS or tmp_path) / "airflow.png"
    screenshot(airflow.base, "flights", "seen", ["folder", "airlines", "rows", "summary", "show"], target)
    assert target.read_bytes().startswith(b"\x89PNG")
