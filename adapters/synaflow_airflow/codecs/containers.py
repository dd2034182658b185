"""What holds values of a type: lists, tuples, sets, deques, dicts."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from synaflow_airflow.codecs.base import ClassNode, Misfit, Node, mismatch, shorten

__all__ = [
    "DequeNode",
    "DictNode",
    "SeriesNode",
    "SetNode",
    "TupleNode",
    "convert",
    "decode_pairs",
]


def convert(way: Callable[[object], object], items: Iterable[object]) -> list[object]:
    """What each item becomes; an error says which it is."""
    result: list[object] = []
    try:
        for item in items:
            result.append(way(item))  # noqa: PERF401  # how many there are tells where an error is
    except Misfit as error:
        raise error.under(f"[{len(result)}]") from error.__cause__
    return result


def decode_pairs(found: object, wanted: str) -> list[tuple[object, object]]:
    """The pairs of an object, or of a list of pairs."""
    if isinstance(found, dict):
        return list(found.items())
    if isinstance(found, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in found):
        return [(key, value) for key, value in found]
    raise mismatch(found, wanted, stored=True)


class SeriesNode(ClassNode):
    """A list, or a tuple of any length."""

    def __init__(self, wanted: str, cls: type[Any], item: Node) -> None:
        self.wanted = wanted
        self.cls = cls
        self.item = item
        self.kinds: Mapping[type, int] = {list: 0 if cls is list else 2}

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        assert isinstance(value, Iterable)
        return convert(self.item.encode, value)

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        made: object = self.cls(convert(self.item.decode, self.expect(json, list)))
        return made


class SetNode(SeriesNode):
    """A set or frozenset, in the order of what its items are written as."""

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        assert isinstance(value, Collection)
        result = []
        for item in value:
            try:
                result.append(self.item.encode(item))
            except Misfit as error:
                raise error.under(f"[{shorten(item)}]") from error.__cause__
        return sorted(result, key=_place)


def _place(found: object) -> tuple[int, Any]:
    if isinstance(found, int | float):
        # A nan has no place among numbers.
        return (0, found) if found == found else (1, "")
    return (2, found) if isinstance(found, str) else (3, json.dumps(found))


class DequeNode(SeriesNode):
    """A deque; one that is bounded says so."""

    def __init__(self, wanted: str, item: Node) -> None:
        super().__init__(wanted, deque, item)
        self.kinds: Mapping[type, int] = {list: 2, dict: 3}

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        items = super().encode(value)
        assert isinstance(value, deque)
        return items if value.maxlen is None else {"maxlen": value.maxlen, "items": items}

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        if not isinstance(json, dict):
            return super().decode(json)
        if json.keys() != {"maxlen", "items"} or type(json["maxlen"]) is not int or json["maxlen"] < 0:
            raise mismatch(json, self.wanted, stored=True)
        return deque(convert(self.item.decode, self.expect(json["items"], list)), json["maxlen"])


class TupleNode(Node):
    """A tuple of so many items, each of its own type."""

    kinds: Mapping[type, int] = {list: 2}

    def __init__(self, wanted: str, items: list[Node]) -> None:
        self.wanted = wanted
        self.items = items

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) is tuple and len(value) == len(self.items)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if not isinstance(value, tuple) or type(value) is not tuple:
            raise mismatch(value, self.wanted, tuple)
        if len(value) != len(self.items):
            raise mismatch(value, self.wanted)
        return self._each(value, [node.encode for node in self.items])

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        found = self.expect(json, list)
        if len(found) != len(self.items):
            raise mismatch(json, self.wanted, stored=True)
        return tuple(self._each(found, [node.decode for node in self.items]))

    def _each(self, items: Collection[object], ways: list[Callable[[object], object]]) -> list[object]:
        result: list[object] = []
        try:
            for item, way in zip(items, ways, strict=True):
                result.append(way(item))
        except Misfit as error:
            raise error.under(f"[{len(result)}]") from error.__cause__
        return result


class DictNode(ClassNode):
    """A dict and its kin: an object where every key is written as text of its own, a list of pairs otherwise."""

    kinds: Mapping[type, int] = {dict: 0, list: 2}

    def __init__(self, wanted: str, cls: type[dict[Any, Any]], key: Node, item: Node) -> None:
        self.wanted = wanted
        self.cls = cls
        self.key = key
        self.item = item
        if cls is not dict:
            self.kinds = {dict: 2, list: 2}

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        assert isinstance(value, dict)
        keys, items = [], []
        for key, item in value.items():
            try:
                keys.append(self.key.encode(key))
            except Misfit as error:
                raise error.under(f".keys()[{len(keys)}]") from error.__cause__
            try:
                items.append(self.item.encode(item))
            except Misfit as error:
                raise error.under(f"[{shorten(key)}]") from error.__cause__
        texts = [key for key in keys if isinstance(key, str)]
        if len(set(texts)) == len(keys):
            return dict(zip(texts, items, strict=True))
        return [list(pair) for pair in zip(keys, items, strict=True)]

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        # A Counter made of pairs would count them.
        result = self.cls() if self.cls is not dict else {}
        for written, item in decode_pairs(json, self.wanted):
            try:
                key = self.key.decode(written)
            except Misfit as error:
                raise error.under(f".keys()[{len(result)}]") from error.__cause__
            try:
                result[key] = self.item.decode(item)
            except Misfit as error:
                raise error.under(f"[{shorten(key)}]") from error.__cause__
        return result
