"""Types, values, times and signatures in words short enough for a picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from synaflow import NO_DEFAULT, spell, spell_value

if TYPE_CHECKING:
    from synaflow import StepDef

__all__ = ["cut", "paragraphs", "short", "signature", "time_of"]

_LENGTH: Final = 28
"""How many characters of a type or a default a picture shows; its tool tip has all."""

_LEFT_OUT: Final = "\0"


def signature(step: StepDef) -> str:
    """The step's function as it is written: `parse(row: dict[str, str]) -> Flight`."""
    given = [
        f"{parameter.name}: {spell(parameter.type)}"
        + (f" = {spell_value(parameter.default)}" if parameter.default is not NO_DEFAULT else "")
        for parameter in step.inputs
    ]
    return f"{step.function}({', '.join(given)}) -> {spell(step.output.type)}"


def short(text: str) -> str:
    """A type in few characters: of the innermost brackets, what is in them is left out until it fits."""
    while len(text) > _LENGTH:
        shorter = re.sub(r"\[[^\[\]]*\]", _LEFT_OUT, text)
        if shorter == text:
            break
        text = shorter
    return cut(text.replace(_LEFT_OUT, "[…]"))


def cut(text: str, length: int = _LENGTH) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def paragraphs(*texts: str | None) -> str:
    """Those texts that there are, one below the other."""
    return "\n\n".join(text for text in texts if text)


def time_of(seconds: float) -> str:
    """A time in milliseconds or seconds."""
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"
