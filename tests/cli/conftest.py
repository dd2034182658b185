"""The command line in this process, in a folder of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from synaflow.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]
Write = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder. What a test imports from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "120")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file into the current folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def synaflow(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command."""

    def run(*tokens: str) -> Ran:
        capsys.readouterr()
        code = main(tokens)
        out, err = capsys.readouterr()
        return Ran(code, *(_golden(text, folder) for text in (out, err)))

    return run


def _golden(text: str, folder: Path) -> str:
    """The text with `./` for the folder, whose name differs from run to run, and without the marks below lines of code.

    Which lines of a traceback are marked, and where, depends on the version of Python.
    """
    return re.sub(r"^ +[~^]+\n", "", text.replace(f"{folder}/", "./"), flags=re.MULTILINE)


COUNTING = """
    from collections.abc import Iterator
    from typing import NamedTuple

    from synaflow import pipeline


    class Params(NamedTuple):
        count: int


    def numbers(count: int) -> Iterator[int]:
        yield from range(count)


    def show(numbers: Iterator[int]) -> int:
        seen = 0
        for number in numbers:
            print(number)
            seen += 1
        return seen


    counting = pipeline("counting", params=Params, steps=[numbers, show])
"""


@pytest.fixture
def counting(write: Write) -> Path:
    """A file with one pipeline, that prints its numbers and counts them."""
    return write("counting.py", COUNTING)
