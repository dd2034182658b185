"""`type` aliases and classes with type parameters, as text: Python 3.11 can't read their syntax."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from on_airflow.codecs.travel_oracle import normal
from synaflow_airflow import ValueTravelError
from synaflow_airflow.codecs import CantTravelError, Codec, converter_for, pack, unpack

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="its syntax is that of Python 3.12")

SOURCE = """
from dataclasses import dataclass
from datetime import date
from typing import Annotated, NamedTuple, TypedDict

type Number = int | float
type ListOrSet[T] = list[T] | set[T]
type Json = dict[str, Json] | list[Json] | str | int | float | bool | None
type Wood = list[Wood]
type Marked = list[Annotated[Marked, "a mark"]]
type Pile[T] = dict[str, Annotated[Pile[T], "a mark"] | T]
type Endless = Endless
type Growing[T] = list[Growing[list[T]]]
type Lost = list[Missing]

@dataclass
class Cell[T]:
    item: T
    more: ListOrSet[T] | None = None

@dataclass
class Dated(Cell[date]):
    note: str = ""

class Both[T, U](NamedTuple):
    one: T
    two: U

class Row[T](TypedDict):
    item: T
"""


@pytest.fixture(scope="module")
def new() -> Iterator[Any]:
    """The module of what the text defines."""
    module = types.ModuleType("travel_pep695")
    sys.modules[module.__name__] = module
    exec(SOURCE, vars(module))
    yield module
    del sys.modules[module.__name__]


TODAY = date(2024, 1, 1)

VALUES: list[tuple[str, str, Any]] = [
    ("Number", "1", 1),
    ("Number", "1.0", 1.0),
    ("ListOrSet[int]", "[1]", [1]),
    ("ListOrSet[int]", "{1}", {"set[int]": [1]}),
    ("Number | str | None", "'x'", "x"),
    ("Json", "{'a': [1, 1.5, None, True, {'b': []}]}", {"a": [1, 1.5, None, True, {"b": []}]}),
    # An object that looks like a type and a value of it is not taken for that.
    ("Json", "{'int': 1}", {"dict[str, Json]": {"int": 1}}),
    ("Wood", "[[], [[]]]", [[], [[]]]),
    ("Marked", "[[]]", [[]]),
    ("Pile[int]", "{'a': {'b': 1}, 'c': 2}", {"a": {"b": 1}, "c": 2}),
    (
        "Cell[date]",
        "Cell(date(2024, 1, 1), {date(2024, 1, 2)})",
        {"item": "2024-01-01", "more": {"set[date]": ["2024-01-02"]}},
    ),
    ("Dated", "Dated(date(2024, 1, 1))", {"item": "2024-01-01", "more": None, "note": ""}),
    ("Both[int, Cell[str]]", "Both(1, Cell('x'))", {"one": 1, "two": {"item": "x", "more": None}}),
    ("Row[bytes]", "{'item': b'x'}", {"item": "eA=="}),
]


@pytest.mark.parametrize(("tp", "value", "written"), VALUES)
def test_a_value_is_written_readably_and_comes_back(new: Any, tp: str, value: str, written: Any) -> None:
    made = eval(value, vars(new))
    converter = converter_for(eval(tp, vars(new)))
    assert normal(pack(converter, made)) == normal({"value": written})
    assert normal(unpack(converter, {"value": written})) == normal(made)


@pytest.mark.parametrize(
    ("tp", "reason"),
    [
        ("Endless", "`Endless` has no values that could be written"),
        ("Growing[int]", "`Growing[int]` never ends"),
        ("Lost", "the alias `Lost` doesn't resolve: name 'Missing' is not defined"),
        ("ListOrSet", "the type variable `T` isn't solved"),
        ("Cell", "the type variable `T` isn't solved (at `Cell.item`)"),
    ],
)
def test_a_type_that_cant_travel_is_refused(new: Any, tp: str, reason: str) -> None:
    with pytest.raises(CantTravelError) as caught:
        converter_for(eval(tp, vars(new)))
    assert caught.value.reason == reason


def test_a_list_that_contains_itself_is_said_to(new: Any) -> None:
    wood: list[Any] = []
    wood.append([wood])
    with pytest.raises(ValueTravelError, match="this list contains itself"):
        pack(converter_for(new.Wood), wood)


def test_an_alias_may_have_a_codec(new: Any) -> None:
    own: Any = {new.Number: Codec(str, float)}
    assert pack(converter_for(list[new.Number], own), [1.5]) == {"value": ["1.5"]}
