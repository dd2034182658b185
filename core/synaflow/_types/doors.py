"""The check at the door: whether a value may be what a hint says, at the price of a glance.

It is asked while pipelines run, after what was remembered of their types is forgotten, and remembers nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.forms import Form, Kind, take_apart
from synaflow._types.records import read_keys
from synaflow._types.substitution import upper_bound

__all__ = ["accepts"]

_PROMOTIONS: Mapping[object, tuple[type, ...]] = {float: (int,), complex: (int, float)}


def accepts(value: object, tp: TypeForm) -> bool:
    """Whether a value can be of a type, as far as a shallow look tells.

    Only the value itself is looked at, never its items, but for the length of a fixed tuple and
    the required keys of a TypedDict. What can't be told so, or not at all, is accepted.

    Args:
        value: The value.
        tp: A hint.

    Returns:
        False if it can't be; True if it can, or if that can't be told.

    Example:
        >>> accepts(1, float), accepts("1", int | None), accepts([1], list[str])
        (True, False, True)
    """
    try:
        return _accepts(value, take_apart(tp))
    except (UndecidableTypeError, RecursionError):
        return True


def _accepts(value: object, f: Form) -> bool:
    match f.kind:
        case Kind.UNION:
            return any(accepts(value, member) for member in f.args)
        case Kind.LITERAL:
            return type(value) is f.origin and value == f.args[0]
        case Kind.NEWTYPE:
            return accepts(value, f.origin.__supertype__)
        case Kind.TYPEVAR:
            return accepts(value, upper_bound(f.origin))
        case Kind.TUPLE:
            return isinstance(value, tuple) and len(value) == len(f.args)
        case Kind.TYPED_DICT:
            required = (name for name, key in read_keys(f.origin).items() if key.required)
            return isinstance(value, Mapping) and all(name in value for name in required)
        case Kind.CALLABLE:
            return callable(value)
        case Kind.TYPE:
            return isinstance(value, type) and _is_subclass(value, take_apart(f.args[0]))
        case Kind.CLASS:
            return _is_instance(value, f.origin)
        case Kind.NEVER:
            return False
    return True


def _is_instance(value: object, cls: type) -> bool:
    if issubclass(cls, IO):  # no file is an instance of them
        return True
    try:
        return isinstance(value, (cls, *_PROMOTIONS.get(cls, ())))
    except TypeError:  # a protocol that is not runtime-checkable, a metaclass that won't say
        return True


def _is_subclass(cls: type, f: Form) -> bool:
    if f.kind is not Kind.CLASS:
        return True
    try:
        return issubclass(cls, f.origin)
    except TypeError:
        return True
