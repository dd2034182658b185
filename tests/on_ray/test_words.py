"""`examples/words.py` prints the same here and on Ray, by its own switch and by the command line's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def script(repository: Path) -> Path:
    """The example."""
    return repository / "examples/words.py"


def printed(folder: Path, *arguments: str | Path) -> str:
    """What Python prints with those arguments, in a folder of its own and on a cluster of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
        env={**os.environ, "PYTHONPATH": _absolute(os.environ.get("PYTHONPATH", ""))},
    )
    assert done.returncode == 0, done.stderr
    # Of a machine that it finds too busy, Ray says so on the driver's stdout.
    return "".join(line for line in done.stdout.splitlines(keepends=True) if "(raylet)" not in line)


def _absolute(path: str) -> str:
    return os.pathsep.join(str(Path(part).resolve()) for part in path.split(os.pathsep) if part)


@pytest.fixture(scope="module")
def local(script: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it prints when it runs here."""
    told = printed(tmp_path_factory.mktemp("local"), script)
    assert told.count("\n") > 40
    return told


def test_the_script_prints_the_same(local: str, script: Path, tmp_path: Path) -> None:
    assert printed(tmp_path, script, "--ray", "--replicas", "3") == local


def test_the_command_line_prints_the_same(script: Path, tmp_path: Path) -> None:
    command = ("-m", "synaflow.cli", "run", script, "--json", "--no-progress", "--least", "800")
    here, there = (printed(tmp_path, *command, "--runner", runner) for runner in ("local", "ray"))
    assert _outputs(there) == _outputs(here)
    assert "scenes sound like a play of their own kind." in _outputs(here)["report"]


def _outputs(told: str) -> dict[str, str]:
    outputs: dict[str, str] = json.loads(told)["outputs"]
    return outputs
