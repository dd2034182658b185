"""The outputs that may be found by type, and an index that makes looking for one cheap.

A thousand parameters looked for among a thousand outputs are a million questions to the type rules. Nearly all of them
are settled by a class that has to occur in a type for it to fit: `Iterator[Row]` takes nothing in which neither `Row`
nor a class under it occurs. The index only leaves out what can't fit; what it can't tell is asked.
"""

from __future__ import annotations

import collections
import collections.abc
import sys
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args, get_origin

from synaflow._check.collectors import is_registered
from synaflow._types import members

if TYPE_CHECKING:
    from synaflow._check.nodes import Plan
    from synaflow._check.settle import Settler
    from synaflow._model import Output
    from synaflow._types import TypeForm

__all__ = ["Candidate", "Candidates"]

# Whatever fits one of these, given some `X` that stands in its brackets, has an `X` in it too.
_HOLDERS = frozenset(
    {
        list,
        set,
        frozenset,
        tuple,
        dict,
        collections.deque,
        collections.abc.Iterator,
        collections.abc.Iterable,
        collections.abc.Generator,
        collections.abc.AsyncIterator,
        collections.abc.AsyncIterable,
        collections.abc.AsyncGenerator,
        collections.abc.Collection,
        collections.abc.Sequence,
        collections.abc.MutableSequence,
        collections.abc.Set,
        collections.abc.MutableSet,
        collections.abc.Mapping,
        collections.abc.MutableMapping,
    }
)
_PLAIN = frozenset({int, bool, str})


class Candidate(NamedTuple):
    """An output that may be found by type, under the name that a user would give it."""

    name: str
    producer: str
    output: Output


class Candidates:
    """Every output that may be found by type, in the order of their names: the order of listing shows nowhere."""

    def __init__(self, plan: Plan, settler: Settler) -> None:
        found = [Candidate(name, name, field.output) for name, field in plan.fields.items()]
        exported = {plan.aliases[name]: name for name in plan.endings if name in plan.aliases}
        for node in plan.nodes.values():
            output = settler.output_of(node.name)
            name = exported.get(node.name) or (None if node.hidden else node.name)
            if output is not None and name is not None and name not in plan.unexported:
                found.append(Candidate(name, node.name, output))
        self._all = sorted((one for one in found if not _is_vague(plan, one)), key=lambda one: one.name)
        self._with: dict[object, list[int]] = {}
        self._open: list[int] = []
        for at, candidate in enumerate(self._all):
            classes = _classes_in(candidate.output.type)
            if classes is None:
                self._open.append(at)
            else:
                for cls in classes:
                    self._with.setdefault(cls, []).append(at)

    def for_type(self, wanted: TypeForm) -> list[Candidate]:
        """All that may fit a type; every other one doesn't."""
        keys = [_key(part) for part in members(wanted)]
        if None in keys:
            return self._all
        places = set(self._open).union(*(self._with.get(key, ()) for key in keys))
        return [self._all[at] for at in sorted(places)]


def _is_vague(plan: Plan, candidate: Candidate) -> bool:
    """Whether an output says too little to be found by: None, `Any`, `object`, or a TypeVar nothing has solved."""
    output = candidate.output
    node = plan.nodes.get(candidate.producer)
    own = node.own_output if node is not None and node.own_output is not None else output
    what = own.item if node is not None and node.each else own.type
    if node is not None and isinstance(node.returns, TypeVar) and what in (object, node.returns.__bound__):
        return True
    (first, *more) = members(what)
    return not more and first in (type(None), Any, object)


def _key(wanted: TypeForm) -> type | None:
    """A class that has to occur, itself or one under it, in whatever fits; None where none can be named."""
    if isinstance(wanted, types.GenericAlias) or get_origin(wanted) in _HOLDERS:
        if get_origin(wanted) not in _HOLDERS or is_registered(get_origin(wanted)):
            return None
        keys = [_key(part) for arg in get_args(wanted) for part in members(arg) if len(members(arg)) == 1]
        found = [key for key in keys if key is not None]
        return next((key for key in found if key not in _PLAIN), found[0] if found else None)
    if not isinstance(wanted, type) or is_registered(wanted) or getattr(wanted, "_is_protocol", False):
        return None
    if wanted in _PLAIN:
        return wanted
    return None if wanted.__module__.partition(".")[0] in sys.stdlib_module_names else wanted


def _classes_in(given: TypeForm) -> set[type] | None:
    """The classes that occur in a type, with all above them; None if it may fit what none of them says."""
    found: set[type] = set()
    for part in _parts(given):
        if not isinstance(part, type) or part is Any or hasattr(part, "__total__") or _hands_out(part):
            return None
        found.update(part.__mro__)
    return found


def _parts(given: TypeForm) -> Iterator[TypeForm]:
    for part in members(given):
        origin = get_origin(part)
        if origin in _HOLDERS:
            for arg in get_args(part):
                if arg is not Ellipsis:
                    yield from _parts(arg)
        else:
            yield part


def _hands_out(cls: type) -> bool:
    """Whether a class may be made of items of a type that its bases don't tell, or is generic and not told of what."""
    if cls in _PLAIN:
        return False
    return any(hasattr(cls, name) for name in ("__iter__", "__next__", "__aiter__", "__getitem__", "__class_getitem__"))
