"""Values in JSON's terms: what fits as it is, what is rewritten, what is marked."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import pytest

from synaflow import RunResult
from synaflow.cli.as_json import result_as_json


class Point(NamedTuple):
    x: int
    y: object


@dataclass
class Box:
    inside: object


class Colour(Enum):
    RED = "r"
    POINT = Point(1, 2)


class Text(str):
    __slots__ = ()


LOOP: list[object] = [1]
LOOP.append(LOOP)

DEEP: object = 0
for _ in range(2000):
    DEEP = [DEEP]


def as_json(value: object) -> object:
    """The value as it is read back from what was written."""
    written = result_as_json(RunResult("p", {"v": value}, {}))["outputs"]
    read: dict[str, object] = json.loads(json.dumps(written, allow_nan=False))
    return read["v"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("a", "a"),
        (Text("a"), "a"),
        ([1, "a", None], [1, "a", None]),
        ((1, 2), [1, 2]),
        (deque([1, 2]), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        pytest.param(frozenset({"b", "a"}), ["a", "b"], id="a frozenset"),  # written in any order
        pytest.param({1, "a"}, [1, "a"], id="a set of both"),
        ({"a": {"b": (1,)}}, {"a": {"b": [1]}}),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({1: "a", 2.5: "b", False: "c"}, {"1": "a", "2.5": "b", "false": "c"}),
        ({date(2024, 1, 2): 1, Colour.RED: 2}, {"2024-01-02": 1, "r": 2}),
        (Point(1, Point(2, 3)), {"x": 1, "y": {"x": 2, "y": 3}}),
        (Box(Box(None)), {"inside": {"inside": None}}),
        (Colour.RED, "r"),
        (Colour.POINT, {"x": 1, "y": 2}),
        (Decimal("1.10"), "1.10"),
        (Path("/a/b"), "/a/b"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2024, 1, 2, 3, 4), "2024-01-02T03:04:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (time(3, 4), "03:04:00"),
        (b"a", {"$type": "builtins.bytes", "$repr": "b'a'"}),
        (float("nan"), {"$type": "builtins.float", "$repr": "nan"}),
        (float("-inf"), {"$type": "builtins.float", "$repr": "-inf"}),
        ([1j], [{"$type": "builtins.complex", "$repr": "1j"}]),
        ({("a", 1): 2}, {"$type": "builtins.dict", "$repr": "{('a', 1): 2}"}),
        ({None: 2}, {"$type": "builtins.dict", "$repr": "{None: 2}"}),
        ({1: 2, "1": 3}, {"$type": "builtins.dict", "$repr": "{1: 2, '1': 3}"}),
        (Box, {"$type": "builtins.type", "$repr": f"<class '{__name__}.Box'>"}),
        (LOOP, [1, {"$type": "builtins.list", "$repr": "[1, [...]]"}]),
    ],
    ids=repr,
)
def test_a_value(value: object, wanted: object) -> None:
    assert as_json(value) == wanted


def test_one_object_in_two_places_is_no_loop() -> None:
    shared = [1]
    assert as_json([shared, shared]) == [[1], [1]]


def test_an_int_too_long_for_python_to_write() -> None:
    marked = as_json(10**5000)
    assert isinstance(marked, dict)
    assert marked["$type"] == "builtins.int"


def test_something_too_deep_ends() -> None:
    levels, value = 0, as_json(DEEP)
    while isinstance(value, list):
        levels, value = levels + 1, value[0]
    assert (levels, type(value)) == (100, dict)
