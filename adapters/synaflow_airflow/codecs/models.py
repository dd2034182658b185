"""Classes that know their own JSON: pydantic models, and those that a codec is given for."""

from __future__ import annotations

import json as text
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_origin

from synaflow import TypeForm, spell
from synaflow_airflow.codecs.base import CantTravelError, Codec, Misfit, Node, check_plain, mismatch

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ModelNode", "OwnNode"]

_ANY: Mapping[type, int] = dict.fromkeys((type(None), bool, int, float, str, list, dict), 9)


class ModelNode(Node):
    """A pydantic model, by its fields' names. What pydantic doesn't bring back as it was is found when a value is packed."""

    kinds = _ANY

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

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return type(value) is self.cls

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        if type(value) is not self.cls:
            raise mismatch(value, self.wanted, self.cls)
        try:
            json = self.adapter.dump_python(value, mode="json", by_alias=False, round_trip=True, warnings="error")  # type: ignore[arg-type]
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


class OwnNode(Node):
    """A type with a codec of the user's."""

    kinds = _ANY

    def __init__(self, tp: TypeForm, codec: Codec[Any]) -> None:
        self.wanted = spell(tp)
        self.codec = codec
        origin = get_origin(tp) or tp
        self.cls: type = origin if isinstance(origin, type) and not getattr(origin, "_is_protocol", False) else object

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
    if hasattr(error, "errors") and callable(error.errors):
        first = error.errors()[0]
        where = "".join(f".{part}" for part in first["loc"])
        return f"{where}: {first['msg']}".removeprefix(": ")
    return str(error).partition("\n")[0] or type(error).__name__
