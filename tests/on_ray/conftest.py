"""A Ray cluster for the session."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

# Ray 2.60 would write a token into the home directory otherwise.
os.environ.setdefault("RAY_AUTH_MODE", "disabled")

# Steps of the tests are found by name in the processes of the actors, as they are here.
os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)

import ray

from on_ray.warm import Pool


def pytest_configure(config: pytest.Config) -> None:
    """Lets pass what Ray itself leaves for the garbage collector: an older one's processes, and where they print to."""
    for left in ("subprocess [0-9]+ is still running", "unclosed file .*/dev/null"):
        config.addinivalue_line("filterwarnings", f"ignore:{left}:ResourceWarning")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A small one, started for the tests and stopped after them."""
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
        logging_level="ERROR",
        _system_config={"metrics_report_interval_ms": 1_000},  # else a test of them takes 20 seconds
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def pool(cluster: None) -> Pool:
    """Actors that are there already."""
    return Pool()
