"""The contract: everything a pipeline is, as JSON, from which another program could build a runner without Python."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from synaflow._model import NO_DEFAULT
from synaflow._types import spell

if TYPE_CHECKING:
    from synaflow._model import Collector, Edge, FieldDef, Output, PipelineDef, StepDef

__all__ = ["VERSION", "schema", "to_contract"]

VERSION = 1
"""Raised when a reader of the earlier form would be wrong about the new one."""


def schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) that every contract of this version is valid against."""
    text = files("synaflow._describe").joinpath("contract.schema.json").read_text("utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def to_contract(pipeline: PipelineDef) -> dict[str, object]:
    """The pipeline in full, as plain data that `json.dumps` takes. Its shape is `schema()`'s."""
    params = pipeline.params
    return {
        "version": VERSION,
        "name": pipeline.name,
        "doc": pipeline.doc,
        "params": None if params is None else {"class": params.type.__name__, "fields": [*map(_field, params.fields)]},
        "steps": [_step(step) for step in pipeline.steps],
        "edges": [_edge(edge) for edge in pipeline.edges],
        "order": list(pipeline.order),
        "regions": [{"name": region.name, "steps": list(region.steps)} for region in pipeline.regions],
        "aliases": dict(pipeline.aliases),
        "exports": pipeline.exports,
    }


def _field(field: FieldDef) -> dict[str, object]:
    return {
        "name": field.name,
        "output": _output(field.output),
        "required": field.required,
        **_default(field.default),
        "doc": field.doc,
    }


def _step(step: StepDef) -> dict[str, object]:
    return {
        "name": step.name,
        "function": _function(step),
        "doc": step.doc,
        "inputs": [
            {
                "name": parameter.name,
                "type": spell(parameter.type),
                "required": parameter.default is NO_DEFAULT,
                **_default(parameter.default),
                "positional_only": parameter.positional_only,
            }
            for parameter in step.inputs
        ],
        "output": _output(step.output),
        "on_error": str(step.on_error),
        "mode": str(step.mode),
        "each": step.each,
        "flatten": step.flatten,
        "max_in_flight": step.max_in_flight,
        "after": list(step.after),
        "is_async": step.is_async,
        **_calls(step),
    }


def _calls(step: StepDef) -> dict[str, object]:
    """How it is called, as far as that isn't as usual."""
    usual = {"concurrency": 1, "ordered": True, "timeout": None, "thread": False}
    return {option: given for option, default in usual.items() if (given := getattr(step, option)) != default}


def _function(step: StepDef) -> dict[str, object]:
    fn: object = step.fn
    while isinstance(fn, functools.partial):
        fn = fn.func
    owner = fn if hasattr(fn, "__qualname__") else type(fn)
    line = (step.location or "").rpartition(":")[2]
    return {
        "name": step.function,
        "module": getattr(owner, "__module__", None),
        "qualname": getattr(owner, "__qualname__", None),
        "line": int(line) if line.isdigit() else None,
    }


def _output(output: Output) -> dict[str, object]:
    return {"type": spell(output.type), "stream": output.stream, "item": spell(output.item)}


def _edge(edge: Edge) -> dict[str, object]:
    return {
        "producer": edge.producer,
        "consumer": edge.consumer,
        "parameter": edge.parameter,
        "kind": str(edge.kind),
        "produced": spell(edge.produced),
        "wanted": spell(edge.wanted),
        "from_stream": edge.from_stream,
        "found": edge.found,
        "collector": _collector(edge.collector),
        "one_shot": edge.one_shot,
    }


def _collector(collector: Collector | None) -> str | None:
    if collector is None:
        return None
    name = getattr(collector, "__qualname__", None) or type(collector).__qualname__
    module = getattr(collector, "__module__", None)
    return str(name) if module in (None, "builtins") else f"{module}.{name}"


def _default(value: object) -> dict[str, object]:
    """The default, where JSON has it; a reader that needs another one has to have Python."""
    if value is NO_DEFAULT:
        return {}
    try:
        same = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError, RecursionError):
        return {}
    return {"default": value} if same else {}
