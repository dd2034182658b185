"""Putting types in the place of TypeVars (PEP 484, 695, 696)."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from synaflow._types.atoms import Signature, name_of
from synaflow._types.errors import TypeForm, UndecidableTypeError

__all__ = ["close", "fill_args", "free_typevars", "join_union", "replace", "substitute", "upper_bound"]


def free_typevars(tp: TypeForm) -> frozenset[TypeVar]:
    """The TypeVars that stand open in a hint.

    Args:
        tp: A hint.

    Returns:
        They; a bare generic class has none, for it means `[Any]`.

    Example:
        >>> T = TypeVar("T")
        >>> free_typevars(dict[str, list[T]])
        frozenset({~T})
    """
    if isinstance(tp, TypeVar):
        return frozenset((tp,))
    if isinstance(tp, Signature):
        return frozenset().union(*map(free_typevars, tp.hints()))
    if get_origin(tp) is None:  # a class or alias has parameters too, but these are its own
        return frozenset()
    return frozenset(p for p in getattr(tp, "__parameters__", ()) if isinstance(p, TypeVar))


def substitute(tp: TypeForm, bindings: Mapping[TypeVar, TypeForm]) -> TypeForm:
    """Replace bound TypeVars, however deep.

    Args:
        tp: A hint.
        bindings: What to put for each TypeVar; others stay.

    Returns:
        The hint with the replacements made.

    Example:
        >>> T = TypeVar("T")
        >>> substitute(dict[str, T], {T: int})
        dict[str, int]
    """
    return replace(tp, bindings) if bindings and free_typevars(tp) else tp


def close(tp: TypeForm) -> TypeForm:
    """Replace the TypeVars that are left by what they can be at most.

    Args:
        tp: A hint.

    Returns:
        The hint with each TypeVar replaced by its bound, the union of its constraints, or object.

    Example:
        >>> T = TypeVar("T", int, str)
        >>> close(list[T])
        list[typing.Union[int, str]]
    """
    free = free_typevars(tp)
    return close(replace(tp, {var: upper_bound(var) for var in free})) if free else tp


def join_union(tps: Iterable[TypeForm]) -> TypeForm:
    """The union of `tps`; `Never` if there are none."""
    flat = tuple(tps)
    if not flat:
        return typing.Never
    if len(flat) == 1 and isinstance(flat[0], type):
        return flat[0]  # `Union` would remember the class
    try:
        result: TypeForm = Union[flat]  # noqa: UP007  # built from a tuple, which `|` can't do
    except TypeError:  # before 3.13 metadata that can't be hashed is not let into a union
        result = Union[tuple(replace(tp, {"Annotated": None}) for tp in flat)]  # noqa: UP007
    return result


def upper_bound(var: TypeVar) -> TypeForm:
    """The widest type a TypeVar can be."""
    if var.__constraints__:
        return join_union(var.__constraints__)
    return object if var.__bound__ is None else var.__bound__


def fill_args(params: tuple[TypeForm, ...], args: tuple[TypeForm, ...]) -> tuple[TypeForm, ...]:
    """Complete the arguments of a generic: a missing one is its default (PEP 696), or Any."""
    if len(args) > len(params):
        raise UndecidableTypeError(args, f"{len(args)} type arguments where {len(params)} are taken")
    filled = dict(zip(params, args, strict=False))
    for param in params[len(args) :]:
        has_default = getattr(param, "has_default", None)
        default = param.__default__ if has_default is not None and has_default() else Any  # type: ignore[attr-defined]
        filled[param] = replace(default, filled)  # a default may name an earlier parameter
    return tuple(filled.values())


def replace(tp: TypeForm, new: Mapping[Any, TypeForm]) -> TypeForm:
    """Like `substitute`, for more that can stand in a hint.

    Args:
        tp: A hint.
        new: By TypeVar what to put there; by "Self" what Self is; with "Annotated", metadata goes.

    Returns:
        `tp` itself when nothing in it changes.
    """
    if isinstance(tp, TypeVar):
        return new.get(tp, tp)
    if isinstance(tp, Signature):
        return tp.map(lambda hint: replace(hint, new))
    origin = get_origin(tp)
    if origin is None:
        return new["Self"] if "Self" in new and name_of(tp) == "Self" else tp
    if name_of(origin) == "Literal":
        return tp
    args = get_args(tp)
    if origin is Annotated:
        inner = replace(args[0], new)
        if "Annotated" in new:
            return inner
        return tp if inner is args[0] else Annotated[(inner, *args[1:])]
    changed = tuple([replace(a, new) for a in arg] if isinstance(arg, list) else replace(arg, new) for arg in args)
    if all(_same(old, now) for old, now in zip(args, changed, strict=True)):
        return tp
    if origin is types.UnionType or name_of(origin) == "Union":
        return join_union(changed)
    if origin is collections.abc.Callable:
        return typing.cast("TypeForm", origin[changed[0], changed[1]])
    rebuilt: TypeForm = origin[changed]
    return rebuilt


def _same(old: object, now: object) -> bool:
    if isinstance(old, list) and isinstance(now, list):
        return all(a is b for a, b in zip(old, now, strict=True))
    return old is now
