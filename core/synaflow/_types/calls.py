"""Whether one parameter list stands in for another (typing spec, "Callables", assignability)."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synaflow._types.forms import Kind, form

if TYPE_CHECKING:
    from synaflow._types.atoms import Param
    from synaflow._types.relation import Relation

__all__ = ["params_fit"]

_NAMELESS = inspect.Parameter.POSITIONAL_ONLY
_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD
_STAR = inspect.Parameter.VAR_POSITIONAL
_NAMED = inspect.Parameter.KEYWORD_ONLY


@dataclass(slots=True)
class _Params:
    positional: list[Param] = field(default_factory=list)
    named: dict[str, Param] = field(default_factory=dict)
    star: Param | None = None
    double_star: Param | None = None


def _sorted(params: tuple[Param, ...]) -> _Params:
    found = _Params()
    for param in params:
        if param.kind in (_NAMELESS, _EITHER):
            found.positional.append(param)
        elif param.kind == _NAMED:
            found.named[param.name] = param
        elif param.kind == _STAR:
            found.star = param
        else:
            found.double_star = param
    return found


def params_fit(
    relation: Relation, found: tuple[Param, ...] | None, wanted: tuple[Param, ...] | None, *, ignore_names: bool
) -> bool:
    """Whether what takes `found` may be called in every way in which what takes `wanted` may.

    Args:
        relation: Compares the types; a parameter's are contravariant.
        found: The parameters of the callable at hand; None takes anything.
        wanted: Those of the callable asked for; None asks for nothing.
        ignore_names: Whether positional parameters may be named differently, as methods' may.

    Returns:
        Whether it fits.
    """
    if found is None or wanted is None:
        return True
    have, want = _sorted(found), _sorted(wanted)
    if not have.positional and not have.named and _takes_anything(have):
        return True
    if not want.positional and not want.named and _takes_anything(want):
        return True  # `*args: Any, **kwargs: Any` is another way to write `...`
    if not _stars_fit(relation, have, want):
        return False
    used: set[str] = set()  # by name; the nameless are used in order
    for index, param in enumerate(want.positional):
        if index < len(have.positional):
            mine = have.positional[index]
            used.add(mine.name)
            by_name = param.kind == _EITHER and not ignore_names
            if by_name and (mine.kind != _EITHER or mine.name != param.name):
                return False
        elif have.star is not None:
            mine = have.star
        else:
            return False
        if not _one_fits(relation, mine, param):
            return False
    by_name_too = {p.name: p for p in have.positional if p.kind == _EITHER and p.name not in used} | have.named
    for param in want.named.values():
        named = by_name_too.get(param.name, have.double_star)
        if named is None or not _one_fits(relation, named, param):
            return False
        used.add(param.name)
    left = [p for p in have.positional[len(want.positional) :] if not p.name or p.name not in used]
    left += [p for p in have.named.values() if p.name not in used]
    return not any(param.required for param in left) and _extras_fit(relation, left, want)


def _takes_anything(params: _Params) -> bool:
    stars = (params.star, params.double_star)
    return all(star is not None and form(star.tp) == (Kind.ANY, None, ()) for star in stars)


def _one_fits(relation: Relation, mine: Param, param: Param) -> bool:
    is_star = mine.kind not in (_NAMELESS, _EITHER, _NAMED)
    if mine.required and not param.required and not is_star:
        return False
    return relation.fits(param.tp, mine.tp)


def _stars_fit(relation: Relation, have: _Params, want: _Params) -> bool:
    for mine, star in ((have.star, want.star), (have.double_star, want.double_star)):
        if star is not None and (mine is None or not relation.fits(star.tp, mine.tp)):
            return False
    return True


def _extras_fit(relation: Relation, left: list[Param], want: _Params) -> bool:
    """Whether what only the callable at hand names takes what the other's stars let through."""
    for param in left:
        star = want.double_star if param.kind == _NAMED else want.star
        if star is not None and not relation.fits(star.tp, param.tp):
            return False
    return True
