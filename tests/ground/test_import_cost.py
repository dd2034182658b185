"""What is heavy is loaded by those who ask for it: not by the import, nor by building and running a pipeline."""

from __future__ import annotations

import pytest

from fresh import loaded_by

HEAVY = {
    "asyncio",
    "cyclopts",
    "difflib",
    "docstring_parser",
    "email",
    "graphviz",
    "importlib.metadata",
    "json",
    "logging",
    "networkx",
    "numpy",
    "pydantic",
    "pygraphviz",
    "rich",
    "subprocess",
    "synaflow.cli",
    "synaflow_graphviz",
    "tempfile",
    "urllib",
    "zipfile",
}
"""Modules that take a while, or bring in many that together do."""

RUNNING = {"greenlet", "pickle", "synaflow_local"}
"""What only a run may need."""

IMPORT = "import synaflow"
BUILD = """
from collections.abc import Iterator
from typing import NamedTuple

from synaflow import pipeline, step

class Params(NamedTuple):
    count: int = 3

def numbers(count: int) -> Iterator[int]:
    yield from range(count)

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

def both(total: int, largest: int) -> int:
    return total + largest

def largest(numbers: list[int]) -> int:
    return max(numbers)

sums = pipeline("sums", Params, [numbers, total, step("largest", largest), both])
sums.to_dict()
"""
RUN = f"""{BUILD}
from synaflow import run

assert run(sums)["both"] == 5
"""


@pytest.mark.parametrize(("program", "without"), [(IMPORT, HEAVY | RUNNING), (BUILD, HEAVY | RUNNING), (RUN, HEAVY)])
def test_nothing_heavy_is_loaded(program: str, without: set[str]) -> None:
    assert loaded_by(program) & without <= loaded_by("pass")  # an environment may load some for itself


def test_the_heavy_are_found_where_they_are_asked_for() -> None:
    assert {"networkx"} <= loaded_by(f"{BUILD}\nsums.graph")
    assert {"greenlet", "synaflow_local"} <= loaded_by(RUN)
    assert {"cyclopts", "importlib.metadata"} <= loaded_by("import synaflow.cli.app")
