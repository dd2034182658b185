"""What a stream can be materialised into: the built-in collections, and types with a registered collector."""

from __future__ import annotations

import collections
import collections.abc
import typing
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar, get_args, get_origin

from synaflow._types import free_typevars, is_assignable, solve, stream_item, strip, substitute

if TYPE_CHECKING:
    from synaflow._model import Collector
    from synaflow._types import TypeForm

__all__ = ["Target", "is_registered", "register_collector", "target_of"]

Collected = TypeVar("Collected")

_BUILT_IN: dict[object, Collector] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    collections.deque: collections.deque,
    collections.abc.Collection: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
}
_OF_PAIRS: dict[object, type] = {
    dict: dict,
    collections.abc.Mapping: dict,
    collections.abc.MutableMapping: dict,
}
_ANY_TUPLE = (tuple, typing.Tuple)  # noqa: UP006  # the old spelling is met in hints
_registered: dict[object, Collector] = {}


def register_collector(cls: type[Collected], fn: Callable[[Iterator[typing.Any]], Collected]) -> None:
    """Lets a stream be materialised into a type of one's own: a parameter annotated with it takes a stream whole.

    Where `fn` has type hints they are checked like a step's: the stream's items against what it takes, what it returns
    against the parameter.

    Args:
        cls: The class, as parameters are annotated with it. A later registration replaces an earlier one.
        fn: Makes one, called with an iterator over the items. On a runner with several processes it is pickled by reference, so it
            should be a module's function or a class.

    Raises:
        TypeError: `cls` is no class, or `fn` can't be called.

    Example:
        >>> from collections import Counter
        >>> register_collector(Counter, Counter)
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_collector() takes a class first, not {cls!r}")
    if not callable(fn):
        raise TypeError(f"register_collector() takes a callable second, not {fn!r}")
    _registered[cls] = fn


def is_registered(cls: object) -> bool:
    """Whether a class has a collector of its own."""
    return cls in _registered


class Target(NamedTuple):
    """A collection type that a stream can be materialised into.

    Attributes:
        collector: What makes it of a stream.
        pair: Given the type of a stream's items, what has to fit what for the stream to go in; None if it can't.
    """

    collector: Collector
    pair: Callable[[TypeForm], tuple[TypeForm, TypeForm] | None]


def target_of(wanted: TypeForm) -> Target | None:
    """How to materialise a stream into `wanted`, which is no union; None if it can't be."""
    hint = strip(wanted)
    origin, args = get_origin(hint) or hint, get_args(hint)
    try:
        registered = _registered.get(origin)
    except TypeError:  # unhashable: a Literal of an unhashable, say
        return None
    if registered is not None:
        return Target(registered, lambda item: _registered_pair(registered, item, hint))
    if origin in _OF_PAIRS:
        pair = tuple[args[0], args[1]] if args else tuple[typing.Any, typing.Any]  # type: ignore[valid-type]
        return Target(_OF_PAIRS[origin], lambda item: (item, pair))
    if origin is tuple and hint not in _ANY_TUPLE and args[-1:] != (Ellipsis,):
        return None  # of a fixed length, `tuple[()]` too
    if origin in _BUILT_IN:
        of = args[0] if args else typing.Any
        return Target(_BUILT_IN[origin], lambda item: (item, of))
    return None


def _registered_pair(collector: Collector, item: TypeForm, wanted: TypeForm) -> tuple[TypeForm, TypeForm] | None:
    try:
        hints = typing.get_type_hints(collector)
    except Exception:  # noqa: BLE001  # a class, a C function, hints that don't resolve here: nothing to check against
        hints = {}
    takes = next((hint for name, hint in hints.items() if name != "return"), None)
    stream = stream_item(takes) if takes is not None else None
    if stream is None or "return" not in hints:
        args = get_args(wanted)
        return (item, args[0] if len(args) == 1 else typing.Any)
    own: dict[TypeVar, TypeForm] = {}
    if not solve(item, stream.item, own):
        return None
    made = substitute(hints["return"], own)
    if not free_typevars(wanted) and not is_assignable(made, wanted):
        # A call is typed by what is asked for, too: of a stream of bool it makes a `Bag[int]`, where that is wanted.
        asked: dict[TypeVar, TypeForm] = {}
        if solve(wanted, hints["return"], asked) and is_assignable(item, substitute(stream.item, asked)):
            made = substitute(hints["return"], asked)
    return made, wanted
