"""Both ways to a layout, and how to read what comes out."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(params=["dot", "pygraphviz"])
def graphviz_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to a layout in turn: by the program `dot`, and by the Graphviz inside pygraphviz's wheel."""
    if request.param == "dot" and shutil.which("dot") is None:
        pytest.skip("no `dot` on PATH: NOT tested with it")
    if request.param == "pygraphviz":
        monkeypatch.setenv("PATH", "")
    return str(request.param)
