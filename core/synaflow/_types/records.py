"""TypedDicts are structural: key by key (PEP 589, 655, 705)."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, get_args, get_origin

from synaflow._types.atoms import name_of
from synaflow._types.bases import parameters
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.memory import remembered
from synaflow._types.substitution import fill_args, replace

if TYPE_CHECKING:
    from synaflow._types.forms import Form
    from synaflow._types.relation import Relation

__all__ = ["Key", "keys_of", "read_keys", "record_fits"]


class Key(NamedTuple):
    """A key of a TypedDict."""

    tp: TypeForm
    required: bool
    mutable: bool


def read_keys(cls: type) -> Mapping[str, Key]:
    """The keys of a TypedDict, its bases' too."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception as error:  # whatever a user's annotation raises
        raise UndecidableTypeError(cls, f"its hints don't resolve: {error}") from error
    required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
    keys = {}
    for name, hint in hints.items():
        qualifiers, inner = _qualified(hint)
        # Under `from __future__ import annotations` the class itself missed them: they were text.
        must = "NotRequired" not in qualifiers and ("Required" in qualifiers or name in required)
        keys[name] = Key(inner, must, "ReadOnly" not in qualifiers)
    return keys


keys_of = remembered(read_keys)


def _qualified(hint: TypeForm) -> tuple[set[str], TypeForm]:
    qualifiers: set[str] = set()
    while True:
        name = name_of(get_origin(hint))
        if name in ("Required", "NotRequired", "ReadOnly"):
            qualifiers.add(name)
        elif not hasattr(hint, "__metadata__"):
            return qualifiers, hint
        hint = get_args(hint)[0]


def record_fits(relation: Relation, s: Form, t: Form) -> bool:
    """Whether one TypedDict fits another: it has its keys, and allows no less to be done with them."""
    mine, theirs = _keys(s), _keys(t)
    for name, wanted in theirs.items():
        key = mine.get(name)
        if key is None:
            # Any dict may carry more keys; so a read-only object that may be missing asks for nothing.
            if wanted.required or wanted.mutable or not relation.fits(object, wanted.tp):
                return False
            continue
        if wanted.required and not key.required:
            return False
        if wanted.mutable and (not key.mutable or (key.required and not wanted.required)):
            return False
        if not (relation.equal if wanted.mutable else relation.fits)(key.tp, wanted.tp):
            return False
    return True


def _keys(of: Form) -> dict[str, Key]:
    params = parameters(of.origin)
    new = dict(zip(params, fill_args(params, of.args), strict=True))
    return {name: key._replace(tp=replace(key.tp, new)) for name, key in keys_of(of.origin).items()}
