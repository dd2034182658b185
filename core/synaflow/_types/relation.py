"""Assignability: the one relation everything else is derived from.

The rules are those of the typing spec's chapter "Type system concepts" (gradual assignability) as
mypy applies them; each branch below is one rule. The same walk solves TypeVars: in a `Relation`
that has `variables`, meeting one records a bound for it instead of asking a question.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal, TypeVar

from synaflow._types.atoms import NoneType, Signature, is_alias, opaque
from synaflow._types.bases import ancestors, as_base, fixed_items, full_args, is_protocol, parameters
from synaflow._types.calls import params_fit
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.forms import Form, Kind, form, strip
from synaflow._types.lookup import Member, find_member, protocol_members
from synaflow._types.records import record_fits
from synaflow._types.solution import Fits, solution
from synaflow._types.substitution import free_typevars, join_union, replace, upper_bound
from synaflow._types.variance import Variance, variances

__all__ = ["Relation"]

#: PEP 484's numeric tower. `bytes` is not on it any more: mypy's strict-bytes is the default.
_PROMOTIONS: Mapping[type, tuple[type, ...]] = {float: (int,), complex: (int, float)}


class Relation:
    """Asks whether types fit each other, with what has been assumed and learned so far.

    Attributes:
        variables: The TypeVars to solve for; any other one stands only for itself.
        bounds: What was learned of them, in order: the variable, whether the type is a lower
            bound (else an upper one), and the type.
    """

    def __init__(self, variables: frozenset[TypeVar] = frozenset()) -> None:
        self.variables = variables
        self.bounds: list[tuple[TypeVar, bool, TypeForm]] = []
        self._assumed: list[tuple[TypeForm, TypeForm]] = []

    def fits(self, source: TypeForm, target: TypeForm) -> bool:
        """Whether a `source` can be given where a `target` is asked for."""
        if source is target and not self.variables:
            return True
        if is_alias(source) or is_alias(target):
            return self._recursive(source, target, lambda: self.fits(strip(source), strip(target)))
        s, t = form(source), form(target)
        if s.kind is Kind.ANY or t.kind is Kind.ANY:
            self._learn_any(source, target)
            return True
        if t.kind is Kind.TYPEVAR and t.origin in self.variables:
            self.bounds.append((t.origin, True, source))
            return True
        if s.kind is Kind.TYPEVAR and s.origin in self.variables:
            self.bounds.append((s.origin, False, target))
            return True
        if s.kind is Kind.NEVER:
            return True
        if s.kind is Kind.UNION or t.kind is Kind.UNION:  # an alias may have been a member
            return self._recursive(source, target, lambda: self._fits_union(source, s, target, t))
        return self._fits_single(source, s, target, t)

    def equal(self, one: TypeForm, other: TypeForm) -> bool:
        """Whether the two are the same type to a gradual checker: each fits the other."""
        return self.fits(one, other) and self.fits(other, one)

    def _learn_any(self, source: TypeForm, target: TypeForm) -> None:
        for var in free_typevars(target) & self.variables:
            self.bounds.append((var, True, Any))
        for var in free_typevars(source) & self.variables:
            self.bounds.append((var, False, Any))

    def _attempt(self, fits: Fits, source: TypeForm, target: TypeForm) -> bool:
        """Ask; forget what was learned on the way to a no."""
        mark = len(self.bounds)
        if fits(source, target):
            return True
        del self.bounds[mark:]
        return False

    def _recursive(self, source: TypeForm, target: TypeForm, question: Callable[[], bool]) -> bool:
        """Ask what may come round to itself: a pair that is met again inside is assumed to fit."""
        pair = (source, target)
        if pair in self._assumed:
            return True
        self._assumed.append(pair)
        try:
            return question()
        finally:
            self._assumed.pop()

    def _fits_union(self, source: TypeForm, s: Form, target: TypeForm, t: Form) -> bool:
        if s.kind is Kind.UNION:
            return all(self.fits(member, target) for member in s.args)
        return self._fits_member(source, s, t.args)

    def _fits_member(self, source: TypeForm, s: Form, targets: tuple[TypeForm, ...]) -> bool:
        # Members without variables go first, then those that say more than a bare variable: so
        # None against `T | None` leaves T alone, and list[int] against `T | list[T]` makes T int.
        ordered = sorted(targets, key=lambda tp: (isinstance(tp, TypeVar), bool(free_typevars(tp) & self.variables)))
        if any(self._attempt(self.fits, source, target) for target in ordered):
            return True
        if s.kind is Kind.TYPEVAR:
            return self.fits(upper_bound(s.origin), join_union(targets))
        if s.kind is Kind.CLASS and (s.origin is bool or issubclass(s.origin, Enum)):
            values = (True, False) if s.origin is bool else tuple(s.origin)
            return all(any(self.fits(Literal[v], t) for t in targets) for v in values)
        return False

    def _fits_single(self, source: TypeForm, s: Form, target: TypeForm, t: Form) -> bool:
        """Neither side is a union, Any, or a variable."""
        if s.kind is Kind.SELF or t.kind is Kind.SELF:
            if s.kind is t.kind:
                return True
            raise UndecidableTypeError(source if s.kind is Kind.SELF else target, "Self outside of a class")
        if s.kind is Kind.TYPEVAR:
            return s.origin is t.origin or self.fits(upper_bound(s.origin), target)
        if t.kind is Kind.TYPEVAR or (t.kind is Kind.NEVER and s.kind is not Kind.CLASS):
            return False
        if t.kind is Kind.CLASS and t.origin is object:
            return True
        if s.kind is Kind.NEWTYPE:
            return s.origin is t.origin or self.fits(s.origin.__supertype__, target)
        if s.kind is Kind.LITERAL:
            if t.kind is Kind.LITERAL:
                return s.origin is t.origin and s.args == t.args
            return self.fits(s.origin, target)
        if s.kind is Kind.TYPED_DICT:
            if t.kind is Kind.TYPED_DICT:
                return self._recursive(source, target, lambda: record_fits(self, s, t))
            return self.fits(collections.abc.Mapping[str, object], target)
        if s.kind is Kind.CALLABLE:
            return self._function_fits(source, s.origin, target, t)
        if s.kind is Kind.TYPE:
            return self._type_fits(s.args[0], target, t)
        if s.kind is Kind.TUPLE:
            if t.kind is Kind.TUPLE:
                return self._items_fit(s.args, t.args)
            # The items of `tuple[int, str]` as a Sequence are of `int | str` (mypy: tuple_fallback).
            return self._class_fits(source, tuple, (join_union(s.args),), target, t)
        return self._class_fits(source, s.origin, s.args, target, t)

    def _items_fit(self, items: tuple[TypeForm, ...], targets: tuple[TypeForm, ...]) -> bool:
        return len(items) == len(targets) and all(map(self.fits, items, targets))

    def _class_fits(self, source: TypeForm, cls: type, args: tuple[TypeForm, ...], target: TypeForm, t: Form) -> bool:
        above = ancestors(cls)
        if Any in above:  # class Mock(Any): anything but None
            return t.origin is not NoneType
        if t.kind is Kind.CLASS:
            if t.origin in _PROMOTIONS and any(low in above for low in _PROMOTIONS[t.origin]):
                return True
            mapped = as_base(cls, args, t.origin)
            if mapped is not None:
                return self._args_fit(t.origin, mapped, full_args(t.origin, t.args))
            if not is_protocol(t.origin):
                return False
            return self._recursive(source, target, lambda: self._has_members(source, cls, args, t))
        if t.kind is Kind.TUPLE:
            items = self._items_of(cls, args)
            if items is not None:
                return self._items_fit(items, t.args)
            mapped = as_base(cls, args, tuple)  # tuple[Any, ...] fits a tuple of any length
            if mapped is None or form(mapped[0]).kind is not Kind.ANY:
                return False
            return self._items_fit((Any,) * len(t.args), t.args)
        if t.kind is Kind.CALLABLE:
            call = find_member(cls, args, "__call__", source)
            return call is not None and self._types_fit(call.types, (target,), self.fits)
        if t.kind is Kind.TYPE:  # an instance of a metaclass
            return issubclass(cls, type) and form(t.args[0]) in (Form(Kind.ANY, None), Form(Kind.CLASS, object))
        return False

    def _items_of(self, cls: type, args: tuple[TypeForm, ...]) -> tuple[TypeForm, ...] | None:
        items = fixed_items(cls)
        if items is None or not args:
            return items
        new = dict(zip(parameters(cls), full_args(cls, args), strict=False))
        return tuple(replace(item, new) for item in items)

    def _args_fit(self, cls: type, args: tuple[TypeForm, ...], targets: tuple[TypeForm, ...]) -> bool:
        """Whether `cls[args]` fits `cls[targets]`, each argument by its variance."""
        if len(args) < len(targets):  # nothing is known of the arguments
            args += (Any,) * (len(targets) - len(args))
        for variance, arg, wanted in zip(variances(cls, len(targets)), args, targets, strict=False):
            if variance is Variance.COVARIANT:
                fine = self.fits(arg, wanted)
            elif variance is Variance.CONTRAVARIANT:
                fine = self.fits(wanted, arg)
            else:
                fine = self.equal(arg, wanted)
            if not fine:
                return False
        return True

    def _has_members(self, source: TypeForm, cls: type, args: tuple[TypeForm, ...], t: Form) -> bool:
        """Structural: every member that the protocol asks for is there, and fits (PEP 544)."""
        names = protocol_members(t.origin)
        if cls is NoneType:  # as in mypy
            return all(name in ("__hash__", "__str__") for name in names)
        if is_protocol(cls) and not set(names) <= set(protocol_members(cls)):
            return False
        for name in names:
            found = find_member(cls, args, name, source)
            if found is None:
                return False
            wanted = find_member(t.origin, t.args, name, source)
            if wanted is not None and not self._member_fits(name, found, wanted):
                return False
        return True

    def _member_fits(self, name: str, found: Member, wanted: Member) -> bool:
        fits = self._call_fits if name == "__call__" else self.fits
        if not self._types_fit(found.types, wanted.types, fits):
            return False
        if wanted.settable:  # what may be assigned to is invariant
            if not found.settable or not self._types_fit(wanted.types, found.types, fits):
                return False
            if found.is_class_var != wanted.is_class_var:
                return False
        return found.on_class or not wanted.on_class

    def _types_fit(self, found: tuple[TypeForm, ...], wanted: tuple[TypeForm, ...], fits: Fits) -> bool:
        """Whether for each overload that is asked for there is one that serves."""
        return all(any(self._attempt(fits, mine, asked) for mine in found) for asked in wanted)

    def _call_fits(self, found: TypeForm, wanted: TypeForm) -> bool:
        """Like `fits`, for `__call__`: whoever calls it may name the arguments."""
        if isinstance(found, Signature) and isinstance(wanted, Signature):
            return self._signature_fits(found, wanted, ignore_names=False)
        return self.fits(found, wanted)

    def _function_fits(self, source: TypeForm, signature: Signature, target: TypeForm, t: Form) -> bool:
        if t.kind is Kind.CALLABLE:
            return self._signature_fits(signature, t.origin, ignore_names=True)
        if t.kind is not Kind.CLASS or not is_protocol(t.origin):
            return False
        for name in protocol_members(t.origin):
            wanted = find_member(t.origin, t.args, name, source)
            if name == "__call__":
                found: Member | None = Member((signature,))
            else:
                found = find_member(types.FunctionType, (), name, source)
            if found is None or (wanted is not None and not self._member_fits(name, found, wanted)):
                return False
        return True

    def _signature_fits(self, found: Signature, wanted: Signature, *, ignore_names: bool) -> bool:
        """Whether a function may be called in every way in which another may."""
        if wanted.own:  # it must hold for whatever they are: for a type of which only the bound is known
            some = {var: opaque(var.__name__, upper_bound(var)) for var in wanted.own}
            wanted = wanted.map(lambda tp: replace(tp, some))
        if found.own:
            found = self._instantiated(found, wanted, ignore_names=ignore_names)
        return self.fits(found.returns, wanted.returns) and params_fit(
            self, found.params, wanted.params, ignore_names=ignore_names
        )

    def _instantiated(self, found: Signature, wanted: Signature, *, ignore_names: bool) -> Signature:
        """A generic function, with its own TypeVars solved by the arguments it would be given."""
        inner = Relation(found.own)
        inner._assumed = self._assumed
        params_fit(inner, found.params, wanted.params, ignore_names=ignore_names)
        solved = solution(inner.bounds, {}, Relation().fits) or {}
        return found.map(lambda tp: replace(tp, {var: solved.get(var, Any) for var in found.own}))

    def _type_fits(self, instance: TypeForm, target: TypeForm, t: Form) -> bool:
        """`type[instance]` as a source."""
        i = form(instance)
        if i.kind is Kind.UNION:
            return all(self._type_fits(member, target, t) for member in i.args)
        if t.kind is Kind.TYPE:
            return self.fits(instance, t.args[0])
        if t.kind is Kind.CALLABLE:  # as in mypy, what the constructor takes is not looked at
            return self.fits(instance, t.origin.returns)
        if t.kind is not Kind.CLASS:
            return False
        metaclass = type(i.origin) if isinstance(i.origin, type) else type
        if is_protocol(t.origin) and "__call__" in protocol_members(t.origin):
            wanted = find_member(t.origin, t.args, "__call__", instance)
            is_known = i.kind is not Kind.ANY  # as in mypy
            return is_known and wanted is not None and all(self.fits(type[instance], tp) for tp in wanted.types)
        return self._class_fits(type[instance], metaclass, (), target, t)
