"""From a type to its converter, or to the reason why there is none."""

from __future__ import annotations

import collections
import collections.abc as abc
import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args, get_origin

from synaflow import TypeForm, spell
from synaflow_airflow.codecs.base import CantTravelError, Codec, Converter, Later, Node
from synaflow_airflow.codecs.containers import DequeNode, DictNode, SeriesNode, SetNode, TupleNode
from synaflow_airflow.codecs.envelope import Whole
from synaflow_airflow.codecs.hints import field_hints, is_union, key_hints, literal_name, peel
from synaflow_airflow.codecs.models import FieldsNode, ModelNode, OwnNode, class_of
from synaflow_airflow.codecs.records import DataclassNode, NamedTupleNode, TypedDictNode
from synaflow_airflow.codecs.scalars import EnumNode, LiteralNode, scalar
from synaflow_airflow.codecs.unions import UnionNode

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["converter_for"]

_HEAP_TYPE: Final = 1 << 9  # set of classes written in Python
_HANDED_OFF: Final = ("numpy", "pandas", "pyarrow", "polars")
_ONCE: Final = (abc.Iterable, abc.AsyncIterable, abc.Awaitable)
_PAIRED: Final[dict[type, tuple[type[dict[Any, Any]], ...]]] = {
    abc.Mapping: (dict, collections.OrderedDict),
    abc.MutableMapping: (dict, collections.OrderedDict),
}
_HOLDERS: Final[dict[type, tuple[type, ...]]] = {
    abc.Sequence: (list, tuple, collections.deque),
    abc.MutableSequence: (list, collections.deque),
    abc.Set: (set, frozenset),
    abc.MutableSet: (set,),
    abc.Collection: (list, tuple, set, frozenset, collections.deque),
    abc.Reversible: (list, tuple, collections.deque),
    abc.Container: (list, tuple, set, frozenset, collections.deque),
}


def converter_for(tp: TypeForm, own: Mapping[object, Codec[Any]] = {}) -> Converter:
    """Finds the way of a type's values to JSON and back.

    Args:
        tp: The type, as an annotation has it.
        own: Codecs for types that have no JSON of their own, or are to have another. A class's is for its subclasses too, if they
            are met where the class is annotated.

    Returns:
        The converter.

    Raises:
        CantTravelError: If there is no way that keeps everything.
    """
    builder = _Builder(own)
    try:
        node = builder.node(tp)
    except RecursionError:
        raise CantTravelError(f"`{spell(tp)}` never ends") from None
    return Whole(node, tuple({class_of(key) for key in own} - {object}))


class _Builder:
    def __init__(self, own: Mapping[object, Codec[Any]]) -> None:
        self.own = own
        self.made: dict[TypeForm, Node] = {}

    def node(self, tp: TypeForm) -> Node:
        try:
            if tp in self.made:
                return self.made[tp]
        except TypeError:  # metadata or a literal that can't be hashed
            return self._make(tp)
        later = self.made[tp] = Later(spell(tp))
        node = self._make(tp)
        later.become(node)
        self.made[tp] = node
        return node

    def _codec(self, tp: TypeForm) -> Codec[Any] | None:
        for key in (tp, get_origin(tp)):
            try:
                if key is not None and key in self.own:
                    return self.own[key]
            except TypeError:
                continue
        return None

    def _make(self, tp: TypeForm) -> Node:
        codec = self._codec(tp)
        if codec is not None:
            return OwnNode(tp, codec)
        members = self._members(tp)
        if len(members) != 1:
            return UnionNode(spell(tp), [self.node(member) for member in members])
        inner = members[0]
        return self._plain(tp) if inner is tp else self.node(inner)

    def _members(self, tp: TypeForm) -> list[TypeForm]:
        """The types that a type stands for, each once: of a union, of an abstract class, of one that is wrapped."""
        if self._codec(tp) is not None:
            return [tp]
        inner = peel(tp)
        if inner is not tp:
            return self._members(inner)
        origin, args = get_origin(tp), get_args(tp)
        if is_union(tp):
            parts = [part for arg in args for part in self._members(arg)]
        elif literal_name(origin) == "Literal":
            by_class: dict[type, list[object]] = {}
            for value in args:
                by_class.setdefault(type(value), []).append(value)
            parts = [type(None) if cls is type(None) else Literal[tuple(some)] for cls, some in by_class.items()]
            if len(parts) == 1 and parts[0] is not type(None):
                return [tp]
        else:
            parts = self._concrete(origin, args)
        return list(dict.fromkeys(parts)) if parts else [tp]

    def _concrete(self, origin: TypeForm, args: tuple[TypeForm, ...]) -> list[TypeForm]:
        if not isinstance(origin, type) or not args:
            return []
        if origin in _PAIRED:
            return [cls[args] for cls in _PAIRED[origin]]  # type: ignore[index]
        if origin not in _HOLDERS:
            return []
        parts: list[TypeForm] = [cls[args[0], ...] if cls is tuple else cls[args[0]] for cls in _HOLDERS[origin]]  # type: ignore[index]
        if not issubclass(origin, abc.Set):
            items = self._members(args[0])
            if origin is not abc.MutableSequence:
                parts += [range] if int in items or float in items else []
                parts += [str] if str in items else []
                parts += [bytes] if int in items else []
            parts += [bytearray] if int in items else []
        return parts

    def _plain(self, tp: TypeForm) -> Node:
        if tp is Any or tp is object:
            raise CantTravelError(f"`{spell(tp)}` says nothing of what it holds")
        if isinstance(tp, TypeVar):
            raise CantTravelError(f"the type variable `{tp.__name__}` isn't solved")
        if isinstance(tp, str | typing.ForwardRef):
            raise CantTravelError(f"the forward reference `{spell(tp)}` isn't resolved")
        origin, args = get_origin(tp), get_args(tp)
        if literal_name(origin) == "Literal":
            return LiteralNode(tp, args, self.node(type(args[0])))
        cls = origin or tp
        if not isinstance(cls, type):
            raise CantTravelError(f"`{spell(tp)}` has no values that could be written")
        found = scalar(cls) or self._holder(tp, cls, args) or self._record(tp, cls)
        if found is None:
            raise CantTravelError(_why_not(tp, cls))
        return found

    def _holder(self, tp: TypeForm, cls: type, args: tuple[TypeForm, ...]) -> Node | None:
        name = spell(tp)
        if cls is tuple and (args or tp not in (tuple, typing.Tuple)):  # noqa: UP006  # the old spelling is met in hints
            if len(args) == 2 and args[1] is Ellipsis:
                return SeriesNode(name, tuple, self.node(args[0]))
            return TupleNode(name, [self.node(arg) for arg in args])
        if not args:
            return None
        if cls is list:
            return SeriesNode(name, list, self.node(args[0]))
        if cls in (set, frozenset):
            return SetNode(name, cls, self.node(args[0]))
        if cls is collections.deque:
            return DequeNode(name, self.node(args[0]))
        if cls is collections.Counter:
            return DictNode(name, cls, self.node(args[0]), self.node(int))
        if cls in (dict, collections.OrderedDict):
            return DictNode(name, cls, self.node(args[0]), self.node(args[1]))
        return None

    def _record(self, tp: TypeForm, cls: type) -> Node | None:
        name = spell(tp)
        if issubclass(cls, enum.Enum):
            if not cls.__members__:
                raise CantTravelError(f"`{name}` has no members: annotate which enum it is")
            return EnumNode(cls)
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            fields: tuple[str, ...] = getattr(cls, "_fields")  # noqa: B009  # what hasattr saw, a checker forgets
            hints = field_hints(tp)
            for field in fields:
                if field not in hints:
                    raise CantTravelError(
                        f"the field `{field}` of `{name}` has no annotation: make it a typing.NamedTuple"
                    )
            return NamedTupleNode(name, cls, {field: self._field(cls, field, hints[field]) for field in fields})
        if issubclass(cls, dict) and hasattr(cls, "__total__"):
            keys = key_hints(tp)
            nodes = {key: self._field(cls, key, hint) for key, (hint, _) in keys.items()}
            return TypedDictNode(name, nodes, frozenset(key for key, (_, must) in keys.items() if must))
        if dataclasses.is_dataclass(cls):
            for base in cls.__mro__:
                if base is not object and not base.__flags__ & _HEAP_TYPE:
                    raise CantTravelError(f"`{name}` is a {base.__name__} beside its fields: give a codec for it")
            hints = field_hints(tp)
            names = [field.name for field in dataclasses.fields(cls)]
            return DataclassNode(name, cls, {field: self._field(cls, field, hints[field]) for field in names})
        if "pydantic" in sys.modules and issubclass(cls, sys.modules["pydantic"].BaseModel):
            return self._model(cls)
        return None

    def _model(self, cls: type) -> Node:
        model = typing.cast("type[BaseModel]", cls)
        made = dict(self.made)
        try:
            hints: dict[str, TypeForm] = {name: field.annotation for name, field in model.model_fields.items()}
            private = field_hints(cls) if model.__private_attributes__ else {}
            hints |= {name: private[name] for name in model.__private_attributes__ if name in private}
            if (
                model.model_config.get("extra") == "allow"
                or "_unset" in hints
                or not hints.keys() >= {*model.__private_attributes__}
            ):
                return ModelNode(model)
            return FieldsNode(model, {name: self._field(cls, name, hint) for name, hint in hints.items()})
        except CantTravelError:
            self.made = made  # without what was built around the field that can't
            return ModelNode(model)

    def _field(self, cls: type, field: str, hint: TypeForm) -> Node:
        try:
            return self.node(hint)
        except CantTravelError as error:
            if error.where:
                raise
            raise CantTravelError(error.reason, f"{spell(cls)}.{field}") from error.__cause__


def _why_not(tp: TypeForm, cls: type) -> str:
    name = spell(tp)
    for test, reason in _REASONS:
        if test(cls):
            return reason.format(name=name, cls=cls.__name__, base=_builtin_base(cls))
    return f"`{name}` is a class that has no JSON: give a codec for it"


def _builtin_base(cls: type) -> str:
    found = [base for base in cls.__mro__[1:-1] if base.__module__ == "builtins"]
    return found[0].__name__ if found else ""


_BARE: Final = (list, tuple, dict, set, frozenset, collections.deque, collections.Counter, collections.OrderedDict)
_ABSTRACT: Final = (*_PAIRED, *_HOLDERS)
_REASONS: Final[tuple[tuple[Callable[[type], bool], str], ...]] = (
    (lambda cls: cls is typing.cast("object", abc.Callable), "a `Callable` has no JSON"),
    (lambda cls: cls in (types.FunctionType, types.MethodType, types.BuiltinFunctionType), "a function has no JSON"),
    (lambda cls: issubclass(cls, type), "a class (`{name}`) has no JSON"),
    (lambda cls: cls in (*_BARE, *_ABSTRACT), "a bare `{cls}` says nothing of what it holds"),
    (
        lambda cls: cls is collections.defaultdict,
        "the factory of a `{name}` has no JSON: annotate dict, and return one",
    ),
    (
        lambda cls: cls.__module__.partition(".")[0] in _HANDED_OFF,
        "`{name}` travels through an object store alone: set handoff",
    ),
    (
        lambda cls: cls in _ONCE or issubclass(cls, (abc.Iterator, abc.AsyncIterator)),
        "what a `{name}` gives can be read but once",
    ),
    (lambda cls: cls.__module__ in ("collections.abc", "typing"), "`{name}` says nothing of what it holds"),
    (
        lambda cls: bool(_builtin_base(cls)),
        "`{name}` is a subclass of {base}, and would come back as that: give a codec for it",
    ),
)
