"""What all tests share."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# What needs Airflow or Ray is tested beside the real one, in environments of its own: nox -s airflow-3.3 ray.
collect_ignore = [] if find_spec("airflow") else ["airflow_live", "on_airflow"]
collect_ignore += [] if find_spec("ray") else ["on_ray"]

# A machine under load is slow, not wrong: pytest-timeout ends what hangs. `HYPOTHESIS_PROFILE=long` searches on.
settings.register_profile("short", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository these tests belong to."""
    return Path(__file__).resolve().parent.parent
