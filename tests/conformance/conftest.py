"""The `runner` fixture: a new runner is one more entry of `RUNNERS`."""

from __future__ import annotations

import pytest

from conformance.runners import RUNNERS
from corpus import RunnerUnderTest


@pytest.fixture(params=RUNNERS, ids=lambda runner: runner.name)
def runner(request: pytest.FixtureRequest) -> RunnerUnderTest:
    """Each runner in turn."""
    under_test: RunnerUnderTest = request.param
    return under_test
