"""The README's figures stand in the form that `nox -s benchmarks -- --write` gives them. What they say is not tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_has_the_tables_in_the_form_they_are_written() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
