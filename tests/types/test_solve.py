"""TypeVars are found through bases, unions, tuples and callables, and bounds hold."""

# mypy: ignore-errors
# Hints are values here, with TypeVars that nothing binds.

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pytest

from synaflow._types import close, free_typevars, solve, solve_all, substitute

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
Number = TypeVar("Number", bound=float)
Either = TypeVar("Either", int, str)
OfT = TypeVar("OfT", bound=Sequence[int])


class Batch(Generic[T], Iterator[list[T]]):
    def __next__(self) -> list[T]:
        raise StopIteration


class Walker:
    def __iter__(self) -> Walker:
        return self

    def __next__(self) -> int:
        return 1


SOLVED = [
    (list[int], Iterable[T], {T: int}),
    (dict[str, int], Mapping[K, V], {K: str, V: int}),
    (dict[str, list[int]], Mapping[K, Iterable[V]], {K: str, V: int}),
    (Generator[int, None, None], Iterator[T], {T: int}),
    (Batch[int], Iterator[T], {T: list[int]}),
    (Batch[int], Iterator[list[T]], {T: int}),
    (Walker, Iterator[T], {T: int}),
    (str, Iterable[T], {T: str}),
    (int | None, T | None, {T: int}),
    (int | str | None, T | None, {T: int | str}),
    (None, T | None, {}),
    (list[int] | int, list[T] | T, {T: int}),
    (tuple[int, str], tuple[K, V], {K: int, V: str}),
    (tuple[int, str], Iterable[T], {T: int | str}),
    (tuple[bool, int], tuple[T, T], {T: int}),
    (tuple[bool, list[int]], tuple[T, list[T]], {T: int}),
    (tuple[list[int], bool], tuple[list[T], T], {T: int}),
    (type[int], type[T], {T: int}),
    (Callable[[int], str], Callable[[K], V], {K: int, V: str}),
    (Callable[[object], str], Callable[[T], T], {T: str}),
    (Any, list[T], {T: Any}),
    (list, Iterable[T], {T: Any}),
    (bool, Number, {Number: bool}),
    (bool, Either, {Either: int}),
    (list[int], OfT, {OfT: list[int]}),
    (T, K, {K: object}),
    (int, float, {}),
]


@pytest.mark.parametrize(("source", "target", "bindings"), SOLVED, ids=repr)
def test_solves(source: object, target: object, bindings: dict[TypeVar, object]) -> None:
    found: dict[TypeVar, object] = {}
    assert solve(source, target, found)
    assert found == bindings


UNSOLVED = [
    (int, list[T]),
    (str, Number),
    (float, Either),
    (list[bool], list[Either]),
    (tuple[list[int], float], tuple[list[T], T]),
    (tuple[list[int], list[bool]], tuple[list[T], list[T]]),
    (Callable[[int], str], Callable[[T], T]),
    (AsyncIterator[int], Iterator[T]),
    (list[str], OfT),
]


@pytest.mark.parametrize(("source", "target"), UNSOLVED, ids=repr)
def test_no_solution_leaves_the_bindings_alone(source: object, target: object) -> None:
    found: dict[TypeVar, object] = {K: bytes}
    assert not solve(source, target, found)
    assert found == {K: bytes}


KNOWN = [
    (int, T, {T: float}, {T: float}),
    (float, T, {T: int}, {T: float}),
    (str, T, {T: int}, {T: int | str}),
    (list[int], list[T], {T: int}, {T: int}),
    (list[int], list[T], {T: bool}, None),
    (list[int], list[T], {T: float}, None),
]


@pytest.mark.parametrize(("source", "target", "known", "after"), KNOWN, ids=repr)
def test_what_is_known_is_widened_and_stays_exact_where_it_must(
    source: object, target: object, known: dict[TypeVar, object], after: dict[TypeVar, object] | None
) -> None:
    found = dict(known)
    assert solve(source, target, found) is (after is not None)
    assert found == (after or known)


def test_several_parameters_are_solved_together_in_any_order() -> None:
    pairs = [(list[int], list[T]), (bool, T), (Iterator[str], Iterator[K])]
    for order in (pairs, pairs[::-1]):
        found: dict[TypeVar, object] = {}
        assert solve_all(order, found)
        assert found == {T: int, K: str}
    assert not solve_all([(list[int], list[T]), (str, T)], {})


def test_substitute_close_and_free() -> None:
    hint = dict[K, Callable[[T], list[V | None]]]
    assert free_typevars(hint) == {K, T, V}
    assert substitute(hint, {K: str, T: int}) == dict[str, Callable[[int], list[V | None]]]
    assert close(list[Either | Number]) == list[int | str | float]
    assert free_typevars(close(hint)) == frozenset()
    assert substitute(Batch[T], {T: int}) == Batch[int]
    assert free_typevars(Batch) == frozenset()
