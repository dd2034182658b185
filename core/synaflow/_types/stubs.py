"""What run time doesn't know of the standard library: an excerpt of typeshed, as data.

At run time `list` has neither generic bases nor typed methods, and `int` does not say what `abs`
gives. For each class that hints are likely to name, a `Stub` states what typeshed's `.pyi` files
do. What it states is added to what the class itself says, and goes before it. Everything is text,
read when first asked for: a table of a hundred live hints would be paid for by every import.
"""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import io
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from synaflow._types.errors import TypeForm

__all__ = ["Stub", "comparable", "read_method", "read_types"]


@dataclass(frozen=True, slots=True)
class Stub:
    """What typeshed says of one class, as text.

    Attributes:
        params: Its type parameters; see `_VARS` for their variances.
        bases: Its bases, in terms of `params`.
        members: The signatures of its methods by name, bound to an instance; the overloads of one
            are separated by ";". A protocol asks for exactly these.
        defaults: What stands for arguments left out at the end (PEP 696).
        is_protocol: Whether typeshed has it as a protocol.
    """

    params: str = ""
    bases: str = ""
    members: Mapping[str, str] = field(default_factory=dict)
    defaults: str = ""
    is_protocol: bool = False


def comparable(other: str = "Self") -> dict[str, str]:
    """The members of a class whose instances can be ordered."""
    return dict.fromkeys(("__lt__", "__le__", "__gt__", "__ge__"), f"({other}) -> bool")


_VARS = [
    *(TypeVar(name) for name in ("T", "KT", "VT")),  # pyright: ignore[reportGeneralTypeIssues]
    *(TypeVar(name, covariant=True) for name in ("T_co", "KT_co", "VT_co", "Yield_co", "Return_co")),  # pyright: ignore[reportGeneralTypeIssues]
]
_VARS_BOUND = [
    TypeVar("Send_contra", contravariant=True),
    TypeVar("AnyStr_co", str, bytes, covariant=True),
    TypeVar("Exit_co", bound=bool | None, covariant=True),
]
_NAMES: dict[str, object] = {
    **{name: getattr(typing, name) for name in ("IO", "Any", "AnyStr", "BinaryIO", "Self", "TextIO")},
    **{name: getattr(collections.abc, name) for name in collections.abc.__all__},
    **vars(contextlib),
    "collections": collections,
    "PathLike": os.PathLike,
    "TracebackType": types.TracebackType,
    "io": io,
    **{var.__name__: var for var in (*_VARS, *_VARS_BOUND)},
}


def read_types(text: str) -> tuple[TypeForm, ...]:
    """The hints that a text like `"Iterable[T_co], Sized"` holds."""
    return eval(f"({text},)", dict(_NAMES)) if text else ()  # noqa: S307  # our own constants only


def read_method(text: str) -> tuple[TypeForm, ...]:
    """The `Callable`s that a text like `"(int) -> T; (slice) -> list[T]"` holds; else the type."""
    if not text.startswith("("):
        return read_types(text)
    signatures = (signature.strip().removeprefix("(").split(") -> ") for signature in text.split(";"))
    return read_types(
        ", ".join(f"Callable[{'...' if t == '...' else f'[{t}]'}, {returns}]" for t, returns in signatures)
    )
