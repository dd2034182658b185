"""Ctrl-C, for real: a signal in the middle of a run."""

from __future__ import annotations

import signal
import subprocess
import sys

SCRIPT = """
import os, signal
from collections.abc import Iterator
from synaflow import pipeline, run

def say(text: str) -> None:
    print(text, flush=True)

def numbers() -> Iterator[int]:
    number = 0
    try:
        while True:
            yield number
            number += 1
            if number == 1000:
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        say("numbers closed")

def total(numbers: Iterator[int]) -> int:
    try:
        return sum(numbers)
    finally:
        say("total closed")

def count(numbers: Iterator[int]) -> int:
    try:
        return sum(1 for _ in numbers)
    finally:
        say("count closed")

try:
    run(pipeline("endless", steps=[numbers, total, count]))
except KeyboardInterrupt as error:
    say(f"interrupted, {type(error.__context__).__name__}")
"""


def test_every_finally_runs_and_the_interrupt_comes_out() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")[:-1]
    assert sorted(lines[:-1]) == ["count closed", "numbers closed", "total closed"]
    assert lines[-1].startswith("interrupted")


def test_not_caught_it_ends_the_process() -> None:
    script = SCRIPT.replace("except KeyboardInterrupt", "except ZeroDivisionError")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in done.stderr
