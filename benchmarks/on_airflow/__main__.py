"""`python -m benchmarks.on_airflow`: measures, prints, and on demand writes the README's table."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from benchmarks.measure import Spread
from benchmarks.on_airflow.home import home
from benchmarks.on_airflow.rows import ROWS, measured
from benchmarks.report import report
from benchmarks.rows import Effort, Row


def _measured(quick: bool) -> Iterator[tuple[Row, Spread]]:
    with home() as files:
        yield from measured(files, Effort.quick() if quick else Effort())


def _beside() -> str:
    return f"Apache Airflow {version('apache-airflow')} on SQLite."


report("benchmarks.on_airflow", "What the Airflow adapter costs.", "airflow-benchmarks", _beside, ROWS, _measured)
