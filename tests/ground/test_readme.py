"""The README's Python runs and prints what the README says it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```(?:\n+```text\n(.*?)^```)?", README, re.MULTILINE | re.DOTALL)


def test_the_first_program_is_the_quickstart() -> None:
    assert "from synaflow import pipeline, step, run" in PROGRAMS[0][0]
    assert "Consumed: 40" in PROGRAMS[0][1]


@pytest.mark.parametrize(("program", "output"), PROGRAMS, ids=[str(number) for number in range(len(PROGRAMS))])
def test_a_program_runs_and_prints_what_is_said(program: str, output: str, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    if output:
        assert done.stdout == output
