"""The classes, and the answers, of the tables of edge kinds."""

from __future__ import annotations

import enum
from collections.abc import (
    Iterable,
    Iterator,
)
from typing import (
    Generic,
    NamedTuple,
    NewType,
    Protocol,
    TypedDict,
    TypeVar,
)

from synaflow import register_collector

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
Whole = TypeVar("Whole", bound=int)
Text = TypeVar("Text", str, bytes)

UserId = NewType("UserId", int)
Name = NewType("Name", str)
Ids = NewType("Ids", list[int])
Suit = enum.StrEnum("Suit", ["HEARTS", "SPADES"])


class Row(NamedTuple):
    name: str
    size: int


class Movie(TypedDict):
    title: str
    year: int


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Animal: ...


class Dog(Animal): ...


class Rows(Iterator[int]):
    """An iterator by its base."""

    def __next__(self) -> int: ...


class MoreRows(Rows): ...


RowFeed = NewType("RowFeed", Rows)


class Feed(Iterator[T]):
    """A generic one."""

    def __next__(self) -> T: ...


class Walker:
    """An iterator by its methods."""

    def __iter__(self) -> Walker: ...

    def __next__(self) -> int: ...


class Ticker:
    """An asynchronous one."""

    def __aiter__(self) -> Ticker: ...

    async def __anext__(self) -> int: ...


class Pulls(Protocol):
    """A protocol whose instances are iterators."""

    def __iter__(self) -> Iterator[int]: ...

    def __next__(self) -> int: ...


class Halfway:
    """No iterator: it can't be iterated over."""

    def __next__(self) -> int: ...


class Shelf:
    """A collection by its method."""

    def __iter__(self) -> Iterator[int]: ...


class Rack(Generic[T]):
    """A generic one."""

    def __iter__(self) -> Iterator[T]: ...


class Loose:
    """A collection of anything."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield 1


class Shelved(Protocol):
    """A protocol whose instances are collections."""

    def __iter__(self) -> Iterator[int]: ...


class Indexed:
    """No collection to a type checker, though Python can iterate over it."""

    def __getitem__(self, index: int) -> int: ...


class Ints(list[int]): ...


class Line(str):
    __slots__ = ()


class Closable(Protocol):
    def close(self) -> None: ...


class Door:
    def close(self) -> None: ...


class Bag(Generic[T]):
    """Registered, with a generic function."""


class Album:
    """Registered, with a function that is not generic."""


class Heap:
    """Registered, with its own constructor, which has no hints."""

    def __init__(self, items): ...  # type: ignore[no-untyped-def]


def bag_of(items: Iterable[T]) -> Bag[T]: ...


def album_of(rows: Iterable[Row]) -> Album: ...


register_collector(Bag, bag_of)
register_collector(Album, album_of)
register_collector(Heap, Heap)

VALUE, STREAM, COLLECT, EACH, ITERATE = "value", "stream", "collect", "each", "iterate"
REFUSED, AMBIGUOUS, UNSUPPORTED = "incompatible-types", "ambiguous-stream", "unsupported-type"
IMPOSSIBLE, NO_PRODUCER = "impossible-mode", "unknown-dependency"
