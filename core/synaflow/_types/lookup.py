"""Finding a member of a class, with its type, as a protocol's check sees it.

A member's type comes, nearest class first, from typeshed's excerpt, from the annotations in the
class body, or from the hints of a method. A method of the standard library without hints takes
those of the nearest base that declares it; any other without hints is gradual: all Any.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar, get_origin

from synaflow._types.atoms import NoneType, Param, Signature, name_of
from synaflow._types.bases import ancestors, full_args, is_protocol, parameters, stub_method, stub_of
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.memory import remembered
from synaflow._types.stubs import comparable
from synaflow._types.substitution import free_typevars, replace

__all__ = ["Member", "annotated_names", "find_member", "has_member", "protocol_members"]

#: What every class body holds; none of it is asked for by a protocol (as in `typing`).
_NOT_MEMBERS = frozenset(
    (
        *("__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__"),
        *("__callable_proto_members_only__", "__class_getitem__", "__dict__", "__doc__", "__firstlineno__", "__init__"),
        *("__init_subclass__", "__match_args__", "__module__", "__new__", "__non_callable_proto_members__"),
        *("__orig_bases__", "__parameters__", "__protocol_attrs__", "__qualname__", "__slots__"),
        *("__static_attributes__", "__subclasshook__", "__type_params__", "__weakref__"),
        *("_abc_impl", "_is_protocol", "_is_runtime_protocol"),
    )
)

_ABSTRACT_MODULES = frozenset(("collections", "collections.abc", "numbers"))
_ORDERING = frozenset(comparable())


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a class.

    Attributes:
        types: Its type; a method's signature is bound to the instance. Several are overloads.
        settable: Whether it may be assigned to on an instance.
        is_class_var: Whether it is declared a ClassVar.
        on_class: Whether it is a classmethod or a staticmethod.
    """

    types: tuple[TypeForm, ...]
    settable: bool = False
    is_class_var: bool = False
    on_class: bool = False

    def replaced(self, new: Mapping[Any, TypeForm]) -> Member:
        """This member, with `new` put in the place of TypeVars and Self."""
        changed = tuple(replace(tp, new) for tp in self.types)
        return Member(changed, self.settable, self.is_class_var, self.on_class)


@remembered
def protocol_members(cls: type) -> tuple[str, ...]:
    """The names that a protocol asks for, its own and those of its bases."""
    names: dict[str, None] = {}
    for base in ancestors(cls):
        if base is object or not is_protocol(base):
            continue
        if stub_of(base).is_protocol:
            names |= dict.fromkeys(stub_of(base).members)
        else:
            own = [*base.__dict__, *sorted(annotated_names(base))]
            if base.__dict__.get("__hash__", own) is None:
                own.remove("__hash__")  # put there by Python, beside an __eq__
            names |= dict.fromkeys(n for n in own if n not in _NOT_MEMBERS and not n.startswith("_abc_"))
    return tuple(names)


def find_member(cls: type, args: tuple[TypeForm, ...], name: str, this: TypeForm) -> Member | None:
    """Look a member up on instances of `cls[args]`.

    Args:
        cls: The class.
        args: Its arguments.
        name: The member's name.
        this: What `Self` is.

    Returns:
        The member; None if there is none.

    Raises:
        UndecidableTypeError: If it is there, and its type is not to be had at run time.
    """
    found = _declared(cls, name)
    if found is None:
        return None
    new: dict[Any, TypeForm] = dict(zip(parameters(cls), full_args(cls, args), strict=False))
    return found.replaced(new | {"Self": this})


def has_member(cls: type, name: str) -> bool:
    """Whether instances have a member of that name."""
    return _declared(cls, name) is not None


@remembered
def _declared(cls: type, name: str) -> Member | None:
    """The member in terms of the class's own parameters."""
    unhinted: Member | None = None
    for base, args in ancestors(cls).items():
        if base is typing.cast("type", Any):
            return unhinted or Member((Any,), settable=True)
        member, is_hinted = _own_member(base, name)
        if member is None:
            continue
        if is_hinted or (unhinted is None and not _is_library(base)):
            return member.replaced(dict(zip(parameters(base), args, strict=False)))
        unhinted = unhinted or member
    if unhinted is None and _set_in_init(cls, name):
        raise UndecidableTypeError(cls, f"{name!r} is only set in __init__: annotate it in the class body")
    return unhinted


def _is_library(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in sys.stdlib_module_names


def _own_member(cls: type, name: str) -> tuple[Member | None, bool]:
    """What a class's own body says of a member, and whether it says its type."""
    stubs = stub_method(cls, name)
    if stubs:
        return Member(stubs), True
    if name in annotated_names(cls):  # asked first: other annotations of the class needn't resolve
        return _attribute(cls, _own_hints(cls)[name]), True
    if name not in cls.__dict__ or cls is object:  # what typeshed's object hasn't, nobody has
        return None, False
    value = cls.__dict__[name]
    if value is None and name in ("__hash__", "__reversed__") and cls.__module__ in _ABSTRACT_MODULES:
        return None, False  # typeshed doesn't say so of abstract classes: what derives from them may have it
    if name in _ORDERING and isinstance(value, types.WrapperDescriptorType) and _is_library(cls):
        return None, False  # a class written in C has all four as soon as it has __eq__
    return _from_value(cls, name, value)


@remembered
def _own_hints(cls: type) -> Mapping[str, TypeForm]:
    """The annotations in a class's own body, resolved; qualifiers are kept."""
    hints = _resolve(cls, cls)
    return {name: hints[name] for name in annotated_names(cls) if name in hints}


@remembered
def annotated_names(cls: type) -> frozenset[str]:
    """The names that a class's own body annotates, whether or not the hints resolve."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return frozenset(annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF))
    return frozenset(inspect.get_annotations(cls))


def _resolve(owner: Callable[..., object], cls: type) -> Mapping[str, TypeForm]:
    own = getattr(cls, "__type_params__", ())
    own = own if isinstance(own, tuple) else ()  # of the class `function` it is a descriptor
    local = {cls.__name__: cls, **{p.__name__: p for p in own}}
    try:
        return typing.get_type_hints(owner, localns=local, include_extras=True)
    except Exception as error:  # whatever a user's annotation raises
        raise UndecidableTypeError(cls, f"the hints of {owner.__qualname__} don't resolve: {error}") from error


def _attribute(cls: type, hint: TypeForm) -> Member:
    qualifier = name_of(get_origin(hint) or hint)
    if qualifier == name_of(ClassVar):
        return Member((hint,), settable=True, is_class_var=True)
    return Member((hint,), settable=qualifier != name_of(Final) and not _is_frozen(cls))


def _is_frozen(cls: type) -> bool:
    params = getattr(cls, "__dataclass_params__", None)
    return bool(params is not None and params.frozen) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))


def _from_value(cls: type, name: str, value: object) -> tuple[Member, bool]:
    """The member that a value in a class body makes, and whether its type is known."""
    if value is None:
        return Member((NoneType,), settable=True), True
    on_class = isinstance(value, classmethod | staticmethod)
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    if isinstance(value, property | types.DynamicClassAttribute):
        getter = value.fget
        hints = (_signature(getter, cls, bound=True).returns,) if getter else (Any,)
        return Member(hints, settable=value.fset is not None), bool(getter and _is_hinted(getter))
    if isinstance(value, functools.cached_property):
        return Member((_signature(value.func, cls, bound=True).returns,), settable=True), _is_hinted(value.func)
    if isinstance(function, types.FunctionType):
        overloads = _overloads(cls, name, function) or [function]
        bound = not isinstance(value, staticmethod)
        signatures = tuple(_signature(overload, cls, bound=bound) for overload in overloads)
        return Member(signatures, on_class=on_class), any(map(_is_hinted, overloads))
    if callable(function):
        return Member((_bare_signature(function),), on_class=on_class), False
    if hasattr(type(value), "__get__"):
        return Member((Any,), settable=True), False
    return Member((type(value),), settable=True), True


def _overloads(cls: type, name: str, function: types.FunctionType) -> Sequence[Callable[..., object]]:
    if function.__name__ != "_overload_dummy":
        return typing.get_overloads(function)
    # Overloads without an implementation leave behind a function that doesn't know where it belongs.
    where = types.SimpleNamespace(__module__=cls.__module__, __qualname__=f"{cls.__qualname__}.{name}")
    return typing.get_overloads(typing.cast("Callable[..., object]", where))


def _bare_signature(function: Callable[..., object]) -> Signature:
    """The signature of a method written in C, as far as it tells: how many parameters there are."""
    try:
        params = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):
        return Signature(None, Any)
    return Signature(tuple(_param(p, Any) for p in params), Any)


def _param(param: inspect.Parameter, tp: TypeForm) -> Param:
    return Param(param.name, param.kind, tp, param.default is inspect.Parameter.empty)


def _is_hinted(function: Callable[..., object]) -> bool:
    return bool(inspect.get_annotations(inspect.unwrap(function)))


def _signature(method: Callable[..., object], cls: type, *, bound: bool) -> Signature:
    """The signature of a method as seen on an instance; what is not annotated is Any."""
    function = inspect.unwrap(method)
    hints = _resolve(function, cls)
    params = list(inspect.signature(function).parameters.values())
    new: dict[Any, TypeForm] = {}
    if (
        bound
        and params
        and params[0].kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ):
        this = hints.get(params.pop(0).name)
        new.update(dict.fromkeys(free_typevars(this), typing.Self))  # the old way to say Self (PEP 673)
        for own in parameters(cls):
            new.pop(own, None)
    taken = tuple(_param(p, hints.get(p.name, Any)) for p in params)
    returns = hints.get("return", Any)
    if inspect.iscoroutinefunction(function):
        returns = Coroutine[Any, Any, returns]  # type: ignore[valid-type]
    signature = Signature(taken, returns)
    for tp in _variadics(signature):
        raise UndecidableTypeError(cls, f"{tp} is not supported, and {function.__name__} has one")
    signature = signature.map(lambda tp: replace(tp, new)) if new else signature
    free: frozenset[TypeVar] = frozenset().union(*map(free_typevars, signature.hints()))
    return Signature(signature.params, signature.returns, free - frozenset(parameters(cls)))


def _variadics(signature: Signature) -> Iterator[str]:
    for tp in signature.hints():
        for param in (tp, *getattr(tp, "__parameters__", ())):
            if type(param).__name__ in ("ParamSpec", "TypeVarTuple", "ParamSpecArgs", "ParamSpecKwargs"):
                yield type(param).__name__.removesuffix("Args").removesuffix("Kwargs")


def _set_in_init(cls: type, name: str) -> bool:
    for base in cls.__mro__:
        code = getattr(base.__dict__.get("__init__"), "__code__", None)
        if code is not None and any(i.opname == "STORE_ATTR" and i.argval == name for i in dis.get_instructions(code)):
            return True
    return False
