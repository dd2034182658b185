"""The one error of this package: a question about types that has no sure answer."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["TypeForm", "UndecidableTypeError"]

#: A type hint as it exists at run time: a class, `list[int]`, `int | None`, a TypeVar, ...
TypeForm: TypeAlias = object


class UndecidableTypeError(Exception):
    """A hint that can't be judged: it is refused rather than guessed at.

    Attributes:
        tp: The hint that can't be judged.
        reason: Why, in a few words.

    Example:
        >>> raise UndecidableTypeError(..., "not a type")
        Traceback (most recent call last):
        synaflow._types.errors.UndecidableTypeError: can't judge the type ...: not a type
    """

    def __init__(self, tp: TypeForm, reason: str) -> None:
        super().__init__(tp, reason)
        self.tp = tp
        self.reason = reason

    def __str__(self) -> str:
        from synaflow._types.spelling import spell

        return f"can't judge the type {spell(self.tp)}: {self.reason}"
