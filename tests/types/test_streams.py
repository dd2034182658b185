"""What is a stream, what is a collection, and of what; and what passes the door."""

# mypy: ignore-errors
# Hints are values here, with TypeVars that nothing binds.

from __future__ import annotations

import io
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import IO, Annotated, Any, Literal, NamedTuple, Never, NewType, Protocol, Self, TextIO, TypedDict, TypeVar

import pytest

from ids import stable
from synaflow._types import CollectionItem, StreamItem, accepts, collection_item, stream_item

NoneType = type(None)
T = TypeVar("T")
Bounded = TypeVar("Bounded", bound=Iterator[int])
Ids = NewType("Ids", Iterator[int])
UserName = NewType("UserName", str)


class Walker:
    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return b""


class AWalker:
    def __aiter__(self) -> AWalker:
        return self

    async def __anext__(self) -> int:
        return 1


class Bag:
    def __iter__(self) -> Iterator[bytes]:
        return iter(())


class Mine(Iterable[int], Protocol): ...


class Point(NamedTuple):
    x: int
    y: str


class Movie(TypedDict):
    title: str


STREAMS = [
    (Iterator[int], StreamItem(int)),
    (Iterable[int], StreamItem(int)),
    (Iterator, StreamItem(Any)),
    (typing.Iterator, StreamItem(Any)),
    (Iterable, StreamItem(Any)),
    (Generator[int, str, bytes], StreamItem(int, returns=bytes, sends=str)),
    (Generator[int, None, None], StreamItem(int)),
    (Generator[int], StreamItem(int)),
    (Iterator[None], StreamItem(NoneType)),
    (AsyncIterator[int], StreamItem(int, is_async=True)),
    (AsyncIterable[int], StreamItem(int, is_async=True)),
    (AsyncGenerator[int, str], StreamItem(int, is_async=True, sends=str)),
    (Walker, StreamItem(bytes)),
    (AWalker, StreamItem(int, is_async=True)),
    (TextIO, StreamItem(str)),
    (IO[bytes], StreamItem(bytes)),
    (io.TextIOWrapper, StreamItem(str)),
    (enumerate[str], StreamItem(tuple[int, str])),
    (zip, StreamItem(Any)),
    (Annotated[Iterator[int], "x"], StreamItem(int)),
    (Ids, StreamItem(int)),
    (Iterator[int] | Generator[str, None, None], StreamItem(int | str)),
]
COLLECTIONS = [
    (list[int], int),
    (list, Any),
    (set[None], NoneType),
    (dict[str, int], str),
    (tuple[int, ...], int),
    (tuple[int, str], int | str),
    (range, int),
    (bytearray, int),
    (Bag, bytes),
    (Mine, int),
    (Sequence[int], int),
    (Collection[int], int),
    (Mapping[str, int], str),
    (list[int] | set[str], int | str),
    (Point, int | str),
    (Movie, str),
]
PLAIN = [
    *(Any, object, None, int, str, bytes, UserName, Literal["a"], Literal[b"a"], typing.LiteralString, Never, T),
    *(Bounded, type[int], typing.Callable[[], Iterator[int]], list[int] | None, Iterator[int] | None, str | list[int]),
    *(Iterator[int] | AsyncIterator[int], Iterator[int] | list[int]),
]


@pytest.mark.parametrize(("hint", "stream"), STREAMS, ids=repr)
def test_streams(hint: object, stream: StreamItem) -> None:
    assert stream_item(hint) == stream
    assert collection_item(hint) is None


@pytest.mark.parametrize(("hint", "item"), COLLECTIONS, ids=repr)
def test_collections(hint: object, item: object) -> None:
    assert stream_item(hint) is None
    assert collection_item(hint) == CollectionItem(item)


@pytest.mark.parametrize("hint", PLAIN, ids=repr)
def test_plain_values(hint: object) -> None:
    assert stream_item(hint) is None
    assert collection_item(hint) is None


class Foreign:
    seen: SeenByCheckersOnly  # noqa: F821


class ForeignPair(NamedTuple):
    left: SeenByCheckersOnly  # noqa: F821
    right: int


class ForeignWalker:
    seen: SeenByCheckersOnly  # noqa: F821

    def __next__(self) -> int:
        return 1

    def __iter__(self) -> Self:
        return self


def test_annotations_that_do_not_resolve_do_not_matter_where_they_are_not_asked_for() -> None:
    assert stream_item(Foreign) is None
    assert collection_item(Foreign) is None
    assert stream_item(ForeignPair) is None
    assert stream_item(ForeignWalker) == StreamItem(int)


class Unchecked(Protocol):
    def nothing(self) -> None: ...


ACCEPTED = [
    *[(1, int), (True, int), (1, float), (1.5, float), (1, complex), (None, None), (None, int | None), ("a", str)],
    *[("a", Literal["a"]), (1, UserName | int), ({"title": 1}, Movie), ((1, 2), tuple[int, str]), ([1], list[str])],
    *[((), tuple[()]), (int, type[int]), (bool, type[int]), (len, typing.Callable[[int], int]), (1, Any)],
    *[(object(), Unchecked), (io.StringIO(), TextIO), (iter([]), Iterator[int]), (1, T), (1, "Later")],
    *[([], Sequence[int]), (1, Annotated[int, []])],
]
REFUSED = [
    *[("1", int), (1.5, int), (None, int), (True, str), ("b", Literal["a"]), (True, Literal[1]), (1, UserName)],
    *[({}, Movie), ([], Movie), ((1,), tuple[int, str]), ([1, 2], tuple[int, int]), ((1,), list[int])],
    *[(str, type[int]), (1, type[int]), (1, typing.Callable[[int], int]), (1, Never), ([], Iterator[int])],
]


@pytest.mark.parametrize(("value", "hint"), ACCEPTED, ids=stable)
def test_accepted_at_the_door(value: object, hint: object) -> None:
    assert accepts(value, hint)


@pytest.mark.parametrize(("value", "hint"), REFUSED, ids=repr)
def test_refused_at_the_door(value: object, hint: object) -> None:
    assert not accepts(value, hint)
