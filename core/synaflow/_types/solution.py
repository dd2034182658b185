"""From what was learned of TypeVars to what they are.

A source in a covariant place says "at least this" of a TypeVar, one in a contravariant place "at
most this", one in an invariant place both. A TypeVar becomes the join of what it is at least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from synaflow._types.errors import TypeForm
from synaflow._types.forms import Kind, form, members
from synaflow._types.substitution import free_typevars, join_union, replace

__all__ = ["Fits", "join", "solution"]

#: Tells whether a source fits a target.
Fits: TypeAlias = Callable[[TypeForm, TypeForm], bool]


def join(tps: Iterable[TypeForm], fits: Fits) -> TypeForm:
    """The narrowest type that all of `tps` fit: the widest of them, or the union of the widest.

    Args:
        tps: Types, the order of which has no effect but on how a union is written.
        fits: Tells whether one type fits another.

    Returns:
        The join; Any if it is among them.

    Example:
        >>> join([bool, int, str], issubclass)
        typing.Union[int, str]
    """
    kept: list[TypeForm] = []
    for tp in (member for given in tps for member in members(given)):
        if form(tp).kind is Kind.ANY:
            return Any
        if not any(fits(tp, other) for other in kept):
            kept = [other for other in kept if not fits(other, tp)] + [tp]
    return join_union(kept)


def solution(
    bounds: Iterable[tuple[TypeVar, bool, TypeForm]], known: Mapping[TypeVar, TypeForm], fits: Fits
) -> dict[TypeVar, TypeForm] | None:
    """Choose a type for every TypeVar of which something was learned.

    Args:
        bounds: What was learned: the variable, whether the type is a lower bound, and the type.
        known: What the variables are from before.
        fits: Tells whether one type fits another.

    Returns:
        The types, those in `known` widened where they had to be; None if there is no choice that
        meets every bound, the TypeVar's own included.
    """
    lower: dict[TypeVar, list[TypeForm]] = {}
    upper: dict[TypeVar, list[TypeForm]] = {}
    for var, is_lower, tp in bounds:
        (lower if is_lower else upper).setdefault(var, []).append(tp)
    found = dict(known)
    for var in dict.fromkeys((*lower, *upper)):
        exact = any(tp in lower.get(var, ()) for tp in upper.get(var, ()))
        if var in known and exact and not all(fits(known[var], tp) and fits(tp, known[var]) for tp in lower[var]):
            return None
        if var in lower:
            chosen = join([*([known[var]] if var in known else []), *lower[var]], fits)
        else:
            chosen = known.get(var) or _narrowest(upper[var], fits)
        chosen = _allowed(var, chosen, found, fits)
        if chosen is None or not all(fits(chosen, tp) for tp in upper.get(var, ())):
            return None
        found[var] = chosen
    return found


def _narrowest(tps: list[TypeForm], fits: Fits) -> TypeForm:
    narrowest = tps[0]
    for tp in tps[1:]:
        if fits(tp, narrowest):
            narrowest = tp
    return narrowest


def _allowed(var: TypeVar, tp: TypeForm, found: Mapping[TypeVar, TypeForm], fits: Fits) -> TypeForm | None:
    """What a TypeVar becomes that has to be at least `tp`: a constraint, or `tp` within the bound."""
    if form(tp).kind is Kind.ANY:
        return tp
    if var.__constraints__:
        wide = [constraint for constraint in var.__constraints__ if fits(tp, constraint)]
        return _narrowest(wide, fits) if wide else None
    bound = var.__bound__
    if bound is None or free_typevars(replace(bound, found)):
        return tp
    return tp if fits(tp, replace(bound, found)) else None
