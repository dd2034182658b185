"""The words the other modules of this package share: small, and known by nobody's spelling."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NewType, TypeVar

if TYPE_CHECKING:
    from synaflow._types.errors import TypeForm

__all__ = ["NoneType", "Param", "Signature", "is_alias", "is_typed_dict", "name_of", "opaque"]

NoneType = type(None)


class Param(NamedTuple):
    """A parameter of a `Signature`."""

    name: str
    kind: int  # one of `inspect.Parameter`'s kinds, all of which are ints
    tp: TypeForm
    required: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """What a callable takes and returns. May stand wherever a hint may.

    Attributes:
        params: The parameters; None for `...`, which takes anything.
        returns: The result's type.
        own: The TypeVars that the function itself binds: it is generic in them.
    """

    params: tuple[Param, ...] | None
    returns: TypeForm
    own: frozenset[TypeVar] = frozenset()

    def map(self, change: Callable[[TypeForm], TypeForm]) -> Signature:
        """This signature with every hint in it changed by `change`."""
        params = self.params
        if params is not None:
            params = tuple(p._replace(tp=change(p.tp)) for p in params)
        return Signature(params, change(self.returns), self.own)

    def hints(self) -> Iterator[TypeForm]:
        """Every hint in this signature."""
        for param in self.params or ():
            yield param.tp
        yield self.returns


def name_of(special: object) -> str:
    """The plain name of a special form of `typing` or `typing_extensions`, or ''."""
    kind = type(special)  # TypeVars, NewTypes and aliases come from `typing` too, with names of users' own
    if kind.__module__ not in ("typing", "typing_extensions") or not kind.__name__.endswith("Form"):
        return ""
    return str(getattr(special, "_name", None) or getattr(special, "__name__", None) or "")


def is_alias(tp: TypeForm) -> bool:
    """Whether `tp` is a PEP 695 `type X = ...` (3.12+, or typing_extensions' backport), bare, with arguments or annotated."""
    if isinstance(tp, type):
        return False
    while hasattr(tp, "__metadata__"):  # the `__origin__` of Annotated is what is annotated
        tp = tp.__origin__  # type: ignore[attr-defined]
    return type(tp).__name__ == "TypeAliasType" or type(getattr(tp, "__origin__", None)).__name__ == "TypeAliasType"


def is_typed_dict(tp: TypeForm) -> bool:
    """Whether `tp` is a class made by `TypedDict`, of `typing` or `typing_extensions`."""
    return isinstance(tp, type) and issubclass(tp, dict) and hasattr(tp, "__total__")


def opaque(name: str, bound: TypeForm) -> TypeForm:
    """A type of its own of which only the bound is known: what a NewType is to a checker."""
    make = typing.cast("Callable[[str, TypeForm], TypeForm]", NewType)  # for checkers, NewType takes literals only
    return make(name, bound)
