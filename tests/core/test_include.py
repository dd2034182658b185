"""One pipeline inside another (DESIGN 4, Sub-pipelines)."""

# mypy: disable-error-code="empty-body, valid-type, misc"
# pyright: reportGeneralTypeIssues=false
from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO, TypedDict, TypeVar

import pytest

from core.building import build, edge, problem_of, problems_of, wires
from ids import stable
from synaflow import EdgeKind, PipelineDef, StepError, include, pipeline, step

T = TypeVar("T")


class Rows(NamedTuple):
    rows: Iterator[int]
    factor: int = 2


def scaled(rows: Iterator[int], factor: int) -> Iterator[int]: ...


def added(scaled: Iterator[int]) -> int: ...


def noted(scaled: Iterator[int]) -> None: ...


BILLING = pipeline("billing", Rows, [scaled, added], doc="Adds them up.")


def source() -> Iterator[int]: ...


def numbers() -> list[int]: ...


def use(billing: int) -> str: ...


ROWS = step("rows", source)


def kinds(built: PipelineDef) -> set[tuple[str, str, str]]:
    return {(found.producer, found.consumer, str(found.kind)) for found in built.edges}


# Without fn


def test_the_fields_are_wired_like_parameters_and_the_steps_become_the_outer_ones() -> None:
    built = build(ROWS, include("billing", BILLING), use)
    assert [made.name for made in built.steps] == [
        "rows",
        "billing__factor",
        "billing__scaled",
        "billing__added",
        "use",
    ]
    assert kinds(built) == {
        ("rows", "billing__scaled", "stream"),
        ("billing__factor", "billing__scaled", "value"),
        ("billing__scaled", "billing__added", "stream"),
        ("billing__added", "use", "value"),
    }


def test_the_exported_step_is_what_the_outer_pipeline_sees() -> None:
    built = build(ROWS, include("billing", BILLING), use)
    assert built.aliases == (("billing", "billing__added"),)
    assert built.resolve("billing") == "billing__added"
    assert built["billing"] is built["billing__added"]


def test_a_field_is_found_by_name_as_told_by_default_and_by_type() -> None:
    class One(NamedTuple):
        rows: Iterator[int]

    sub = pipeline("sub", One, [step("sum", added, inputs={"scaled": "rows"})])
    by_name = build(ROWS, include("sub", sub))
    as_told = build(step("s", source), step("t", source), include("sub", sub, inputs={"rows": "t"}))
    by_type = build(step("s", source), include("sub", sub))
    assert [built.edges[0].found for built in (by_name, as_told, by_type)] == ["name", "inputs", "type"]
    assert as_told.edges[0].producer == "t"


def test_a_field_may_be_an_outer_field() -> None:
    built = build(include("billing", BILLING), params=Rows)
    assert kinds(built) >= {("rows", "billing__scaled", "stream"), ("factor", "billing__scaled", "value")}
    assert [made.name for made in built.steps] == ["billing__scaled", "billing__added"]


def test_a_field_that_takes_its_default_is_a_step_that_gives_it() -> None:
    built = build(ROWS, include("billing", BILLING))
    made = built["billing__factor"]
    assert (made.inputs, made.output.type, made.fn()) == ((), int, 2)


def test_a_default_factory_is_called_anew_each_time() -> None:
    @dataclass
    class Seen:
        seen: list[int] = field(default_factory=list)

    def count(seen: list[int]) -> int: ...

    built = build(include("sub", pipeline("sub", Seen, [count])))
    first, second = built["sub__seen"].fn(), built["sub__seen"].fn()
    assert first == second == []
    assert first is not second


@pytest.mark.parametrize(
    ("given", "wanted", "kind", "hands_on"),
    [
        (int, int, "value", True),
        (list[int], list[int], "value", True),
        (Iterator[int], Iterator[int], "stream", True),
        (TextIO, TextIO, "value", True),
        (Iterator[int], list[int], "collect", False),
        (list[int], Iterator[int], "iterate", False),
        (list[int], Iterable[int], "value", False),
    ],
    ids=str,
)
def test_what_has_to_be_made_for_a_field_is_made_once_by_a_step(
    given: object, wanted: object, kind: str, hands_on: bool
) -> None:
    def make() -> Any: ...

    make.__annotations__["return"] = given
    params = NamedTuple("params", [("x", wanted)])  # noqa: UP014

    def inner(x: Any) -> None: ...

    inner.__annotations__["x"] = wanted
    sub = pipeline("sub", params, [inner])
    built = build(step("x", make), include("sub", sub))
    found = edge(built, "sub__inner", "x")
    if hands_on:
        assert (found.producer, found.kind, found.produced) == ("x", sub.edges[0].kind, given)
        assert "sub__x" not in built
    else:
        assert (found.producer, found.kind) == ("sub__x", sub.edges[0].kind)
        assert str(edge(built, "sub__x", "x").kind) == kind
        assert built["sub__x"].output.type == wanted


def test_a_field_that_is_a_stream_is_given_an_iterator() -> None:
    class Some(NamedTuple):
        xs: Iterable[int]

    def count(xs: Iterator[int]) -> int: ...

    built = build(step("xs", numbers), include("sub", pipeline("sub", Some, [count])))
    assert list(built["sub__xs"].fn([1, 2])) == [1, 2]  # type: ignore[call-overload]
    assert hasattr(built["sub__xs"].fn([1, 2]), "__next__")


def test_included_steps_keep_the_types_and_kinds_they_were_checked_with() -> None:
    class Many(NamedTuple):
        xs: Iterator[float]

    def batches(xs: Iterator[T]) -> Iterator[list[T]]: ...

    def largest(batches: list[float]) -> float: ...

    sub = pipeline("sub", Many, [batches, largest])
    built = build(step("xs", source), include("sub", sub))
    assert built["sub__batches"].output == sub["batches"].output
    assert edge(built, "sub__batches", "xs").produced == Iterator[int]
    assert edge(built, "sub__batches", "xs").wanted == Iterator[T]
    assert (built["sub__largest"].each, edge(built, "sub__largest", "batches").kind) == (True, EdgeKind.EACH)


def test_a_field_that_nobody_uses_still_has_to_be_found_but_is_no_step() -> None:
    class Extra(NamedTuple):
        rows: Iterator[int]
        extra: str

    sub = pipeline("sub", Extra, [step("sum", added, inputs={"scaled": "rows"})])
    problem = problem_of(ROWS, include("sub", sub))
    assert (problem.code, problem.step, problem.parameter) == ("unknown-dependency", "sub", "extra")

    def extra() -> str: ...

    assert "sub__extra" not in build(ROWS, extra, include("sub", sub))


def test_a_field_does_not_run_a_pipeline_per_item() -> None:
    class One(NamedTuple):
        rows: int

    def double(rows: int) -> int: ...

    problem = problem_of(ROWS, include("sub", pipeline("sub", One, [double])))
    assert (problem.code, problem.step, problem.parameter) == ("incompatible-types", "sub", "rows")
    assert problem.suggestion is not None
    assert "fn= that returns a stream of params" in problem.suggestion


def test_inputs_for_no_field() -> None:
    problem = problem_of(ROWS, include("billing", BILLING, inputs={"rovs": "rows"}))
    assert (problem.code, problem.step, problem.suggestion) == (
        "unknown-parameter",
        "billing",
        "did you mean 'rows'?",
    )


def test_hints_without_fn() -> None:
    assert problem_of(ROWS, include("billing", BILLING, hints={"rows": int})).code == "unknown-hint"


# With an fn that gives one params value


def make(count: int) -> Rows: ...


class Count(NamedTuple):
    count: int  # type: ignore[assignment]  # tuples have a count()


def test_an_fn_that_gives_one_params_value_is_a_step() -> None:
    built = build(include("billing", BILLING, fn=make), use, params=Count)
    assert [made.name for made in built.steps] == [
        "billing__params",
        "billing__rows",
        "billing__factor",
        "billing__scaled",
        "billing__added",
        "use",
    ]
    assert wires(built) >= {
        ("count", "billing__params", "count", "value"),
        ("billing__params", "billing__rows", "billing__params", "value"),
        ("billing__rows", "billing__scaled", "rows", "stream"),
    }
    value = Rows(iter([1]), 5)
    assert built["billing__factor"].fn(value) == 5
    assert list(built["billing__rows"].fn(value)) == [1]  # type: ignore[call-overload]


def test_fields_of_a_typed_dict_are_items() -> None:
    class Sized(TypedDict):
        size: int

    def double(size: int) -> int: ...

    def made() -> Sized: ...

    built = build(include("sub", pipeline("sub", Sized, [double]), fn=made))
    assert built["sub__size"].fn({"size": 4}) == 4


def test_only_fields_that_are_used_are_taken_out() -> None:
    class Two(NamedTuple):
        rows: Iterator[int]
        unused: int = 1

    def made() -> Two: ...

    sub = pipeline("sub", Two, [step("sum", added, inputs={"scaled": "rows"})])
    assert "sub__unused" not in build(include("sub", sub, fn=made))


def test_the_fn_is_wired_and_reported_like_a_step_of_the_includes_name() -> None:
    problem = problem_of(include("billing", BILLING, fn=make))
    assert (problem.step, problem.parameter) == ("billing", "count")
    assert problem.message.startswith("include 'billing': parameter 'count'")
    assert problem.location == f"{__file__}:{make.__code__.co_firstlineno}"
    assert problem.suggestion is not None
    assert 'include("billing", pipeline=..., fn=make, inputs={"count": "..."})' in problem.suggestion


# With an fn that gives many


def many(count: int) -> Iterator[Rows]: ...


def listed(count: int) -> list[Rows]: ...


@pytest.mark.parametrize(("fn", "from_stream"), [(many, True), (listed, False)])
def test_an_fn_that_gives_many_makes_one_each_step(fn: Any, from_stream: bool) -> None:
    built = build(include("billing", BILLING, fn=fn), params=Count)
    assert [made.name for made in built.steps] == ["billing__params", "billing"]
    made, found = built["billing"], built.edges_into("billing")[0]
    assert (made.each, made.flatten, made.output.type, made.doc) == (True, False, int, "Adds them up.")
    assert (found.producer, found.kind, found.from_stream) == ("billing__params", EdgeKind.EACH, from_stream)


def test_an_exported_stream_is_flattened() -> None:
    sub = pipeline("sub", Rows, [scaled])
    made = build(include("sub", sub, fn=many), params=Count)["sub"]
    assert (made.each, made.flatten, made.output.type, made.output.item) == (True, True, Iterator[int], int)


def test_an_exported_each_step_is_a_stream_too() -> None:
    def double(rows: int) -> str: ...

    made = build(include("sub", pipeline("sub", Rows, [double]), fn=many), params=Count)["sub"]
    assert (made.flatten, made.output.item) == (True, str)


def test_on_error_is_the_each_steps() -> None:
    assert (
        build(include("billing", BILLING, fn=many, on_error="continue"), params=Count)["billing"].on_error == "continue"
    )


@pytest.mark.parametrize("fn", [None, make])
def test_on_error_is_refused_where_there_are_no_items(fn: Any) -> None:
    problem = problem_of(ROWS, include("billing", BILLING, fn=fn, on_error="continue"), params=Count)
    assert (problem.code, problem.step) == ("invalid-include", "billing")


def test_what_it_adds_can_be_pickled_by_reference() -> None:
    for built in (
        build(ROWS, include("billing", BILLING)),
        build(include("billing", BILLING, fn=make), params=Count),
    ):
        for made in built.steps:
            if made.name in ("billing__factor", "billing__rows"):
                assert pickle.loads(pickle.dumps(made.fn)) == made.fn


# What an fn may give


@pytest.mark.parametrize("returns", [int, Iterator[int], list[str], object])
def test_an_fn_that_gives_something_else(returns: object) -> None:
    def wrong(count: int) -> Any: ...

    wrong.__annotations__["return"] = returns
    problem = problem_of(include("billing", BILLING, fn=wrong), use, params=Count)
    assert (problem.code, problem.step, problem.wanted) == ("invalid-include", "billing", Rows)
    assert problem.suggestion is not None
    assert "`Iterator[Rows]`" in problem.suggestion


def test_an_fn_for_a_pipeline_without_params() -> None:
    assert problem_of(include("sub", pipeline("sub", steps=[source]), fn=make), params=Count).code == "invalid-include"


def test_an_fn_without_hints() -> None:
    assert problem_of(include("billing", BILLING, fn=lambda: None), use).code == "missing-annotation"


def test_hints_are_the_fns() -> None:
    fn: Any = lambda: None  # noqa: E731
    assert "billing__params" in build(include("billing", BILLING, fn=fn, hints={"return": Rows}))


def test_what_is_no_pipeline() -> None:
    problem = problem_of(include("billing", use), use)  # type: ignore[arg-type]
    assert (problem.code, problem.step) == ("invalid-include", "billing")


# Exports


def test_exports_names_the_step() -> None:
    sub = pipeline("sub", Rows, [scaled, added, noted], exports="scaled")
    built = build(ROWS, include("sub", sub), step("use", added, inputs={"scaled": "sub"}))
    assert edge(built, "use", "scaled").producer == "sub__scaled"


def test_by_default_the_only_terminal_step_is_exported() -> None:
    assert BILLING.exports == "added"
    assert pipeline("two", Rows, [scaled, added, noted]).exports is None


@pytest.mark.parametrize("fn", [None, many])
def test_what_exports_nothing_can_not_be_asked_for(fn: Any) -> None:
    sub = pipeline("sub", Rows, [scaled, added, noted])
    assert build(ROWS, include("sub", sub, fn=fn), params=Count)
    problem = problem_of(ROWS, include("sub", sub, fn=fn), step("use", use, inputs={"billing": "sub"}), params=Count)
    assert (problem.code, problem.step) == ("unknown-dependency", "use")
    assert problem.suggestion is not None
    assert "exports=" in problem.suggestion


def test_exports_of_no_step() -> None:
    problem = problem_of(scaled, added, params=Rows, exports="addet")
    assert (problem.code, problem.suggestion) == ("unknown-dependency", "did you mean 'added'?")


def test_the_export_of_an_include_can_be_exported() -> None:
    outer = build(ROWS, include("billing", BILLING), step("other", source), exports="billing")
    assert outer.exports == "billing__added"


# Who can be seen


def test_an_inner_step_may_be_named_by_outer_steps() -> None:
    def by_name(billing__scaled: Iterator[int]) -> None: ...

    built = build(ROWS, include("billing", BILLING), by_name, step("told", added, inputs={"scaled": "billing__scaled"}))
    assert edge(built, "by_name", "billing__scaled").producer == "billing__scaled"
    assert edge(built, "told", "scaled").producer == "billing__scaled"


def test_an_inner_step_is_never_found_by_type_and_the_exported_one_is() -> None:
    class Texts(NamedTuple):
        text: str

    def inner(text: str) -> bytes: ...

    def outer(inner: bytes) -> complex: ...

    sub = pipeline("sub", Texts, [inner, outer])

    def text() -> str: ...

    def wants_inner(x: bytes) -> None: ...

    def wants_exported(x: complex) -> None: ...

    assert problem_of(text, include("sub", sub), wants_inner).code == "unknown-dependency"
    assert edge(build(text, include("sub", sub), wants_exported), "wants_exported", "x").producer == "sub__outer"


def test_an_ambiguity_lists_the_alias() -> None:
    def total() -> int: ...

    def wants(x: int) -> None: ...

    problem = problem_of(ROWS, include("billing", BILLING), total, wants)
    assert "billing: int" in problem.message
    assert "billing__added" not in problem.message


# Nesting, twice, after


def test_inclusion_nests() -> None:
    def tenfold(billing: int) -> int: ...

    class One(NamedTuple):
        rows: Iterator[int]

    mid = pipeline("mid", One, [include("billing", BILLING), tenfold])
    built = build(ROWS, include("mid", mid), step("use", use, inputs={"billing": "mid"}))
    assert {made.name for made in built.steps} == {
        "rows",
        "mid__billing__factor",
        "mid__billing__scaled",
        "mid__billing__added",
        "mid__tenfold",
        "use",
    }
    assert dict(built.aliases) == {"mid": "mid__tenfold", "mid__billing": "mid__billing__added"}
    assert edge(built, "mid__billing__scaled", "rows").producer == "rows"


def test_one_pipeline_may_be_included_twice() -> None:
    built = build(
        step("a", source),
        step("b", source),
        include("one", BILLING, inputs={"rows": "a"}),
        include("two", BILLING, inputs={"rows": "b"}),
    )
    assert edge(built, "one__scaled", "rows").producer == "a"
    assert edge(built, "two__scaled", "rows").producer == "b"


def test_after_an_include_waits_for_all_its_terminal_steps() -> None:
    sub = pipeline("sub", Rows, [scaled, added, noted])
    built = build(ROWS, include("sub", sub), step("late", source, after=["sub"]))
    assert built["late"].after == ("sub__added", "sub__noted")


def test_after_an_include_per_item_waits_for_its_step() -> None:
    built = build(include("billing", BILLING, fn=many), step("late", source, after=["billing"]), params=Count)
    assert built["late"].after == ("billing",)


def test_an_include_that_waits_orders_its_root_steps() -> None:
    def alone() -> None: ...

    first = step("first", alone)
    sub = pipeline(
        "sub", Rows, [scaled, added, step("own", alone), step("last", alone, after=["own"])], exports="added"
    )
    built = build(ROWS, first, include("sub", sub, after=["first"]))
    assert built["sub__scaled"].after == ("first",)
    assert built["sub__own"].after == ("first",)
    assert built["sub__factor"].after == ("first",)
    assert built["sub__added"].after == ()
    assert built["sub__last"].after == ("sub__own",)
    per_item = build(first, include("sub", sub, fn=many, after=["first"]), params=Count)
    assert per_item["sub__params"].after == ("first",)


def test_after_is_reported_once_however_many_steps_it_orders() -> None:
    sub = pipeline("sub", Rows, [scaled, added, step("own", source)], exports="added")
    assert problem_of(ROWS, include("sub", sub, after=["nobody"])).code == "unknown-after"


# Names


@pytest.mark.parametrize("name", ["a__b", "1a", "class", "rows"])
def test_names_of_includes_are_checked_like_those_of_steps(name: str) -> None:
    found = problems_of(ROWS, include(name, BILLING))
    assert found[0].code == ("duplicate-name" if name == "rows" else "invalid-name")


def test_an_inner_name_that_would_clash_with_the_params_step() -> None:
    def params(rows: Iterator[int]) -> int: ...

    problem = problem_of(include("sub", pipeline("sub", Rows, [params]), fn=make), params=Count)
    assert (problem.code, problem.step) == ("name-clash", "sub")


def test_rules_hold_across_the_border() -> None:
    """An included step goes by two streams at once; the outer producer of one of them may drop items."""

    class Two(NamedTuple):
        left: Iterator[int]
        right: Iterator[int]

    def add(left: int, right: int) -> int: ...

    def maybe(texts: str) -> int: ...

    def texts() -> Iterator[str]: ...

    sub = pipeline("sub", Two, [add])
    steps = texts, step("left", maybe, on_error="continue"), step("right", source), include("sub", sub)
    problem = problem_of(*steps)
    assert (problem.code, problem.step) == ("impossible-each", "sub__add")


def test_a_field_is_not_fed_by_its_own_pipeline() -> None:
    class Two(NamedTuple):
        rows: Iterator[int]
        other: int

    sub = pipeline(
        "sub",
        Two,
        [step("sum", added, inputs={"scaled": "rows"}), step("more", use, inputs={"billing": "other"})],
        exports="sum",
    )
    problem = problem_of(ROWS, include("sub", sub))
    assert (problem.code, problem.parameter) == ("unknown-dependency", "other")


def test_a_field_of_the_includes_own_name() -> None:
    problem = problem_of(source, include("rows", BILLING))
    assert (problem.code, problem.step, problem.parameter) == ("cycle", "rows", "rows")
    assert (
        edge(build(source, include("rows", BILLING, inputs={"rows": "source"})), "rows__scaled", "rows").producer
        == "source"
    )


def test_after_the_step_of_a_nested_include() -> None:
    class One(NamedTuple):
        rows: Iterator[int]

    mid = pipeline("mid", One, [include("billing", BILLING), step("last", use)])
    built = build(ROWS, include("mid", mid), step("late", source, after=["mid__billing"]))
    assert built["late"].after == ("mid__billing__added",)


class Xs(NamedTuple):
    xs: list[int]


def doubled(xs: int) -> int:
    return 2 * xs


def summed(xs: list[int]) -> int:
    return sum(xs)


@pytest.mark.parametrize(("inner", "flatten", "expected"), [(doubled, True, [2, 4]), (summed, False, 3)])
def test_a_step_per_item_runs_the_pipeline(inner: Any, flatten: bool, expected: object) -> None:
    def lists() -> list[Xs]: ...

    made = build(include("sub", pipeline("sub", Xs, [inner]), fn=lists))["sub"]
    assert made.flatten is flatten
    found = made.fn(Xs([1, 2]))
    assert (list(found) if flatten else found) == expected  # type: ignore[call-overload]


def test_a_step_per_item_that_exports_nothing_gives_none() -> None:
    def lists() -> list[Xs]: ...

    sub = pipeline("sub", Xs, [step("a", summed), step("b", summed)])
    assert build(include("sub", sub, fn=lists))["sub"].fn(Xs([1])) is None


def test_a_step_per_item_fails_with_what_failed_inside() -> None:
    def lists() -> list[Xs]: ...

    def fails(xs: list[int]) -> int:
        raise ValueError("inside")

    sub = pipeline("sub", Xs, [step("fails", fails, on_error="continue")])
    with pytest.raises(StepError, match="inside"):
        build(include("sub", sub, fn=lists))["sub"].fn(Xs([1]))


def test_the_default_of_a_field_of_a_pydantic_model() -> None:
    pydantic: Any = pytest.importorskip("pydantic")
    Model: Any = pydantic.create_model("Model", xs=(list[int], pydantic.Field(default_factory=lambda: [1])))
    assert build(include("sub", pipeline("sub", Model, [summed])))["sub__xs"].fn() == [1]


@pytest.mark.parametrize("fn", [None, make, many])
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"after": "rows"}, "invalid-option"),
        ({"on_error": "later"}, "invalid-option"),
        ({"inputs": {"rows": source, "count": source}}, "invalid-option"),
        ({"inputs": ["rows"]}, "invalid-option"),
    ],
    ids=stable,
)
def test_options_are_checked_like_a_steps(options: dict[str, Any], code: str, fn: Any) -> None:
    found = problems_of(ROWS, include("billing", BILLING, fn=fn, **options), params=Count)
    assert {problem.code for problem in found} == {code}
    assert {problem.step for problem in found} == {"billing"}


def test_an_fn_that_can_not_be_called() -> None:
    problem = problem_of(include("billing", BILLING, fn=3), use)  # type: ignore[arg-type]
    assert (problem.code, problem.step) == ("invalid-step", "billing")
