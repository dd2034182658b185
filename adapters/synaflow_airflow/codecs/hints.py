"""Reading types: their wrapping, and the fields of classes with the type variables filled in."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import InitVar
from typing import Generic, NewType, TypeVar, Union, get_args, get_origin

from synaflow import TypeForm, spell
from synaflow_airflow.codecs.base import CantTravelError

__all__ = ["field_hints", "is_alias", "is_union", "key_hints", "literal_name", "peel"]

_QUALIFIERS = frozenset({"ClassVar", "Final", "NotRequired", "ReadOnly", "Required"})


def literal_name(special: object) -> str:
    """The name of a special form, of `typing` or `typing_extensions`: `Literal`, `Final`, ...; '' of anything else."""
    if type(special).__module__ not in ("typing", "typing_extensions") or isinstance(special, TypeVar | NewType):
        return ""
    return str(getattr(special, "_name", None) or getattr(special, "__name__", None) or "")


def is_union(tp: TypeForm) -> bool:
    """Whether this is a union, however spelled."""
    return get_origin(tp) in (Union, types.UnionType)


def is_alias(tp: TypeForm) -> bool:
    """Whether this is a `type X = ...`, bare or with arguments."""
    return not isinstance(tp, type) and (
        type(tp).__name__ == "TypeAliasType" or type(get_origin(tp)).__name__ == "TypeAliasType"
    )


def peel(tp: TypeForm) -> TypeForm:
    """Takes one layer of wrapping off: Annotated, a qualifier, a NewType, an alias.

    Returns:
        What is inside; `tp` itself if there is no wrapping.
    """
    if tp is None:
        return type(None)
    if isinstance(tp, InitVar):
        return typing.cast("TypeForm", tp.type)
    if isinstance(tp, NewType):
        return typing.cast("TypeForm", tp.__supertype__)
    if hasattr(tp, "__metadata__"):
        return typing.cast("TypeForm", tp.__origin__)  # type: ignore[attr-defined]
    if is_alias(tp):
        return _alias_value(tp)
    if literal_name(get_origin(tp)) in _QUALIFIERS:
        return typing.cast("TypeForm", get_args(tp)[0])
    return str if literal_name(tp) == "LiteralString" else tp


def _alias_value(tp: TypeForm) -> TypeForm:
    args = get_args(tp)
    alias = get_origin(tp) if args else tp
    try:
        value: TypeForm = alias.__value__  # type: ignore[union-attr]
    except Exception as error:  # it is evaluated only now
        raise CantTravelError(f"the alias `{spell(tp)}` doesn't resolve: {error}") from error
    return _filled(value, dict(zip(getattr(alias, "__type_params__", ()), args, strict=False)))


def field_hints(tp: TypeForm) -> dict[str, TypeForm]:
    """The types of a dataclass's or NamedTuple's fields, by name.

    Args:
        tp: The class, or a generic one with its arguments.
    """
    cls: type = get_origin(tp) or tp  # type: ignore[assignment]
    bound = _bindings(tp)
    result = {}
    for name, hint in _resolved(cls).items():
        owner = next((base for base in cls.__mro__ if name in vars(base).get("__annotations__", {})), cls)
        result[name] = _filled(hint, bound.get(owner, {}))
    return result


def key_hints(tp: TypeForm) -> dict[str, tuple[TypeForm, bool]]:
    """The types of a TypedDict's keys, and which are required.

    Args:
        tp: The class, or a generic one with its arguments.
    """
    cls: type = get_origin(tp) or tp  # type: ignore[assignment]
    bound = _bindings(tp)
    required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
    result = {}
    for name, hint in _resolved(cls).items():
        qualifiers, inner = set(), hint
        while hasattr(inner, "__metadata__") or literal_name(get_origin(inner)) in _QUALIFIERS:
            qualifiers.add(literal_name(get_origin(inner)))
            inner = peel(inner)
        # The class has its bases' keys among its own: the last that has it is where it was written.
        owner = [base for base in bound if name in vars(base).get("__annotations__", {})][-1]
        # Under `from __future__ import annotations` the class itself missed the qualifiers: they were text.
        must = "NotRequired" not in qualifiers and ("Required" in qualifiers or name in required)
        result[name] = _filled(inner, bound[owner]), must
    return result


def _resolved(cls: type) -> dict[str, TypeForm]:
    try:
        try:
            return typing.get_type_hints(cls, include_extras=True)
        except NameError:
            # A class made in a function may still speak of itself.
            return typing.get_type_hints(cls, localns={**vars(cls), cls.__name__: cls}, include_extras=True)
    except Exception as error:  # whatever a user's annotation raises
        raise CantTravelError(f"the hints of `{spell(cls)}` don't resolve: {error}") from error


def _bindings(tp: TypeForm) -> dict[type, dict[TypeForm, TypeForm]]:
    """What each class's type variables stand for, from the class itself to its last base."""
    found: dict[type, dict[TypeForm, TypeForm]] = {}

    def walk(tp: TypeForm) -> None:
        cls = get_origin(tp) or tp
        if not isinstance(cls, type) or cls is Generic or cls in found:
            return
        new: dict[TypeForm, TypeForm] = dict(zip(getattr(cls, "__parameters__", ()), get_args(tp), strict=False))
        found[cls] = new
        for base in vars(cls).get("__orig_bases__", cls.__bases__):
            if get_origin(base) not in (Generic, typing.Protocol):
                walk(_filled(base, new))

    walk(tp)
    return found


def _filled(tp: TypeForm, new: Mapping[TypeForm, TypeForm]) -> TypeForm:
    if isinstance(tp, TypeVar):
        return new.get(tp, tp)
    params = () if isinstance(tp, type) else getattr(tp, "__parameters__", ())
    if not new or not params:
        return tp
    return typing.cast("TypeForm", tp[tuple(new.get(param, param) for param in params)])  # type: ignore[index]
