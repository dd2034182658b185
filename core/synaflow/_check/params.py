"""Reading the params class: a NamedTuple, dataclass, TypedDict or pydantic model becomes a `ParamsDef`."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from typing import TYPE_CHECKING, get_args, get_origin

from synaflow._check.hints import Scope, class_hints
from synaflow._check.outputs import describe_output
from synaflow._model import NO_DEFAULT, FieldDef, ParamsDef

if TYPE_CHECKING:
    from synaflow._check.problems import Problems
    from synaflow._types import TypeForm

__all__ = ["field_default", "read_params", "spell_value"]


def read_params(params: object, scope: Scope, problems: Problems) -> ParamsDef | None:
    """The params class, read; what is wrong with it is added to `problems`."""
    if params is None:
        return None
    names = _field_names(params)
    if not isinstance(params, type) or names is None:
        found = f"the class {params.__name__}" if isinstance(params, type) else spell_value(params)
        reason = f"params must be a NamedTuple, dataclass, TypedDict or pydantic model class, not {found}"
        mend = (
            f"pass the class, {type(params).__name__}, and its value to run()" if _field_names(type(params)) else None
        )
        problems.add(-1, "invalid-params", reason, suggestion=mend)
        return None
    hints, failed = class_hints(params, scope)
    docs = _field_docs(params)
    fields: list[FieldDef] = []
    for name in names:
        if name in failed:
            reason = f"the hint of params field '{name}' of {params.__name__} doesn't resolve: {failed[name]}"
            problems.add(-1, "unresolved-hint", reason, parameter=name)
        elif name not in hints:
            reason = f"params field '{name}' of {params.__name__} has no type annotation"
            problems.add(-1, "missing-annotation", reason, parameter=name, suggestion="annotate it")
        else:
            hint, said = _unqualified(hints[name])
            output = describe_output(hint)
            if isinstance(output, str):
                reason = f"the type of params field '{name}' of {params.__name__} can't be used: {output}"
                problems.add(-1, "unsupported-type", reason, parameter=name)
                continue
            default, required = _default(params, name)
            fields.append(FieldDef(name, output, default, required if said is None else said, docs.get(name)))
    return ParamsDef(params, tuple(fields))


def spell_value(value: object) -> str:
    """A value that was given in place of something else, for a message."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def field_default(params: type, name: str) -> object:
    """The default of one field, made anew where it has a factory; `NO_DEFAULT` if it has none."""
    model_fields = getattr(params, "model_fields", None)
    if model_fields is not None:
        info = model_fields[name]
        return NO_DEFAULT if info.is_required() else info.get_default(call_default_factory=True)
    if dataclasses.is_dataclass(params):
        for field in dataclasses.fields(params):
            if field.name == name and field.default_factory is not dataclasses.MISSING:
                return field.default_factory()
    return _default(params, name)[0]


def _field_names(params: object) -> tuple[str, ...] | None:
    """The names of the fields; None if it is no params class."""
    if not isinstance(params, type):
        return None
    if hasattr(params, "model_fields"):  # pydantic, which isn't imported for this
        return tuple(params.model_fields)
    if dataclasses.is_dataclass(params):
        return tuple(field.name for field in dataclasses.fields(params))
    if typing.is_typeddict(params):
        return tuple(params.__annotations__)
    if issubclass(params, tuple) and hasattr(params, "_fields"):
        fields: tuple[str, ...] = getattr(params, "_fields")  # noqa: B009  # type checkers see a bare tuple
        return fields
    return None


def _default(params: type, name: str) -> tuple[object, bool]:
    """A field's default, and whether a run has to be given the field. A factory's product isn't shown."""
    if hasattr(params, "model_fields"):
        info = params.model_fields[name]
        plain = info.default_factory is None and not info.is_required()
        return (info.default if plain else NO_DEFAULT), info.is_required()
    if dataclasses.is_dataclass(params):
        field = next(field for field in dataclasses.fields(params) if field.name == name)
        if field.default is not dataclasses.MISSING:
            return field.default, False
        return NO_DEFAULT, field.init and field.default_factory is dataclasses.MISSING
    if typing.is_typeddict(params):
        required: frozenset[str] = getattr(params, "__required_keys__", frozenset())
        return NO_DEFAULT, name in required
    defaults: dict[str, object] = getattr(params, "_field_defaults", {})
    return (defaults[name], False) if name in defaults else (NO_DEFAULT, True)


def _unqualified(hint: TypeForm) -> tuple[TypeForm, bool | None]:
    """The type of a `TypedDict`'s key, and what its qualifiers say of whether it is required."""
    required: bool | None = None
    while (qualifier := getattr(get_origin(hint), "_name", None)) in ("Required", "NotRequired", "ReadOnly"):
        if qualifier != "ReadOnly":
            required = qualifier == "Required"
        hint = get_args(hint)[0]
    return hint, required


def _field_docs(params: type) -> dict[str, str]:
    docs: dict[str, str] = {}
    text = params.__dict__.get("__doc__")
    if isinstance(text, str) and "\n" in text.strip():
        from docstring_parser import parse

        for entry in parse(inspect.cleandoc(text)).params:
            if entry.description:
                docs[entry.arg_name] = " ".join(entry.description.split())
    for name, info in getattr(params, "model_fields", {}).items():
        if info.description:
            docs[name] = info.description
    return docs
