"""Types of every sort that a pipeline's hints may name: the oracle compares all pairs of them.

The module is read twice, by mypy as source and by the tests at run time.
"""

# ruff: noqa: F401  # the names are used in the texts of TYPES

from __future__ import annotations

import array
import collections
import collections.abc
import contextlib
import csv
import datetime
import decimal
import enum
import fractions
import io
import os
import pathlib
import types
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Container,
    Coroutine,
    Generator,
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Reversible,
    Sequence,
    Set,
    Sized,
    ValuesView,
)
from dataclasses import dataclass
from typing import (
    IO,
    Annotated,
    Any,
    BinaryIO,
    ClassVar,
    Final,
    Generic,
    Literal,
    NamedTuple,
    Never,
    NewType,
    NotRequired,
    Optional,
    Protocol,
    Self,
    SupportsAbs,
    SupportsFloat,
    SupportsIndex,
    SupportsInt,
    SupportsRound,
    TextIO,
    TypedDict,
    TypeVar,
    Union,
    runtime_checkable,
)

T = TypeVar("T")
K = TypeVar("K")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Animal:
    name: str


class Dog(Animal):
    def bark(self) -> str:
        return "woof"


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Perm(enum.Flag):
    R = 1
    W = 2


UserId = NewType("UserId", int)
AdminId = NewType("AdminId", UserId)
Names = NewType("Names", list[str])
Text = NewType("Text", str)


class Movie(TypedDict):
    title: str
    year: int


class LongMovie(Movie):
    minutes: int


class MaybeMovie(TypedDict, total=False):
    title: str
    year: int


class MixedMovie(TypedDict):
    title: str
    year: NotRequired[int]


class Point(NamedTuple):
    x: int
    y: int


class Pair(NamedTuple):
    x: int
    y: str


class Inv(Generic[T]):
    item: T


class Co(Generic[T_co]):
    def get(self) -> T_co:
        raise NotImplementedError


class Contra(Generic[T_contra]):
    def put(self, item: T_contra) -> None: ...


class LoudContra(Contra[T_contra]): ...


class Keyed(TypedDict, Generic[T]):
    key: str
    item: T


class Tagged(NamedTuple, Generic[T]):
    tag: str
    item: T


@dataclass(frozen=True)
class Entry(Generic[T]):
    key: str
    item: T


class Grid(list[list[T]]): ...


class Flipped(Mapping[K, T], Generic[T, K]): ...


class IntList(list[int]): ...


class Batch(Generic[T], Iterator[list[T]]):
    def __next__(self) -> list[T]:
        raise NotImplementedError


class Bag(Generic[T]):
    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError

    def __len__(self) -> int:
        return 0


class Walker:
    def __iter__(self) -> Walker:
        return self

    def __next__(self) -> int:
        return 1


class SelfWalker:
    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return ""


class AWalker:
    def __aiter__(self) -> AWalker:
        return self

    async def __anext__(self) -> int:
        return 1


class Registry(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        return 0


class HasName(Protocol):
    name: str


class ReadsName(Protocol):
    @property
    def name(self) -> str: ...


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


class Getter(Protocol[T_co]):
    def get(self) -> T_co: ...


class Putter(Protocol[T_contra]):
    def put(self, item: T_contra) -> None: ...


class Visit(Protocol[T_contra]):
    def __call__(self, item: T_contra, /) -> None: ...


class Box(Protocol[T]):
    item: T


class Adder(Protocol):
    def __call__(self, a: int, b: int) -> int: ...


class Applies(Protocol):
    def __call__(self, a: int, /) -> int: ...


class Defaulted(Protocol):
    def __call__(self, a: int = 0, *, scale: float = 1.0) -> int: ...


class Comparable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


class Node(Protocol):
    def next(self) -> Node: ...


class Chain:
    def next(self) -> Chain:
        return self


class Cloner(Protocol):
    def clone(self) -> Self: ...


class Sheep:
    def clone(self) -> Sheep:
        return self


class Lamb(Sheep): ...


class Doubler:
    def __call__(self, a: int) -> int:
        return a


class Summer:
    def __call__(self, a: int, b: int) -> int:
        return a


class Flexible:
    def __call__(self, *args: float, **kwargs: float) -> int:
        return 0


class Mapper(Protocol):
    def map(self, item: T, /) -> list[T]: ...


class Lister:
    def map(self, item: K, /) -> list[K]:
        return [item]


class IntLister:
    def map(self, item: int, /) -> list[int]:
        return [item]


class Named:
    @property
    def name(self) -> str:
        return ""


class File:
    def close(self) -> None: ...

    def __enter__(self) -> File:
        return self

    def __exit__(self, *args: object) -> None: ...


class LoudFile:
    def close(self, loudly: bool = True) -> None: ...


class Door:
    def close(self, key: str) -> None: ...


@dataclass
class Record:
    name: str
    item: int


@dataclass(frozen=True)
class Frozen:
    name: str
    item: int


class Counted:
    count: ClassVar[int] = 0


class HasCount(Protocol):
    count: int


class Constant:
    name: Final[str] = "constant"


class Strange(Any): ...  # type: ignore[misc]


TYPES: list[str] = [
    # plain classes, promotions, specials
    "Any", "object", "None", "Never", "bool", "int", "float", "complex", "str", "bytes", "bytearray", "memoryview",
    "range", "Animal", "Dog", "Strange",
    # unions and literals
    "Optional[int]", "int | str", "Union[bool, str, None]", "Dog | int", "Literal[1]", "Literal[1, 2]", "Literal['a']",
    "Literal[True]", "Literal[True, False]", "Literal['a', 1, None]", "Colour", "Literal[Colour.RED]",
    "Literal[Colour.RED, Colour.BLUE]", "Level", "Literal[Level.LOW, Level.HIGH]", "Perm", "Literal[Perm.R, Perm.W]",
    # NewType, Annotated, TypedDict, NamedTuple
    "UserId", "AdminId", "Names", "Text", "Annotated[int, 'metres']", "Movie", "LongMovie", "MaybeMovie", "MixedMovie",
    "Point", "Pair",
    # containers
    "list", "list[int]", "list[bool]", "list[float]", "list[Any]", "list[int | str]", "typing.List[int]", "IntList",
    "set[int]", "frozenset[int]", "frozenset[float]", "dict", "dict[str, int]", "dict[str, Any]", "dict[str, object]",
    "collections.deque[int]", "collections.defaultdict[str, int]", "collections.Counter[str]",
    "collections.OrderedDict[str, int]", "collections.ChainMap[str, int]", "array.array[int]",
    "types.MappingProxyType[str, int]", "Bag[int]", "Registry",
    # abstract containers
    "Sized", "Hashable", "Iterable[int]", "Iterable[float]", "Iterable[str]", "Iterable[object]", "Iterable[Any]",
    "Container[int]", "Collection[int]", "Reversible[int]", "Sequence[int]", "Sequence[float]", "Sequence[str]",
    "Sequence[int | str]", "MutableSequence[int]", "Set[int]", "MutableSet[int]", "Mapping[str, int]",
    "Mapping[str, float]", "Mapping[str, object]", "Mapping[Any, Any]", "MutableMapping[str, int]", "KeysView[str]",
    "ItemsView[str, int]", "ValuesView[int]",
    # tuples
    "tuple", "tuple[()]", "tuple[int]", "tuple[int, int]", "tuple[int, str]", "tuple[float, object]",
    "tuple[int, ...]", "tuple[float, ...]", "tuple[Any, ...]",
    # iterators, files, coroutines
    "Iterator", "Iterator[int]", "Iterator[float]", "Iterator[str]", "Iterator[list[int]]", "Generator[int, None, None]",
    "Generator[bool, str, bytes]", "Generator[int, Any, Any]", "Batch[int]", "Walker", "SelfWalker", "AWalker",
    "AsyncIterator[int]", "AsyncIterable[float]", "AsyncGenerator[int, None]", "Awaitable[int]",
    "Coroutine[Any, Any, int]", "IO[str]", "IO[bytes]", "TextIO", "BinaryIO", "io.TextIOWrapper", "io.StringIO",
    "io.BytesIO", "enumerate[str]", "zip[int]", "map[int]", "csv.DictReader[str]", "os.PathLike[str]", "pathlib.Path",
    "contextlib.AbstractContextManager[File]",
    # generics of each variance
    "Inv[int]", "Inv[bool]", "Inv[Any]", "Co[int]", "Co[bool]", "Co[float]", "Contra[int]", "Contra[bool]",
    "Contra[float]",
    "LoudContra[int]", "Keyed[int]", "Keyed[bool]", "Keyed", "Tagged[int]", "Tagged[float]", "Entry[int]", "Entry[bool]",
    "Grid[int]", "Grid[bool]", "Flipped[int, str]", "Flipped[bool, str]",
    # protocols and what fits them
    "HasName", "ReadsName", "Closable", "Getter[int]", "Getter[float]", "Putter[bool]", "Putter[int]", "Box[int]",
    "Box[float]", "Visit[int]", "Visit[bool]", "Comparable", "Node", "Chain", "Cloner", "Sheep", "Lamb", "Mapper", "Lister", "IntLister", "Named",
    "File", "LoudFile", "Door", "Record", "Frozen", "Counted", "HasCount", "Constant", "SupportsInt",
    "SupportsFloat", "SupportsIndex", "SupportsAbs[int]", "SupportsAbs[float]", "SupportsRound[int]",
    "SupportsRound[float]", "datetime.date", "datetime.datetime", "datetime.timedelta", "decimal.Decimal",
    "fractions.Fraction",
    # callables
    "Callable", "Callable[..., int]", "Callable[..., Any]", "Callable[[], int]", "Callable[[int], int]",
    "Callable[[float], bool]", "Callable[[bool], object]", "Callable[[int, int], int]", "Callable[[Any], Any]",
    "Callable[[], Animal]", "Adder", "Applies", "Defaulted", "Doubler", "Summer", "Flexible",
    # nested
    "list[list[int]]", "Sequence[Sequence[float]]", "dict[str, list[int]]", "Mapping[str, Sequence[float]]",
    "list[tuple[int, str]]", "Iterable[tuple[int, object]]", "Callable[[Iterable[int]], Iterator[int]]",
    "Callable[[list[int]], Iterable[float]]", "Iterator[int] | None", "Iterable[int] | str",
    # Last: once mypy (2.4) has found that int itself, the class, has a protocol's members, it remembers as much of
    # every instance of int.
    "type", "type[Animal]", "type[Dog]", "type[Any]", "type[int | str]",
]  # fmt: skip
