"""The index over candidates only leaves out what can't fit: with it or without, the same is found by type."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from enum import Enum
from pathlib import Path, PurePath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Protocol, TextIO, TypedDict, TypeVar

import pytest

from core.building import problems_of, wires
from synaflow import PipelineDef, Problem, pipeline, register_collector, step
from synaflow._check.candidates import Candidate, Candidates

T = TypeVar("T")


class Base: ...


class Derived(Base): ...


class Named(Protocol):
    name: str


class HasName(Base):
    name: str = ""


class Shelf:
    def __iter__(self) -> Iterator[Base]: ...


class Rows(Iterator[Base]):
    def __next__(self) -> Base: ...


class Bases(list[Base]): ...


class Box(Generic[T]): ...


class BaseBox(Box[Base]): ...


class Pair(NamedTuple):
    base: Base
    other: Derived


class Keys(TypedDict):
    base: Base


class Color(Enum):
    RED = 1


class Album:
    """What streams can be collected into."""


def album_of(items: Iterable[Base]) -> Album: ...


register_collector(Album, album_of)

BaseId = NewType("BaseId", Derived)
Text = NewType("Text", str)

TYPES: list[object] = [
    Base,
    Derived,
    HasName,
    Named,
    Shelf,
    Rows,
    Bases,
    Box[Base],
    Box[Derived],
    Box,
    BaseBox,
    Pair,
    Keys,
    Color,
    Literal[Color.RED],
    Literal["a"],
    Literal[1],
    Album,
    BaseId,
    Text,
    Annotated[Derived, "metadata"],
    Derived | None,
    Base | int,
    list[Base] | None,
    Iterator[Base],
    Iterator[Derived],
    Iterator[BaseId],
    Iterator[Pair],
    Iterator[Any],
    Iterator,
    Iterable[Derived],
    Generator[Derived, None, None],
    AsyncIterator[Derived],
    list[Base],
    list[Derived],
    list[Any],
    list,
    list[list[Derived]],
    Sequence[Base],
    tuple[Base, ...],
    tuple[Derived, Derived],
    dict[str, Base],
    Mapping[str, Base],
    Iterator[tuple[str, Base]],
    Callable[[Base], Derived],
    type[Derived],
    int,
    bool,
    float,
    str,
    bytes,
    range,
    Iterator[int],
    Iterator[bool],
    Iterator[float],
    list[int],
    set[str],
    TextIO,
    Path,
    PurePath,
    Sized,
    Hashable,
]


def by_type(given: object, wanted: object) -> PipelineDef | tuple[Problem, ...]:
    def give() -> None: ...

    def take(x: None) -> None: ...

    give.__annotations__["return"] = given
    take.__annotations__["x"] = wanted
    steps = step("give", give), step("take", take)
    try:
        return pipeline("test", steps=steps)
    except Exception:  # looked at below
        return problems_of(*steps)


def answer(found: PipelineDef | tuple[Problem, ...]) -> object:
    return wires(found) if isinstance(found, PipelineDef) else [(one.code, one.message) for one in found]


@pytest.mark.parametrize("wanted", TYPES, ids=str)
def test_the_index_changes_no_answer(wanted: object, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed = [answer(by_type(given, wanted)) for given in TYPES]
    monkeypatch.setattr(Candidates, "for_type", lambda self, _: self._all)
    assert indexed == [answer(by_type(given, wanted)) for given in TYPES]


def test_the_index_leaves_out_what_can_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """That there is an index at all: of many unrelated outputs only those in question are asked."""
    asked: list[int] = []
    look = Candidates.for_type

    def counted(self: Candidates, wanted: object) -> list[Candidate]:
        found = look(self, wanted)
        asked.append(len(found))
        return found

    monkeypatch.setattr(Candidates, "for_type", counted)

    def take(x: Iterator[Base]) -> None: ...

    def give() -> Iterator[Base]: ...

    others = [step(f"other{at}", lambda: None, hints={"return": type(f"Other{at}", (), {})}) for at in range(100)]
    pipeline("test", steps=[*others, give, take])
    assert asked == [1]
