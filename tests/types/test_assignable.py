"""`is_assignable` where the oracle has no say: TypeVars, what can't be judged, oddly written hints."""

# mypy: ignore-errors
# Hints are values here, with TypeVars that nothing binds.

from __future__ import annotations

import typing
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Generic, Literal, Optional, ParamSpec, Protocol, TypedDict, TypeVar, overload

import pytest

from synaflow._types import UndecidableTypeError, is_assignable, spell

T = TypeVar("T")
Small = TypeVar("Small", bound=int)
Either = TypeVar("Either", int, str)
P = ParamSpec("P")
Ts = typing.TypeVarTuple("Ts")
T_co = TypeVar("T_co", covariant=True)

TYPEVARS = [
    (T, object, True),
    (T, int, False),
    (T, T, True),
    (int, T, False),
    (Any, T, True),
    (Small, int, True),
    (Small, float, True),
    (Small, str, False),
    (Small | None, int | None, True),
    (Either, int | str, True),
    (Either, int, False),
    (list[T], list[T], True),
    (list[Small], Sequence[int], True),
    (list[Small], list[int], False),
    (T, T | None, True),
]

SPELLINGS = [
    (typing.List[int], list[int], True),  # noqa: UP006
    (list[int], typing.Sequence[float], True),
    (Optional[int], int | None, True),  # noqa: UP045
    (Annotated[int, []], float, True),  # metadata that can't be hashed
    (list[Annotated[int, {}]], list[int], True),
    (Final[int], int, True),
    (int, typing.ClassVar[int], True),
    (None, type(None), True),
    (type(None), Optional[int], True),  # noqa: UP045
    (Literal[None], None, True),
    (typing.LiteralString, str, True),
    (typing.NoReturn, int, True),
    (Literal[1], Literal[True], False),
    (Literal[True], Literal[1], False),
    (typing.Type[int], type[float], True),  # noqa: UP006
    (list, list[int], True),
    (typing.Generator[int, None, None], Iterator[float], True),
]


@pytest.mark.parametrize(("source", "target", "fits"), TYPEVARS + SPELLINGS, ids=repr)
def test_fits_or_not(source: object, target: object, fits: bool) -> None:
    assert is_assignable(source, target) is fits


UNDECIDABLE = [
    (Callable[P, int], "ParamSpec"),
    (tuple[*Ts], "unpacked"),
    (list["Later"], "forward reference"),  # noqa: F821
    ("int", "forward reference"),
    (5, "not a type"),
    (typing.Self, "Self"),
    (P, "ParamSpec"),
]


@pytest.mark.parametrize(("hint", "reason"), UNDECIDABLE, ids=repr)
def test_what_cannot_be_judged_is_refused_and_named(hint: object, reason: str) -> None:
    with pytest.raises(UndecidableTypeError, match=reason) as caught:
        is_assignable(hint, list[int])
    assert spell(caught.value.tp) in str(caught.value)


class HasName(Protocol):
    name: str


class Lazy:
    def __init__(self) -> None:
        self.name = "set where run time can't see its type"


class Reader:
    def __init__(self, other: Lazy) -> None:
        print(other.name)


def test_an_attribute_only_set_in_init_can_not_be_judged() -> None:
    with pytest.raises(UndecidableTypeError, match="annotate it in the class body"):
        is_assignable(Lazy, HasName)


def test_reading_another_objects_attribute_in_init_is_no_reason_to_refuse() -> None:
    assert not is_assignable(Reader, HasName)


class Unresolved(Protocol):
    def call(self, x: Nope) -> int: ...  # noqa: F821


class Calls:
    def call(self, x: int) -> int:
        return x


def test_hints_that_do_not_resolve_are_named() -> None:
    with pytest.raises(UndecidableTypeError, match=r"Unresolved\.call don't resolve"):
        is_assignable(Calls, Unresolved)


class Overloaded(Protocol):
    @overload
    def call(self, x: int) -> int: ...
    @overload
    def call(self, x: str) -> str: ...


class AlsoOverloaded:
    @overload
    def call(self, x: str) -> str: ...
    @overload
    def call(self, x: int) -> int: ...
    def call(self, x: int | str) -> int | str:
        return x


def test_each_overload_needs_one_that_serves() -> None:
    assert is_assignable(AlsoOverloaded, Overloaded)
    assert not is_assignable(Calls, Overloaded)


class Unhinted:
    def call(self, x):
        return x


class TooFew:
    def call(self):
        return 1


def test_a_method_without_hints_is_gradual_but_its_parameters_count() -> None:
    class Wanted(Protocol):
        def call(self, x: int) -> int: ...

    assert is_assignable(Unhinted, Wanted)
    assert not is_assignable(TooFew, Wanted)


class Tree(Protocol[T_co]):
    def value(self) -> T_co: ...
    def children(self) -> Iterable[Tree[T_co]]: ...


class IntTree:
    def value(self) -> int:
        return 1

    def children(self) -> list[IntTree]:
        return []


def test_a_recursive_protocol_ends() -> None:
    assert is_assignable(IntTree, Tree[float])
    assert not is_assignable(IntTree, Tree[str])


class Linked(TypedDict):
    value: int
    rest: Linked | None


class Chained(TypedDict):
    value: int
    rest: Chained | None


def test_recursive_typed_dicts_end() -> None:
    assert is_assignable(Linked, Chained)


def test_a_local_class_is_judged_by_hints_that_are_text() -> None:
    class Local(Generic[T]):
        def __iter__(self) -> Iterator[T]:
            raise NotImplementedError

    assert is_assignable(Local[int], Iterable[float])
    assert not is_assignable(Local[int], Iterable[str])


class Picky(type):
    def __eq__(cls, other: object) -> bool:
        return False

    __hash__ = type.__hash__


class Strange(metaclass=Picky): ...


def test_a_metaclass_that_denies_equality_does_not_matter() -> None:
    assert is_assignable(Strange, Strange)
    assert is_assignable(list[Strange], Iterable[Strange])


def test_deep_nesting_is_an_answer_or_a_refusal() -> None:
    hint: Any = int
    for _ in range(20_000):
        hint = list[hint]
    with pytest.raises(UndecidableTypeError):
        is_assignable(hint, Sequence[hint])


def test_typing_extensions_on_an_older_python() -> None:
    te = pytest.importorskip("typing_extensions")

    class ReadsX(te.TypedDict):
        x: te.ReadOnly[float]

    class HasX(te.TypedDict):
        x: int

    annotated = {"ReadsX": ReadsX, "te": te}
    globals().update(annotated)
    try:
        assert is_assignable(HasX, ReadsX)
        assert not is_assignable(ReadsX, HasX)
        assert is_assignable(te.TypeAliasType("Ints", list[int]), Sequence[int])
        assert is_assignable(HasX, Mapping[str, object])
        assert is_assignable(te.Literal["a"], Literal["a"])
    finally:
        for name in annotated:
            del globals()[name]


def test_hash_is_as_at_run_time() -> None:
    assert not is_assignable(list[int], Hashable)
    assert is_assignable(frozenset[int], Hashable)
