"""Classes that know their own JSON: pydantic models, and those that a codec is given for."""

from __future__ import annotations

import json as text
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_origin

from synaflow import TypeForm, spell
from synaflow_airflow.codecs.base import CantTravelError, ClassNode, Codec, Misfit, Node, check_plain, mismatch, shorten
from synaflow_airflow.codecs.records import cached_names, decode_fields, encode_fields

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["FieldsNode", "ModelNode", "OwnNode", "class_of"]

_ANY: Mapping[type, int] = dict.fromkeys((type(None), bool, int, float, str, list, dict), 9)


def class_of(tp: TypeForm) -> type:
    """The class whose instances a codec for `tp` takes; `object` where that can't be asked."""
    origin = get_origin(tp) or tp
    asked = isinstance(origin, type) and origin is not Any and not getattr(origin, "_is_protocol", False)
    return typing.cast("type", origin) if asked else object


class ModelNode(ClassNode):
    """A pydantic model through pydantic's own JSON. What that doesn't bring back as it was is found when a value is packed."""

    kinds = _ANY
    cls: type[BaseModel]

    def __init__(self, cls: type[BaseModel]) -> None:
        from pydantic import TypeAdapter

        self.wanted = spell(cls)
        self.cls = cls
        if cls.__pydantic_generic_metadata__["parameters"]:
            raise CantTravelError(f"the type variables of `{self.wanted}` aren't solved")
        try:
            self.adapter: TypeAdapter[BaseModel] = TypeAdapter(cls)
            self.adapter.json_schema()
        except Exception as error:  # pydantic's own and those of a user's hooks
            raise CantTravelError(f"pydantic has no JSON for `{self.wanted}`: {_first_line(error)}") from error

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        model = typing.cast("BaseModel", value)
        try:
            json = self.adapter.dump_python(model, mode="json", by_alias=False, round_trip=True, warnings="error")
        except Exception as error:  # a user's serializers may raise anything
            raise Misfit(f"pydantic can't write this {self.wanted}: {_first_line(error)}") from error
        check_plain(json)
        return json

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        try:
            return self.adapter.validate_json(text.dumps(json), strict=True, by_alias=False, by_name=True)
        except Exception as error:  # a user's validators may raise anything
            raise Misfit(f"pydantic can't read this {self.wanted} again: {_first_line(error)}") from error


class FieldsNode(ClassNode):
    """A pydantic model, field by field: pydantic's own JSON can't tell `date | str` apart, and has time zones of its own.

    It is made again as pickle does it, without validation. Which fields were never set is noted under `_unset`.
    """

    kinds: Mapping[type, int] = {dict: 2}
    cls: type[BaseModel]

    def __init__(self, cls: type[BaseModel], nodes: Mapping[str, Node]) -> None:
        self.wanted = spell(cls)
        self.cls = cls
        self.nodes = nodes
        self.caches = cached_names(cls)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        self.require(value)
        model = typing.cast("BaseModel", value)
        state = {**vars(model), **(model.__pydantic_private__ or {})}
        for name, what in state.items():
            if name not in self.nodes and name not in self.caches:
                raise Misfit(f".{name} of {self.wanted}, which is {shorten(what)}, is no field: give a codec")
        unset = [name for name in self.nodes if not name.startswith("_") and name not in model.__pydantic_fields_set__]
        result = encode_fields(self.nodes, ((name, state[name]) for name in self.nodes if name in state))
        return {**result, "_unset": unset} if unset else result

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        found = dict(self.expect(json, dict))
        unset = found.pop("_unset", [])
        fields = {name for name in self.nodes if not name.startswith("_")}
        if (
            not fields <= found.keys() <= self.nodes.keys()
            or not isinstance(unset, list)
            or not fields.issuperset(unset)
        ):
            raise mismatch(json, self.wanted, stored=True)
        state = decode_fields(self.nodes, found)
        private = {name: state.pop(name) for name in list(state) if name.startswith("_")}
        model = self.cls.__new__(self.cls)
        put = object.__setattr__
        put(model, "__dict__", state)
        put(model, "__pydantic_fields_set__", fields.difference(unset))
        put(model, "__pydantic_extra__", None)
        put(model, "__pydantic_private__", private if self.cls.__private_attributes__ else None)
        return model


class OwnNode(Node):
    """A type with a codec of the user's."""

    kinds = _ANY

    def __init__(self, tp: TypeForm, codec: Codec[Any]) -> None:
        self.wanted = spell(tp)
        self.codec = codec
        self.cls = class_of(tp)

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return isinstance(value, self.cls)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if not self.takes(value):
            raise mismatch(value, self.wanted)
        try:
            json = self.codec.encode(value)
        except Exception as error:
            raise Misfit(f"the codec of {self.wanted} can't encode it: {_named(error)}") from error
        try:
            check_plain(json)
        except Misfit as error:
            raise Misfit(f"the codec of {self.wanted} gives no plain JSON: {error}") from None
        return json

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        try:
            return self.codec.decode(json)
        except Exception as error:
            raise Misfit(f"the codec of {self.wanted} can't decode what was stored: {_named(error)}") from error


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _first_line(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = "".join(f".{part}" for part in first["loc"])
        return f"{where}: {first['msg']}".removeprefix(": ")
    return str(error).partition("\n")[0] or type(error).__name__
