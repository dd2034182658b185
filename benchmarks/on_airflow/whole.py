"""Whole runs, by `dag.test()`: scheduled and executed by a real Airflow, in this process."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Spread, agreed, interleaved, quotients, spread
from benchmarks.on_airflow.parse import frozen, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import DAG

    from benchmarks.on_airflow.home import Files

__all__ = ["whole_runs"]


def whole_runs(files: Files, rounds: int) -> tuple[Spread, ...]:
    """What a run takes.

    Returns:
        How many times as long the generated DAG's takes as that of the one by hand, with a year of weather; and how many
        milliseconds longer each of its tasks is with a day of it, so that what is done in all of them is what counts.
    """
    from airflow.utils.db import initdb

    initdb()
    dags = {file.stem: parse(file) for file in (files.by_hand, files.generated)}
    written = {"unusual": str(files.written)}
    year, day = written, written | {"data": str(_day(files.written.with_name("day")))}
    for conf in (year, day):
        agreed({name: partial(_outcome, dag, conf) for name, dag in dags.items()})
    with frozen():
        long, short = (
            interleaved({name: partial(_run, dag, conf) for name, dag in dags.items()}, rounds) for conf in (year, day)
        )
    pairs = zip(short["generated"], short["by_hand"], strict=True)
    tasks = len(dags["generated"].tasks)
    return (
        quotients(long, "generated", "by_hand"),
        spread([1000 * (one - other) / tasks for one, other in pairs]),
    )


def _day(folder: Path) -> Path:
    """A folder with the weather of a day."""
    from examples.report import file

    folder.mkdir()
    with file(None).open(encoding="utf-8") as weather:
        (folder / "weather.csv").write_text("".join(islice(weather, 25)), encoding="utf-8")
    return folder


def _run(dag: DAG, conf: Mapping[str, str]) -> Any:  # noqa: ANN401  # a row of Airflow's database
    run = dag.test(run_conf=dict(conf))
    if run.state != "success":
        raise RuntimeError(f"the run of {dag.dag_id} ended as {run.state}")
    return run


def _outcome(dag: DAG, conf: Mapping[str, str]) -> tuple[str, str]:
    """The report, and the file that is written."""
    from synaflow_airflow.codecs import converter_for, unpack

    written = Path(conf["unusual"])
    written.unlink(missing_ok=True)
    run = _run(dag, conf)
    (task,) = (task for task in run.get_task_instances() if task.task_id == "report")
    by_hand, generated = (task.xcom_pull(task_ids="report", key=key) for key in ("return_value", "report"))
    report = by_hand if generated is None else unpack(converter_for(str), generated)
    assert isinstance(report, str)
    assert report
    return report, written.read_text(encoding="utf-8")
