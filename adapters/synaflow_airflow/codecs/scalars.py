"""Values without parts: numbers, text, bytes, dates, enums, and whatever else one word of JSON says."""

from __future__ import annotations

import base64
import enum
import ipaddress
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any, Final

from synaflow import spell
from synaflow_airflow.codecs.base import ClassNode, Misfit, Node, mismatch
from synaflow_airflow.codecs.moments import (
    datetime_from,
    datetime_text,
    duration_from,
    duration_text,
    time_from,
    time_text,
)

__all__ = ["EnumNode", "LiteralNode", "RangeNode", "scalar"]

_NoneType = type(None)
_BITS_IN_DECIMAL: Final = 2_000  # no interpreter refuses 603 digits, whatever its int_max_str_digits
# Two halves that JSON would join into the one character they stand for elsewhere.
_SPLIT = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class PlainNode(ClassNode):
    """None, bool or str: JSON has them."""

    def __init__(self, cls: type) -> None:
        self.wanted = spell(cls)
        self.cls = cls
        self.kinds: Mapping[type, int] = {cls: 0, dict: 3} if cls is str else {cls: 0}

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        if isinstance(value, str) and _SPLIT.search(value):
            return {"characters": [ord(character) for character in value]}
        return value

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        if type(json) is self.cls:
            return json
        if self.cls is str and isinstance(json, dict) and json.keys() == {"characters"}:
            codes = json["characters"]
            if isinstance(codes, list) and all(type(code) is int and 0 <= code <= sys.maxunicode for code in codes):
                return "".join(map(chr, codes))
        raise mismatch(json, self.wanted, stored=True)


class NumberNode(Node):
    """int, float or complex. Each takes what a type checker lets pass for it, a bool or an int, and gives that back as it was."""

    def __init__(self, cls: type) -> None:
        self.wanted = spell(cls)
        self.cls = cls
        ladder = (int, float, complex)
        self.classes = (bool, *ladder[: ladder.index(cls) + 1])
        self.kinds: Mapping[type, int] = {dict: 3} | {kind: at for at, kind in enumerate(reversed(self.classes))}

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) in self.classes

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if type(value) not in self.classes:
            raise mismatch(value, self.wanted, self.cls)
        if isinstance(value, complex):
            return {"real": value.real, "imag": value.imag}
        if isinstance(value, int) and value.bit_length() > _BITS_IN_DECIMAL:
            return {"hex": hex(value)}
        return value

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        if type(json) in self.classes and not isinstance(json, complex):
            # One nan for all, which is what JSON is read as, would be one item of a set.
            return json if json == json else float("nan")
        if isinstance(json, dict):
            if json.keys() == {"hex"} and isinstance(json["hex"], str):
                return _parsed(lambda text: int(text, 16), json["hex"], self.wanted)
            if self.cls is complex and json.keys() == {"real", "imag"} and {*map(type, json.values())} == {float}:
                return complex(json["real"], json["imag"])
        raise mismatch(json, self.wanted, stored=True)


class TextNode(Node):
    """A class whose values are written as text."""

    kinds: Mapping[type, int] = {str: 2}

    def __init__(self, cls: type, write: Callable[[Any], str], read: Callable[[str], object]) -> None:
        self.wanted = spell(cls)
        self.cls = cls
        self.real: type = type(cls()) if cls in (Path, PurePath) else cls
        self.write = write
        self.read = read

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) is self.real

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if type(value) is not self.real:
            raise mismatch(value, self.wanted, self.cls)
        try:
            return self.write(value)
        except ValueError as error:
            raise Misfit(str(error)) from None

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        return _parsed(self.read, self.expect(json, str), self.wanted)


class RangeNode(Node):
    """A range, by its three numbers."""

    wanted = "range"
    kinds: Mapping[type, int] = {dict: 2}

    def __init__(self) -> None:
        self.number = NumberNode(int)

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) is range

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if not isinstance(value, range):
            raise mismatch(value, self.wanted)
        return {name: self.number.encode(getattr(value, name)) for name in ("start", "stop", "step")}

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        if not isinstance(json, dict) or json.keys() != {"start", "stop", "step"}:
            raise mismatch(json, self.wanted, stored=True)
        start, stop, step = (self.number.decode(json[name]) for name in ("start", "stop", "step"))
        assert isinstance(start, int)
        assert isinstance(stop, int)
        assert isinstance(step, int)
        if step == 0:
            raise mismatch(json, self.wanted, stored=True)
        return range(start, stop, step)


class EnumNode(Node):
    """An enum, by its members' names: `RED`, and `READ|WRITE` of a Flag. Bits without a name are a number."""

    def __init__(self, cls: type[enum.Enum]) -> None:
        self.wanted = spell(cls)
        self.cls = cls
        self.kinds: Mapping[type, int] = {str: 2, int: 2} if issubclass(cls, enum.Flag) else {str: 2}

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return isinstance(value, self.cls)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if not isinstance(value, self.cls):
            raise mismatch(value, self.wanted)
        if isinstance(value, enum.Flag):
            names = [member.name for member in self.cls if _bits(member) & _bits(value) == _bits(member)]
            if value.name in self.cls.__members__:
                return value.name
            text = "|".join(str(name) for name in names)
            return text if text and self._flags(text) is value else _bits(value)
        return value._name_

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        try:
            if issubclass(self.cls, enum.Flag):
                return self.cls(json) if type(json) is int else self._flags(self.expect(json, str))
            return self.cls[self.expect(json, str)]
        except (KeyError, ValueError):
            raise mismatch(json, f"member of {self.wanted}", stored=True) from None

    def _flags(self, text: str) -> enum.Enum:
        bits = 0
        for name in text.split("|"):
            bits |= _bits(self.cls[name])
        return self.cls(bits)


class LiteralNode(Node):
    """Literals of one class."""

    def __init__(self, tp: object, values: tuple[object, ...], node: Node) -> None:
        self.wanted = spell(tp)
        self.values = values
        self.node = node
        self.kinds = {kind: max(rank, 1) for kind, rank in node.kinds.items()}

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return any(type(value) is type(one) and value == one for one in self.values)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if not self.takes(value):
            raise mismatch(value, self.wanted)
        return self.node.encode(value)

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        value = self.node.decode(json)
        if not self.takes(value):
            raise mismatch(json, self.wanted, stored=True)
        return value


def _bits(member: enum.Enum) -> int:
    return int(member._value_)


def _parsed(read: Callable[[str], object], text: str, wanted: str) -> object:
    try:
        return read(text)
    except (ValueError, ArithmeticError, KeyError, TypeError) as error:
        reason = str(error).strip("'\"")
        raise Misfit(f"{mismatch(text, wanted, stored=True)}: {reason or type(error).__name__}") from None


def _number(value: int) -> str:
    return hex(value) if value.bit_length() > _BITS_IN_DECIMAL else str(value)


def _fraction(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(*(int(part, 16 if "x" in part else 10) for part in (above, below)))


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_TEXTS: dict[type, tuple[Callable[[Any], str], Callable[[str], object]]] = {
    bytes: (_base64, _bytes),
    bytearray: (_base64, lambda text: bytearray(_bytes(text))),
    Decimal: (str, Decimal),
    Fraction: (lambda value: f"{_number(value.numerator)}/{_number(value.denominator)}", _fraction),
    date: (date.isoformat, date.fromisoformat),
    time: (time_text, time_from),
    datetime: (datetime_text, datetime_from),
    timedelta: (duration_text, duration_from),
    uuid.UUID: (str, uuid.UUID),
    Path: (str, Path),
    PosixPath: (str, PosixPath),
    WindowsPath: (str, WindowsPath),
    PurePath: (str, PurePath),
    PurePosixPath: (str, PurePosixPath),
    PureWindowsPath: (str, PureWindowsPath),
    ipaddress.IPv4Address: (str, ipaddress.IPv4Address),
    ipaddress.IPv4Interface: (str, ipaddress.IPv4Interface),
    ipaddress.IPv4Network: (str, ipaddress.IPv4Network),
    ipaddress.IPv6Address: (str, ipaddress.IPv6Address),
    ipaddress.IPv6Interface: (str, ipaddress.IPv6Interface),
    ipaddress.IPv6Network: (str, ipaddress.IPv6Network),
}


def scalar(cls: type) -> Node | None:
    """The converter of a class whose values have no parts; None where it is no such class."""
    if cls in (_NoneType, bool, str):
        return PlainNode(cls)
    if cls in (int, float, complex):
        return NumberNode(cls)
    if cls is range:
        return RangeNode()
    if cls in _TEXTS:
        return TextNode(cls, *_TEXTS[cls])
    return None
