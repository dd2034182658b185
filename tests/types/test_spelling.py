"""Types are written alike on every Python, and whatever is given."""

# mypy: ignore-errors
# Hints are values here, with TypeVars that nothing binds.

from __future__ import annotations

import collections.abc
import enum
import typing
from collections.abc import Callable, Generator, Iterator
from dataclasses import InitVar
from typing import (
    Annotated,
    Any,
    Concatenate,
    ForwardRef,
    Generic,
    Literal,
    NewType,
    Optional,
    ParamSpec,
    TypeVar,
    Union,
)

import pytest

from synaflow._types import members, spell, strip

T = TypeVar("T")
P = ParamSpec("P")
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = 1


class Box(Generic[T]):
    class Lid: ...


def local() -> type:
    class Inner: ...

    return Inner


SPELLED = [
    (int, "int"),
    (None, "None"),
    (type(None), "None"),
    (Any, "Any"),
    (Generator[int, None, None], "Generator[int, None, None]"),
    (typing.Generator[int, None, None], "Generator[int, None, None]"),
    (Iterator[int], "Iterator[int]"),
    (typing.List[int], "list[int]"),  # noqa: UP006
    (typing.List, "list"),  # noqa: UP006
    (Optional[int], "int | None"),  # noqa: UP045
    (Union[int, str, None], "int | str | None"),  # noqa: UP007
    (str | int, "str | int"),
    (int | str, "int | str"),
    (list[int | None], "list[int | None]"),
    (Callable[[int], str], "Callable[[int], str]"),
    (typing.Callable[..., None], "Callable[..., None]"),
    (Callable, "Callable"),
    (Callable[P, int], "Callable[P, int]"),
    (Callable[Concatenate[int, P], int], "Callable[Concatenate[int, P], int]"),
    (Optional[Callable[[], int]], "Callable[[], int] | None"),  # noqa: UP045
    (tuple[int, ...], "tuple[int, ...]"),
    (tuple[()], "tuple[()]"),
    (typing.Tuple[()], "tuple[()]"),  # noqa: UP006
    (tuple, "tuple"),
    (Literal["a", 1, True], "Literal['a', 1, True]"),
    (Literal[Colour.RED], "Literal[Colour.RED]"),
    (Annotated[list[int], []], "list[int]"),
    (typing.Final[int], "int"),
    (UserId, "UserId"),
    (T, "T"),
    (Box[T], "Box[T]"),
    (Box.Lid, "Box.Lid"),
    (local(), "local.Inner"),
    ("Later", "Later"),
    (list["Later"], "list[Later]"),  # noqa: F821
    (ForwardRef("Later"), "Later"),
    (type[int], "type[int]"),
    (typing.Self, "Self"),
    (typing.Never, "Never"),
    (typing.ContextManager[int], "AbstractContextManager[int, bool | None]"),
    (collections.abc.Generator[int], "Generator[int, None, None]"),
    (InitVar[int], "int"),
    (..., "..."),
    (5, "5"),
]


@pytest.mark.parametrize(("hint", "text"), SPELLED, ids=str)
def test_spelled(hint: object, text: str) -> None:
    assert spell(hint) == text


def test_a_union_is_spelled_as_written_whatever_was_spelled_before() -> None:
    assert [spell(int | str), spell(str | int), spell(int | str)] == ["int | str", "str | int", "int | str"]


def test_strip_and_members() -> None:
    assert strip(Annotated[typing.Final[int], "x"]) is int
    assert strip(None) is type(None)
    assert members(Optional[Annotated[int | str, "x"]]) == (int, str, type(None))  # noqa: UP045
    assert members(int) == (int,)
