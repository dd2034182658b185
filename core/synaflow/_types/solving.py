"""The questions this package answers about two types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.memory import remembered
from synaflow._types.relation import Relation
from synaflow._types.solution import solution
from synaflow._types.substitution import close, free_typevars

__all__ = ["is_assignable", "solve", "solve_all"]


def is_assignable(source: TypeForm, target: TypeForm) -> bool:
    """Whether a value of type `source` can be given where a `target` is asked for.

    This is gradual typing's assignability, with mypy as the oracle. A TypeVar in the source is
    anything within its bound; one in the target is fitted by itself alone (see `solve`). Answers
    are remembered.

    Args:
        source: The type at hand.
        target: The type asked for.

    Returns:
        Whether it fits.

    Raises:
        UndecidableTypeError: If one of the two can't be judged: no type, an unresolved forward
            reference, ParamSpec, TypeVarTuple.

    Example:
        >>> is_assignable(list[bool], Iterable[float]), is_assignable(list[bool], list[float])
        (True, False)
    """
    try:
        return _is_assignable(source, target)
    except TypeError:  # unhashable metadata or literal: not remembered
        return _ask(source, target)


def _ask(source: TypeForm, target: TypeForm) -> bool:
    try:
        return Relation().fits(source, target)
    except RecursionError:
        raise UndecidableTypeError(source, "it grows without end") from None


_is_assignable = remembered(_ask)


def solve(source: TypeForm, target: TypeForm, bindings: dict[TypeVar, TypeForm]) -> bool:
    """Whether `source` fits `target` for some choice of the TypeVars in `target`, and which.

    Several types of one TypeVar are joined: to the wider of two, else to their union. In an
    invariant place (`list[T]`) the type must be exactly that; so to solve the parameters of one
    function, ask for all at once with `solve_all`: one by one, what is exact in an earlier answer
    is not known to a later question.

    Args:
        source: The type at hand. A TypeVar in it is anything within its bound.
        target: The type asked for.
        bindings: What the TypeVars are already; the answer is added. Left as it is on a no.

    Returns:
        Whether it fits. TypeVars of which nothing was learned stay out of `bindings`.

    Raises:
        UndecidableTypeError: As `is_assignable`.

    Example:
        >>> T = TypeVar("T")
        >>> found = {}
        >>> solve(dict[str, int], Iterable[T], found), found
        (True, {~T: <class 'str'>})
    """
    return solve_all(((source, target),), bindings)


def solve_all(pairs: Iterable[tuple[TypeForm, TypeForm]], bindings: dict[TypeVar, TypeForm]) -> bool:
    """Like `solve`, for several pairs of a source and a target at once.

    Args:
        pairs: Sources and targets; their order has no effect.
        bindings: What the TypeVars are already; the answer is added. Left as it is on a no.

    Returns:
        Whether all fit.

    Raises:
        UndecidableTypeError: As `is_assignable`.

    Example:
        >>> T = TypeVar("T")
        >>> solve_all([(list[int], list[T]), (str, T)], {})
        False
    """
    asked = [(source, target, free_typevars(target)) for source, target in pairs]
    relation = Relation(frozenset().union(*(free for _, _, free in asked)))
    try:
        for source, target, free in asked:
            fine = relation.fits(close(source), target) if free else is_assignable(source, target)
            if not fine:
                return False
        found = solution(relation.bounds, bindings, Relation().fits)
    except RecursionError:
        raise UndecidableTypeError(asked[0][0], "it grows without end") from None
    if found is None:
        return False
    bindings.update(found)
    return True
