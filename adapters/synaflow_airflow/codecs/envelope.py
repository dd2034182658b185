"""What an XCom holds: a value's JSON, as it is where that passes unchanged through Airflow and its database, as text elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from synaflow_airflow.codecs.base import Converter, Misfit, shorten
from synaflow_airflow.codecs.same import contains_itself, difference
from synaflow_airflow.errors import ValueTravelError

__all__ = ["content", "pack", "size", "unpack"]

_INT: Final = range(-(2**63), 2**63)
_DEPTH: Final = 40  # of JSON: parsers on its way have limits of their own


def pack(converter: Converter, value: object) -> dict[str, object]:
    """Puts a value into the form in which it goes from task to task.

    Args:
        converter: That of the value's type.
        value: The value.

    Returns:
        `{"value": JSON}`, or `{"text": JSON as text}` where the other would not come back as it was: numbers past 64 bits, nan,
        keys that Airflow gives a meaning, the order of a dict that a database would put into its own.

    Raises:
        ValueTravelError: If the value is not of the type, or would come back other than it is.
    """
    trusted: tuple[type, ...] = getattr(converter, "trusted", ())
    encoded = converter.encode(value)
    try:
        text = json.dumps(encoded)
        if _is_safe(encoded):
            try:
                if difference(value, converter.decode(_as_stored(json.loads(text))), trusted) is None:
                    return {"value": json.loads(text)}
            except ValueTravelError:
                pass  # it is no longer what was written: as text it is
        changed = difference(value, converter.decode(json.loads(text)), trusted)
    except RecursionError:
        raise _too_deep(value) from None
    except ValueError as error:  # a codec's number that is too long to write
        raise ValueTravelError(f"{shorten(value)} has no JSON: {error}") from None
    if changed is not None:
        where, _, what = changed.partition(": ")
        raise ValueTravelError(f"{where + ': ' if where else ''}it would not come back as it was: {what}")
    return {"text": text}


def unpack(converter: Converter, envelope: Mapping[str, object]) -> object:
    """Takes a value out of what `pack` gave.

    Raises:
        ValueTravelError: If the envelope is none, or holds no value of the type.
    """
    return converter.decode(content(envelope))


def content(envelope: Mapping[str, object]) -> object:
    """The JSON in what `pack` gave.

    Raises:
        ValueTravelError: If the envelope is none.
    """
    if envelope.keys() == {"value"}:
        return envelope["value"]
    text = envelope.get("text")
    if envelope.keys() != {"text"} or not isinstance(text, str):
        raise ValueTravelError(f"found {shorten(dict(envelope))} where a packed value is wanted")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueTravelError(f"the stored text is no JSON: {error}") from None
    return found


def size(envelope: Mapping[str, object]) -> int:
    """How many bytes an envelope has, as JSON text."""
    return len(json.dumps(envelope))


class Whole(Converter):
    """The converter of a whole type.

    Attributes:
        trusted: The classes that a codec of the user's takes.
    """

    def __init__(self, node: Converter, trusted: tuple[type, ...]) -> None:
        self.node = node
        self.trusted = trusted

    def encode(self, value: object) -> object:
        """As `Converter.encode`."""
        try:
            return self.node.encode(value)
        except RecursionError:
            raise _too_deep(value) from None

    def decode(self, json: object) -> object:
        """As `Converter.decode`."""
        try:
            return self.node.decode(json)
        except RecursionError:
            raise Misfit("the stored JSON is nested too deeply") from None


def _too_deep(value: object) -> ValueTravelError:
    if contains_itself(value):
        return ValueTravelError(f"this {type(value).__name__} contains itself, which JSON can't say: give a codec")
    return ValueTravelError(f"this {type(value).__name__} is nested too deeply for JSON: give a codec")


def _is_safe(encoded: object, depth: int = 0) -> bool:
    """Whether Airflow's serialisation and every database pass this JSON at all."""
    if isinstance(encoded, str):
        return "\0" not in encoded and (encoded.isascii() or not any("\ud800" <= one <= "\udfff" for one in encoded))
    if isinstance(encoded, float):
        return encoded - encoded == 0  # neither nan nor infinite
    if isinstance(encoded, int):
        return encoded in _INT
    if encoded is None:
        return True
    if depth >= _DEPTH:
        return False
    if isinstance(encoded, dict):
        keys = all(not key.startswith("__") and _is_safe(key) for key in encoded)
        return keys and all(_is_safe(item, depth + 1) for item in encoded.values())
    assert isinstance(encoded, list)
    return all(_is_safe(item, depth + 1) for item in encoded)


def _as_stored(encoded: object) -> object:
    """What PostgreSQL and MySQL between them make of this JSON.

    Both put an object's keys into an order of their own; PostgreSQL writes 1e16 as a whole number, and has no -0.0.
    """
    if isinstance(encoded, dict):
        keys = sorted(encoded, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _as_stored(encoded[key]) for key in keys}
    if isinstance(encoded, list):
        return [_as_stored(item) for item in encoded]
    if isinstance(encoded, float):
        return int(encoded) if "e+" in repr(encoded) else encoded or 0.0
    return encoded
