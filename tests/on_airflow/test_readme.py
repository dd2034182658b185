"""The README's DAG file is one that Airflow takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from on_airflow.dagruns import read_dag
from synaflow.cli import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
(FACTORY,) = (
    block for block in re.findall(r"^```py\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if "to_dag" in block
)


@pytest.fixture(autouse=True)
def _examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")
    monkeypatch.delitem(sys.modules, "flights", raising=False)


def test_the_factory(dags: Path) -> None:
    file = dags / "flights_by_factory.py"
    file.write_text(FACTORY, encoding="utf-8")
    dag = read_dag(file, "flights_by_factory")
    assert dag.get_task("rows").pool == "database"
    assert {task.retries for task in dag.tasks} == {2}
    assert dag.params["late_minutes"] == 30


def test_the_commands(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"^synaflow (airflow .*)$", README, re.MULTILINE)
    assert commands == ["airflow generate flights:flights -o $AIRFLOW_HOME/dags/flights_dag.py"]
    file = dags / "flights_dag.py"
    assert main(commands[0].replace("$AIRFLOW_HOME/dags", str(dags)).split()) == 0
    assert main(["airflow", "check", str(file)]) == 0
    assert {task.task_id for task in read_dag(file, "flights").tasks} == {
        "folder",
        "airlines",
        "rows",
        "summary",
        "show",
    }
