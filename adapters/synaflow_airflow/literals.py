"""Python values as source text that a formatter leaves as it is, and such text as values again.

What can be written are JSON's values, tuples, and `datetime`, `timedelta` and `UTC`: what Airflow's arguments are made of.
Whatever a text or a name holds, it comes out as one string literal.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from keyword import iskeyword
from typing import Final

__all__ = ["CantWriteError", "Source", "call", "read_literal", "text_block", "write"]

WIDTH: Final = 88
"""Columns of a line, where it can be broken: what formatters keep to when nobody has told them otherwise."""

_STEP: Final = "    "


class CantWriteError(ValueError):
    """A value that has no literal."""


class Source(str):
    """Text that is source already, and is written as it stands: a name, a call."""

    __slots__ = ()


def write(value: object, indent: int = 0, before: int = 0, *, flat: bool = False) -> Source:
    """A value's source text.

    Args:
        value: The value.
        indent: How many levels deep the line stands on which it begins.
        before: How many characters stand before it on that line, the indentation left out, and after its last line.
        flat: Whether it has to be one line, however long.

    Raises:
        CantWriteError: It has none.

    Example:
        >>> print(write({"retries": 2, "pool": "it's"}))
        {"retries": 2, "pool": "it's"}
    """
    line = _flat(value)
    if flat or _fits(line, indent, before) or not isinstance(value, Mapping | list | tuple) or not value:
        return Source(line)
    if isinstance(value, Mapping):
        lines = [f"{_flat(key)}: {write(item, indent + 1, len(_flat(key)) + 3)}," for key, item in value.items()]
        return Source(_spread("{", lines, "}", indent))
    opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    return Source(_spread(opening, [f"{write(item, indent + 1, 1)}," for item in value], closing, indent))


def call(
    function: str,
    positional: Iterable[object],
    keywords: Mapping[str, object],
    indent: int = 0,
    before: int = 0,
    *,
    rest: Source | None = None,
) -> Source:
    """A call's source text; what can't be a keyword is passed by `**`.

    Args:
        function: What is called.
        positional: Arguments by position.
        keywords: Arguments by name.
        indent: As for `write`.
        before: As for `write`.
        rest: The name of further arguments, passed by `**`.

    Example:
        >>> call("task", [], {"task_id": "a", "$ref": 2})
        'task(task_id="a", **{"$ref": 2})'
    """
    named = {name: value for name, value in keywords.items() if name.isidentifier() and not iskeyword(name)}
    odd = {name: value for name, value in keywords.items() if name not in named}
    arguments = [("", value) for value in positional] + [(f"{name}=", value) for name, value in named.items()]
    arguments += [("**", unpacked) for unpacked in (odd, rest) if unpacked]
    flat = f"{function}({', '.join(told + _flat(value) for told, value in arguments)})"
    if _fits(flat, indent, before):
        return Source(flat)
    lines = [f"{told}{write(value, indent + 1, len(told) + 1)}," for told, value in arguments]
    return Source(_spread(f"{function}(", lines, ")", indent))


def _flat(value: object) -> str:
    match value:
        case Source():
            return str(value)
        case None | bool():
            return repr(value)
        case str() if type(value) is str:
            return _string(value)
        case int() if type(value) is int:
            return repr(value)
        case float() if type(value) is float and math.isfinite(value):
            return repr(value)
        case datetime() if type(value) is datetime:
            return _datetime(value)
        case timedelta() if type(value) is timedelta:
            return _timedelta(value)
        case Mapping():
            return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flat, value)) + "]"
        case tuple() if type(value) is tuple:
            return "(" + ", ".join(map(_flat, value)) + ("," if len(value) == 1 else "") + ")"
    raise CantWriteError(f"{value!r}, a {type(value).__name__}, can't be written into a file")


def _fits(flat: str, indent: int, before: int) -> bool:
    return "\n" not in flat and len(_STEP) * indent + before + len(flat) <= WIDTH


def _string(text: str) -> str:
    """In double quotes, unless single ones need fewer backslashes: what formatters make of it."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + _escaped(text).replace(quote, f"\\{quote}") + quote


def _escaped(text: str) -> str:
    """A text with everything escaped that isn't to be seen, and backslashes; quotes are left."""
    return "".join(
        "\\\\" if letter == "\\" else letter if letter.isprintable() else repr(letter)[1:-1] for letter in text
    )


def _datetime(value: datetime) -> str:
    if value.tzinfo not in (None, UTC):
        raise CantWriteError(f"{value!r} is neither naive nor in UTC: give it as `datetime(..., tzinfo=UTC)`")
    parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    zone = ", tzinfo=UTC" if value.tzinfo is UTC else ""
    return f"datetime({', '.join(map(str, parts))}{zone})"


def _timedelta(value: timedelta) -> str:
    parts = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
    if value.days == 0 and value.microseconds == 0 and value.seconds and not value.seconds % 60:
        parts = {"hours": value.seconds // 3600, "minutes": value.seconds % 3600 // 60}
    told = ", ".join(f"{name}={number}" for name, number in parts.items() if number)
    return f"timedelta({told or 'seconds=0'})"


def _spread(opening: str, lines: Iterable[str], closing: str, indent: int) -> str:
    inner = "".join(f"{_STEP * (indent + 1)}{line}\n" for line in lines)
    return f"{opening}\n{inner}{_STEP * indent}{closing}"


def text_block(text: str) -> Source:
    """A text of several lines as one string literal in triple quotes, a text of one line as a plain one.

    Its lines begin at the margin, as the text's do: Markdown means something by indentation.
    """
    if "\n" not in text:
        return Source(_string(text))
    quoted = text.endswith('"')
    body = "\n".join(map(_escaped, text[: len(text) - quoted].split("\n"))).replace('"""', '\\"\\"\\"')
    body += '\\"' * quoted
    # A blank at the end of a line would be taken for an oversight.
    body = re.sub(r" (?=\n|$)", r"\\x20", body)
    return Source(f'"""\\\n{body}"""')


# And back


def read_literal(text: str) -> object:
    """The value of a text as `write` makes them; text that is no such thing is taken as the string it is.

    Example:
        >>> read_literal("timedelta(minutes=5)"), read_literal("@daily")
        (datetime.timedelta(seconds=300), '@daily')
    """
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        return text


def _value(node: ast.expr) -> object:
    match node:
        case ast.Dict():
            keys = [key for key in node.keys if key is not None]
            if len(keys) < len(node.keys):
                raise ValueError("not a literal")
            return {_value(key): _value(item) for key, item in zip(keys, node.values, strict=True)}
        case ast.List():
            return [_value(item) for item in node.elts]
        case ast.Tuple():
            return tuple(_value(item) for item in node.elts)
        case ast.Name(id="UTC"):
            return UTC
        case ast.Call(func=ast.Name(id=("datetime" | "timedelta") as name)):
            make = {"datetime": datetime, "timedelta": timedelta}[name]
            given = [_value(argument) for argument in node.args]
            named = {keyword.arg or "": _value(keyword.value) for keyword in node.keywords}
            made: object = make(*given, **named)  # what doesn't fit raises TypeError
            return made
    found: object = ast.literal_eval(node)
    return found
