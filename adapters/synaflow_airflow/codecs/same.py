"""Whether two values are the same, types included, all the way down. It knows nothing of how values are encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, time, timezone, tzinfo
from decimal import Decimal
from pathlib import PurePath
from zoneinfo import ZoneInfo

from synaflow_airflow.codecs.base import name_of_class, shorten

__all__ = ["attributes", "contains_itself", "difference"]


def difference(one: object, two: object, trusted: tuple[type, ...] = ()) -> str | None:
    """Where two values differ.

    Args:
        one: A value.
        two: What it became.
        trusted: Classes with a codec of the user's, which are compared by their own `==` alone, if they have one.

    Returns:
        The path to the first difference and what it is; None if there is none. A nan is a nan, -0.0 is not 0.0, and the order
        of a dict counts.
    """
    cls = type(one)
    if cls is not type(two):
        return f": {shorten(one)} ({name_of_class(cls)}) became {shorten(two)} ({name_of_class(type(two))})"
    if isinstance(one, trusted):
        return None if _equal(one, two, unsure=True) else _became(one, two)
    if isinstance(one, float | complex | Decimal | range | datetime | time | tzinfo | PurePath):
        return None if _exact(one) == _exact(two) else _became(one, two)
    if isinstance(one, set | frozenset):
        assert isinstance(two, set | frozenset)
        return _set_difference(one, two, trusted)
    if isinstance(one, Mapping):
        assert isinstance(two, Mapping)
        return _dict_difference(one, two, trusted)
    if isinstance(one, list | tuple | deque):
        assert isinstance(two, list | tuple | deque)
        if len(one) != len(two) or getattr(one, "maxlen", None) != getattr(two, "maxlen", None):
            return _became(one, two)
        return _first(((f"[{at}]", a, b) for at, (a, b) in enumerate(zip(one, two, strict=True))), trusted)
    if hasattr(cls, "__pydantic_fields__") and hasattr(cls, "__pydantic_private__"):
        return _first(_model_parts(one, two), trusted)
    if is_dataclass(cls):
        before, after = attributes(one), attributes(two)
        names = [field.name for field in fields(cls)]
        return _first(((f".{name}", before.get(name), after.get(name)) for name in names), trusted)
    return None if _equal(one, two) else _became(one, two)


def attributes(value: object) -> dict[str, object]:
    """All that an object itself carries, whether in its `__dict__` or in slots."""
    found: dict[str, object] = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots: str | Iterable[str] = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            mangled = (
                f"_{cls.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
            )
            try:
                found[mangled] = object.__getattribute__(value, mangled)
            except AttributeError:
                continue
    return found


def contains_itself(value: object) -> bool:
    """Whether a value is somewhere inside itself."""
    path = [(value, iter(_children(value)))]
    above, done = {id(value)}, set[int]()
    while path:
        holder, children = path[-1]
        child = next(children, path)
        if child is path:
            path.pop()
            above.discard(id(holder))
            done.add(id(holder))
        elif id(child) in above:
            return True
        elif id(child) not in done and not isinstance(child, str | bytes):
            path.append((child, iter(_children(child))))
            above.add(id(child))
    return False


def _children(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    return list(attributes(value).values()) if is_dataclass(value) and not isinstance(value, type) else []


def _model_parts(one: object, two: object) -> Iterator[tuple[str, object, object]]:
    before, after = vars(one), vars(two)
    for name in getattr(one, "__pydantic_fields__", ()):
        yield f".{name}", before.get(name), after.get(name)
    for part in ("extra", "private"):
        yield f".model_{part}", getattr(one, f"__pydantic_{part}__"), getattr(two, f"__pydantic_{part}__")


def _became(one: object, two: object) -> str:
    return f": {shorten(one)} became {shorten(two)}"


def _equal(one: object, two: object, *, unsure: bool = False) -> bool:
    """By `==`; where that says nothing, being `object`'s or giving no bool, `unsure` is the answer."""
    if type(one).__eq__ is object.__eq__:
        return one is two or unsure
    try:
        return bool(one == two)
    except Exception:  # noqa: BLE001  # an array's `==`, say, is no answer
        return unsure


def _exact(value: object) -> object:
    """All that a scalar is, as something that `==` compares."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, complex):
        return repr(value.real), repr(value.imag)
    if isinstance(value, Decimal):
        return value.as_tuple()
    if isinstance(value, range):
        return value.start, value.stop, value.step
    if isinstance(value, datetime | time):
        return value.replace(tzinfo=None, fold=0), value.fold, type(value.tzinfo), _exact(value.tzinfo)
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, timezone):
        return value.utcoffset(None), value.tzname(None)
    return str(value) if isinstance(value, PurePath) else value


def _first(pairs: Iterator[tuple[str, object, object]], trusted: tuple[type, ...]) -> str | None:
    for where, one, two in pairs:
        found = difference(one, two, trusted)
        if found is not None:
            return where + found
    return None


def _dict_difference(
    one: Mapping[object, object], two: Mapping[object, object], trusted: tuple[type, ...]
) -> str | None:
    if len(one) != len(two):
        return _became(one, two)
    for a, b in zip(one, two, strict=True):
        if difference(a, b, trusted) is not None:
            return f": its keys {shorten(list(one))} became {shorten(list(two))}"
    values = zip(one, one.values(), two.values(), strict=True)
    return _first(((f"[{shorten(key)}]", a, b) for key, a, b in values), trusted)


def _set_difference(one: Collection[object], two: Collection[object], trusted: tuple[type, ...]) -> str | None:
    by_value = {item: item for item in two}
    left = []
    for item in one:
        if item in by_value and difference(item, by_value[item], trusted) is None:
            del by_value[item]
        else:
            left.append(item)
    # What holds a nan, or is told apart by its type alone, isn't found by its hash.
    others = list(by_value)
    for item in left:
        for index, other in enumerate(others):
            if difference(item, other, trusted) is None:
                del others[index]
                break
        else:
            return _became(one, two)
    return _became(one, two) if others else None
