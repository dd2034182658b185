"""The JSON Schema of a params field, as Airflow's `Param` takes it and its trigger form shows it best."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

    from synaflow import TypeForm

__all__ = ["Schema", "adapter_of", "or_null", "schema_of"]

Schema = dict[str, object]

_DEFS = "#/$defs/"
_TAKEN: typing.Final = frozenset({"default", "schema", "self", "source"})
"""Parameters of `Param` itself, which no key of a schema may fall on."""


def adapter_of(tp: TypeForm, info: FieldInfo | None = None) -> TypeAdapter[object]:
    """What reads and writes values of a field.

    Args:
        tp: The field's type.
        info: What a pydantic params class says of the field beside its type.

    Raises:
        Exception: pydantic knows no way. Not all of what it raises then has a base in common.
    """
    known: Any = _known_to_pydantic(tp)
    if info is not None:
        about = Field(  # without default and alias, which are the class's business
            title=info.title,
            description=info.description,
            examples=info.examples,
            discriminator=info.discriminator,
            json_schema_extra=info.json_schema_extra,
        )
        parts = (known, *info.metadata, about)
        known = Annotated[parts]
    return TypeAdapter(known)


def schema_of(adapter: TypeAdapter[object], info: FieldInfo | None = None) -> Schema:
    """The schema of a field, its own `$defs` inside, in an order that doesn't change.

    Raises:
        Exception: pydantic has none. Not all of what it raises then has a base in common.
    """
    schema: Schema = adapter.json_schema(by_alias=False, schema_generator=_Generator)
    defs = _mapping(schema.pop("$defs", {}))
    schema = _as_null_type(_without_ref(schema, defs), defs)
    if info is None or info.title is None:
        schema.pop("title", None)  # of a class; the form shows it in place of the field's name
    schema = {key: part for key, part in schema.items() if key not in _TAKEN}
    if used := _used(schema, defs):
        schema["$defs"] = {name: defs[name] for name in used}
    return _sorted(schema)


def or_null(schema: Schema) -> Schema:
    """The same schema, with null accepted too."""
    about = {key: part for key, part in schema.items() if key in ("$defs", "description", "title", "examples")}
    rest = {key: part for key, part in schema.items() if key not in about}
    if not rest or _takes_null(rest):
        return schema
    return _sorted({**(_null_as_type(rest) or {"anyOf": [rest, {"type": "null"}]}), **about})


class _Generator(GenerateJsonSchema):
    """Says of a type all that is refused in the task, so that Airflow refuses it at the trigger."""

    def emit_warning(self, kind: object, detail: str) -> None:
        """A part that can't be shown is no more than that."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leaves the default out: sets change their order from process to process, and Airflow would see another DAG."""
        return self.generate_inner(schema["schema"])

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """Names no format: Airflow's check of it knows neither fractions of a second nor time zones."""
        return {"type": "string"}

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Refuses further keys, which pydantic would drop."""
        return _closed(super().typed_dict_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """As for a TypedDict."""
        return _closed(super().dataclass_schema(schema))

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        """Leaves out what the class sets itself."""
        given = [field for field in schema["fields"] if field.get("init", True)]
        return super().dataclass_args_schema({**schema, "fields": given})

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """As for a TypedDict, unless the model says what is done with further keys."""
        made = super().model_schema(schema)
        is_object = made.get("type") == "object" and "properties" in made
        return _closed(made) if is_object and "extra" not in schema["cls"].model_config else made

    def generator_schema(self, schema: core_schema.GeneratorSchema) -> JsonSchemaValue:
        """Refuses what is read once: it would be checked only as a step reads it."""
        return self.handle_invalid_for_json_schema(schema, "an iterator")

    def is_subclass_schema(self, schema: core_schema.IsSubclassSchema) -> JsonSchemaValue:
        """Refuses classes: there is no JSON for them, though the base class passes over it."""
        return self.handle_invalid_for_json_schema(schema, "a class")

    # The handlers are found by the names of the schemas' types.
    subclass_schema = is_subclass_schema


def _closed(schema: JsonSchemaValue) -> JsonSchemaValue:
    return schema if "additionalProperties" in schema else {**schema, "additionalProperties": False}


# A field that may be null: Airflow's form goes by `type`, and knows no `anyOf` and no `$ref`


def _without_ref(schema: Schema, defs: Mapping[str, object]) -> Schema:
    """The schema with what it refers to in its place, on the outside only."""
    seen = set()
    while isinstance(ref := schema.get("$ref"), str) and ref not in seen:
        seen.add(ref)
        about = {key: part for key, part in schema.items() if key != "$ref"}
        schema = {**_mapping(defs[ref.removeprefix(_DEFS)]), **about}
    return schema


def _as_null_type(schema: Schema, defs: Mapping[str, object]) -> Schema:
    members = schema.get("anyOf")
    if not isinstance(members, list) or len(members) != 2 or {"type": "null"} not in members:
        return schema
    other = _without_ref(_mapping(next(each for each in members if each != {"type": "null"})), defs)
    about = {key: part for key, part in schema.items() if key != "anyOf"}
    one = None if set(other).intersection(about) - {"description", "title"} else _null_as_type(other)
    return schema if one is None else {**one, **about}


def _null_as_type(schema: Schema) -> Schema | None:
    """The schema with null in its `type` and `enum`; None where it can't be said so."""
    if set(schema).intersection(("$ref", "anyOf", "oneOf", "allOf", "not", "if")):
        return None
    kind, values = schema.get("type"), schema.get("enum", [schema["const"]] if "const" in schema else None)
    if not isinstance(kind, str) and not isinstance(values, list):
        return None
    made = {key: part for key, part in schema.items() if key != "const"}
    if isinstance(kind, str):
        made["type"] = [kind, "null"]
    if isinstance(values, list):
        made["enum"] = [*values, None]
    return made


def _takes_null(schema: Schema) -> bool:
    kind, values, members = schema.get("type"), schema.get("enum"), schema.get("anyOf")
    in_type = kind == "null" or (isinstance(kind, list) and "null" in kind)
    in_enum = isinstance(values, list) and None in values
    if "type" in schema and "enum" in schema:
        return in_type and in_enum
    return in_type or in_enum or (isinstance(members, list) and any(each == {"type": "null"} for each in members))


def _used(part: object, defs: Mapping[str, object]) -> list[str]:
    found: dict[str, None] = {}
    todo = [part]
    while todo:
        for ref in _refs(todo.pop()):
            if ref not in found:
                found[ref] = None
                todo.append(defs[ref])
    return sorted(found)


def _refs(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        ref = part.get("$ref")
        if isinstance(ref, str) and ref.startswith(_DEFS):
            yield ref.removeprefix(_DEFS)
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for each in inside:
        yield from _refs(each)


def _mapping(part: object) -> Schema:
    assert isinstance(part, dict)
    return part


def _sorted(schema: Schema) -> Schema:
    first = ("description", "type")
    return {key: schema[key] for key in sorted(schema, key=lambda key: (key == "$defs", key not in first, key))}


# pydantic refuses the TypedDict of `typing` before Python 3.12, for it kept too little of itself


def _known_to_pydantic(tp: TypeForm) -> TypeForm:
    if sys.version_info >= (3, 12):
        return tp
    if typing.is_typeddict(tp):
        return _modern(tp)
    args = get_args(tp)
    if not args or get_origin(tp) is Literal:
        return tp
    if get_origin(tp) is Annotated:
        inner: Any = _known_to_pydantic(args[0])
        return tp if inner is args[0] else Annotated[(inner, *args[1:])]
    new = tuple(_known_to_pydantic(arg) for arg in args)
    if all(one is other for one, other in zip(new, args, strict=True)):
        return tp
    if get_origin(tp) in (Union, UnionType):
        union: TypeForm = Union[new]  # noqa: UP007
        return union
    made: TypeForm = tp.copy_with(new) if hasattr(tp, "copy_with") else get_origin(tp)[new]  # type: ignore[index]
    return made


def _modern(tp: TypeForm) -> TypeForm:
    import typing_extensions

    if type(tp).__module__ != "typing" or get_origin(tp) is not None:
        return tp
    hints = typing.get_type_hints(tp, include_extras=True)
    required: frozenset[str] = getattr(tp, "__required_keys__", frozenset())
    keys: dict[str, Any] = {}
    for name, hint in hints.items():
        inner, said = hint, None
        while getattr(get_origin(inner), "_name", None) in ("Required", "NotRequired"):
            said = getattr(get_origin(inner), "_name", None)
            inner = get_args(inner)[0]
        inner = _known_to_pydantic(inner)
        is_required = name in required if said is None else said == "Required"
        keys[name] = typing_extensions.Required[inner] if is_required else typing_extensions.NotRequired[inner]
    made: Any = typing_extensions.TypedDict(tp.__name__, keys)  # type: ignore[misc]
    made.__module__ = tp.__module__
    made.__doc__ = tp.__doc__
    return made
