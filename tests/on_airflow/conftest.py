"""A real Airflow, on SQLite, in a home of its own that is gone afterwards; it reads its environment when it is imported."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="synaflow-airflow-"))
DAGS = HOME / "dags"
DAGS.mkdir()
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Airflow and what it stands on warn of themselves; what is ours to be warned of has "synaflow" in it."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("default"))
        item.add_marker(pytest.mark.filterwarnings("error:.*synaflow"))


def pytest_unconfigure() -> None:
    """Removes the home."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def dags() -> Iterator[Path]:
    """The dags folder of an Airflow whose database is there."""
    before = signal.getsignal(signal.SIGTERM)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.utils.db import initdb

        initdb()
    for name in ("airflow", "alembic", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    yield DAGS
    signal.signal(signal.SIGTERM, before)
