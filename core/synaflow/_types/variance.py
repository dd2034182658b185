"""The variance of a class's type parameters: declared, or inferred (PEP 695)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar

from synaflow._types.atoms import Signature, opaque
from synaflow._types.bases import ancestors, parameters
from synaflow._types.lookup import annotated_names, find_member
from synaflow._types.memory import remembered
from synaflow._types.substitution import free_typevars, replace

if TYPE_CHECKING:
    from synaflow._types.errors import TypeForm

__all__ = ["Variance", "variances"]


class Variance(Enum):
    """How `C[A]` and `C[B]` are related when A fits B."""

    INVARIANT = auto()
    COVARIANT = auto()
    CONTRAVARIANT = auto()


_being_inferred: set[type] = set()
_inferring = threading.RLock()


def variances(cls: type, count: int) -> tuple[Variance, ...]:
    """The variance of each of a class's `count` type arguments.

    A class of which nothing is known is invariant, as nearly all of typeshed's are.
    """
    params = parameters(cls)
    if not params:
        return (Variance.INVARIANT,) * count
    if any(getattr(param, "__infer_variance__", False) for param in params):
        with _inferring:  # what is half-known is nobody else's to see
            if cls in _being_inferred:  # a member names the class itself: as lenient as mypy is then
                return (Variance.COVARIANT,) * count
            return _inferred(cls)
    return _declared(params)


def _declared(params: tuple[TypeVar, ...]) -> tuple[Variance, ...]:
    return tuple(
        Variance.COVARIANT
        if param.__covariant__
        else Variance.CONTRAVARIANT
        if param.__contravariant__
        else Variance.INVARIANT
        for param in params
    )


@remembered
def _inferred(cls: type) -> tuple[Variance, ...]:
    """The algorithm of PEP 695, "Variance inference": compare with one parameter raised to object."""
    from synaflow._types.relation import Relation

    _being_inferred.add(cls)
    try:
        return tuple(
            _infer(cls, param, Relation().fits)
            if getattr(param, "__infer_variance__", False)
            else _declared((param,))[0]
            for param in parameters(cls)
        )
    finally:
        _being_inferred.discard(cls)


def _infer(cls: type, param: TypeVar, fits: Callable[[TypeForm, TypeForm], bool]) -> Variance:
    co = contra = True
    low: TypeForm = opaque(param.__name__, object)
    for tp, settable in _uses(cls):
        lower, upper = replace(tp, {param: low}), replace(tp, {param: object})
        up, down = fits(lower, upper), fits(upper, lower)
        co = co and up and (down or not settable)
        contra = contra and down
    if co:
        return Variance.COVARIANT
    return Variance.CONTRAVARIANT if contra else Variance.INVARIANT


def _uses(cls: type) -> list[tuple[TypeForm, bool]]:
    """Every type in which a class uses its parameters, and whether it may be assigned to."""
    params = parameters(cls)
    this: Any = cls[params]  # type: ignore[index]
    names = dict.fromkeys((*cls.__dict__, *sorted(annotated_names(cls))))
    uses: list[tuple[TypeForm, bool]] = []
    for name in names:
        if name in ("__init__", "__new__", "__replace__") or name.startswith("_abc_"):
            continue
        member = find_member(cls, params, name, this)
        for tp in () if member is None else member.types:
            settable = member is not None and member.settable and not name.startswith("_")
            if isinstance(tp, Signature) and tp.returns == this:  # giving oneself back fixes nothing
                uses.append((Signature(tp.params, Any, tp.own), settable))
            elif free_typevars(tp):
                uses.append((tp, settable))
    for base, args in ancestors(cls).items():
        if base is not cls and args:
            uses.append((base[args] if hasattr(base, "__class_getitem__") else base, False))  # type: ignore[index]
    return uses
