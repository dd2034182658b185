"""What the command line prints doesn't depend on the hash seed: reports, refusals, plans, JSON.

A set that a step gives is spelled by Python, in its own order; the steps here keep theirs to themselves.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

FLOW = """
from collections.abc import Iterator
from typing import Literal, NamedTuple

from synaflow import pipeline, step


class Params(NamedTuple):
    size: int
    level: Literal["low", "high"] = "low"
    names: tuple[str, ...] = ("one", "two")
    fail: bool = False


def numbers(size: int) -> Iterator[int]:
    yield from range(size)


def odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def words(names: tuple[str, ...], level: str) -> set[str]:
    return {f"{level} {name}" for name in names}


def total(numbers: Iterator[int], fail: bool) -> int:
    result = sum(numbers)
    if fail:
        raise RuntimeError("told to")
    return result


def least(odd: Iterator[int]) -> int:
    return min(odd, default=0)


def both(total: int, least: int, words: set[str]) -> dict[str, int]:
    return {"total": total, "least": least, "words": len(words)}


flow = pipeline(
    "flow", Params, [numbers, step("odd", odd, inputs={"number": "numbers"}, on_error="continue"), words, total, least, both]
)
"""
BROKEN = """
from synaflow import pipeline, step


def a(x: int, y: str, z: bytes) -> float: ...
def b(a: str, c: list[int], d: dict[str, int]) -> int: ...
def c(b: int, nothing: set[str]) -> str: ...


pipeline("broken", steps=[a, b, c, step("a", b), step("e", c, after=["f", "g"], inputs={"b": "h", "i": "j"})])
"""
COMMANDS = (
    "--help",
    "check flow.py",
    "check broken.py",
    "check broken.py --json",
    "check missing.py",
    "check flow.py:folw",
    "explain flow.py",
    "export flow.py",
    "export flow.py --full",
    "run flow.py --help",
    "run flow.py --size 4",
    "run flow.py --size 4 --stats --json --output odd --output numbers --output both",
    "run flow.py --size 4 --fail",
    "run flow.py --size 4 --fail --json",
    "run flow.py --size x --level middle --lvel high --fial",
    "run flow.py --size 4 --output totl",
    "run flow.py --runner remote --size 4",
)
ENTRY_POINTS = "[synaflow.targets]\nlocal = synaflow_local\n"


def printed(folder: Path, hash_seed: str) -> list[str]:
    """All that the commands print, one after the other in one process, without times."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
            "PYTHONHASHSEED": hash_seed,
            "COLUMNS": "100",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    text = re.sub(r'("(?:\w+_)?seconds": )[\d.e-]+', r"\1?", done.stdout)
    return re.sub(r"\b\d+(\.\d+)? ?[mµ]?s\b", "? s", text).splitlines()


_SCRIPT = f"""
from synaflow.cli import main

for command in {COMMANDS!r}:
    print("$", command, flush=True)
    print("exit code", main(command.split()), flush=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two files to name, and metadata as if SynaFlow were installed there."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "flow.py").write_text(FLOW, encoding="utf-8")
    (folder / "broken.py").write_text(BROKEN, encoding="utf-8")
    metadata = folder / "sources-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sources\nVersion: 0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    return folder


def test_the_commands_print_the_same(folder: Path) -> None:
    first = printed(folder, "0")
    codes = [line.removeprefix("exit code ") for line in first if line.startswith("exit code ")]
    assert codes == ["0", "0", "2", "2", "2", "2", "0", "0", "0", "0", "1", "1", "1", "1", "2", "2", "2"]
    for hash_seed in ("1", "42", "random"):
        for number, (this, that) in enumerate(zip_longest(first, printed(folder, hash_seed), fillvalue="nothing more")):
            assert this == that, f"hash seed {hash_seed}, after:\n" + "\n".join(first[max(0, number - 5) : number])
