"""Reading a hint: every spelling of a type becomes one `Form`.

`List[int]`, `list[int]` and `Annotated[list[int], ...]` are one type to a checker and three
objects at run time. `form` is the only place that knows the spellings; everything else asks it.
A form is a shallow view: its `args` are hints again.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from dataclasses import InitVar
from enum import Enum, auto
from typing import Any, NamedTuple, NewType, ParamSpec, TypeVar, Union, get_args, get_origin

from synaflow._types.atoms import NoneType, Param, Signature, is_alias, is_typed_dict, name_of
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.memory import remembered
from synaflow._types.substitution import fill_args, replace

__all__ = ["Form", "Kind", "form", "members", "strip", "take_apart"]

#: Qualifiers say where a type stands, not what it is (typing spec, "Type qualifiers"). They are
#: told by name, so that `typing_extensions`' own ones are understood without importing it.
QUALIFIERS = frozenset({"ClassVar", "Final", "NotRequired", "ReadOnly", "Required"})
_OUT_OF_SCOPE = frozenset({"Concatenate", "TypeForm", "Unpack"})
_CALLABLE: object = collections.abc.Callable
_UNION_ORIGINS = (Union, types.UnionType)


class Kind(Enum):
    """What a type is, once its spelling is out of the way."""

    ANY = auto()
    NEVER = auto()
    UNION = auto()
    TYPEVAR = auto()
    CLASS = auto()
    TUPLE = auto()
    LITERAL = auto()
    NEWTYPE = auto()
    TYPED_DICT = auto()
    CALLABLE = auto()
    TYPE = auto()
    SELF = auto()


class Form(NamedTuple):
    """A type, taken apart.

    Attributes:
        kind: What sort of type it is.
        origin: The class (CLASS, TUPLE, TYPED_DICT; of the value for LITERAL), the TypeVar, the
            NewType, or the `Signature` (CALLABLE).
        args: Type arguments as written (none for a bare generic), the items of a TUPLE, the
            members of a UNION, the value of a LITERAL, the instance type of a TYPE.
    """

    kind: Kind
    origin: Any
    args: tuple[TypeForm, ...] = ()


def strip(tp: TypeForm) -> TypeForm:
    """Take the wrapping off: Annotated, qualifiers, aliases; None becomes NoneType.

    Args:
        tp: A hint.

    Returns:
        The type inside; its own arguments are left as they are.

    Example:
        >>> strip(typing.Annotated[int, "metres"]), strip(None)
        (<class 'int'>, <class 'NoneType'>)
    """
    while True:
        if tp is None:
            return NoneType
        if isinstance(tp, type):
            return tp
        if isinstance(tp, InitVar):
            tp = typing.cast("TypeForm", tp.type)
            continue
        origin = get_origin(tp)
        if hasattr(tp, "__metadata__"):
            tp = tp.__origin__  # type: ignore[attr-defined]  # Annotated
        elif is_alias(tp):
            tp = _alias_value(tp, ()) if origin is None else _alias_value(origin, get_args(tp))
        elif origin is None:
            return tp
        elif name_of(origin) in QUALIFIERS:
            tp = get_args(tp)[0]
        else:
            return tp


def _alias_value(alias: TypeForm, args: tuple[TypeForm, ...]) -> TypeForm:
    params: tuple[TypeForm, ...] = alias.__type_params__  # type: ignore[attr-defined]
    value: TypeForm = alias.__value__  # type: ignore[attr-defined]
    if not params:
        return value
    _refuse_variadic(alias, params)
    return replace(value, dict(zip(params, fill_args(params, args), strict=True)))


def _refuse_variadic(tp: TypeForm, params: tuple[TypeForm, ...]) -> None:
    for param in params:
        if not isinstance(param, TypeVar) and type(param).__name__ in ("ParamSpec", "TypeVarTuple"):
            raise UndecidableTypeError(tp, f"{type(param).__name__} is not supported")


def members(tp: TypeForm) -> tuple[TypeForm, ...]:
    """The members of a union, flat and stripped; of any other type, itself alone.

    Args:
        tp: A hint.

    Returns:
        The members in the order in which they are written, each once.

    Example:
        >>> members(typing.Optional[int])
        (<class 'int'>, <class 'NoneType'>)
    """
    tp = strip(tp)
    if get_origin(tp) not in _UNION_ORIGINS:
        return (tp,)
    found: list[TypeForm] = []
    for arg in get_args(tp):
        found.extend(m for m in members(arg) if m not in found)
    return tuple(found)


def form(tp: TypeForm) -> Form:
    """Take a hint apart.

    Args:
        tp: A hint.

    Returns:
        Its form.

    Raises:
        UndecidableTypeError: If it is no type, or of a kind that is not supported.

    Example:
        >>> form(typing.List[int]) == form(list[int])
        True
    """
    try:
        return _form_cached(tp)
    except TypeError:  # unhashable metadata or literal
        return take_apart(tp)


def take_apart(tp: TypeForm) -> Form:
    """As `form`, which remembers its answers."""
    tp = strip(tp)
    if isinstance(tp, type):
        return _class_form(tp, ())
    if isinstance(tp, TypeVar):
        return Form(Kind.TYPEVAR, tp)
    if isinstance(tp, NewType):
        return Form(Kind.NEWTYPE, tp)
    if isinstance(tp, Signature):
        return Form(Kind.CALLABLE, tp)
    origin, args = get_origin(tp), get_args(tp)
    if origin is None:
        return _special_form(tp)
    if getattr(tp, "__unpacked__", False):
        raise UndecidableTypeError(tp, "unpacked tuples are not supported")
    if origin in _UNION_ORIGINS:
        return Form(Kind.UNION, None, members(tp))
    if isinstance(origin, type):
        return _class_form(origin, args, tp)
    name = name_of(origin)
    if name == "Literal":
        return _literal_form(args)
    if name in ("TypeGuard", "TypeIs"):
        return Form(Kind.CLASS, bool)
    if name in _OUT_OF_SCOPE:
        raise UndecidableTypeError(tp, f"{name} is not supported")
    raise UndecidableTypeError(tp, "not a type that is known")


_form_cached = remembered(take_apart)


def _special_form(tp: TypeForm) -> Form:
    if tp is Any:  # before 3.11 no class; typing_extensions' Any is one
        return Form(Kind.ANY, None)
    if isinstance(tp, str | typing.ForwardRef):
        raise UndecidableTypeError(tp, "a forward reference that was not resolved")
    if isinstance(tp, ParamSpec) or type(tp).__name__ in ("ParamSpec", "TypeVarTuple"):
        raise UndecidableTypeError(tp, f"{type(tp).__name__} is not supported")
    name = name_of(tp)
    if name in ("Never", "NoReturn"):
        return Form(Kind.NEVER, None)
    if name == "LiteralString":
        return Form(Kind.CLASS, str)
    if name == "Self":
        return Form(Kind.SELF, tp)
    if name in QUALIFIERS:
        return Form(Kind.ANY, None)
    raise UndecidableTypeError(tp, "not a type")


def _class_form(cls: type[object], args: tuple[TypeForm, ...], tp: TypeForm | None = None) -> Form:
    if cls.__name__ == "Any" and cls.__module__ in ("typing", "typing_extensions"):
        return Form(Kind.ANY, None)
    if cls is type:
        return Form(Kind.TYPE, type, args or (Any,))
    if cls is _CALLABLE:
        return Form(Kind.CALLABLE, _callable_signature(tp, args))
    for arg in args:
        if getattr(arg, "__unpacked__", False) or name_of(get_origin(arg)) == "Unpack":
            raise UndecidableTypeError(tp, "unpacked tuples are not supported")
    if cls is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return Form(Kind.CLASS, tuple, args[:1])
        return Form(Kind.TUPLE, tuple, args) if tp is not None and tp not in _BARE else Form(Kind.CLASS, tuple)
    if is_typed_dict(cls):
        return Form(Kind.TYPED_DICT, cls, args)
    _refuse_variadic(tp or cls, getattr(cls, "__parameters__", ()))
    return Form(Kind.CLASS, cls, args)


_BARE: tuple[TypeForm, ...] = (tuple, typing.Tuple)  # noqa: UP006  # the old spelling is met in hints


def _callable_signature(tp: TypeForm, args: tuple[TypeForm, ...]) -> Signature:
    if not args:
        return Signature(None, Any)
    takes, returns = args
    if takes is Ellipsis:
        return Signature(None, returns)
    if not isinstance(takes, list):
        raise UndecidableTypeError(tp, "ParamSpec is not supported")
    for arg in takes:
        if getattr(arg, "__unpacked__", False) or name_of(get_origin(arg)) == "Unpack":
            raise UndecidableTypeError(tp, "unpacked tuples are not supported")
    kind = inspect.Parameter.POSITIONAL_ONLY
    return Signature(tuple(Param("", kind, arg, True) for arg in takes), returns)


def _literal_form(values: tuple[object, ...]) -> Form:
    if len(values) == 1:
        value = values[0]
        return Form(Kind.CLASS, NoneType) if value is None else Form(Kind.LITERAL, type(value), (value,))
    return Form(Kind.UNION, None, tuple(typing.Literal[value] for value in values))
