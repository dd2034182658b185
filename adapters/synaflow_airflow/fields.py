"""A field of a params class, between Python and the JSON of a trigger."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from synaflow import NO_DEFAULT, FieldDef, PipelineDef, spell
from synaflow_airflow.schemas import Schema, adapter_of, schema_of

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from pydantic import TypeAdapter, ValidationError
    from pydantic.fields import FieldInfo

__all__ = ["ParamField", "described", "explained", "fields_of", "has_object_in_list", "lost_in", "same_json"]

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt _]\d\d:\d\d")


class ParamField:
    """A field of a params class: its schema, its default as JSON, and reading what a trigger gives for it.

    Attributes:
        name: Its name.
        definition: What the pipeline knows of it.
        kind: Its type, spelled.
        is_key: Whether it is a key of a TypedDict.
        required: Whether a run has to be given it. A key that a TypedDict may lack is, if a step takes it.
        is_set_by_class: Whether the class sets it itself, and nobody can give it.
    """

    def __init__(self, pipeline: PipelineDef, definition: FieldDef) -> None:
        assert pipeline.params is not None
        cls = pipeline.params.type
        self.name = definition.name
        self.definition = definition
        self.kind = spell(definition.output.type)
        self.is_key = typing.is_typeddict(cls)
        self.required = definition.required or (self.is_key and bool(pipeline.edges_out_of(self.name)))
        self.is_set_by_class = dataclasses.is_dataclass(cls) and any(
            field.name == self.name and not field.init for field in dataclasses.fields(cls)
        )
        infos: Mapping[str, FieldInfo] = getattr(cls, "__pydantic_fields__", {})
        self._info = infos.get(self.name)

    @property
    def null_stands_for_none_given(self) -> bool:
        """Whether it need not be given and has no default that could be shown: the class has a factory, or does without."""
        return not self.required and self.definition.default is NO_DEFAULT

    @cached_property
    def adapter(self) -> TypeAdapter[object]:
        """What reads and writes its values."""
        return adapter_of(self.definition.output.type, self._info)

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of its values."""
        return schema_of(self.adapter, self._info)

    def is_own_default(self, given: object) -> bool:
        """Whether a trigger's JSON is the class's own default, which then is taken as it is, whatever JSON makes of it."""
        return self._default_json is not NO_DEFAULT and same_json(given, self._default_json)

    @cached_property
    def _default_json(self) -> object:
        if self.definition.default is NO_DEFAULT:
            return NO_DEFAULT
        try:
            return self.to_json(self.definition.default)
        except Exception:  # noqa: BLE001  # such a default is refused when the DAG is built
            return NO_DEFAULT

    def to_json(self, value: object) -> object:
        """A value of its type as plain JSON, the same in every process.

        Raises:
            Exception: Whatever pydantic or the value's own class raises where there is none.
        """
        return _settled(value, self.adapter.dump_python(value, mode="json", by_alias=False, warnings=False))

    def holds(self, value: object) -> bool:
        """Whether a Python value is of its type, all the way down."""
        for strict in (True, False):
            # Strictly, pydantic 2.11 takes no deque. Otherwise, what it took for something else shows when it is read again.
            try:
                found = self.adapter.validate_python(value, strict=strict)
                if strict or (type(found) is type(value) and found == value):
                    return True
            except Exception:  # noqa: BLE001, S112  # a validator of the user's, or a comparison, may raise anything
                continue
        return False

    def read(self, given: object) -> object:
        """The value that a trigger's JSON stands for.

        Raises:
            ValueError: It is none of this type: what was expected, and what was given.
        """
        from pydantic import ValidationError

        try:
            text = json.dumps(given)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"{self._wanted(given)} ({error})") from None
        try:
            value = self.adapter.validate_json(text, strict=True, by_alias=False, by_name=True)
        except ValidationError as error:
            raise ValueError(f"{self._wanted(given)} ({explained(error)})") from None
        except Exception as error:  # a validator of the user's may raise anything
            raise ValueError(f"{self._wanted(given)} ({type(error).__name__}: {error})") from error
        if wrong := self.not_in_schema(given):
            raise ValueError(f"{self._wanted(given)} ({wrong})")
        return value

    def not_in_schema(self, given: object, schema: Schema | None = None) -> str | None:
        """What of some JSON is not in its schema, None if all is.

        That is more than pydantic looks at: keys that a nested class doesn't have, and digits in place of a date.
        """
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        validator = Draft202012Validator(self.schema if schema is None else schema, format_checker=_formats())
        plain: Any = given
        error = best_match(validator.iter_errors(plain))
        return None if error is None else f"{_path(error.absolute_path)}{error.message}"

    def _wanted(self, given: object) -> str:
        return f"'{self.name}' must be {self.kind}, not {described(given)}"


def fields_of(pipeline: PipelineDef) -> tuple[ParamField, ...]:
    """The fields of a pipeline's params class, in the order they are written."""
    return tuple(ParamField(pipeline, field) for field in pipeline.fields)


def described(value: object) -> str:
    """A value and what it is, for a message."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else f'{text[:57]}...'}"


def explained(error: ValidationError, below: int = 0) -> str:
    """What pydantic says, where it says it.

    Args:
        error: Its error.
        below: How much of each path to leave out.
    """
    said = [
        f"{_path(each['loc'][below:])}{each['msg'][:1].lower()}{each['msg'][1:]}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    said = list(dict.fromkeys(said))
    return ", ".join(said[:3]) + (f", and {len(said) - 3} more" if len(said) > 3 else "")


def lost_in(part: object) -> str | None:
    """What of some JSON Airflow can't carry from one of its processes to another, None if all gets there."""
    if isinstance(part, str):
        return "a lone surrogate" if any("\ud800" <= char <= "\udfff" for char in part) else None
    if isinstance(part, bool):
        return None
    if isinstance(part, int):
        return None if -(2**63) <= part < 2**64 else "an int past 64 bits"
    if isinstance(part, float):
        return None if math.isfinite(part) else str(part)
    inside: Iterator[object] = iter(())
    if isinstance(part, dict):
        inside = iter([*part.keys(), *part.values()])
    elif isinstance(part, list | tuple):
        inside = iter(part)
    return next((lost for each in inside if (lost := lost_in(each)) is not None), None)


def has_object_in_list(part: object) -> bool:
    """Whether some JSON is a list with an object in it: Airflow wraps that on its way to the scheduler, and unwraps it never."""
    return isinstance(part, list) and any(isinstance(each, dict) or has_object_in_list(each) for each in part)


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are the same: 1 is neither 1.0 nor true."""
    try:
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return False


def _settled(value: object, dumped: object) -> object:
    """What was made of a value, its sets sorted and what classes set themselves left out."""
    if isinstance(dumped, list):
        items = list(value) if isinstance(value, Collection) else []
        if len(items) != len(dumped):  # made by a serializer of the user's
            return dumped
        made = [_settled(item, part) for item, part in zip(items, dumped, strict=True)]
        return sorted(made, key=_sort_key) if isinstance(value, Set) else made
    if not isinstance(dumped, dict):
        return dumped
    if isinstance(value, Mapping):
        if len(value) != len(dumped):
            return dumped
        return {key: _settled(item, part) for item, (key, part) in zip(value.values(), dumped.items(), strict=True)}
    given = set(dumped)
    if dataclasses.is_dataclass(value):
        given -= {field.name for field in dataclasses.fields(value) if not field.init}
    return {key: _settled(getattr(value, key, None), part) for key, part in dumped.items() if key in given}


def _sort_key(part: object) -> tuple[str, object, str]:
    kind = "" if isinstance(part, int | float) else type(part).__name__
    return kind, part if isinstance(part, int | float | str) else "", json.dumps(part, sort_keys=True)


def _path(parts: Iterable[int | str]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return f"{text}: " if text else ""


def _formats() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date")(lambda text: not isinstance(text, str) or _DATE.fullmatch(text) is not None)
    checker.checks("date-time")(lambda text: not isinstance(text, str) or _DATE_TIME.match(text) is not None)
    return checker
