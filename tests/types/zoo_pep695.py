"""More of the zoo, as text: Python 3.11 can't read the syntax of PEP 695, nor 3.12 that of PEP 696."""

__all__ = ["DEFAULTS", "SOURCE"]

SOURCE = """
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

type Number = int | float
type ListOrSet[T] = list[T] | set[T]
type Json = dict[str, Json] | list[Json] | str | int | float | bool | None
type Tree = list[Tree]
type Wood = list[Wood]
type Marked = list[Annotated[Marked, "a mark"]]
type Pile[T] = dict[str, Annotated[Pile[T], "a mark"] | T]
type Stack[T] = dict[str, Stack[T] | T]
type Loose = dict[str, Loose | None]
type Free = dict[str, Free | None]


class Cell[T]:
    item: T


class View[T]:
    def __init__(self, item: T) -> None:
        self._item = item

    def get(self) -> T:
        return self._item


class Sink[T]:
    def put(self, item: T) -> None: ...


class Source[T](Protocol):
    def get(self) -> T: ...


class Rows[T](Sequence[T]): ...


class Feed[T](Iterator[T]):
    def __next__(self) -> T:
        raise StopIteration


class Linked[T]:
    def rest(self) -> "Linked[T]":
        return self

    def head(self) -> T:
        raise IndexError


@dataclass(frozen=True)
class Box695[T]:
    content: T


class Handler[T]:
    def handle(self, call: Callable[[T], None]) -> None: ...


TYPES: list[str] = [
    "Number", "ListOrSet[int]", "Json", "Tree", "Wood", "Cell[int]", "Cell[bool]", "View[int]", "View[bool]",
    "Sink[int]", "Sink[bool]", "Source[int]", "Source[float]", "Rows[int]", "Rows[float]", "Feed[int]", "Linked[int]",
    "Linked[bool]", "Box695[int]", "Box695[bool]", "Handler[int]", "Handler[bool]", "Cell", "dict[str, Json]",
    "list[Json]", "Annotated[Json, 'note']", "Annotated[ListOrSet[int], 'note']", "Marked", "Pile[int]", "Pile[bool]", "Stack[int]",
    "Loose", "Free", "dict[str, Free | None]",
]  # fmt: skip
"""

DEFAULTS = """
from collections.abc import Iterator
from typing import Protocol, ReadOnly, TypedDict

type Cells[T = int] = list[T]


class Slot[T = int]:
    item: T


class Gives[T = str, R = int](Protocol):
    def get(self) -> T: ...
    def rest(self) -> R: ...


class Gift:
    def get(self) -> str:
        return ""

    def rest(self) -> int:
        return 0


class Lines[T = str](Iterator[T]):
    def __next__(self) -> T:
        raise StopIteration


class Fixed(TypedDict):
    title: ReadOnly[str]


class FixedAny(TypedDict):
    title: ReadOnly[object]


class Open(TypedDict):
    title: str


TYPES: list[str] = [
    "Slot", "Slot[int]", "Slot[bool]", "Gives", "Gives[str]", "Gives[int, str]", "Gives[object]", "Gift", "Lines", "Lines[str]", "Lines[int]",
    "Fixed", "FixedAny", "Open", "Cells", "Cells[bool]",
]  # fmt: skip
"""
