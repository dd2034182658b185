"""Live progress: lines where standard error is a file, a table in place where it is a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from synaflow import pipeline, run

SCRIPT = """
from collections.abc import Iterator
from synaflow import pipeline, run, step

def numbers() -> Iterator[int]:
    yield from range(1000)

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

def count(numbers: Iterator[int]) -> int:
    return sum(1 for _ in numbers)

if __name__ == "__main__":
    run(pipeline("shown [red]", steps=[numbers, total, count]), progress=True)
"""


def test_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    def numbers() -> Iterator[int]:
        yield from range(1000)

    def total(numbers: Iterator[int]) -> int:
        return sum(numbers)

    result = run(pipeline("shown", steps=[numbers, total]), progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("shown: 0.")
    assert err.endswith("s | numbers 1,000 | total 1,000\n")
    assert result.steps["numbers"].items_out == 1000
    assert "synaflow-progress" not in [thread.name for thread in threading.enumerate()]


def test_a_table_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # Linux says so when the other end is closed
    os.close(ours)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    text = shown.decode()
    assert "shown [red]" in text, "a name is no markup"
    assert "buffered" in text
    assert "1,000" in text


@pytest.mark.parametrize("forked", [False, True])
def test_a_function_is_told_instead(forked: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def numbers() -> Iterator[int]:
        yield from range(1000)

    def doubled(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            yield 2 * number

    def total(doubled: Iterator[int]) -> int:
        return sum(doubled)

    def count(doubled: Iterator[int]) -> int:
        return sum(1 for _ in doubled)

    told: list[str] = []
    result = run(pipeline("told", steps=[numbers, doubled, total, *([count] if forked else [])]), progress=told.append)
    assert capsys.readouterr() == ("", "")
    assert told[-1].startswith("told: 0.")
    assert told[-1].endswith("numbers 1,000 | doubled 1,000 | total 1,000" + (" | count 1,000" if forked else ""))
    assert result.steps["numbers"].items_out == result.steps["total"].items_in == 1000
    assert result.steps["numbers"].seconds is None
