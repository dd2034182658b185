"""Laws that hold for any types: grown by hypothesis out of every construct."""

# mypy: ignore-errors
# Hints are values here, with TypeVars that nothing binds.

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypeVar, Union

from hypothesis import given, settings
from hypothesis import strategies as st

from synaflow._types import (
    close,
    collection_item,
    free_typevars,
    is_assignable,
    members,
    solve,
    spell,
    stream_item,
    substitute,
)

T = TypeVar("T")
S = TypeVar("S")
UserId = NewType("UserId", int)

LEAVES = st.sampled_from(
    [int, bool, float, str, bytes, object, None, Any, UserId, Literal[1], Literal["a", 2], range, list, dict]
)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda a: list[a]),
        inner.map(lambda a: Sequence[a]),
        inner.map(lambda a: Iterable[a]),
        inner.map(lambda a: Iterator[a]),
        inner.map(lambda a: type[a] if isinstance(a, type) else frozenset[a]),
        inner.map(lambda a: tuple[a, ...]),
        inner.map(lambda a: Generator[a, None, None]),
        inner.map(lambda a: Annotated[a, "metadata"]),
        pair.map(lambda p: dict[p[0], p[1]]),
        pair.map(lambda p: Mapping[p[0], p[1]]),
        pair.map(lambda p: tuple[p[0], p[1]]),
        pair.map(lambda p: Union[p[0], p[1]]),  # noqa: UP007
        pair.map(lambda p: Callable[[p[0]], p[1]]),
    )


TYPES = st.recursive(LEAVES, _grow, max_leaves=5)
GENERIC = st.recursive(st.one_of(LEAVES, st.sampled_from([T, S])), _grow, max_leaves=5)
laws = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@laws
@given(TYPES)
def test_every_type_fits_itself_any_and_object(tp: Any) -> None:
    assert is_assignable(tp, tp)
    assert is_assignable(tp, Any)
    assert is_assignable(Any, tp)
    assert is_assignable(tp, object)


@laws
@given(TYPES, TYPES)
def test_metadata_is_ignored_though_it_be_unhashable(a: Any, b: Any) -> None:
    wrapped = list[Annotated[a, []]]
    assert is_assignable(wrapped, list[a])
    assert is_assignable(tuple[wrapped, b], Iterable[Any])
    assert solve(tuple[wrapped, b], Iterable[T], {})


@laws
@given(TYPES, TYPES)
def test_a_type_fits_every_union_that_holds_it(a: Any, b: Any) -> None:
    assert is_assignable(a, Union[a, b])  # noqa: UP007
    assert is_assignable(a, Union[b, a])  # noqa: UP007


@laws
@given(TYPES, TYPES, TYPES)
def test_a_union_fits_what_all_its_members_fit(a: Any, b: Any, c: Any) -> None:
    union = Union[a, b]  # noqa: UP007
    assert is_assignable(union, c) == (is_assignable(a, c) and is_assignable(b, c))


@laws
@given(TYPES, TYPES)
def test_a_covariant_place_says_what_its_argument_says(a: Any, b: Any) -> None:
    fits = is_assignable(a, b)
    assert is_assignable(list[a], Iterable[b]) == fits
    assert is_assignable(Callable[[b], None], Callable[[a], None]) == fits
    assert is_assignable(list[a], list[b]) == (fits and is_assignable(b, a))


@laws
@given(TYPES, GENERIC)
def test_what_solve_finds_makes_the_target_fit(source: Any, target: Any) -> None:
    bindings: dict[TypeVar, object] = {}
    if solve(source, target, bindings):
        found = substitute(target, bindings)
        left = dict.fromkeys(free_typevars(found), Any)
        assert is_assignable(source, substitute(found, left)), spell(found)
    else:
        assert bindings == {}


@laws
@given(GENERIC, TYPES)
def test_a_target_solves_for_what_was_put_in(target: Any, tp: Any) -> None:
    # What is put in may be found narrower, but it is always a way to fit.
    source = substitute(target, {T: tp, S: int})
    assert solve(source, target, {})


@laws
@given(GENERIC)
def test_closing_leaves_no_typevar_and_unwrapping_nothing_to_unwrap(tp: Any) -> None:
    assert not free_typevars(close(tp))
    assert all(members(member) == (member,) for member in members(tp))
    assert spell(Optional[tp]).count("None") >= 1  # noqa: UP045
    assert not (stream_item(tp) and collection_item(tp))
