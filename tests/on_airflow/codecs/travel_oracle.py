"""What a value is, types included, as something that `==` compares: written without a look at how the codecs compare."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import struct
import zoneinfo
from typing import Any


def normal(value: Any) -> Any:
    """Nested tuples that are equal exactly if two values are the same all the way down."""
    cls = type(value)
    return f"{cls.__module__}.{cls.__qualname__}", _content(value)


def _content(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value._name_, repr(value.value)
    if isinstance(value, bool | int | str | bytes | bytearray) or value is None:
        return bytes(value) if isinstance(value, bytearray) else value
    if isinstance(value, fractions.Fraction):
        return value.numerator, value.denominator
    if isinstance(value, range):
        return value.start, value.stop, value.step
    if isinstance(value, float):
        return "nan" if value != value else struct.pack(">d", value)
    if isinstance(value, complex):
        return normal(value.real), normal(value.imag)
    if isinstance(value, decimal.Decimal):
        return repr(value)
    if isinstance(value, dt.datetime | dt.time):
        zone = value.tzinfo
        key = zone.key if isinstance(zone, zoneinfo.ZoneInfo) else (repr(zone), zone and zone.tzname(None))
        return repr(value.replace(tzinfo=None)), value.fold, type(zone), key
    if isinstance(value, collections.deque):
        return value.maxlen, [normal(item) for item in value]
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((normal(item) for item in value), key=repr)
    if isinstance(value, dict):
        return [(normal(key), normal(item)) for key, item in value.items()]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return [(name, normal(getattr(value, name))) for name in names]
    if hasattr(value, "__pydantic_fields_set__"):
        return (
            normal(dict(value)),
            normal(value.model_extra),
            value.model_fields_set,
            normal(value.__pydantic_private__),
        )
    if isinstance(value, pathlib.PurePath):
        return str(value)
    return repr(value)
