"""The table of edge kinds: what a producer gives and what a parameter asks for decide what the edge does.

`connect` is the table; its rows are tried in order, and the first that fits applies. It is a pure function of types.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NewType, TypeVar, get_args, get_origin

from synaflow._check.collectors import target_of
from synaflow._model import EdgeKind, Output, StepMode
from synaflow._types import (
    CollectionItem,
    StreamItem,
    UndecidableTypeError,
    close,
    collection_item,
    free_typevars,
    is_assignable,
    members,
    solve,
    spell,
    stream_item,
    strip,
)

if TYPE_CHECKING:
    from synaflow._model import Collector
    from synaflow._types import TypeForm

__all__ = ["Match", "Pair", "Refusal", "connect", "may_mean_each"]

Pair = tuple["TypeForm", "TypeForm"]
"""A type and the one it has to fit."""

_STREAMS = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
    types.GeneratorType,
    types.AsyncGeneratorType,
)
_ONE_SHOT = (collections.abc.Iterable, collections.abc.AsyncIterable)


class Match(NamedTuple):
    """The row that fits.

    Attributes:
        kind: What the edge does.
        from_stream: Whether it leaves a stream.
        collector: For `collect`, what makes the collection.
        one_shot: Whether the parameter asks for `Iterable`.
        is_async: Whether it asks for an asynchronous stream.
        pairs: What had to fit what. Each was found to fit by itself; of TypeVars that several parameters share, all
            have to be asked at once.
    """

    kind: EdgeKind
    from_stream: bool
    pairs: tuple[Pair, ...]
    collector: Collector | None = None
    one_shot: bool = False
    is_async: bool = False


class Refusal(NamedTuple):
    """Why no row fits.

    Attributes:
        code: The problem's code.
        reason: A clause that follows "asks for X, but Y gives Z: ".
        suggestion: The likely mend.
        maybe_each: Whether `each` may have been meant, so that the consumer's own output can't be said.
    """

    code: str
    reason: str
    suggestion: str | None = None
    maybe_each: bool = False


def connect(output: Output, wanted: TypeForm, mode: StepMode, *, by_type: bool) -> Match | Refusal:
    """The kind of edge between a producer and a parameter.

    Args:
        output: What the producer gives its consumers.
        wanted: What the parameter asks for.
        mode: The consumer's mode.
        by_type: Whether the producer is only a candidate: `each` never arises then, and text is never a collection.

    Returns:
        The row that fits, or why none does.
    """
    try:
        refusal = _refuse_send(wanted)
        if refusal:
            return refusal
        rows = _stream_rows if output.stream else _plain_rows
        trial = _Trial(output, wanted, members(wanted), mode, by_type)
        match = None
        if mode is StepMode.EACH and not by_type:
            match = _each(trial)
        found = match or rows(trial) or (_NO_CANDIDATE if by_type else _explain(trial))
        if not isinstance(found, Refusal) or by_type:
            return found
        return found._replace(maybe_each=_item_of(output) is not None and may_mean_each(wanted, mode))
    except UndecidableTypeError as error:
        return Refusal("unsupported-type", str(error), "give a type that can be decided with hints= at the step")


_NO_CANDIDATE = Refusal("incompatible-types", "")  # asked of many outputs for each that fits, and never shown


def may_mean_each(wanted: TypeForm, mode: StepMode) -> bool:
    """Whether a parameter may want one item at a time, as far as can be said without its producer."""
    if mode is not StepMode.AUTO or _is_open(wanted):
        return mode is not StepMode.ALL
    return next(_items_asked_for(members(wanted)), None) is None


def _is_open(hint: TypeForm) -> bool:
    """Whether a hint takes whatever comes: `Any`, `object`, a bare TypeVar, or a union that holds one of them."""
    return any(part is Any or part is object or isinstance(part, TypeVar) for part in members(hint))


class _Trial(NamedTuple):
    """One question put to the table."""

    output: Output
    wanted: TypeForm
    parts: tuple[TypeForm, ...]
    mode: StepMode
    by_type: bool


def _plain_rows(trial: _Trial) -> Match | None:
    produced, wanted = trial.output.type, trial.wanted
    if trial.by_type and produced is not Any and is_assignable(produced, str | bytes):
        # The first row alone, and without the members that would take text for a collection.
        part = next((part for part in trial.parts if not _takes_as_collection(part) and _fits(produced, part)), None)
        return None if part is None else Match(EdgeKind.VALUE, False, ((produced, part),))
    if _fits(produced, wanted):
        return Match(EdgeKind.VALUE, False, ((produced, wanted),))
    collection = collection_item(produced)
    if collection is None:
        return None
    for part in trial.parts:
        stream = _stream_form(part) if (get_origin(part) or part) is collections.abc.Iterator else None
        if stream is not None and _fits(collection.item, stream.item):
            return Match(EdgeKind.ITERATE, False, ((collection.item, stream.item),))
    return _each(trial) if trial.mode is not StepMode.ALL and not trial.by_type else None


def _stream_rows(trial: _Trial) -> Match | Refusal | None:
    output, wanted, item = trial.output, trial.wanted, trial.output.item
    if _is_open(wanted):
        return Refusal("ambiguous-stream", "that doesn't say how it wants the stream", _three_ways(item))
    for part in trial.parts:
        if _is_own_class(output.type, part) and is_assignable(output.type, part):
            return Match(EdgeKind.VALUE, True, ((output.type, part),))
    for part in trial.parts:
        pairs = _stream_pairs(output, part)
        if pairs and all(_fits(*pair) for pair in pairs):
            origin = get_origin(part) or part
            is_async = origin in _STREAMS and issubclass(origin, collections.abc.AsyncIterable)
            return Match(EdgeKind.STREAM, True, pairs, one_shot=origin in _ONE_SHOT, is_async=is_async)
    targets = [target for target in map(target_of, trial.parts) if target is not None]
    if targets and trial.mode is StepMode.AUTO and Any in members(item):
        return Refusal(
            "ambiguous-stream",
            "its items may be anything, so the parameter may mean all of them or one",
            'say which: mode="all" collects them, mode="each" calls the step once per item, or give the producer\'s '
            "items a type",
        )
    for target in targets:
        pair = target.pair(item)
        if pair is not None and _fits(*pair):
            return Match(EdgeKind.COLLECT, True, (pair,), target.collector)
    return _each(trial) if trial.mode is not StepMode.ALL and not trial.by_type else None


def _each(trial: _Trial) -> Match | None:
    output = trial.output
    item = _item_of(output)
    if item is not None and _fits(item.item, trial.wanted):
        return Match(EdgeKind.EACH, output.stream, ((item.item, trial.wanted),))
    return None


def _item_of(output: Output) -> CollectionItem | None:
    return CollectionItem(output.item) if output.stream else collection_item(output.type)


def _fits(source: TypeForm, target: TypeForm) -> bool:
    return solve(source, target, {}) if free_typevars(target) else is_assignable(source, target)


def _stream_form(part: TypeForm) -> StreamItem | None:
    """The stream that a parameter asks for, None if it asks for anything else."""
    origin = get_origin(part) or part
    stream = stream_item(part) if origin in _STREAMS else None
    if stream is None or not free_typevars(part):
        return stream
    # stream_item takes a TypeVar for what it is at most; here it stands for what the producer gives.
    item, sends, returns = (*get_args(part), None, None)[:3]
    return StreamItem(item, stream.is_async, strip(returns), strip(sends))


def _stream_pairs(output: Output, part: TypeForm) -> tuple[Pair, ...]:
    """What has to fit for a stream to be taken as one; nothing if the parameter asks for none."""
    stream = _stream_form(part)
    if stream is None:
        return ()
    if stream.returns in (type(None), Any, object):  # it doesn't care for a generator's return value
        return ((output.item, stream.item),)
    produced = stream_item(output.type)
    return ((output.item, stream.item), (produced.returns if produced else type(None), stream.returns))


def _is_own_class(produced: TypeForm, part: TypeForm) -> bool:
    """Whether an iterator is asked for by its class, `TextIO` say, rather than as a stream."""
    classes = [_class_of(hint) for hint in (produced, part)]
    return all(isinstance(cls, type) and cls not in _STREAMS and cls is not object for cls in classes)


def _class_of(hint: TypeForm) -> TypeForm:
    hint = strip(hint)
    while isinstance(hint, NewType):
        hint = strip(hint.__supertype__)
    return get_origin(hint) or hint


def _takes_as_collection(part: TypeForm) -> bool:
    return (get_origin(part) or part) in _STREAMS or collection_item(part) is not None


def _refuse_send(wanted: TypeForm) -> Refusal | None:
    for part in members(wanted):
        stream = _stream_form(part)
        if stream is not None and stream.sends not in (type(None), Any):
            return Refusal(
                "unsupported-type",
                f"a consumer can't send `{spell(stream.sends)}`, or anything, to its producer",
                f"write `{'AsyncIterator' if stream.is_async else 'Iterator'}[{spell(stream.item)}]`",
            )
    return None


def _three_ways(item: TypeForm) -> str:
    word = spell(item)
    return f"write `Iterator[{word}]` to read it lazily, `list[{word}]` to have all of it, or `{word}` to be called per item"


def _explain(trial: _Trial) -> Refusal:
    """Why no row fits, for the message."""
    output, wanted = trial.output, trial.wanted
    given, asked = spell(output.type), spell(wanted)
    items = [close(item) for item in _items_asked_for(trial.parts)]
    if output.stream:
        if any(is_assignable(output.item, item) for item in items) and any(map(_stream_form, trial.parts)):
            return Refusal("incompatible-types", "the generator's return value doesn't fit")
        return _items_do_not_fit(output.item, items)
    if any(is_assignable(output.type, item) for item in items):
        mend = f"let the producer return `list[{given}]` or yield, or ask for `{given}`"
        return Refusal("incompatible-types", f"one value, and nothing is wrapped into `{asked}` silently", mend)
    collection = collection_item(output.type)
    if collection is None:
        return Refusal("incompatible-types", f"`{given}` is no `{asked}`")
    if any(is_assignable(collection.item, item) for item in items):
        mend = f"ask for `Iterator[{spell(collection.item)}]` or `{given}`"
        return Refusal("incompatible-types", f"a collection, which can be iterated but is no `{asked}`", mend)
    return _items_do_not_fit(collection.item, items)


def _items_do_not_fit(item: TypeForm, asked: Sequence[TypeForm]) -> Refusal:
    if asked:
        wanted = " or ".join(f"`{spell(one)}`" for one in asked)
        return Refusal("incompatible-types", f"the items are `{spell(item)}`, not {wanted}")
    return Refusal("incompatible-types", f"neither all of it nor one of its items, `{spell(item)}`, fits")


def _items_asked_for(parts: Iterable[TypeForm]) -> Iterator[TypeForm]:
    for part in parts:
        asked = _stream_form(part) or collection_item(part)
        if asked is not None:
            yield asked.item
