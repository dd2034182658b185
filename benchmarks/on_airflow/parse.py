"""A DAG file parsed, as Airflow's processor does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import DAG

__all__ = ["parse"]


def parse(file: Path) -> DAG:
    """The DAG of a file."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(file))
    if bag.import_errors:
        raise ImportError("\n".join(bag.import_errors.values()))
    (dag,) = bag.dags.values()
    return dag
