"""The command line as a process: what only shows there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .conftest import Write


def synaflow(folder: Path, *tokens: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "synaflow.cli", *tokens],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env={**os.environ, "PYTHONPATH": _absolute(os.environ.get("PYTHONPATH", ""))},
    )


def _absolute(path: str) -> str:
    return os.pathsep.join(str(Path(part).resolve()) for part in path.split(os.pathsep) if part)


def test_a_run(counting: Path, folder: Path) -> None:
    ran = synaflow(folder, "run", "counting.py", "--count", "2")
    assert (ran.returncode, ran.stdout) == (0, "0\n1\n")
    assert ran.stderr.startswith("pipeline 'counting': ok in ")


def test_the_exit_codes(write: Write, counting: Path, folder: Path) -> None:
    write(
        "fails.py", "from synaflow import pipeline\ndef f() -> int:\n    return 1 // 0\np = pipeline('p', steps=[f])\n"
    )
    assert synaflow(folder, "run", "fails.py").returncode == 1
    assert synaflow(folder, "run", "counting.py").returncode == 2
    write("stops.py", "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    assert synaflow(folder, "run", "stops.py").returncode == 130


def test_json_is_alone_on_stdout_whoever_writes_there(write: Write, folder: Path) -> None:
    write(
        "noisy.py",
        """
        import os, subprocess, sys
        from synaflow import pipeline

        def one() -> int:
            print("printed")
            sys.stdout.flush()
            os.write(1, b"written\\n")
            subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
            return 1

        p = pipeline("p", steps=[one])
        """,
    )
    ran = synaflow(folder, "run", "noisy.py", "--json")
    assert json.loads(ran.stdout)["outputs"] == {"one": 1}
    assert ran.stderr.startswith("printed\nwritten\nby a child\n")


def test_a_reader_that_leaves_early_causes_no_traceback(counting: Path, folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "synaflow.cli", "export", "counting.py"]
    ran = subprocess.run(command, cwd=folder, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=50)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (1, "")


def test_a_pipeline_of_an_interpreter_without_a_terminal_is_not_cut_to_a_width(write: Write, folder: Path) -> None:
    name = "a" * 150
    write(
        "wide.py",
        f"from synaflow import pipeline\ndef {name}() -> int:\n    return 1\np = pipeline('p', steps=[{name}])\n",
    )
    ran = synaflow(folder, "run", "wide.py")
    assert f"  {name}  ok" in ran.stderr
