"""Types of the public API: right uses have no error and run, wrong ones have exactly those that are marked.

Here mypy reads them; `nox -s types` has mypy and pyright read them against the installed package, as a user's would.
"""

from __future__ import annotations

import os
import runpy
import site
from pathlib import Path

import pytest

import synaflow
import synaflow_local

HERE = Path(__file__).parent
USES = sorted(str(path) for path in HERE.glob("*.py") if path.name.startswith(("good_", "bad_")))


def test_mypy_finds_the_marked_errors_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mypy = pytest.importorskip("mypy.api")
    sources = {str(Path(package.__file__ or "").parents[1]) for package in (synaflow, synaflow_local)}
    monkeypatch.setenv("MYPYPATH", os.pathsep.join(sorted(sources - set(site.getsitepackages()))))
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--no-pretty", "--no-error-summary"]
    out, err, _ = mypy.run([*options, "--cache-dir", str(tmp_path), *USES])
    assert (out, err) == ("", "")


@pytest.mark.parametrize("name", ["good_define", "good_run"])
def test_right_uses_run(name: str) -> None:
    runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
