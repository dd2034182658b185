"""Random types, nested as they come, together with values of them."""

from __future__ import annotations

import collections.abc as abc
import ipaddress
import operator
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, Literal, Optional
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck
from hypothesis import strategies as st

from on_airflow.codecs import travel_zoo as zoo

__all__ = ["MAY_BE", "Drawn", "pairs", "types"]

MAY_BE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
"""What is no fault in a test that draws types."""


@dataclass(frozen=True)
class Drawn:
    """A type and how its values are made.

    Attributes:
        hashable: Whether the values may be in a set, or keys.
    """

    tp: Any
    values: st.SearchStrategy[Any] = field(repr=False)
    hashable: bool = True


TEXT = (
    st.text(max_size=5)
    | st.text(st.characters(codec=None), max_size=3)
    | st.sampled_from(["__type", "int", "str", "\0"])
)
OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59))
ZONES = (
    st.none()
    | st.just(UTC)
    | st.builds(timezone, OFFSETS)
    | st.builds(timezone, OFFSETS, st.text(max_size=3))
    | st.sampled_from(["Europe/Berlin", "UTC", "Australia/Lord_Howe", "America/New_York", "Africa/Monrovia"]).map(
        ZoneInfo
    )
)
# Around the hours that come twice or not at all, as well as anywhere.
MOMENTS = st.datetimes() | st.datetimes(datetime(2024, 10, 26, 23), datetime(2024, 10, 27, 4))
DATETIMES = st.builds(
    lambda moment, zone, fold: moment.replace(tzinfo=zone, fold=fold), MOMENTS, ZONES, st.sampled_from([0, 1])
)
TIMES = st.builds(lambda at, zone, fold: at.replace(tzinfo=zone, fold=fold), st.times(), ZONES, st.sampled_from([0, 1]))
INTS = (
    st.integers()
    | st.integers(-3, 3)
    | st.sampled_from([2**63, -(2**63) - 1])
    | st.integers(1990, 2010).map(lambda bits: 3 << bits)
)
FLOATS = st.floats() | st.integers()

SCALARS = [
    Drawn(None, st.none()),
    Drawn(bool, st.booleans()),
    Drawn(int, INTS | st.booleans()),
    Drawn(float, FLOATS),
    Drawn(complex, st.complex_numbers(allow_nan=True)),
    Drawn(str, TEXT),
    Drawn(bytes, st.binary(max_size=5)),
    Drawn(bytearray, st.binary(max_size=5).map(bytearray), hashable=False),
    Drawn(Decimal, st.decimals() | st.builds(Decimal, st.sampled_from(["1.10", "-0E+7", "NaN12", "1E-999999"]))),
    Drawn(Fraction, st.fractions()),
    Drawn(date, st.dates()),
    Drawn(time, TIMES),
    Drawn(datetime, DATETIMES),
    Drawn(timedelta, st.timedeltas()),
    Drawn(UUID, st.uuids()),
    Drawn(Path, st.sampled_from(["", "/", "a/b", "ü \udcff"]).map(Path)),
    Drawn(PureWindowsPath, st.sampled_from(["", "C:/a", "c:b"]).map(PureWindowsPath)),
    Drawn(ipaddress.IPv4Address, st.ip_addresses(v=4)),
    Drawn(ipaddress.IPv6Address, st.ip_addresses(v=6)),
    Drawn(range, st.builds(range, INTS, INTS, INTS.filter(bool))),
    Drawn(zoo.Colour, st.sampled_from(zoo.Colour)),
    Drawn(zoo.Level, st.sampled_from(zoo.Level)),
    Drawn(zoo.Word, st.sampled_from(zoo.Word)),
    Drawn(zoo.Rights, st.integers(0, 7).map(zoo.Rights)),
    Drawn(zoo.Bits, st.integers(0, 20).map(zoo.Bits)),
    Drawn(zoo.UserId, INTS),
    Drawn(Literal["a", 1, None, zoo.Colour.RED], st.sampled_from(["a", 1, None, zoo.Colour.RED])),
    Drawn(Literal["int", "auto"], st.sampled_from(["int", "auto"])),
    Drawn(zoo.Slotted, st.builds(zoo.Slotted, INTS)),
    Drawn(zoo.Order, st.builds(zoo.Order, INTS, st.decimals(), st.none() | DATETIMES, st.frozensets(TEXT, max_size=2))),
    Drawn(zoo.Point, st.builds(zoo.Point, INTS, FLOATS), hashable=False),
    Drawn(zoo.Place, st.builds(zoo.Place, INTS, FLOATS), hashable=False),
    Drawn(zoo.Late, st.builds(zoo.Late, INTS, INTS), hashable=False),
    Drawn(zoo.Fix, st.builds(zoo.Fix, FLOATS, FLOATS, TEXT)),
    Drawn(
        zoo.Tree,
        st.recursive(st.builds(zoo.Tree, INTS), lambda trees: st.builds(zoo.Tree, INTS, st.lists(trees, max_size=3))),
        hashable=False,
    ),
    Drawn(
        zoo.Item,
        st.builds(zoo.Item, id=st.integers(), price=st.decimals(allow_nan=False, allow_infinity=False), when=DATETIMES)
        | st.builds(zoo.Item, id=st.integers(), price=st.just(1)),
        hashable=False,
    ),
    Drawn(zoo.Vague, st.builds(zoo.Vague, what=st.dates() | st.text(max_size=3)), hashable=False),
    Drawn(
        zoo.Partial,
        st.fixed_dictionaries({"must": st.dates()}, optional={"may": st.dates() | TEXT}).flatmap(
            lambda row: st.permutations(list(row.items())).map(dict)
        ),
        hashable=False,
    ),
]


def _many(cls: Callable[..., Any], one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=3).map(cls)


def _of(generic: Any, *args: Any) -> Any:
    # A checker takes brackets for an annotation.
    return generic[args[0] if len(args) == 1 else args]


def _holders(inside: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    keys = inside.filter(lambda one: one.hashable)
    return st.one_of(
        inside.map(lambda one: Drawn(_of(list, one.tp), _many(list, one.values), hashable=False)),
        inside.map(lambda one: Drawn(_of(tuple, one.tp, ...), _many(tuple, one.values), one.hashable)),
        st.lists(inside, max_size=3).map(
            lambda all_: Drawn(
                _of(tuple, *(one.tp for one in all_)),
                st.tuples(*(one.values for one in all_)),
                all(one.hashable for one in all_),
            )
        ),
        keys.map(lambda one: Drawn(_of(set, one.tp), _many(_set, one.values), hashable=False)),
        keys.map(lambda one: Drawn(_of(frozenset, one.tp), _many(_set, one.values).map(frozenset))),
        inside.map(
            lambda one: Drawn(
                _of(deque, one.tp),
                st.builds(deque, st.lists(one.values, max_size=3), st.none() | st.integers(0, 3)),
                hashable=False,
            )
        ),
        st.tuples(keys, inside).map(lambda two: _dict(dict, *two)),
        st.tuples(keys, inside).map(lambda two: _dict(OrderedDict, *two)),
        keys.map(lambda one: Drawn(_of(Counter, one.tp), _many(_set, one.values).map(Counter), hashable=False)),
        st.lists(inside, min_size=2, max_size=4).map(
            lambda all_: Drawn(
                reduce(operator.or_, (_of(Optional, one.tp) for one in all_)),
                st.one_of(st.none(), *(one.values for one in all_)),
                all(one.hashable for one in all_),
            )
        ),
        inside.map(lambda one: Drawn(_of(Annotated, one.tp, "said"), one.values, one.hashable)),
        inside.map(lambda one: Drawn(_of(zoo.Box, one.tp), one.values.map(zoo.Box), hashable=False)),
        st.tuples(inside, inside).map(
            lambda two: Drawn(
                _of(zoo.Both, two[0].tp, two[1].tp),
                st.builds(zoo.Both, two[0].values, two[1].values),
                two[0].hashable and two[1].hashable,
            )
        ),
        inside.map(
            lambda one: Drawn(_of(abc.Sequence, one.tp), _many(list, one.values) | _many(tuple, one.values), False)
        ),
        keys.map(lambda one: Drawn(_of(abc.Set, one.tp), _many(_set, one.values), hashable=False)),
    )


def _set(values: list[Any]) -> set[Any]:
    # A signalling NaN has no hash.
    return {value for value in values if _hashes(value)}


def _hashes(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _dict(cls: Any, key: Drawn, item: Drawn) -> Drawn:
    pairs = st.lists(st.tuples(key.values.filter(_hashes), item.values), max_size=3)
    return Drawn(_of(cls, key.tp, item.tp), pairs.map(cls), hashable=False)


types: st.SearchStrategy[Drawn] = st.recursive(st.sampled_from(SCALARS), _holders, max_leaves=6)

pairs: st.SearchStrategy[tuple[Any, Any]] = types.flatmap(lambda drawn: st.tuples(st.just(drawn.tp), drawn.values))
