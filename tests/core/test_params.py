"""Params classes, and what a run is given checked against them at the door."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Any, ClassVar, NamedTuple, NotRequired, TypedDict

import pytest

from core.building import build, problem_of, problems_of
from synaflow import NO_DEFAULT, FieldDef, Output, ParamsError, PipelineError, bind_params, pipeline


class AsTuple(NamedTuple):
    """What it takes.

    Args:
        count: How many.
        name: Of what,
            in words.
    """

    count: int  # type: ignore[assignment]  # tuples have a count()
    name: str = "n"


@dataclass
class AsDataclass:
    """What it takes.

    Parameters
    ----------
    count : int
        How many.
    name : str
        Of what, in words.
    """

    count: int
    name: str = "n"


class AsDict(TypedDict):
    """What it takes.

    :param count: How many.
    :param name: Of what, in words.
    """

    count: int
    name: NotRequired[str]


def use(count: int) -> int: ...


def test_a_named_tuple() -> None:
    built = build(use, params=AsTuple)
    assert built.params is not None
    assert built.params.type is AsTuple
    assert built.fields == (
        FieldDef("count", Output(int, False, int), NO_DEFAULT, True, "How many."),
        FieldDef("name", Output(str, False, str), "n", False, "Of what, in words."),
    )


def test_a_dataclass() -> None:
    assert build(use, params=AsDataclass).fields == build(use, params=AsTuple).fields


def test_a_typed_dict() -> None:
    fields = build(use, params=AsDict).fields
    assert [(each.name, each.required, each.doc) for each in fields] == [
        ("count", True, "How many."),
        ("name", False, "Of what, in words."),
    ]


def test_the_corners_of_dataclasses() -> None:
    @dataclass
    class Corners:
        shared: ClassVar[int] = 1
        first: int
        _: KW_ONLY
        made: list[int] = field(default_factory=list)
        given: InitVar[int] = 3
        computed: int = field(init=False, default=4)

    assert [(each.name, each.default, each.required) for each in build(params=Corners).fields] == [
        ("first", NO_DEFAULT, True),
        ("made", NO_DEFAULT, False),
        ("computed", 4, False),
    ]


def test_a_stream_may_be_a_field() -> None:
    class Streams(NamedTuple):
        rows: Iterator[int]

    assert build(params=Streams).fields[0].output == Output(Iterator[int], True, int)


def test_hints_of_a_local_class_resolve() -> None:
    class Local: ...

    class Holds(NamedTuple):
        local: list[Local]

    assert pipeline("test", Holds).fields[0].output.type == list[Local]


def test_fields_of_a_base_come_first() -> None:
    class Base(TypedDict):
        a: int

    class Derived(Base):
        b: str

    assert [each.name for each in build(params=Derived).fields] == ["a", "b"]


@pytest.mark.parametrize("params", [int, AsTuple(1), "AsTuple", {"count": int}, object])
def test_what_is_no_params_class(params: Any) -> None:
    found = problems_of(params=params)
    assert [problem.code for problem in found] == ["invalid-params"]
    if isinstance(params, AsTuple):
        assert found[0].suggestion is not None
        assert "pass the class, AsTuple" in found[0].suggestion


def test_a_field_without_a_hint() -> None:
    problem = problem_of(params=namedtuple("Untyped", "a"))
    assert (problem.code, problem.parameter) == ("missing-annotation", "a")


def test_a_field_whose_hint_does_not_resolve() -> None:
    class Bad(NamedTuple):
        a: Nowhere  # type: ignore[name-defined]  # noqa: F821

    problem = problem_of(params=Bad)
    assert (problem.code, problem.parameter) == ("unresolved-hint", "a")
    assert "'Nowhere'" in problem.message


def test_a_field_that_can_be_a_stream_or_not() -> None:
    class Bad(NamedTuple):
        a: Iterator[int] | None

    assert problem_of(params=Bad).code == "unsupported-type"


@pytest.mark.parametrize("name", ["a__b", "lambda"])
def test_a_field_name_no_parameter_could_use(name: str) -> None:
    made = TypedDict("made", {name: int})  # type: ignore[misc]
    assert problem_of(params=made).code == "invalid-name"


def test_a_step_with_the_name_of_a_field() -> None:
    def count() -> int: ...

    problem = problem_of(count, params=AsTuple)
    assert (problem.code, problem.step) == ("name-clash", "count")


# bind_params


def test_values_by_field() -> None:
    assert bind_params(build(params=AsTuple), AsTuple(3)) == {"count": 3, "name": "n"}
    assert bind_params(build(params=AsDataclass), AsDataclass(3, "m")) == {"count": 3, "name": "m"}
    assert bind_params(build(params=AsDict), {"count": 3}) == {"count": 3}


def test_a_subclass_will_do() -> None:
    class More(AsDataclass): ...

    assert bind_params(build(params=AsDataclass), More(3))["count"] == 3


def test_params_may_be_left_out_when_every_field_has_a_default() -> None:
    @dataclass
    class Defaults:
        seen: list[int] = field(default_factory=list)
        name: str = "n"

    built = build(params=Defaults)
    first, second = bind_params(built), bind_params(built)
    assert first == {"seen": [], "name": "n"}
    assert first["seen"] is not second["seen"]


def test_params_may_not_be_left_out_otherwise() -> None:
    with pytest.raises(ParamsError, match=r"pipeline 'test' needs params: 'count' \(int\) has no default"):
        bind_params(build(params=AsTuple))
    with pytest.raises(ParamsError, match="needs params: 'count'"):
        bind_params(build(params=AsDict))


def test_all_wrong_values_are_reported() -> None:
    with pytest.raises(ParamsError) as caught:
        bind_params(build(params=AsTuple), AsTuple("3", 4))  # type: ignore[arg-type]
    assert (
        str(caught.value)
        == "params of pipeline 'test': 'count' must be int, not str '3'; 'name' must be str, not int 4"
    )


def test_values_inside_collections_are_looked_at() -> None:
    class Holds(NamedTuple):
        xs: list[int]
        rows: Iterator[int]

    built = build(params=Holds)
    assert bind_params(built, Holds([1], iter([])))["xs"] == [1]
    with pytest.raises(ParamsError, match=r"'xs' must be list.int., not str 'ab'; 'rows' must be Iterator.int."):
        bind_params(built, Holds("ab", [1]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"count": 3}, r"must be a AsTuple, not dict \{'count': 3\}: pass AsTuple\(\*\*params\)"),
        (3, "must be a AsTuple, not int 3"),
        (AsTuple, r"not the class itself: pass AsTuple\(...\)"),
        (AsDataclass(3), "must be a AsTuple, not AsDataclass"),
    ],
)
def test_another_class(params: object, text: str) -> None:
    with pytest.raises(ParamsError, match=text):
        bind_params(build(params=AsTuple), params)


def test_the_keys_of_a_typed_dict() -> None:
    built = build(params=AsDict)
    with pytest.raises(ParamsError, match="'count' is missing; 'cuont' is no field of AsDict"):
        bind_params(built, {"cuont": 3})
    with pytest.raises(ParamsError, match="must be a AsDict, not int 3"):
        bind_params(built, 3)


def test_a_key_that_a_step_takes_has_to_be_there() -> None:
    def show(name: str) -> None: ...

    with pytest.raises(ParamsError, match="'name' is missing"):
        bind_params(build(show, params=AsDict), {"count": 3})


def test_a_pipeline_without_params() -> None:
    assert bind_params(build()) == {}
    with pytest.raises(ParamsError, match="takes no params, but was given int 3"):
        bind_params(build(), 3)


# pydantic, if it is there


def test_a_pydantic_model() -> None:
    pydantic: Any = pytest.importorskip("pydantic")
    Model: Any = pydantic.create_model(
        "Model",
        count=(int, pydantic.Field(description="How many.")),
        seen=(list[int], pydantic.Field(default_factory=list)),
        name=(str, "n"),
    )
    built = build(use, params=Model)
    assert [(each.name, each.default, each.required, each.doc) for each in built.fields] == [
        ("count", NO_DEFAULT, True, "How many."),
        ("seen", NO_DEFAULT, False, None),
        ("name", "n", False, None),
    ]
    assert bind_params(built, Model(count=3)) == {"count": 3, "seen": [], "name": "n"}


def test_what_looks_like_a_pydantic_model_is_read_without_pydantic() -> None:
    class Info:
        def __init__(self, default: object = NO_DEFAULT) -> None:
            self.default, self.default_factory, self.description = default, None, "Told."

        def is_required(self) -> bool:
            return self.default is NO_DEFAULT

        def get_default(self, *, call_default_factory: bool) -> object:
            assert call_default_factory
            return self.default

    class Model:
        count: int
        name: str = "n"
        model_fields: ClassVar[dict[str, Info]] = {"count": Info(), "name": Info("n")}

        def __init__(self, count: int) -> None:
            self.count = count

    built = build(use, params=Model)
    assert [(each.name, each.default, each.required, each.doc) for each in built.fields] == [
        ("count", NO_DEFAULT, True, "Told."),
        ("name", "n", False, "Told."),
    ]
    assert bind_params(built, Model(3)) == {"count": 3, "name": "n"}


def test_an_unusable_params_class_hides_no_other_problem() -> None:
    def silent(x: int):  # type: ignore[no-untyped-def]
        pass

    with pytest.raises(PipelineError) as caught:
        pipeline("test", int, [silent])
    assert {problem.code for problem in caught.value.problems} == {
        "invalid-params",
        "missing-annotation",
        "unknown-dependency",
    }
