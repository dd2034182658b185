"""Streams and collections: the two kinds of type whose items a pipeline can hand on one by one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, TypeVar

from synaflow._types.atoms import NoneType
from synaflow._types.bases import as_base, full_args
from synaflow._types.errors import TypeForm  # noqa: TC001  # the dataclasses' hints resolve at run time
from synaflow._types.forms import Form, Kind, form, strip
from synaflow._types.lookup import has_member
from synaflow._types.memory import remembered
from synaflow._types.solving import is_assignable, solve
from synaflow._types.substitution import join_union

__all__ = ["CollectionItem", "StreamItem", "collection_item", "stream_item"]

_T = TypeVar("_T")
#: The kinds of which one can't say that they are made of items, whatever they may turn out to be.
_NEVER_ITEMS = frozenset((Kind.ANY, Kind.NEVER, Kind.SELF, Kind.TYPEVAR, Kind.CALLABLE, Kind.TYPE))


@dataclass(frozen=True, slots=True)
class StreamItem:
    """What a stream hands out.

    Attributes:
        item: The type of an item.
        is_async: Whether it takes `async for` to get at them.
        returns: The type of a generator's return value; NoneType if it is none.
        sends: The type that a generator wants to be sent; NoneType if it is none.
    """

    item: TypeForm
    is_async: bool = False
    returns: TypeForm = NoneType
    sends: TypeForm = NoneType


@dataclass(frozen=True, slots=True)
class CollectionItem:
    """What a concrete collection holds.

    Attributes:
        item: The type of an item; of a mapping, that of a key.
    """

    item: TypeForm


def stream_item(tp: TypeForm) -> StreamItem | None:
    """What a stream hands out, if `tp` is one.

    A stream is pulled once, lazily: what is assignable to Iterator or AsyncIterator, or is
    Iterable or AsyncIterable itself. `Any`, `object`, TypeVars and `Never` are none. A union is a
    stream if all its members are, of one sort.

    Args:
        tp: A hint.

    Returns:
        The types of its items and of what else a generator has; None if it is no stream.

    Raises:
        UndecidableTypeError: If `tp` can't be judged.

    Example:
        >>> stream_item(Generator[int, None, str])
        StreamItem(item=<class 'int'>, is_async=False, returns=<class 'str'>, sends=<class 'NoneType'>)
        >>> stream_item(list[int]) is None
        True
    """
    tp = strip(tp)
    if isinstance(tp, type):  # by far the most frequent, and told apart by identity
        return _class_stream(tp)
    f = form(tp)
    if f.kind is Kind.UNION:
        streams = [stream_item(member) for member in f.args]
        found = [stream for stream in streams if stream is not None]
        if len(found) < len(streams) or len({stream.is_async for stream in found}) > 1:
            return None
        parts = ((s.item, s.returns, s.sends) for s in found)
        item, returns, sends = (join_union(part) for part in zip(*parts, strict=True))
        return StreamItem(item, found[0].is_async, returns, sends)
    return _stream_of(tp, f)


@remembered
def _class_stream(cls: type) -> StreamItem | None:
    return _stream_of(cls, form(cls))


def _stream_of(tp: TypeForm, f: Form) -> StreamItem | None:
    if f.kind in _NEVER_ITEMS:
        return None
    if f.kind is Kind.CLASS:
        if f.origin in (Iterable, AsyncIterable):
            return StreamItem(strip(full_args(f.origin, f.args)[0]), f.origin is AsyncIterable)
        if Any in f.origin.__mro__ or (f.args and _class_stream(f.origin) is None):
            return None  # no arguments make a stream of what is none without
        generator = as_base(f.origin, f.args, Generator)
        if generator is not None:
            return StreamItem(strip(generator[0]), False, strip(generator[2]), strip(generator[1]))
        generator = as_base(f.origin, f.args, AsyncGenerator)
        if generator is not None:
            return StreamItem(strip(generator[0]), True, NoneType, strip(generator[1]))
        if not any(has_member(f.origin, name) for name in ("__next__", "__anext__")):
            return None
    if f.kind is Kind.NEWTYPE:
        return stream_item(f.origin.__supertype__)
    for target in (Iterator, AsyncIterator):
        item = _item(tp, target)
        if item is not None:
            return StreamItem(strip(item[0]), target is AsyncIterator)
    return None


def _item(tp: TypeForm, target: type[object]) -> tuple[TypeForm, ...] | None:
    bindings: dict[TypeVar, TypeForm] = {}
    return (bindings.get(_T, Any),) if solve(tp, GenericAlias(target, (_T,)), bindings) else None


def collection_item(tp: TypeForm) -> CollectionItem | None:
    """What a concrete collection holds, if `tp` is one.

    A concrete collection is what is assignable to Iterable and is neither a stream nor str or
    bytes, which are plain values, and so are their subclasses and literals. (`bytearray` and
    `memoryview` are collections of int.) A union is one if all its members are.

    Args:
        tp: A hint.

    Returns:
        The type of its items; None if it is no collection.

    Raises:
        UndecidableTypeError: If `tp` can't be judged.

    Example:
        >>> collection_item(dict[str, int])
        CollectionItem(item=<class 'str'>)
        >>> collection_item(str) is None
        True
    """
    tp = strip(tp)
    if isinstance(tp, type):
        return _class_collection(tp)
    f = form(tp)
    if f.kind is Kind.UNION:
        found = [collection_item(member) for member in f.args]
        items = [one.item for one in found if one is not None]
        return CollectionItem(join_union(items)) if len(items) == len(found) else None
    return _collection_of(tp, f)


@remembered
def _class_collection(cls: type) -> CollectionItem | None:
    return _collection_of(cls, form(cls))


def _collection_of(tp: TypeForm, f: Form) -> CollectionItem | None:
    if f.kind in _NEVER_ITEMS or (f.kind is Kind.CLASS and Any in f.origin.__mro__):
        return None
    if is_assignable(tp, str | bytes) or stream_item(tp) is not None:
        return None
    item: tuple[TypeForm, ...] | None = None
    if f.kind is Kind.CLASS:
        item = as_base(f.origin, f.args, Iterable)
        if item is None and not has_member(f.origin, "__iter__"):
            return None
    item = item or _item(tp, Iterable)
    return None if item is None else CollectionItem(strip(item[0]))
