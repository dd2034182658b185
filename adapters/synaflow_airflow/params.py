"""A pipeline's params as Airflow's: a `Param` for each field, and a trigger's JSON as a value of the params class."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Number
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from synaflow import NO_DEFAULT, ParamsDef, ParamsError, PipelineDef
from synaflow_airflow.errors import DagError
from synaflow_airflow.fields import ParamField, described, explained, fields_of, has_object_in_list, lost_in
from synaflow_airflow.schemas import or_null

if TYPE_CHECKING:
    from synaflow_airflow.schemas import Schema

__all__ = ["REQUIRED", "ParamSpec", "param_specs", "read_params"]

_NONE: Final[Mapping[str, object]] = MappingProxyType({})


@final
class _Required:
    """The type of `REQUIRED`: null is a default like any other."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """What `airflow.sdk.Param` is given for a field.

    Attributes:
        name: The field's name.
        default: The default, plain JSON; `REQUIRED` where there is none.
        schema: The other arguments, by name: the description and the JSON Schema.
    """

    name: str
    default: object
    schema: dict[str, object]


class _UnfitError(Exception):
    """A field can't be one of Airflow's params, and why."""


def param_specs(
    pipeline: PipelineDef, defaults: Mapping[str, object] = _NONE, scheduled: bool = False
) -> tuple[ParamSpec, ...]:
    """Airflow's params for a pipeline, in the order of its fields.

    Fields that the params class sets itself (`field(init=False)`) have none. A field with a default factory stands at
    null, which is not shown to be a value of it: the factory is called in the run.

    Args:
        pipeline: The pipeline.
        defaults: Values that stand in for the params class's defaults, or give a field one; or their JSON.
        scheduled: Whether Airflow will start runs by itself, and so without params.

    Raises:
        DagError: A field can't be given by a trigger, lacks a default that it needs, or has one that is of no use.
            Reports all that is wrong.
    """
    fields = [field for field in fields_of(pipeline) if not field.is_set_by_class]
    names = [field.name for field in fields]
    problems = [
        f"defaults has '{name}', which is no param{_near(name, names)}" for name in defaults if name not in names
    ]
    if pipeline.params is not None:
        problems += _not_fields(pipeline.params)
    specs = []
    for field in fields:
        try:
            specs.append(_spec(field, defaults.get(field.name, NO_DEFAULT), scheduled))
        except _UnfitError as error:
            problems.append(f"param '{field.name}' ({field.kind}) {error}")
    if problems:
        raise DagError(pipeline.name, problems)
    return tuple(specs)


def read_params(pipeline: PipelineDef, given: Mapping[str, object], also: Collection[str] = ()) -> object:
    """What a task was given, as a value of the params class.

    Airflow has checked it by then, but not all of it. Here the types are strict (`"1"` is no int, nor is `true`), in the
    forms that JSON has for dates, Decimals, tuples, sets and so on. What is given just as the class's own default would
    be written is that very default.

    Args:
        pipeline: The pipeline.
        given: `context["params"]`.
        also: Names of further params of the DAG, which are not the pipeline's.

    Returns:
        A value of the params class: a dict for a TypedDict, None for a pipeline without params.

    Raises:
        ParamsError: They don't fit. Reports every one that is wrong.
    """
    fields = fields_of(pipeline)
    wrong = _not_params(given, fields, also)
    found: dict[str, object] = {}
    for field in fields:
        if field.is_set_by_class:
            continue
        if field.name not in given:
            if field.required:
                wrong.append(f"'{field.name}' ({field.kind}) is missing")
            continue
        value = given[field.name]
        if (value is None and field.null_stands_for_none_given) or field.is_own_default(value):
            continue
        try:
            found[field.name] = field.read(value)
        except ValueError as error:
            wrong.append(str(error))
    if not wrong and pipeline.params is not None:
        try:
            return _made(pipeline.params.type, found, given)
        except Exception as error:  # whatever a class of the user's raises at what it doesn't like
            raise ParamsError(
                f"params of pipeline '{pipeline.name}': {pipeline.params.type.__name__} refuses them: {_said(error)}"
            ) from error
    if wrong:
        raise ParamsError(f"params of pipeline '{pipeline.name}': {'; '.join(wrong)}")
    return None


# For the DAG


def _not_fields(params: ParamsDef) -> list[str]:
    """What the class asks for when it is made, and which is no field of it: an `InitVar`."""
    if not dataclasses.is_dataclass(params.type):
        return []
    known = {field.name for field in params.fields}
    return [
        f"'{name}' of {params.type.__name__} is no field (an InitVar?) and has no default, so there is no way to give it: "
        "give it a default"
        for name, parameter in inspect.signature(params.type).parameters.items()
        if name not in known
        and parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _spec(field: ParamField, replaced: object, scheduled: bool) -> ParamSpec:
    if field.definition.output.stream:
        raise _UnfitError("is a stream, which no trigger can give: let a step make it, of a path for example")
    try:
        schema = field.schema
    except Exception as error:  # pydantic's errors have no base in common, and a class's own hooks may raise anything
        raise _UnfitError(f"can't be given by a trigger, which gives JSON: {_said(error)}") from error
    doc = field.definition.doc or schema.get("description")
    notes = [doc] if isinstance(doc, str) else []
    value = field.definition.default if replaced is NO_DEFAULT else _read(field, replaced)
    default: object = REQUIRED
    if value is not NO_DEFAULT:
        default = _default(field, value, replaced is not NO_DEFAULT)
    elif field.null_stands_for_none_given:
        default, schema = None, or_null(schema)
        notes.append(
            "Left at null, it is computed when the run starts."
            if not field.is_key
            else "Left at null, it is not given."
        )
    elif scheduled:
        raise _UnfitError(
            f"has no default, and a scheduled run is given none: give the field one, or defaults={{'{field.name}': ...}}, "
            "or schedule=None"
        )
    about = _with_description(schema, " ".join(notes))
    if lost := lost_in(about):
        raise _UnfitError(f"has a JSON Schema with {lost} in it, which Airflow loses with the whole DAG")
    return ParamSpec(field.name, default, about)


def _read(field: ParamField, given: object) -> object:
    """A default as it is, if it is of the field's type; else what it stands for as JSON, as on a command line."""
    if field.holds(given):
        return given
    try:
        return field.read(given)
    except ValueError:
        return given  # and then it is refused for what it is


def _with_description(schema: Schema, text: str) -> Schema:
    rest = {key: part for key, part in schema.items() if key != "description"}
    return {"description": text, **rest} if text else rest


def _default(field: ParamField, value: object, replaced: bool) -> object:
    """A default as JSON, once it is known that Airflow takes it and a task makes the same value of it again."""
    what = f"can't have the default {described(value)}:"
    if not field.holds(value):
        raise _UnfitError(f"{what} it is no {field.kind}")
    try:
        found = field.to_json(value)
    except Exception as error:  # a serializer of the user's may raise anything
        raise _UnfitError(f"{what} it has no JSON: {_said(error)}") from error
    if lost := lost_in(found):
        raise _UnfitError(f"{what} there is {lost} in it, and Airflow would show neither the DAG nor an error")
    if has_object_in_list(found):
        raise _UnfitError(
            f"{what} it has an object in a list, which Airflow changes on its way to the scheduler: let a default factory "
            "make it in the run, or put the list into an object of its own"
        )
    if wrong := field.not_in_schema(found):
        raise _UnfitError(f"{what} its JSON is not in the JSON Schema of its own type: {wrong}")
    try:
        again = field.read(found)
    except ValueError as error:
        raise _UnfitError(f"{what} its JSON can't be read again: {error}") from error
    is_number = isinstance(value, Number) and isinstance(again, Number)
    if replaced and (again != value or not (is_number or type(again) is type(value))):
        raise _UnfitError(f"{what} a task would make {described(again)} of its JSON; annotate what it is")
    return found


# In the task


def _not_params(given: Mapping[str, object], fields: Collection[ParamField], also: Collection[str]) -> list[str]:
    names = [field.name for field in fields if not field.is_set_by_class]
    own = {field.name for field in fields if field.is_set_by_class}
    return [
        f"'{name}' can't be given, the params class sets it itself"
        if name in own
        else f"'{name}' is no param{_near(name, [*names, *also])}"
        for name in given
        if name not in names and name not in also
    ]


def _made(cls: type, values: Mapping[str, object], given: Mapping[str, object]) -> object:
    if typing.is_typeddict(cls):
        return dict(values)
    if hasattr(cls, "model_validate_json"):  # its validators are to see what they would see of any JSON
        text = json.dumps({name: given[name] for name in values})
        return cls.model_validate_json(text, strict=True, by_alias=False, by_name=True)
    return cls(**values)


def _said(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return explained(error)
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _near(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, names, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there are {', '.join(repr(each) for each in names)}" if names else "; there are none"
