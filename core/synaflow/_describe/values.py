"""Values as text, for people: the same from run to run."""

from __future__ import annotations

__all__ = ["spell_value"]


def spell_value(value: object) -> str:
    """Writes a value, a default say, as its repr.

    Args:
        value: Any object.

    Returns:
        The repr; `a Thing` where that fails, or says where the object lies, which changes from run to run.

    Example:
        >>> spell_value("text"), spell_value(object())
        ("'text'", 'a object')
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # whatever a class of the user's own does there
        text = ""
    return text if text and " at 0x" not in text else f"a {type(value).__name__}"
