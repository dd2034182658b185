"""Edge kinds of what PEP 695 writes: aliases, which stand for what they mean, and classes and functions with parameters."""

from __future__ import annotations

import sys

import pytest

from core.building import build, edge, gives, problem_of, takes
from synaflow import step

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax of PEP 695 came with Python 3.12")

# As text: Python 3.11 can't read it.
SOURCE = """
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

type Number = int
type Numbers = Iterator[int]
type Stream[T] = Iterator[T]
type Once[T] = Iterable[T]
type Many[T] = list[T]
type Maybe[T] = T | None
type Either[T] = Iterator[T] | list[T]
type Table[K, V] = dict[K, V]
type Json = dict[str, Json | None] | list[Json] | str | int
type Tree = dict[str, Annotated[Tree, "a branch"]]
type Wood = dict[str, Wood | None]
type Forest = dict[str, Forest | None]


class Feed[T](Iterator[T]):
    def __next__(self) -> T: ...


class Shelf[T]:
    def __iter__(self) -> Iterator[T]: ...


def batch[T](made: Stream[T]) -> Stream[Many[T]]: ...


def last[T: Many[int]](batch: Iterator[T]) -> T: ...
"""

PAIRS = [
    ("int", "Number", "value"),
    ("Number", "float", "value"),
    ("Json", "Json", "value"),
    ("Many[Json]", "Json", "value"),
    ("Tree", "Annotated[Tree, 'all of it']", "value"),
    ("Wood", "Forest", "value"),
    ("Many[int]", "Once[int]", "value"),
    ("Feed[int]", "Feed[int]", "value"),
    ("Numbers", "Iterator[int]", "stream"),
    ("Annotated[Numbers, 'doc']", "Annotated[Numbers, 'doc']", "stream"),
    ("Iterator[int]", "Stream[float]", "stream"),
    ("Stream[int]", "Once[int]", "stream"),
    ("Stream[int]", "Stream", "stream"),
    ("Stream[int]", "Either[int]", "stream"),
    ("Feed[int]", "Numbers", "stream"),
    ("Numbers", "Many[int]", "collect"),
    ("Numbers", "Many", "collect"),
    ("Stream[Number]", "Annotated[Many[float], 'all of it']", "collect"),
    ("Stream[int]", "Maybe[Many[int]]", "collect"),
    ("Stream[tuple[str, int]]", "Table[str, int]", "collect"),
    ("Iterator[Json]", "Json", "collect"),
    ("Many[int]", "Numbers", "iterate"),
    ("Shelf[int]", "Stream[int]", "iterate"),
    ("Table[str, int]", "Iterator[str]", "iterate"),
    ("Numbers", "Number", "each"),
    ("Stream[int]", "Maybe[int]", "each"),
    ("Stream[Many[int]]", "Many[int]", "each"),
    ("Many[Number]", "int", "each"),
    ("Shelf[Forest]", "Wood", "each"),
    ("Number", "Many[int]", "incompatible-types"),
    ("Numbers", "Stream[str]", "incompatible-types"),
    ("Many[int]", "Many[float]", "incompatible-types"),
    ("Wood", "Tree", "incompatible-types"),
    ("Stream[Any]", "Many[int]", "ambiguous-stream"),
    ("Numbers", "Maybe[Any]", "ambiguous-stream"),
]


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    found: dict[str, object] = {"__name__": "pep695"}
    exec(SOURCE, found)
    return found


@pytest.mark.parametrize(("given", "wanted", "answer"), PAIRS)
def test_an_alias_is_what_it_means(names: dict[str, object], given: str, wanted: str, answer: str) -> None:
    steps = step("made", gives(eval(given, names))), step("use", takes(eval(wanted, names)))
    if "-" in answer:
        assert problem_of(*steps).code == answer
    else:
        assert edge(build(*steps), "use", "made").kind == answer


def test_one_shot_is_told_through_an_alias(names: dict[str, object]) -> None:
    made = step("made", gives(eval("Numbers", names)))
    assert edge(build(made, step("use", takes(eval("Once[int]", names)))), "use", "made").one_shot


def test_functions_with_parameters_of_their_own(names: dict[str, object]) -> None:
    steps = step("made", gives(eval("Numbers", names))), names["batch"], names["last"]
    built = build(*steps)
    assert built["last"].output.type == list[int]
    assert [str(found.kind) for found in built.edges] == ["stream", "stream"]
    problem = problem_of(step("made", gives(eval("Stream[str]", names))), *steps[1:])
    assert (problem.code, problem.step, problem.parameter) == ("incompatible-types", "last", "batch")


def test_a_union_with_a_stream_is_found_through_an_alias(names: dict[str, object]) -> None:
    problem = problem_of(step("made", gives(eval("Maybe[Numbers]", names))))
    assert (problem.code, problem.step) == ("unsupported-type", "made")
