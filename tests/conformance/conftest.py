"""The `runner` fixture: a new runner is one more entry of `RUNNERS`."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from conformance.runners import RUNNERS
from corpus import RunnerUnderTest


@pytest.fixture(params=RUNNERS, ids=lambda runner: runner.name)
def runner(request: pytest.FixtureRequest) -> RunnerUnderTest:
    """Each runner in turn."""
    under_test: RunnerUnderTest = request.param
    return under_test


@pytest.fixture(scope="module", autouse=True)
def _only_new_objects() -> Iterator[None]:
    """Sets aside all objects there are by now, so that looking for greenlets among the others is quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
