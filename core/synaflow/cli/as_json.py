"""Results and problems as plain data, for `--json`.

What JSON can't hold is given as `{"$type": "module.Class", "$repr": "..."}`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import deque
from collections.abc import Mapping, Set
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING
from uuid import UUID

from synaflow._types import spell

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from synaflow._errors import Problem, StepError
    from synaflow._run.result import RunResult
    from synaflow._types import TypeForm

__all__ = ["failure_as_json", "problem_as_json", "result_as_json", "safe_repr"]


def result_as_json(result: RunResult) -> dict[str, object]:
    """What a run gave."""
    return {
        "pipeline": result.pipeline,
        "ok": result.ok,
        "seconds": result.seconds,
        "outputs": {name: _value(value) for name, value in result.items()},
        "steps": {name: _fields(step, "name") for name, step in result.steps.items()},
        "branches": [_fields(branch) for branch in result.branches],
        "errors": [_error(error) for error in result.errors],
        "dead_letters": [
            {"step": letter.step, "index": letter.index, "items": _value(letter.items), "error": _error(letter.error)}
            for letter in result.dead_letters
        ],
    }


def failure_as_json(error: StepError) -> dict[str, object]:
    """What a run that failed gave until then."""
    if error.result is None:
        return {"pipeline": error.pipeline, "ok": False, "errors": [_error(error)]}
    return {**result_as_json(error.result), "ok": False}


def problem_as_json(problem: Problem) -> dict[str, object]:
    """One problem of a pipeline that can't be built; its types as they are spelled."""
    return {
        **_fields(problem, "produced", "wanted"),
        "produced": _spelled(problem.produced),
        "wanted": _spelled(problem.wanted),
    }


def safe_repr(value: object) -> str:
    """A value's repr; a class of the user's own may fail to give one."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - whatever that repr raises
        return f"<{type(value).__name__}, whose repr() raises {type(error).__name__}>"


def _spelled(tp: TypeForm | None) -> str | None:
    return None if tp is None else spell(tp)


def _error(error: StepError) -> dict[str, object]:
    cause = error.__cause__
    return {
        "step": error.step,
        "index": error.index,
        "message": str(error),
        "type": None if cause is None else _class_name(cause),
    }


def _fields(record: DataclassInstance, *left_out: str) -> dict[str, object]:
    return {
        field.name: _value(getattr(record, field.name))
        for field in dataclasses.fields(record)
        if field.name not in left_out
    }


def _value(value: object, inside: tuple[int, ...] = ()) -> object:
    """The value in JSON's terms, `inside` the containers it stands in, so that a cycle ends."""
    plain = _scalar(value)
    if plain is not _NOT_PLAIN:
        return plain
    if id(value) in inside or len(inside) >= 100:
        return _marked(value)
    inside = (*inside, id(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _value(getattr(value, field.name, None), inside) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and (names := getattr(value, "_fields", None)):
        return {name: _value(item, inside) for name, item in zip(names, value, strict=True)}
    if isinstance(value, Mapping):
        keys = [_key(key) for key in value]
        if None in keys or len(set(keys)) < len(keys):
            return _marked(value)
        return {key: _value(item, inside) for key, item in zip(keys, value.values(), strict=True) if key is not None}
    if isinstance(value, Set):
        return [_value(item, inside) for item in sorted(value, key=lambda item: (type(item).__name__, repr(item)))]
    if isinstance(value, list | tuple | deque):
        return [_value(item, inside) for item in value]
    return _marked(value)


_NOT_PLAIN = object()


def _scalar(value: object) -> object:
    match value:
        case Enum():
            return _value(value.value)
        case None | bool() | str():
            return value
        case int() if value.bit_length() < 13_000:  # Python refuses to write one of more than 4,300 digits
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case PurePath() | UUID() | Decimal():
            return str(value)
    return _NOT_PLAIN


def _key(key: object) -> str | None:
    """A key as JSON has it: text, or a number written as text. None for any other."""
    plain = _scalar(key)
    if isinstance(plain, str):
        return plain
    return json.dumps(plain) if isinstance(plain, bool | int | float) else None


def _marked(value: object) -> dict[str, str]:
    return {"$type": _class_name(value), "$repr": safe_repr(value)}


def _class_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
