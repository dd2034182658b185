"""Types as text: short, for people, and the same on every Python."""

from __future__ import annotations

import collections.abc
import types
from dataclasses import InitVar
from enum import Enum
from typing import Any, ForwardRef, NewType, TypeVar, Union, get_args, get_origin

from synaflow._types.atoms import NoneType, is_alias, name_of
from synaflow._types.bases import full_args, look_up
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.forms import QUALIFIERS

__all__ = ["spell"]

_UNIONS = (Union, types.UnionType)


def spell(tp: TypeForm) -> str:
    """Write a type as a person would.

    Args:
        tp: A hint; any other object is written by its repr, so that this never fails.

    Returns:
        The text: no module names, unions as `A | B`, Annotated by what is inside.

    Example:
        >>> import typing
        >>> spell(typing.Optional[typing.List[int]]), spell(typing.Callable[[int], None])
        ('list[int] | None', 'Callable[[int], None]')
    """
    if tp is None or tp is NoneType:
        return "None"
    if tp is Ellipsis:
        return "..."
    if tp is Any:
        return "Any"
    if isinstance(tp, str):
        return tp
    if isinstance(tp, InitVar):
        return spell(tp.type)
    if isinstance(tp, list | tuple):
        return f"[{', '.join(map(spell, tp))}]"
    origin, args = get_origin(tp), get_args(tp)
    if origin is None:
        return _spell_name(tp)
    if getattr(tp, "__unpacked__", False):
        return f"*{origin.__name__}[{', '.join(map(spell, args))}]"
    if origin in _UNIONS:
        return " | ".join(dict.fromkeys(map(spell, args)))
    name = name_of(origin)
    if hasattr(tp, "__metadata__") or name in QUALIFIERS:
        return spell(args[0])
    if name == "Literal":
        return f"Literal[{', '.join(map(_spell_value, args))}]"
    if name == "Unpack":
        return f"*{spell(args[0])}"
    if origin is collections.abc.Callable and args:
        return f"Callable[{spell(args[0])}, {spell(args[1])}]"
    if isinstance(origin, type):
        args = _with_defaults(origin, args)
        if origin is tuple and not args and repr(tp).endswith("[()]"):
            return "tuple[()]"
    text = _spell_name(origin)
    return f"{text}[{', '.join(map(spell, args))}]" if args else text


def _with_defaults(cls: type, args: tuple[TypeForm, ...]) -> tuple[TypeForm, ...]:
    # Some Pythons fill the defaults of typing.Generator[int] and ContextManager[int] in, some don't.
    if not args or not look_up(cls).defaults:
        return args
    try:
        return full_args(cls, args)
    except UndecidableTypeError:
        return args


def _spell_name(tp: TypeForm) -> str:
    if isinstance(tp, type):
        return tp.__qualname__.replace("<locals>.", "")
    if isinstance(tp, TypeVar | NewType) or is_alias(tp) or type(tp).__name__ in ("ParamSpec", "TypeVarTuple"):
        return str(tp.__name__)  # type: ignore[attr-defined]
    if isinstance(tp, ForwardRef):
        return tp.__forward_arg__
    return name_of(tp) or repr(tp).removeprefix("typing.")


def _spell_value(value: object) -> str:
    return (
        f"{type(value).__qualname__.replace('<locals>.', '')}.{value.name}" if isinstance(value, Enum) else repr(value)
    )
