"""Checking what a run is given against the pipeline's params class, at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, is_typeddict

from synaflow._errors import ParamsError
from synaflow._types import UndecidableTypeError, accepts, spell

if TYPE_CHECKING:
    from synaflow._model import FieldDef, ParamsDef, PipelineDef

__all__ = ["bind_params"]


def bind_params(pipeline: PipelineDef, params: object = None) -> dict[str, object]:
    """The value of every params field, checked.

    Args:
        pipeline: The pipeline about to be run.
        params: A value of its params class (for a `TypedDict`, any mapping). None stands for the defaults.

    Returns:
        The values by field.

    Raises:
        ParamsError: It is no such value, or a field's value doesn't fit the field's type. Reports every field that is
            wrong.
    """
    wanted = pipeline.params
    if wanted is None:
        if params is None:
            return {}
        raise ParamsError(f"pipeline '{pipeline.name}' takes no params, but was given {_describe(params)}")
    if params is None:
        params = _defaults(pipeline, wanted)
    if is_typeddict(wanted.type):
        return _bind_mapping(pipeline, wanted, params)
    if not isinstance(params, wanted.type):
        raise ParamsError(_wrong_class(pipeline, wanted, params))
    return _checked(pipeline, wanted, {field.name: getattr(params, field.name) for field in wanted.fields})


def _bind_mapping(pipeline: PipelineDef, wanted: ParamsDef, params: object) -> dict[str, object]:
    if not isinstance(params, Mapping):
        raise ParamsError(_wrong_class(pipeline, wanted, params))
    names = {field.name for field in wanted.fields}
    needed = [
        field.name
        for field in wanted.fields
        if field.name not in params and (field.required or pipeline.edges_out_of(field.name))
    ]
    wrong = [f"'{name}' is missing" for name in needed]
    wrong += [f"'{name}' is no field of {wanted.type.__name__}" for name in params if name not in names]
    if wrong:
        raise ParamsError(_list(pipeline, wrong))
    return _checked(pipeline, wanted, {name: params[name] for name in names if name in params})


def _checked(pipeline: PipelineDef, wanted: ParamsDef, values: dict[str, object]) -> dict[str, object]:
    wrong = [
        f"'{field.name}' must be {spell(field.output.type)}, not {_describe(values[field.name])}"
        for field in wanted.fields
        if field.name in values and not _fits(values[field.name], field)
    ]
    if wrong:
        raise ParamsError(_list(pipeline, wrong))
    return values


def _fits(value: object, field: FieldDef) -> bool:
    if type(value) is field.output.type:
        return True
    try:
        return accepts(value, field.output.type)
    except UndecidableTypeError:  # what can't be told of a value is left to the steps
        return True


def _defaults(pipeline: PipelineDef, wanted: ParamsDef) -> object:
    missing = [f"'{field.name}' ({spell(field.output.type)})" for field in wanted.fields if field.required]
    if missing:
        raise ParamsError(
            f"pipeline '{pipeline.name}' needs params: {', '.join(missing)} "
            f"{'has' if len(missing) == 1 else 'have'} no default; pass a {wanted.type.__name__}"
        )
    return {} if is_typeddict(wanted.type) else wanted.type()


def _wrong_class(pipeline: PipelineDef, wanted: ParamsDef, params: object) -> str:
    name = wanted.type.__name__
    if params is wanted.type:
        return f"params of pipeline '{pipeline.name}' must be a value of {name}, not the class itself: pass {name}(...)"
    text = f"params of pipeline '{pipeline.name}' must be a {name}, not {_describe(params)}"
    return f"{text}: pass {name}(**params)" if isinstance(params, Mapping) else text


def _describe(value: object) -> str:
    text = repr(value)
    kind = type(value).__name__
    return f"{kind} {text}" if len(text) <= 60 else f"{kind} {text[:57]}..."


def _list(pipeline: PipelineDef, wrong: list[str]) -> str:
    return f"params of pipeline '{pipeline.name}': {'; '.join(wrong)}"
