"""A params class as Airflow's params, and what a trigger gives as a value of it: with Airflow's own `Param`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field, is_dataclass
from dataclasses import fields as fields_of_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

import pytest

pytest.importorskip("airflow")
pytest.importorskip("pydantic")

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import ParamsDict
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, SecretStr, create_model, field_validator

from core.building import build
from synaflow import ParamsError, PipelineDef, pipeline
from synaflow_airflow.errors import DagError
from synaflow_airflow.params import REQUIRED, ParamSpec, param_specs, read_params


class Color(Enum):
    RED = "r"
    BLUE = "b"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mode(StrEnum):
    FAST = "fast"


class Pair(NamedTuple):
    left: int
    right: str = "z"


class Record(TypedDict):
    """A row."""

    key: int
    note: NotRequired[str]


@dataclass(frozen=True)
class Limits:
    low: int = 0
    tags: frozenset[str] = frozenset({"a", "b", "c", "d", "e"})
    size: int = field(init=False, default=3)


@dataclass
class Tree:
    value: int
    below: list[Tree] = field(default_factory=list)


class Model(BaseModel):
    at: date
    named: str = Field("x", alias="nameAlias")


Metres = NewType("Metres", int)


def one(tp: object, default: object = REQUIRED) -> PipelineDef:
    """A pipeline with one param, `x`."""
    params: Any = _class("NamedTuple", {"x": tp})
    if default is not REQUIRED:
        params.__new__.__defaults__ = (default,)
        params._field_defaults = {"x": default}
    return build(params=params)


def _class(kind: str, types: Mapping[str, object]) -> Any:
    """A params class of these fields."""
    make: Any = {"NamedTuple": NamedTuple, "TypedDict": TypedDict, "BaseModel": create_model}.get(kind)
    match kind:
        case "NamedTuple":
            return make("Params", list(types.items()))
        case "TypedDict":
            return make("Params", types)
        case "BaseModel":
            return make("Params", **{name: (tp, ...) for name, tp in types.items()})
        case _:
            return dataclass(type("Params", (), {"__annotations__": types}))


def _of(origin: Any, *args: object) -> Any:
    """`origin[args]`, of types that are values here."""
    return origin[args[0]] if len(args) == 1 else origin[args]


def spec_of(tp: object, default: object = REQUIRED, **options: Any) -> ParamSpec:
    return param_specs(one(tp, default), **options)[0]


def as_param(spec: ParamSpec) -> Param:
    schema: dict[str, Any] = spec.schema
    return Param(**schema) if spec.default is REQUIRED else Param(spec.default, **schema)


def triggered(specs: Collection[ParamSpec], conf: Mapping[str, object]) -> dict[str, object]:
    """What a task finds in `context["params"]`, by Airflow's own code."""
    params = ParamsDict({spec.name: as_param(spec) for spec in specs})
    params.update(json.loads(json.dumps(conf)))
    found: dict[str, object] = params.validate()
    return found


def read_one(tp: object, given: object) -> object:
    return read_params(one(tp), {"x": given}).x  # type: ignore[attr-defined]


def problems_of(built: PipelineDef, defaults: Mapping[str, object] | None = None, scheduled: bool = False) -> list[str]:
    with pytest.raises(DagError) as caught:
        param_specs(built, defaults or {}, scheduled)
    return list(caught.value.problems)


def isoduration_is_missing() -> bool:
    """Whether durations aren't checked by Airflow: its old requirements may leave that package out."""
    return find_spec("isoduration") is None


def refused(built: PipelineDef, given: Mapping[str, object], also: Collection[str] = ()) -> str:
    with pytest.raises(ParamsError) as caught:
        read_params(built, given, also)
    return str(caught.value)


# Schemas and defaults


@pytest.mark.parametrize(
    ("tp", "value", "default", "schema"),
    [
        (int, 5, 5, {"type": "integer"}),
        (float, 1, 1.0, {"type": "number"}),
        (str, "a", "a", {"type": "string"}),
        (bool, True, True, {"type": "boolean"}),
        (int | None, None, None, {"type": ["integer", "null"]}),
        (int | str, "a", "a", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["a", "b"], "b", "b", {"type": "string", "enum": ["a", "b"]}),
        (Literal["a"] | None, None, None, {"type": ["string", "null"], "enum": ["a", None]}),
        (Color, Color.BLUE, "b", {"type": "string", "enum": ["r", "b"]}),
        (Color | None, None, None, {"type": ["string", "null"], "enum": ["r", "b", None]}),
        (date, date(2024, 2, 29), "2024-02-29", {"type": "string", "format": "date"}),
        (
            datetime,
            datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2024-02-29T00:00:00+05:30",
            {"type": "string", "format": "date-time"},
        ),
        (timedelta, timedelta(days=1, seconds=1), "P1DT1S", {"type": "string", "format": "duration"}),
        (time, time(1, 2, 3, 4, UTC), "01:02:03.000004Z", {"type": "string"}),
        (Path, Path("a/b"), "a/b", {"type": "string", "format": "path"}),
        (bytes, b"ab", "ab", {"type": "string", "format": "binary"}),
        (list[int], [1], [1], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[int], (1, 2), [1, 2], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"b", "a"}, ["a", "b"], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (dict[str, int], {"a": 1}, {"a": 1}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Metres, Metres(3), 3, {"type": "integer"}),
        (Annotated[int, Field(gt=0, description="How far.")], 3, 3, {"type": "integer", "exclusiveMinimum": 0}),
        (Any, {"a": [1]}, {"a": [1]}, {}),
    ],
)
def test_a_type_and_its_default(tp: object, value: object, default: object, schema: dict[str, object]) -> None:
    spec = spec_of(tp, value)
    assert spec.default == default
    assert type(spec.default) is type(default)
    assert {key: part for key, part in spec.schema.items() if key != "description"} == schema
    assert triggered([spec], {}) == {"x": default}
    back = read_params(one(tp, value), triggered([spec], {})).x  # type: ignore[attr-defined]
    assert (back, type(back)) == (value, type(value))


class AsTuple(NamedTuple):
    """What it takes.

    Args:
        number: How many.
        color: Which.
    """

    number: int
    color: Color = Color.RED


@dataclass
class AsDataclass:
    """What it takes.

    Args:
        number: How many.
        color: Which.
    """

    number: int
    _: KW_ONLY
    color: Color = Color.RED


class AsModel(BaseModel):
    number: int = Field(description="How many.")
    color: Color = Field(Color.RED, description="Which.", alias="colour")


class AsDict(TypedDict):
    """What it takes.

    Args:
        number: How many.
        color: Which.
    """

    number: int
    color: NotRequired[Color]


SPECS = (
    ParamSpec("number", REQUIRED, {"description": "How many.", "type": "integer"}),
    ParamSpec("color", "r", {"description": "Which.", "type": "string", "enum": ["r", "b"]}),
)


@pytest.mark.parametrize("params", [AsTuple, AsDataclass, AsModel])
def test_every_kind_of_params_class(params: Any) -> None:
    built = build(params=params)
    with warnings.catch_warnings():  # pydantic warns of an alias out of place
        warnings.simplefilter("error")
        specs = param_specs(built)
    assert specs == SPECS
    assert triggered(specs, {"number": 3}) == {"number": 3, "color": "r"}
    assert read_params(built, triggered(specs, {"number": 3})) == params(number=3)
    chosen = read_params(built, triggered(specs, {"number": 3, "color": "b"}))
    assert type(chosen) is params
    assert (chosen.number, chosen.color) == (3, Color.BLUE)  # type: ignore[attr-defined]


def test_a_typed_dict_as_params() -> None:
    built = build(params=AsDict)
    specs = param_specs(built)
    assert specs[1].default is None
    assert specs[1].schema == {
        "description": "Which. Left at null, it is not given.",
        "type": ["string", "null"],
        "enum": ["r", "b", None],
    }
    assert read_params(built, triggered(specs, {"number": 3})) == {"number": 3}
    assert read_params(built, triggered(specs, {"number": 3, "color": "b"})) == {"number": 3, "color": Color.BLUE}


def test_a_key_that_may_lack_is_required_where_a_step_takes_it() -> None:
    def use(color: Color) -> str:
        return color.value

    built = build(use, params=AsDict)
    assert param_specs(built)[1].default is REQUIRED
    assert "'color' (Color) is missing" in refused(built, {"number": 3})


def test_no_params() -> None:
    built = build()
    assert param_specs(built) == ()
    assert read_params(built, {}) is None
    assert read_params(built, {"owner": "me"}, also=["owner"]) is None
    assert refused(built, {"owner": "me"}) == "params of pipeline 'test': 'owner' is no param; there are none"


def test_nested_classes() -> None:
    @dataclass
    class Params:
        pair: Pair
        record: Record
        limits: Limits
        tree: Tree
        model: Model
        records: list[Record | None]

    built = build(params=Params)
    specs = param_specs(built)
    conf: dict[str, object] = {
        "pair": [1],
        "record": {"key": 1},
        "limits": {"low": 2},
        "tree": {"value": 1, "below": [{"value": 2, "below": []}]},
        "model": {"at": "2024-02-29", "named": "y"},
        "records": [{"key": 1, "note": "n"}, None],
    }
    assert read_params(built, triggered(specs, conf)) == Params(
        Pair(1),
        {"key": 1},
        Limits(2),
        Tree(1, [Tree(2)]),
        Model(at=date(2024, 2, 29), nameAlias="y"),
        [{"key": 1, "note": "n"}, None],
    )


@pytest.mark.parametrize(
    ("tp", "given"),
    [
        (Record, {"key": 1, "nope": 1}),
        (Limits, {"nope": 1}),
        (Limits, {"size": 1}),
        (Model, {"at": "2024-02-29", "nope": 1}),
        (list[Limits], [{"nope": 1}]),
        (Tree, {"value": 1, "below": [{"value": 2, "nope": 1}]}),
    ],
)
def test_a_nested_key_that_is_not_there_is_refused_at_the_trigger_and_in_the_task(tp: object, given: object) -> None:
    with pytest.raises(Exception, match="Additional properties are not allowed"):
        triggered([spec_of(tp)], {"x": given})
    assert "Additional properties are not allowed" in refused(one(tp), {"x": given})


def test_a_model_that_takes_further_keys_says_so() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="ignore")
        a: int

    assert triggered([spec_of(Open)], {"x": {"a": 1, "b": 2}}) == {"x": {"a": 1, "b": 2}}
    assert read_one(Open, {"a": 1, "b": 2}) == Open(a=1)


def test_a_recursive_class_brings_its_definitions_along() -> None:
    spec = spec_of(Tree)
    assert "$defs" in spec.schema
    assert triggered([spec], {"x": {"value": 1, "below": []}})
    with pytest.raises(Exception, match="is not of type 'integer'"):
        triggered([spec], {"x": {"value": 1, "below": [{"value": "2"}]}})


def test_definitions_that_are_not_needed_are_left_out() -> None:
    assert "$defs" not in spec_of(Color | None).schema
    assert "$defs" not in spec_of(Limits | None).schema
    assert list(spec_of(list[Limits]).schema["$defs"]) == ["Limits"]  # type: ignore[call-overload]


def test_defaults_of_nested_fields_are_not_shown() -> None:
    """Sets among them change their order, and an int past 64 bits would lose the DAG."""

    @dataclass
    class Big:
        number: int = 2**80

    assert "default" not in json.dumps([spec_of(Limits).schema, spec_of(Pair).schema, spec_of(Big).schema])


def test_a_title_is_shown_only_where_somebody_wrote_one() -> None:
    class Params(BaseModel):
        plain: int = 1
        titled: int = Field(2, title="The Title")
        limits: Limits = Limits()

    assert [spec.schema.get("title") for spec in param_specs(build(params=Params))] == [None, "The Title", None]


def test_keys_that_are_parameters_of_param_do_not_reach_it() -> None:
    class Params(BaseModel):
        x: int = Field(1, json_schema_extra={"default": 5, "source": "x", "schema": {}, "examples": [1, 2]})

    (spec,) = param_specs(build(params=Params))
    assert spec.schema == {"type": "integer", "examples": [1, 2]}
    assert as_param(spec).schema == spec.schema


# Defaults


def test_a_default_factory_is_called_in_the_run() -> None:
    @dataclass
    class Params:
        """What it takes.

        Args:
            rows: Which rows.
        """

        rows: list[int] = field(default_factory=lambda: [7])
        when: date | None = field(default_factory=lambda: date(2024, 2, 29))

    built = build(params=Params)
    rows, when = param_specs(built, scheduled=True)
    assert rows.default is when.default is None
    assert rows.schema == {
        "description": "Which rows. Left at null, it is computed when the run starts.",
        "type": ["array", "null"],
        "items": {"type": "integer"},
    }
    assert when.schema["description"] == "Left at null, it is computed when the run starts."
    assert read_params(built, triggered([rows, when], {})) == Params([7], date(2024, 2, 29))
    assert read_params(built, triggered([rows, when], {"rows": [1]})) == Params([1], date(2024, 2, 29))


def test_a_models_default_factory() -> None:
    class Params(BaseModel):
        rows: list[int] = Field(default_factory=lambda: [7])

    built = build(params=Params)
    assert param_specs(built)[0].default is None
    assert read_params(built, {"rows": None}) == Params(rows=[7])


def test_what_the_class_sets_itself_is_no_param() -> None:
    @dataclass
    class Params:
        given: int
        computed: int = field(init=False, default=4)

    built = build(params=Params)
    assert [spec.name for spec in param_specs(built)] == ["given"]
    assert read_params(built, {"given": 1}) == Params(1)
    assert "'computed' can't be given, the params class sets it itself" in refused(built, {"given": 1, "computed": 5})


def test_defaults_replace_and_give() -> None:
    built = build(params=AsTuple)
    specs = param_specs(built, {"number": 3, "color": Color.BLUE}, scheduled=True)
    assert [spec.default for spec in specs] == [3, "b"]
    assert read_params(built, triggered(specs, {})) == AsTuple(3, Color.BLUE)


def test_defaults_that_are_none() -> None:
    built = build(params=AsTuple)
    assert problems_of(built, {"numbr": 3, "number": "3", "color": "x"}) == [
        "defaults has 'numbr', which is no param; did you mean 'number'?",
        "param 'number' (int) can't have the default str '3': it is no int",
        "param 'color' (Color) can't have the default str 'x': it is no Color",
    ]


def test_a_default_that_a_task_would_take_for_another_type() -> None:
    assert problems_of(one(Sequence[int]), {"x": (1, 2)}) == [
        "param 'x' (Sequence[int]) can't have the default tuple (1, 2): a task would make list [1, 2] of its JSON; "
        "annotate what it is"
    ]
    assert param_specs(one(float), {"x": 1})[0].default == 1


def test_an_own_default_left_as_it_is_stays_the_very_object() -> None:
    secret = SecretStr("s")
    for tp, value in ((Sequence[int], (1, 2)), (float, 1), (SecretStr, secret)):
        built = one(tp, value)
        assert read_params(built, triggered(param_specs(built), {})).x is value  # type: ignore[attr-defined]


def test_required_params_of_a_scheduled_dag() -> None:
    built = build(params=AsTuple)
    assert param_specs(built)[0].default is REQUIRED
    with pytest.raises(Exception, match="No value passed"):
        triggered(param_specs(built), {})
    assert problems_of(built, scheduled=True) == [
        "param 'number' (int) has no default, and a scheduled run is given none: give the field one, or "
        "defaults={'number': ...}, or schedule=None"
    ]


@pytest.mark.parametrize(
    ("tp", "default", "reason"),
    [
        (int, None, "it is no int"),
        (int, "1", "it is no int"),
        (int, True, "it is no int"),
        (list[int], ["a"], "it is no list[int]"),
        (Annotated[int, Field(gt=0)], 0, "it is no "),
        (date, "2024-01-01", "it is no date"),
        (bytes, b"\xff", "it has no JSON"),
        (dict[tuple[int, int], str], {(1, 2): "a"}, "its JSON can't be read again"),
        (int, 2**80, "there is an int past 64 bits in it, and Airflow would show neither the DAG nor an error"),
        (int, -(2**63) - 1, "there is an int past 64 bits in it"),
        (dict[str, list[int]], {"a": [1, 2**70]}, "there is an int past 64 bits in it"),
        (float, float("nan"), "there is nan in it"),
        (list[float], [float("inf")], "there is inf in it"),
        (str, "\ud800", "there is a lone surrogate in it"),
        (
            list[dict[str, int]],
            [{"a": 1}],
            "it has an object in a list, which Airflow changes on its way to the scheduler",
        ),
    ],
)
def test_a_default_of_no_use_is_refused_when_the_dag_is_built(tp: object, default: object, reason: str) -> None:
    for scheduled in (False, True):
        (problem,) = problems_of(one(tp, default), scheduled=scheduled)
        assert problem.startswith("param 'x' (")
        assert reason in problem


def test_ints_up_to_what_airflow_carries_are_taken() -> None:
    for number in (2**64 - 1, -(2**63)):
        assert spec_of(int, number).default == number


def test_a_schema_with_an_int_past_64_bits() -> None:
    (problem,) = problems_of(one(Literal[1, 1267650600228229401496703205376]))
    assert "a JSON Schema with an int past 64 bits in it" in problem


@pytest.mark.parametrize(
    ("tp", "reason"),
    [
        (Iterator[int], "is a stream, which no trigger can give"),
        (Callable[[int], int], "can't be given by a trigger, which gives JSON: "),
        (type[int], "can't be given by a trigger, which gives JSON: "),
        (range, "can't be given by a trigger, which gives JSON: "),
        (list[range], "can't be given by a trigger, which gives JSON: "),
        (list[Iterator[int]], "can't be given by a trigger, which gives JSON: "),
    ],
)
def test_what_no_trigger_can_give(tp: object, reason: str) -> None:
    (problem,) = problems_of(one(tp))
    assert reason in problem


def test_all_problems_at_once() -> None:
    @dataclass
    class Params:
        rows: Iterator[int]
        call: Callable[[], int]
        limit: InitVar[int]
        big: int = 2**64

    found = problems_of(build(params=Params), {"nope": 1}, scheduled=True)
    assert [problem.split(" ")[:2] for problem in found] == [
        ["defaults", "has"],
        ["'limit'", "of"],
        ["param", "'rows'"],
        ["param", "'call'"],
        ["param", "'big'"],
    ]


# In the task


@pytest.mark.parametrize(
    ("tp", "given", "airflow_takes_it"),
    [
        (int, "1", False),
        (int, True, False),
        (int, 1.0, True),
        (int, None, False),
        (float, "1", False),
        (bool, 1, False),
        (str, 1, False),
        (datetime, "tomorrow", True),
        (datetime, "1700000000", True),
        (datetime, 1700000000, False),
        (datetime, "2024-01-01", True),
        (date, "0", False),
        (date, "20240229", False),
        (date, "2024-02-30", False),
        (time, "noon", True),
        (timedelta, "soon", isoduration_is_missing()),
        (Decimal, "lots", True),
        (Decimal, "NaN", True),
        (Decimal, True, False),
        (UUID, "1", False),
        (Color, "RED", False),
        (Level, True, False),
        (tuple[int, str], [1], False),
        (tuple[int, str], [1, 2], False),
        (set[int], ["1"], False),
        (Pair, ["1"], False),
        (dict[int, str], {"a": "b"}, True),
        (Annotated[int, Field(gt=0)], 0, False),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(tp: object, given: object, airflow_takes_it: bool) -> None:
    spec = spec_of(tp)
    if airflow_takes_it and not (tp is Decimal and given != "lots"):
        assert triggered([spec], {"x": given}) == {"x": given}
    elif not airflow_takes_it:
        with pytest.raises(Exception, match="x"):
            triggered([spec], {"x": given})
    text = refused(one(tp), {"x": given})
    assert text.startswith("params of pipeline 'test': 'x' must be ")
    assert f", not {type(given).__name__} {given!r} (" in text


def test_everything_wrong_is_said_at_once() -> None:
    built = build(params=AsTuple)
    assert refused(built, {"color": "green", "numbers": 3, "run": 1}, also=["run"]) == (
        "params of pipeline 'test': 'numbers' is no param; did you mean 'number'?; 'number' (int) is missing; "
        "'color' must be Color, not str 'green' (input should be 'r' or 'b')"
    )


def test_where_in_a_value_it_is_wrong() -> None:
    given = {"value": 1, "below": [{"value": "2"}]}
    assert "(.below[0].value: input should be a valid integer)" in refused(one(Tree), {"x": given})


def test_what_is_no_json_at_all() -> None:
    assert "'x' must be Any, not object " in refused(one(Any), {"x": object()})
    assert "'x' must be str, not str" in refused(one(str), {"x": "\ud800"})


def test_params_of_the_dag_itself() -> None:
    built = build(params=AsTuple)
    assert read_params(built, {"number": 1, "owner": "me"}, also=["owner"]) == AsTuple(1)
    assert "'owner' is no param" in refused(built, {"number": 1, "owner": "me"})


def test_a_class_that_refuses_them() -> None:
    @dataclass
    class Params:
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")

    built = build(params=Params)
    assert read_params(built, {"low": 1, "high": 2}) == Params(1, 2)
    assert refused(built, {"low": 2, "high": 1}) == "params of pipeline 'test': Params refuses them: low is above high"


def test_a_models_own_validators_are_heard() -> None:
    class Params(BaseModel):
        low: int = Field(ge=0)

        @field_validator("low")
        @classmethod
        def even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("odd")
            return value + 1

    built = build(params=Params)
    found = read_params(built, {"low": 2})
    assert isinstance(found, Params)
    assert found.low == 3
    assert "Params refuses them: .low: value error, odd" in refused(built, {"low": 1})
    assert "'low' must be int, not int -2" in refused(built, {"low": -2})


# Airflow's own serialisation, and other processes


def serialized(dag: DAG) -> Any:
    module: Any = import_module("airflow.serialization.serialized_objects")
    serialization: Any = getattr(module, "DagSerialization", None) or module.SerializedDAG
    msgpack: Any = import_module("msgspec").msgpack
    # Between the DAG processor's processes it is msgpack, in the database JSON.
    told = msgpack.decode(msgpack.encode(serialization.to_dict(dag)))
    return serialization.from_dict(json.loads(json.dumps(told, allow_nan=False)))


def test_what_airflow_makes_of_it_on_its_way_to_the_scheduler() -> None:
    @dataclass
    class Params:
        count: int
        tree: Tree = field(default_factory=lambda: Tree(1))
        odd: dict[str, Any] = field(default_factory=dict)
        limits: Limits = Limits()
        price: Decimal = Decimal("1.10")
        big: int = 2**63
        color: Color | None = None

    specs = param_specs(build(params=Params), {"odd": {"__type": "x", "__var": 1, "__classname__": "y"}})
    back = serialized(DAG("a", schedule=None, params=ParamsDict({spec.name: as_param(spec) for spec in specs}))).params
    for spec in specs:
        param = back.get_param(spec.name)
        assert spec.default is REQUIRED or param.value == spec.default
        about = dict(spec.schema)
        assert param.description == about.pop("description", None)
        assert param.schema == about


_PRINTS = """
import json
from dataclasses import dataclass, field
from typing import NamedTuple
from synaflow import pipeline
from synaflow_airflow.params import param_specs
words = frozenset("abcdefgh")
@dataclass(frozen=True)
class Inner:
    words: frozenset[str] = words
class Params(NamedTuple):
    words: frozenset[str] = words
    inner: Inner = Inner()
    more: dict[str, list[Inner]] = {"some": [Inner()]}
    mixed: tuple[frozenset[int | str | None], ...] = (frozenset([1, "a", None, "b"]),)
    by: dict[str, set[str]] = {"k": set(words)}
print(json.dumps([[spec.name, spec.default, spec.schema] for spec in param_specs(pipeline("p", Params))]))
"""


def test_the_same_to_the_byte_in_every_process() -> None:
    def printed(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", _PRINTS], env=environment, capture_output=True, text=True, timeout=50
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert printed("1") == printed("2")


# Any value of any type

DATES = st.dates()
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-(2**63), 2**64 - 1)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (str, st.text(max_size=5)),
    (bytes, st.text(max_size=5).map(str.encode)),
    (date, DATES),
    (datetime, st.datetimes()),
    (datetime, st.datetimes(timezones=OFFSETS)),
    (time, st.times()),
    (time, st.times(timezones=OFFSETS)),
    (timedelta, st.timedeltas()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (UUID, st.uuids()),
    (Path, st.lists(st.text("abc.", min_size=1, max_size=3), max_size=3).map(lambda parts: Path(*parts))),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Mode, st.sampled_from(Mode)),
    (Literal[1, "a", None], st.sampled_from([1, "a", None])),
    (Metres, st.integers(0, 9)),
    (int | str, st.integers(0, 9) | st.text(max_size=3)),
    (int | float, st.integers(0, 9) | st.floats(0, 9)),
    (Pair, st.builds(Pair, st.integers(0, 9), st.text(max_size=3))),
    (Record, st.fixed_dictionaries({"key": st.integers(0, 9)}, optional={"note": st.text(max_size=3)})),
    (Limits, st.builds(Limits, st.integers(0, 9), st.frozensets(st.text(max_size=2)))),
    (Tree, st.builds(Tree, st.integers(0, 9), st.lists(st.builds(Tree, st.integers(0, 9)), max_size=2))),
    (Model, st.builds(Model, at=DATES, nameAlias=st.text(max_size=3))),
]
HASHABLE = frozenset({int, bool, str, bytes, date, timedelta, UUID, Color, Level})
Drawn = tuple[Any, st.SearchStrategy[Any]]


def containers(inner: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    def of_one(drawn: Drawn) -> st.SearchStrategy[Drawn]:
        tp, values = drawn
        made: list[Drawn] = [
            (_of(list, tp), st.lists(values, max_size=3)),
            (_of(tuple, tp, ...), st.lists(values, max_size=3).map(tuple)),
            (_of(tuple, tp, int), st.tuples(values, st.integers(0, 9))),
            (_of(dict, str, tp), st.dictionaries(st.text(max_size=3), values, max_size=3)),
            (_of(dict, int, tp), st.dictionaries(st.integers(0, 9), values, max_size=3)),
            (_of(deque, tp), st.lists(values, max_size=3).map(deque)),
            (tp | None, st.none() | values),
        ]
        if tp in HASHABLE:
            made += [
                (_of(set, tp), st.sets(values, max_size=3)),
                (_of(frozenset, tp), st.frozensets(values, max_size=3)),
            ]
        return st.sampled_from(made)

    return inner.flatmap(of_one)


TYPES: st.SearchStrategy[Drawn] = st.recursive(st.sampled_from(LEAVES), containers, max_leaves=3)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types, all the way down. A time's zone is compared by its offset."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, datetime | time):
        return bool(one.utcoffset() == other.utcoffset() and one.replace(tzinfo=None) == other.replace(tzinfo=None))
    if isinstance(one, Mapping):
        return all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple | deque):
        return all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, set | frozenset):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    if is_dataclass(one):
        return all(same(getattr(one, each.name), getattr(other, each.name)) for each in fields_of_dataclass(one))
    if isinstance(one, Decimal):
        return bool(one.as_tuple() == other.as_tuple())
    return not isinstance(one, float) or str(one) == str(other)


@settings(max_examples=400)
@given(st.data())
def test_any_value_of_any_type_comes_back_as_it_was(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["NamedTuple", "dataclass", "TypedDict", "BaseModel"]))
    drawn = data.draw(st.lists(TYPES, min_size=1, max_size=3))
    names = [f"x{number}" for number in range(len(drawn))]
    values = {name: data.draw(values) for name, (_, values) in zip(names, drawn, strict=True)}
    types = {name: tp for name, (tp, _) in zip(names, drawn, strict=True)}
    try:
        params = _class(kind, types)
    except PydanticUserError:  # before Python 3.12 it takes no TypedDict of `typing`
        assume(False)
    built = pipeline("test", params)
    try:
        specs = param_specs(built, values, scheduled=True)
    except DagError as error:
        assume("an object in a list" not in str(error))
        # Strictly, pydantic 2.11 reads few things in a deque.
        assume(not ("deque[" in str(error) and "can't be read again" in str(error)))
        raise
    context = triggered(specs, {})
    assert triggered(param_specs(built), context) == context
    found = read_params(built, context)
    assert type(found) is (dict if kind == "TypedDict" else params)
    for name, value in values.items():
        back = found[name] if isinstance(found, dict) else getattr(found, name)
        assert same(back, value), (types[name], value, back)
    wire = serialized(DAG("a", schedule=None, params=ParamsDict({spec.name: as_param(spec) for spec in specs})))
    assert {spec.name: wire.params.get_param(spec.name).value for spec in specs} == context
