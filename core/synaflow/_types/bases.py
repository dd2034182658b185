"""A class's type parameters, and its bases with their arguments.

`class Batch(Generic[T], Iterator[list[T]])` makes `Batch[int]` an `Iterator[list[int]]`. Run time
keeps the first half in `__orig_bases__`; the tables of typeshed supply the other half.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar, get_origin, get_type_hints

from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.forms import Kind, form
from synaflow._types.memory import remembered
from synaflow._types.stubs import Stub, read_method, read_types
from synaflow._types.substitution import fill_args, join_union, replace
from synaflow._types.typeshed_abstract import ABSTRACT
from synaflow._types.typeshed_library import BUILTINS, LIBRARY

__all__ = [
    "ancestors",
    "as_base",
    "fixed_items",
    "full_args",
    "is_protocol",
    "look_up",
    "parameters",
    "stub_method",
    "stub_of",
]

_NO_STUB = Stub()
_ANY = typing.cast("type", Any)


def look_up(cls: type) -> Stub:
    """What typeshed adds to a class; an empty stub if nothing."""
    name = cls.__name__
    if cls.__module__ == "collections.abc":
        return ABSTRACT.get(name, _NO_STUB)
    if cls.__module__ == "builtins":
        return BUILTINS.get(name, _NO_STUB)
    return LIBRARY.get(f"{cls.__module__}.{name}", _NO_STUB)


stub_of = remembered(look_up)


@remembered
def stub_method(cls: type, name: str) -> tuple[TypeForm, ...]:
    """The overloads of a method that typeshed declares on this very class; () if it doesn't."""
    text = stub_of(cls).members.get(name)
    return read_method(text) if text else ()


@remembered
def is_protocol(cls: type) -> bool:
    """Whether a class is a protocol: what has its members fits it, named as a base or not."""
    return stub_of(cls).is_protocol or bool(getattr(cls, "_is_protocol", False))


@remembered
def parameters(cls: type) -> tuple[TypeVar, ...]:
    """The type parameters of a class, in order."""
    stub = stub_of(cls)
    if stub.params:
        return typing.cast("tuple[TypeVar, ...]", read_types(stub.params))
    found: tuple[object, ...] | None = cls.__dict__.get("__parameters__")
    if found is None:  # class Foo(list[T]) is generic without Generic
        found = tuple(dict.fromkeys(p for base in _written_bases(cls) for p in getattr(base, "__parameters__", ())))
    for param in found:
        if not isinstance(param, TypeVar):
            raise UndecidableTypeError(cls, f"{type(param).__name__} is not supported")
    return typing.cast("tuple[TypeVar, ...]", found)


def full_args(cls: type, args: tuple[TypeForm, ...]) -> tuple[TypeForm, ...]:
    """The arguments of a generic class with those left out filled in: defaults (PEP 696), or Any."""
    params = parameters(cls)
    if len(params) == len(args):
        return args
    if not params:  # a class that takes arguments of which nothing is known, like queue.Queue[int]
        return args
    defaults = read_types(stub_of(cls).defaults)
    if defaults and len(args) < len(params):
        args += (Any,) * (len(params) - len(defaults) - len(args))
        args += defaults[len(args) - len(params) :]
    return fill_args(params, args)


def _written_bases(cls: type) -> tuple[TypeForm, ...]:
    items = fixed_items(cls)
    as_tuple = () if items is None else (tuple[join_union(items), ...],)  # type: ignore[misc]
    written: tuple[TypeForm, ...] = cls.__dict__.get("__orig_bases__", ())
    return (*as_tuple, *read_types(stub_of(cls).bases), *written, *cls.__bases__)


def _class_bases(cls: type) -> Iterator[tuple[type, tuple[TypeForm, ...]]]:
    for written in _written_bases(cls):
        if get_origin(written) is None and not isinstance(written, type):
            continue  # NamedTuple and TypedDict are functions, and stand there as bases
        if written is Generic or get_origin(written) in (Generic, Protocol):
            continue
        base = form(written)
        if base.kind is Kind.ANY:
            yield _ANY, ()
        elif isinstance(base.origin, type):
            yield base.origin, (join_union(base.args),) if base.kind is Kind.TUPLE else base.args


@remembered
def ancestors(cls: type) -> Mapping[type, tuple[TypeForm, ...]]:
    """A class and all its bases, each with its arguments in terms of the class's parameters.

    Nearest first, in the order in which methods are looked up where run time knows it. `Any` among
    them means that the class may be anything.
    """
    found: dict[type, tuple[TypeForm, ...]] = {cls: parameters(cls)}
    for base, args in _class_bases(cls):
        if base is _ANY or base is type:
            found[base] = ()
            continue
        new = dict(zip(parameters(base), full_args(base, args), strict=False))
        for above, above_args in ancestors(base).items():
            if above not in found:
                found[above] = tuple(replace(arg, new) for arg in above_args)
    known = [base for base in cls.__mro__ if base in found and base is not object]
    return {base: found[base] for base in (*known, *(b for b in found if b not in known and b is not object))} | {
        object: ()
    }


def as_base(cls: type, args: tuple[TypeForm, ...], base: type) -> tuple[TypeForm, ...] | None:
    """The arguments with which `cls[args]` is a `base`; None if it does not derive from it."""
    args = full_args(cls, args)
    if cls is base:
        return args
    above = ancestors(cls).get(base)
    if not above:
        return above
    new = dict(zip(parameters(cls), args, strict=False))
    return tuple(replace(arg, new) for arg in above)


@remembered
def fixed_items(cls: type) -> tuple[TypeForm, ...] | None:
    """The items of a class that is a tuple of fixed length (a NamedTuple); None for any other."""
    if not issubclass(cls, tuple) or cls is tuple:
        return None
    fields = cls.__dict__.get("_fields")
    if fields is not None:
        try:
            hints = get_type_hints(cls)
        except (NameError, AttributeError, TypeError, SyntaxError):
            # Names that checkers alone can see: the class is good for all but its items.
            hints = {}
        return tuple(hints.get(name, Any) for name in fields)
    for written in cls.__dict__.get("__orig_bases__", cls.__bases__):
        if get_origin(written) is None and not isinstance(written, type):
            continue
        base = form(written)
        if base.kind is Kind.TUPLE:
            return base.args
        items = fixed_items(base.origin) if isinstance(base.origin, type) else None
        if items is not None:
            new = dict(zip(parameters(base.origin), full_args(base.origin, base.args), strict=False))
            return tuple(replace(item, new) for item in items)
    return None
