"""Runs of DAGs by `dag.test()`: scheduled and executed by a real Airflow, in this process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ran", "make", "read_dag", "run_dag", "run_file"]

_makers: dict[str, Callable[[], object]] = {}
"""What the DAG file calls, by the DAG's id: the pipelines of the tests exist in this process alone."""


@dataclass(frozen=True)
class Ran:
    """A DAG run that has ended.

    Attributes:
        state: How.
        tasks: How each of its tasks ended.
        xcoms: Its XComs, as they are stored, by task and key.
    """

    state: str
    tasks: Mapping[str, str]
    xcoms: Mapping[tuple[str, str], Any]

    def value(self, step: str) -> Any:
        """The XCom under that key, whichever task has given it."""
        (found,) = (value for (_, key), value in self.xcoms.items() if key == step)
        return found

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """How its steps went, as the tasks tell."""
        told = (value for (_, key), value in self.xcoms.items() if key == "run-summary")
        return {name: step for summary in told for name, step in summary["steps"].items()}

    @property
    def errors(self) -> list[str]:
        """The errors that the tasks tell of."""
        told = (value for (_, key), value in self.xcoms.items() if key == "run-summary")
        return [error for summary in told for error in summary.get("errors", ())]


def make(dag_id: str) -> object:
    """Makes a DAG of this process's."""
    return _makers[dag_id]()


def run_dag(dags: Path, dag_id: str, maker: Callable[[], object], conf: Mapping[str, object] | None = None) -> Ran:
    """Puts a DAG file that makes such a DAG into the dags folder, runs it once, and takes it away again."""
    _makers[dag_id] = maker
    file = dags / f"{dag_id}.py"
    file.write_text(f"# airflow dag\nfrom on_airflow.dagruns import make\n\ndag = make({dag_id!r})\n", encoding="utf-8")
    try:
        return run_file(file, dag_id, conf)
    finally:
        file.unlink()
        del _makers[dag_id]


def run_file(file: Path, dag_id: str, conf: Mapping[str, object] | None = None) -> Ran:
    """Runs the DAG of a file in the dags folder once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dag = read_dag(file, dag_id)
        run = dag.test(run_conf=dict(conf or {}))
        return Ran(str(run.state), _states(run), _xcoms(run))


def read_dag(file: Path, dag_id: str) -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # before Airflow 3.2
        from airflow.models.dagbag import DagBag

    bag = DagBag(str(file))
    assert not bag.import_errors, bag.import_errors
    return bag.dags[dag_id]


def _states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def _xcoms(run: Any) -> dict[tuple[str, str], Any]:
    import json

    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(XComModel.task_id, XComModel.key, XComModel.value).where(
            XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id
        )
        rows = session.execute(query).all()
    return {(task, key): json.loads(value) if isinstance(value, str) else value for task, key, value in rows}
