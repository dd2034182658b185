"""Pipelines as Airflow DAGs: one task per stream region, made in a DAG file or written as one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

# Looked up, and not imported: that takes Airflow seconds, and who writes a DAG file or checks one doesn't need it.
if find_spec("airflow") is None or find_spec("pydantic") is None:
    raise ImportError("synaflow_airflow needs the extra `airflow`: run pip install '.[airflow]' in a clone of SynaFlow")

from synaflow_airflow.codecs import Codec
from synaflow_airflow.errors import DagError, HandoffError, ValueTravelError

if TYPE_CHECKING:
    from synaflow_airflow.factory import to_dag
    from synaflow_airflow.run import clean_up, run_task
    from synaflow_airflow.source import to_dag_file

__all__ = ["Codec", "DagError", "HandoffError", "ValueTravelError", "clean_up", "run_task", "to_dag", "to_dag_file"]

_LATER: Final = {"clean_up": "run", "run_task": "run", "to_dag": "factory", "to_dag_file": "source"}
"""What is imported when it is asked for, with its module: a task needs the one, who writes a file the other."""


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        if name in _LATER:
            return getattr(import_module(f"synaflow_airflow.{_LATER[name]}"), name)
        raise AttributeError(f"module 'synaflow_airflow' has no attribute '{name}'")
