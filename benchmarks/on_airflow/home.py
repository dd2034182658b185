"""A home for Airflow with the DAG files that are measured. Airflow reads its environment when it is imported."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PIPELINE", "Files", "home"]

PIPELINE: Final = "examples.report:winds_report"

_FACTORY: Final = """\
from examples.report import winds_report
from synaflow_airflow import to_dag

dag = to_dag(winds_report, dag_id="winds_report_by_factory")
"""


@dataclass(frozen=True, slots=True)
class Files:
    """DAG files that do the same.

    Attributes:
        by_hand: A TaskFlow DAG, `benchmarks/on_airflow/by_hand.py`.
        generated: What `synaflow airflow generate` gives.
        by_factory: One that calls `to_dag`.
        written: Where a run may write its file.
    """

    by_hand: Path
    generated: Path
    by_factory: Path
    written: Path


@contextmanager
def home() -> Iterator[Files]:
    """A home that is gone afterwards. There is no database in it yet."""
    with tempfile.TemporaryDirectory(prefix="synaflow-airflow-") as name:
        folder = Path(name)
        dags = folder / "dags"
        os.environ |= {
            "AIRFLOW_HOME": name,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        from synaflow_airflow import to_dag_file

        # `dag.test()` parses the whole dags folder: what isn't run is kept out of it.
        files = Files(dags / "by_hand.py", dags / "generated.py", folder / "by_factory.py", folder / "unusual.csv")
        dags.mkdir()
        shutil.copy(Path(__file__).with_name("by_hand.py"), files.by_hand)
        to_dag_file(PIPELINE, files.generated)
        files.by_factory.write_text(_FACTORY, encoding="utf-8")
        yield files
