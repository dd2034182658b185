"""Each parameter's producer: as told, by name, by default, by type, in this order (DESIGN 4)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.building import build, edge, problem_of, problems_of, wires
from synaflow import PipelineError, pipeline, step

T = TypeVar("T")
Number = TypeVar("Number", bound=float)


class Numbers(NamedTuple):
    n: int
    m: int = 2


class Text(NamedTuple):
    text: str


def evens() -> Iterator[int]:
    yield 2


def odds() -> Iterator[int]:
    yield 1


def total(values: Iterator[int]) -> int: ...


def takes(kind: object, returns: object = None, name: str = "values") -> Callable[..., object]:
    """A function with one parameter of that type."""
    made = eval(f"lambda {name}: None")
    made.__name__ = "taker"
    made.__annotations__ = {name: kind, "return": returns}
    return made  # type: ignore[no-any-return]


def gives(kind: object) -> Callable[[], object]:
    """A function that returns that type."""
    made: Callable[[], object] = lambda: None  # noqa: E731
    made.__annotations__ = {"return": kind}
    return made


# Rule 1: as told


def test_inputs_name_the_producer_so_one_function_serves_several_places() -> None:
    built = build(
        evens,
        odds,
        step("total_odd", fn=total, inputs={"values": "odds"}),
        step("total_even", fn=total, inputs={"values": "evens"}),
    )
    assert wires(built) == {("odds", "total_odd", "values", "stream"), ("evens", "total_even", "values", "stream")}
    assert {found.found for found in built.edges} == {"inputs"}


def test_inputs_go_before_a_name_and_a_default() -> None:
    def plus(n: int, m: int = 3) -> int: ...

    built = build(step("plus", plus, inputs={"n": "m", "m": "n"}), params=Numbers)
    assert wires(built) == {("m", "plus", "n", "value"), ("n", "plus", "m", "value")}


def test_inputs_for_no_parameter() -> None:
    problem = problem_of(odds, step("total", total, inputs={"value": "odds"}))
    assert (problem.code, problem.parameter) == ("unknown-parameter", "value")
    assert problem.suggestion == "did you mean 'values'?"


def test_inputs_from_no_producer() -> None:
    problem = problem_of(odds, step("total", total, inputs={"values": "ods"}))
    assert (problem.code, problem.parameter, problem.suggestion) == (
        "unknown-dependency",
        "values",
        "did you mean 'odds'?",
    )


@pytest.mark.parametrize("given", [["odds"], "odds", {1: "odds"}])
def test_inputs_that_are_no_dict(given: Any) -> None:
    assert problems_of(odds, evens, step("total", total, inputs=given))[0].code == "invalid-option"


def test_inputs_that_name_a_function() -> None:
    found = problems_of(odds, step("total", total, inputs={"values": odds}))  # type: ignore[dict-item]
    assert (found[0].code, found[0].suggestion) == ("invalid-option", 'write inputs={"values": "odds"}')


# Rule 2: by name


def test_by_name_a_step() -> None:
    def use(odds: Iterator[int]) -> None: ...

    found = edge(build(evens, odds, use), "use", "odds")
    assert (found.producer, found.found) == ("odds", "name")


def test_by_name_a_params_field() -> None:
    def use(m: int) -> None: ...

    found = edge(build(use, params=Numbers), "use", "m")
    assert (found.producer, found.found) == ("m", "name")


def test_a_name_goes_before_a_default() -> None:
    def use(m: int = 5) -> None: ...

    assert edge(build(use, params=Numbers), "use", "m").producer == "m"


def test_a_name_goes_before_a_type_even_if_it_does_not_fit() -> None:
    def use(odds: list[str]) -> None: ...

    assert problem_of(odds, step("texts", gives(list[str])), use).code == "incompatible-types"


def test_a_parameter_with_the_steps_own_name() -> None:
    def odds(odds: int) -> int: ...

    problem = problem_of(odds, step("n", gives(int)))
    assert (problem.code, problem.parameter) == ("cycle", "odds")
    assert problem.suggestion is not None
    assert 'step("odds", fn=odds, inputs={"odds": "..."})' in problem.suggestion


def test_a_parameter_with_the_steps_own_name_that_is_told_otherwise() -> None:
    def odds(odds: int) -> int: ...

    built = build(step("odds", odds, inputs={"odds": "n"}), params=Numbers)
    assert edge(built, "odds", "odds").producer == "n"


# Rule 3: default


def test_a_default_is_used_where_nothing_has_the_name_and_has_no_edge() -> None:
    def use(other: int = 5) -> None: ...

    built = build(step("n", gives(int)), use)
    assert built.edges_into("use") == ()
    assert built["use"].inputs[0].default == 5


def test_none_is_a_default() -> None:
    def use(other: int | None = None) -> None: ...

    assert build(step("n", gives(int)), use).edges == ()


# Rule 4: by type


@pytest.mark.parametrize(
    ("given", "wanted", "kind"),
    [
        (int, int, "value"),
        (bool, int, "value"),
        (Iterator[int], Iterator[int], "stream"),
        (Iterator[int], list[int], "collect"),
        (list[int], Iterator[int], "iterate"),
        (list[int], Sequence[int], "value"),
        (str, str, "value"),
        (str, int | str, "value"),
    ],
    ids=str,
)
def test_the_only_one_that_fits_is_connected(given: object, wanted: object, kind: str) -> None:
    built = build(step("made", gives(given)), step("use", takes(wanted)))
    assert wires(built) == {("made", "use", "values", kind)}
    assert built.edges[0].found == "type"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param(Iterator[int], int, id="each_of_a_stream"),
        pytest.param(list[int], int, id="each_of_a_collection"),
        pytest.param(None, None, id="none"),
        pytest.param(Any, int, id="any"),
        pytest.param(object, object, id="object"),
        pytest.param(int, str, id="another_type"),
        pytest.param(int, list[int], id="never_wrapped"),
        pytest.param(str, Iterator[str], id="text_is_no_stream"),
        pytest.param(str, Sequence[str], id="text_is_no_sequence"),
        pytest.param(bytes, Sequence[int], id="bytes_are_no_sequence"),
        pytest.param(Iterator[int], Any, id="ambiguous"),
    ],
)
def test_what_is_never_found_by_type(given: object, wanted: object) -> None:
    problem = problem_of(step("made", gives(given)), step("use", takes(wanted)))
    assert (problem.code, problem.step, problem.parameter) == ("unknown-dependency", "use", "values")


def test_a_bare_typevar_is_never_found_by_type() -> None:
    def same(x: T | None = None) -> T: ...

    problem = problem_of(same, step("use", takes(object)))
    assert (problem.code, problem.step) == ("unknown-dependency", "use")


def test_a_typevar_that_is_solved_is_found_by_what_it_is() -> None:
    def same(text: T) -> list[T]: ...

    built = build(same, step("use", takes(list[str])), params=Text)
    assert edge(built, "use", "values").producer == "same"


def test_an_each_step_is_found_as_the_stream_it_is() -> None:
    def name(odds: int) -> str: ...

    built = build(odds, name, step("use", takes(list[str])))
    assert wires(built) >= {("name", "use", "values", "collect")}


def test_an_each_sink_is_a_stream_of_none_and_never_found() -> None:
    def show(odds: int) -> None: ...

    assert problem_of(odds, show, step("use", takes(list[None]))).code == "unknown-dependency"


def test_several_that_fit_are_listed_with_the_line_to_paste() -> None:
    problem = problem_of(odds, evens, total)
    assert (problem.code, problem.step, problem.parameter) == ("ambiguous-dependency", "total", "values")
    assert f"evens: Iterator[int]  ({__file__}:{evens.__code__.co_firstlineno})" in problem.message
    assert f"odds: Iterator[int]  ({__file__}:{odds.__code__.co_firstlineno})" in problem.message
    assert problem.suggestion == 'say which: step("total", fn=total, inputs={"values": "evens"})'


def test_the_line_to_paste_keeps_what_is_told_already() -> None:
    def join(left: Iterator[int], right: Iterator[int]) -> None: ...

    problem = problem_of(odds, evens, step("join", join, inputs={"left": "odds"}))
    assert problem.suggestion == 'say which: step("join", fn=join, inputs={"left": "odds", "right": "evens"})'


def test_a_field_is_a_candidate_too() -> None:
    problem = problem_of(step("made", gives(int)), step("use", takes(int)), params=Numbers)
    assert "m: int  (a params field)" in problem.message
    assert "made: int" in problem.message


def test_a_step_is_no_candidate_for_itself() -> None:
    def grow(values: list[int]) -> list[int]: ...

    built = build(step("made", gives(list[int])), grow)
    assert wires(built) == {("made", "grow", "values", "value")}


def test_steps_that_depend_on_this_one_are_no_candidates() -> None:
    def first(values: list[int]) -> list[int]: ...

    def second(first: list[int]) -> list[int]: ...

    def third(second: list[int]) -> list[int]: ...

    built = build(first, second, third, step("made", gives(list[int])))
    assert edge(built, "first", "values").producer == "made"


def test_steps_that_wait_for_this_one_are_no_candidates() -> None:
    def first(values: list[int]) -> None: ...

    built = build(first, step("late", gives(list[int]), after=["first"]), step("made", gives(list[int])))
    assert edge(built, "first", "values").producer == "made"


def test_what_is_found_by_type_does_not_count_for_what_depends() -> None:
    """All of it is judged before any of it: two steps that could feed each other are a cycle, not a matter of order."""

    def left(x: list[int]) -> set[int]: ...

    def right(y: set[int]) -> list[int]: ...

    assert [found.code for found in problems_of(left, right)] == ["cycle"]


def test_none_that_fits_names_the_nearest_name() -> None:
    def use(ods: str) -> None: ...

    problem = problem_of(odds, use)
    assert (problem.code, problem.suggestion) == ("unknown-dependency", "did you mean 'odds'?")


def test_none_that_fits_and_no_near_name() -> None:
    problem = problem_of(step("use", takes(int)))
    assert problem.suggestion is not None
    assert 'step("use", fn=taker, inputs={"values": "..."})' in problem.suggestion


# after=


def test_after_orders_and_passes_nothing() -> None:
    built = build(step("use", gives(int), after=["load"]), step("load", gives(None)))
    assert built.order == ("load", "use")
    assert built.edges == ()
    assert built["use"].after == ("load",)
    assert built.graph.edges["load", "use"] == {"edges": (), "after": True}


@pytest.mark.parametrize(
    ("after", "suggestion"), [(["laod"], "did you mean 'load'?"), (["n"], "leave it out"), (["nothing_like"], None)]
)
def test_after_what_is_no_step(after: list[str], suggestion: str | None) -> None:
    problem = problem_of(step("use", gives(int), after=after), step("load", gives(None)), params=Numbers)
    assert (problem.code, problem.step, problem.suggestion) == ("unknown-after", "use", suggestion)


def test_after_a_string_is_a_slip() -> None:
    problem = problem_of(step("use", gives(int), after="load"), step("load", gives(None)))
    assert (problem.code, problem.suggestion) == ("invalid-option", 'write after=["load"]')


def test_after_itself() -> None:
    assert problem_of(step("use", gives(int), after=["use"])).code == "cycle"


# Cycles


def test_a_cycle_is_shown_as_a_path() -> None:
    def a(c: int) -> int: ...

    def b(a: int) -> int: ...

    def c(b: int) -> int: ...

    problem = problem_of(a, b, c)
    assert (problem.code, problem.step) == ("cycle", "a")
    assert "a -> b -> c -> a" in problem.message


def test_a_cycle_through_after() -> None:
    def a(b: int) -> int: ...

    problem = problem_of(a, step("b", gives(int), after=["a"]))
    assert problem.code == "cycle"
    assert "a -> b -> a" in problem.message


def test_two_cycles_are_two_problems() -> None:
    def a(b: int) -> int: ...

    def b(a: int) -> int: ...

    def c(d: int) -> int: ...

    def d(c: int) -> int: ...

    assert [found.step for found in problems_of(a, b, c, d)] == ["a", "c"]


def test_a_cycle_does_not_hide_another_problem() -> None:
    def a(b: int, n: str) -> int: ...

    def b(a: int) -> int: ...

    assert [found.code for found in problems_of(a, b, params=Numbers)] == ["cycle", "incompatible-types"]


# TypeVars


def batch(xs: Iterator[T], size: int = 2) -> Iterator[list[T]]: ...


def first(batches: Iterator[list[T]]) -> T: ...


def test_typevars_are_solved_in_topological_order() -> None:
    built = build(
        step("last", first, inputs={"batches": "batches"}), step("batches", batch, inputs={"xs": "odds"}), odds
    )
    assert built["batches"].output.type == Iterator[list[int]]
    assert built["last"].output.type is int


def test_typevars_of_an_each_step_are_solved_by_the_item() -> None:
    def pair(odds: T) -> tuple[T, T]: ...

    assert problem_of(odds, pair).code == "ambiguous-stream"
    built = build(odds, step("pair", pair, mode="each"))
    assert built["pair"].output.type == tuple[int, int]


def test_bounds_are_checked() -> None:
    def half(text: Number) -> Number: ...

    assert problem_of(half, params=Text).code == "incompatible-types"


def test_one_typevar_is_one_type() -> None:
    def put(xs: list[T], x: T) -> list[T]: ...

    fine = build(step("xs", gives(list[int])), step("x", gives(int)), put)
    assert fine["put"].output.type == list[int]
    problem = problem_of(step("xs", gives(list[int])), step("x", gives(str)), put)
    assert problem.code == "incompatible-types"
    assert "no choice of its TypeVars" in problem.message


def test_an_unsolved_typevar_is_its_bound() -> None:
    def none() -> list[Number]: ...

    def anything() -> list[T]: ...

    built = build(none, anything)
    assert (built["none"].output.type, built["anything"].output.type) == (list[float], list[object])


# The order of listing never matters


def texts() -> Iterator[str]: ...


def lengths(texts: str) -> int: ...


def longest(values: list[str]) -> str: ...


def mean(lengths: list[int]) -> float: ...


def report(longest: str, average: float, limit: int = 3) -> bytes: ...


def batches(texts: Iterator[T]) -> Iterator[list[T]]: ...


def counted(parts: list[list[str]], raw: bytes) -> dict[str, int]: ...


SOUND = (texts, lengths, longest, mean, report, batches, counted)


def clash(values: Iterator[int], lengths: str, nothing: Mapping[str, int]) -> bytes: ...


@given(st.permutations(SOUND))
def test_the_order_of_listing_never_matters(steps: list[Callable[..., object]]) -> None:
    built = build(*steps)
    assert wires(built) == wires(build(*SOUND))
    assert {made.name: made.output for made in built.steps} == {made.name: made.output for made in build(*SOUND).steps}
    place = {name: at for at, name in enumerate(built.order)}
    assert all(place[found.producer] < place[found.consumer] for found in built.edges)


@given(st.permutations((*SOUND, clash, odds, evens, total)))
def test_the_order_of_listing_never_matters_to_what_is_wrong(steps: list[Callable[..., object]]) -> None:
    found, reference = problems_of(*steps), problems_of(*SOUND, clash, odds, evens, total)
    assert {str(problem) for problem in found} == {str(problem) for problem in reference}
    listed = [step.__name__ for step in steps]
    places = [listed.index(problem.step) for problem in found if problem.step]
    assert places == sorted(places)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(PipelineError) as caught:
        pipeline("wrong", Numbers, [clash, odds, evens, total])
    assert caught.value.pipeline == "wrong"
    assert len(caught.value.problems) == 4


def test_a_problem_does_not_hide_those_below_it() -> None:
    """What a step gives is known though its own input is wrong, or its producer has no annotation."""

    def unknown():  # type: ignore[no-untyped-def]
        pass

    def middle(unknown: Iterator[int]) -> list[str]: ...

    def wrong(n: str) -> list[str]: ...

    def last(middle: list[int], wrong: list[int]) -> None: ...

    assert [(found.step, found.parameter) for found in problems_of(unknown, middle, wrong, last, params=Numbers)] == [
        ("unknown", None),
        ("wrong", "n"),
        ("last", "middle"),
        ("last", "wrong"),
    ]


def test_a_problem_makes_no_others_below_it() -> None:
    """Where a step may have been meant per item, nothing is said of what its output doesn't fit."""

    def lengths(odds: str) -> int: ...

    def unknown():  # type: ignore[no-untyped-def]
        pass

    def each(unknown: int) -> int: ...

    def last(lengths: Iterator[int], each: Iterator[int]) -> None: ...

    assert [found.step for found in problems_of(odds, lengths, unknown, each, last)] == ["lengths", "unknown"]
