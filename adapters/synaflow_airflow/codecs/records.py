"""Classes with fields: dataclasses, NamedTuples, TypedDicts. They are rebuilt as pickle does it, without calling `__init__`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any

from synaflow_airflow.codecs.base import ClassNode, Misfit, Node, mismatch, shorten
from synaflow_airflow.codecs.containers import decode_pairs
from synaflow_airflow.codecs.same import attributes

__all__ = ["DataclassNode", "NamedTupleNode", "TypedDictNode", "cached_names", "decode_fields", "encode_fields"]

_REMEDY = "make it a field, or give a codec"


def encode_fields(nodes: Mapping[str, Node], state: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Each field's JSON, in the order of `state`; an error says which it is."""
    result: dict[str, object] = {}
    name = ""
    try:
        for name, value in state:
            result[name] = nodes[name].encode(value)
    except Misfit as error:
        raise error.under(f".{name}") from error.__cause__
    return result


def decode_fields(nodes: Mapping[str, Node], json: Mapping[str, object]) -> dict[str, Any]:
    """Each field that is there, in the order of the class; an error says which it is."""
    result: dict[str, object] = {}
    name = ""
    try:
        for name, node in nodes.items():
            if name in json:
                result[name] = node.decode(json[name])
    except Misfit as error:
        raise error.under(f".{name}") from error.__cause__
    return result


def cached_names(cls: type) -> frozenset[str]:
    """The cached properties of a class: what they hold is no state, and made again when asked for."""
    return frozenset(name for base in cls.__mro__ for name, what in vars(base).items() if type(what) is cached_property)


class _RecordNode(ClassNode):
    kinds: Mapping[type, int] = {dict: 2}

    def __init__(self, wanted: str, cls: type, nodes: dict[str, Node]) -> None:
        self.wanted = wanted
        self.cls = cls
        self.nodes = nodes

    def _fields(self, json: object) -> dict[str, Any]:
        found = self.expect(json, dict)
        if found.keys() != self.nodes.keys():
            odd = sorted(map(str, found.keys() ^ self.nodes.keys()))
            raise Misfit(f"the stored JSON of {self.wanted} has other fields than the class has now: {', '.join(odd)}")
        return decode_fields(self.nodes, found)


class DataclassNode(_RecordNode):
    """A dataclass: its fields, those without a place in `__init__` too."""

    def __init__(self, wanted: str, cls: type, nodes: dict[str, Node]) -> None:
        super().__init__(wanted, cls, nodes)
        self.names = [field.name for field in fields(cls)]
        self.caches = cached_names(cls)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        state = attributes(value)
        for name in state:
            if name not in self.nodes and name not in self.caches:
                raise Misfit(
                    f".{name} of {self.wanted}, which is {shorten(state[name])}, is no field of the dataclass: {_REMEDY}"
                )
        for name in self.names:
            if name not in state:
                raise Misfit(f".{name} of this {self.wanted} has no value, though the dataclass has that field")
        return encode_fields(self.nodes, ((name, state[name]) for name in self.names))

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        result: object = object.__new__(self.cls)
        for name, value in self._fields(json).items():
            object.__setattr__(result, name, value)
        return result


class NamedTupleNode(_RecordNode):
    """A NamedTuple, by its fields' names."""

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        assert isinstance(value, tuple)
        for name, what in attributes(value).items():
            raise Misfit(
                f".{name} of {self.wanted}, which is {shorten(what)}, is no field of the NamedTuple: {_REMEDY}"
            )
        if len(value) != len(self.nodes):
            raise Misfit(f"this {self.wanted} has {len(value)} items for {len(self.nodes)} fields")
        return encode_fields(self.nodes, zip(self.nodes, value, strict=True))

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        return tuple.__new__(self.cls, self._fields(json).values())


class TypedDictNode(_RecordNode):
    """A TypedDict: a dict with these keys and no others. With the keys in another order than the class has them, pairs."""

    kinds: Mapping[type, int] = {dict: 2, list: 3}

    def __init__(self, wanted: str, nodes: dict[str, Node], required: frozenset[str]) -> None:
        super().__init__(wanted, dict, nodes)
        self.required = required

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        assert isinstance(value, dict)
        for key in value:
            if key not in self.nodes or type(key) is not str:
                raise Misfit(f"found the key {shorten(key)}, which {self.wanted} hasn't")
        for name in self.nodes:
            if name in self.required and name not in value:
                raise Misfit(f"the key {name!r}, which {self.wanted} requires, is missing")
        result = encode_fields(self.nodes, value.items())
        in_order = [name for name in self.nodes if name in value]
        return result if list(value) == in_order else [list(pair) for pair in result.items()]

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        pairs = decode_pairs(json, self.wanted)
        found = {key: value for key, value in pairs if isinstance(key, str)}
        if len(found) != len(pairs) or not self.required <= found.keys() <= self.nodes.keys():
            raise mismatch(json, self.wanted, stored=True)
        result = decode_fields(self.nodes, found)
        return result if isinstance(json, dict) else {key: result[key] for key in found}
