"""Names and options are checked when the pipeline is built (DESIGN 4)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from core.building import build, problem_of, problems_of
from ids import stable
from synaflow import PipelineError, pipeline, step


class P(NamedTuple):
    n: int


def one(n: int) -> int: ...


def stream(n: int) -> list[int]: ...


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a b", "must be an identifier"),
        ("1a", "must be an identifier"),
        ("", "must be an identifier"),
        ("a-b", "must be an identifier"),
        ("lambda", "is a keyword"),
        ("None", "is a keyword"),
        ("a__b", "must not contain `__`"),
        ("__a", "must not contain `__`"),
        (3, "must be a string"),
        (None, "must be a string"),
    ],
)
def test_invalid_names(name: Any, text: str) -> None:
    problem = problem_of(step(name, one), params=P)
    assert problem.code == "invalid-name"
    assert text in problem.message


@pytest.mark.parametrize("name", ["a", "_a", "A1", "é", "match", "type"])
def test_valid_names(name: str) -> None:
    assert name in build(step(name, one), params=P)


def test_duplicate_names() -> None:
    problem = problem_of(one, step("two", one), step("one", stream), params=P)
    assert (problem.code, problem.step) == ("duplicate-name", "one")
    assert "items 0 and 2" in problem.message


def test_the_same_function_listed_twice() -> None:
    assert problem_of(one, one, params=P).code == "duplicate-name"


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_pipeline_without_a_name(name: Any) -> None:
    with pytest.raises(PipelineError) as caught:
        pipeline(name)
    assert [found.code for found in caught.value.problems] == ["invalid-name"]


@pytest.mark.parametrize(
    ("options", "suggestion"),
    [
        ({"on_error": "contiue"}, "did you mean 'continue'?"),
        ({"on_error": None}, None),
        ({"mode": "eech"}, "did you mean 'each'?"),
        ({"mode": 3}, None),
        ({"max_in_flight": 0}, None),
        ({"max_in_flight": -1}, None),
        ({"max_in_flight": 1.5}, None),
        ({"max_in_flight": True}, None),
        ({"max_in_flight": "2"}, None),
        ({"hints": ["n"]}, None),
        ({"after": 3}, None),
        ({"after": [one]}, None),
    ],
    ids=stable,
)
def test_invalid_options(options: dict[str, Any], suggestion: str | None) -> None:
    problem = problem_of(step("one", one, **options), params=P)
    assert (problem.code, problem.step, problem.suggestion) == ("invalid-option", "one", suggestion)


def test_max_in_flight_is_about_a_stream() -> None:
    problem = problem_of(step("stream", stream, max_in_flight=4), params=P)
    assert (problem.code, problem.step) == ("impossible-mode", "stream")
    each = build(step("many", stream), step("each", one, inputs={"n": "many"}, max_in_flight=4), params=P)
    assert each["each"].max_in_flight == 4


def test_no_check_hides_another() -> None:
    options: dict[str, Any] = {"mode": "x", "on_error": "y", "max_in_flight": 0, "after": ["z"], "hints": {"q": int}}
    assert sorted(problem.code for problem in problems_of(step("one", one, **options), params=P)) == [
        "invalid-option",
        "invalid-option",
        "invalid-option",
        "unknown-after",
        "unknown-hint",
    ]
