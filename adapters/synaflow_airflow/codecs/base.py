"""What every part of the codecs shares: the interfaces, the two errors, and the words for a value that doesn't fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from synaflow import RunnerError, spell_value
from synaflow_airflow.errors import ValueTravelError

__all__ = [
    "CantTravelError",
    "ClassNode",
    "Codec",
    "Converter",
    "Later",
    "Misfit",
    "Node",
    "check_plain",
    "mismatch",
    "name_of_class",
    "shorten",
]

T = TypeVar("T")

_LONGEST_VALUE = 80
_LONGEST_PATH = 200


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How values of a type of yours become JSON and come back.

    Attributes:
        encode: Gives plain JSON: None, bool, int, float, str, list, dict with str keys.
        decode: Takes that JSON and gives an equal value.
    """

    encode: Callable[[T], object]
    decode: Callable[[Any], T]


class Converter(Protocol):
    """Takes the values of one type to plain JSON and back."""

    def encode(self, value: object) -> object:
        """Gives a value's JSON; raises `ValueTravelError` where the value is not of the type."""
        ...

    def decode(self, json: object) -> object:
        """Gives the value back; raises `ValueTravelError` where the JSON is none that `encode` gives."""
        ...

    def fits(self, value: object) -> bool:
        """Whether `encode` takes the value."""
        try:
            self.encode(value)
        except ValueTravelError:
            return False
        return True


class CantTravelError(RunnerError):
    """A type whose values can't become JSON and come back.

    Attributes:
        reason: Which part of the type can't, and why: a fragment of a sentence.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason, where)
        self.where = where
        self.reason = f"{reason} (at `{where}`)" if where else reason

    def __str__(self) -> str:
        return self.reason


class Misfit(ValueTravelError):  # noqa: N818  # users meet it as a ValueTravelError
    """A value, or JSON, that isn't what its type says. Callers put the path before it on its way up."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path = ""

    def under(self, piece: str) -> Misfit:
        """Says one step more of where in the value this is."""
        self.path = piece + self.path
        return self

    def __str__(self) -> str:
        path = self.path
        if len(path) > _LONGEST_PATH:
            path = f"{path[: _LONGEST_PATH // 2]} ... {path[-_LONGEST_PATH // 2 :]}"
        return f"{path}: {self.what}" if path else self.what


class Node(Converter, ABC):
    """A converter that knows its place among others in a union.

    Attributes:
        wanted: The type, spelled.
        kinds: Which JSON it gives, by the Python type of that JSON, and how naturally: of the members of a union that give
            one kind, the only one of the lowest rank has it plain.
    """

    wanted: str
    kinds: Mapping[type, int]

    @abstractmethod
    def takes(self, value: object) -> bool:
        """Whether the value's class is right, whatever it holds."""

    @abstractmethod
    def encode(self, value: object) -> object:
        """As `Converter.encode`."""

    @abstractmethod
    def decode(self, json: object) -> object:
        """As `Converter.decode`."""

    def expect(self, json: object, kind: type[T]) -> T:
        """The JSON, if it is of that kind."""
        if type(json) is not kind:
            raise mismatch(json, self.wanted, stored=True)
        return json


class ClassNode(Node):
    """A converter for the instances of one class, those of its subclasses excepted.

    Attributes:
        cls: The class.
    """

    cls: type

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) is self.cls

    def require(self, value: object) -> None:
        """Raises `Misfit` if the value is no instance of the class itself."""
        if type(value) is not self.cls:
            raise mismatch(value, self.wanted, self.cls)


class Later(Node):
    """Stands for a type inside its own definition until that is complete; from then on it is that type's converter."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.kinds = {}

    def become(self, node: Node) -> None:
        """Takes the complete converter's place, without a frame of its own in a recursion."""
        for name in ("kinds", "takes", "encode", "decode", "fits"):
            setattr(self, name, getattr(node, name))

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        raise NotImplementedError

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        raise NotImplementedError

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        raise NotImplementedError


def name_of_class(cls: type) -> str:
    """A class as an error names it: with its module, unless that is a builtin's."""
    name = cls.__qualname__.replace("<locals>.", "")
    return name if cls.__module__ == "builtins" else f"{cls.__module__}.{name}"


def shorten(value: object) -> str:
    """A value as an error shows it."""
    try:
        text = spell_value(value)
    except RecursionError:
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 4]} ..."


def mismatch(value: object, wanted: str, base: type | None = None, *, stored: bool = False) -> Misfit:
    """What is found where something else is wanted.

    Args:
        value: What was found.
        wanted: The type that was wanted, spelled.
        base: The class that was wanted, which says whether the value is one of a subclass.
        stored: Whether the value is JSON that was read.
    """
    found = f"found {shorten(value)} ({name_of_class(type(value))})"
    if stored:
        return Misfit(f"{found} in the stored JSON, which is no {wanted}")
    if base is not None and isinstance(value, base):
        cls = type(value).__name__
        return Misfit(
            f"{found} where {wanted} is wanted: {cls} is a subclass, which would come back as {base.__name__}; "
            f"make it that, annotate {cls} (in a union, if need be), or give a codec for {base.__name__}"
        )
    return Misfit(f"{found} where {wanted} is wanted")


def check_plain(json: object) -> None:
    """Raises `Misfit` if this is not plain JSON."""
    cls = type(json)
    if json is None or cls in (bool, int, float, str):
        return
    if isinstance(json, list) and cls is list:
        for index, item in enumerate(json):
            try:
                check_plain(item)
            except Misfit as error:
                raise error.under(f"[{index}]") from None
    elif isinstance(json, dict) and cls is dict:
        for key, item in json.items():
            if type(key) is not str:
                raise Misfit(f"the key {shorten(key)} ({name_of_class(type(key))}) is no JSON: keys are str")
            try:
                check_plain(item)
            except Misfit as error:
                raise error.under(f"[{key!r}]") from None
    else:
        raise Misfit(f"{shorten(json)} ({name_of_class(cls)}) is no JSON")
