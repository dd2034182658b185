"""The options that say how a step is called: `concurrency`, `ordered`, `timeout`, `thread` (DESIGN 8)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Any, NamedTuple

import jsonschema
import pytest

from core.building import build, edge, problem_of
from synaflow import PipelineDef, find_async, step
from synaflow._describe.contract import schema


def numbers() -> Iterator[int]: ...


async def numbers_later() -> AsyncIterator[int]: ...


def each(numbers: int) -> int: ...


async def each_later(numbers: int) -> int: ...


def sink(numbers: Iterator[int]) -> int: ...


async def sink_later(numbers: AsyncIterator[int]) -> int: ...


async def sink_once(numbers: AsyncIterable[int]) -> int: ...


def whole(numbers: list[int]) -> int: ...


def spelled(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", None])
def test_concurrency_is_a_number_of_calls(value: Any) -> None:
    problem = problem_of(numbers, step("each", each, concurrency=value))
    assert problem.code == "invalid-option"
    assert problem.message == f"step 'each': concurrency must be a whole number from 1 up, not {spelled(value)}"


@pytest.mark.parametrize("option", ["ordered", "thread"])
@pytest.mark.parametrize("value", [1, None, "yes"])
def test_switches_are_true_or_false(option: str, value: Any) -> None:
    options: dict[str, Any] = {option: value}
    problem = problem_of(numbers, step("each", each, concurrency=2, **options))
    assert problem.code == "invalid-option"
    assert problem.message == f"step 'each': {option} must be True or False, not {spelled(value)}"


@pytest.mark.parametrize("value", [0, -1, True, "2", float("inf"), float("nan")])
def test_a_timeout_is_a_number_of_seconds(value: Any) -> None:
    problem = problem_of(numbers, step("each", each_later, timeout=value))
    assert problem.code == "invalid-option"
    assert problem.message == f"step 'each': timeout must be a number of seconds above 0, or None, not {spelled(value)}"


@pytest.mark.parametrize(
    ("steps", "text", "mend"),
    [
        (
            [numbers, step("sink", sink, concurrency=3)],
            "concurrency=3 is about its calls for one item each, and it is called once",
            "let a parameter ask for one item, or leave concurrency= out",
        ),
        (
            [numbers, step("sink", sink, ordered=False)],
            "ordered=False is about its calls for one item each, and it is called once",
            None,
        ),
        (
            [numbers, step("each", each, ordered=False)],
            "ordered=False, but with one call at a time its results come in order anyway",
            None,
        ),
        (
            [numbers, step("each", each, timeout=2)],
            "timeout=2, but it is a plain function, which can't be interrupted",
            "make it `async def`, or leave the limit to what it calls",
        ),
        (
            [numbers, step("each", each_later, thread=True)],
            "thread=True, but it is asynchronous, and so doesn't block",
            "leave thread= out",
        ),
        (
            [numbers, step("sink", sink, thread=True)],
            "thread=True, but 'numbers' is a live stream, read in the run's own thread",
            "put what blocks into a step of its own that takes one item, or all of them as a list",
        ),
    ],
)
def test_options_that_can_mean_nothing_are_problems(steps: list[Any], text: str, mend: str | None) -> None:
    problem = problem_of(*steps)
    assert problem.code == "impossible-mode"
    assert problem.message == f"step '{problem.step}': {text}"
    assert problem.suggestion == mend


def test_what_comes_as_it_is_ready_cant_be_paired_with_what_doesnt() -> None:
    def evens(numbers: Iterator[int]) -> Iterator[int]: ...

    def both(each: int, evens: int) -> int: ...

    problem = problem_of(numbers, evens, step("each", each, concurrency=2, ordered=False), both)
    assert "'each' gives its results as they come (ordered=False), and the others would not match" in problem.message
    assert problem.suggestion == "leave ordered=False out at 'each'"
    build(numbers, evens, step("each", each, concurrency=2), both)


def calls() -> PipelineDef:
    return build(
        numbers,
        step("each", each_later, concurrency=5, ordered=False, timeout=1.5),
        step("whole", whole, thread=True),
    )


def test_explain_tells_of_them() -> None:
    told = calls().explain()
    assert "each [each_later] -> int  (once per item, async, concurrency=5, ordered=False, timeout=1.5)" in told
    assert "whole -> int  (thread=True)" in told


def test_the_contract_has_them_where_they_are_not_as_usual() -> None:
    contract: Any = calls().to_contract()
    steps = {each["name"]: each for each in contract["steps"]}
    options = ("concurrency", "ordered", "timeout", "thread")
    assert [steps["each"].get(option) for option in options] == [5, False, 1.5, None]
    assert [steps["whole"].get(option) for option in options] == [None, None, None, True]
    assert not set(options) & set(steps["numbers"])
    jsonschema.Draft202012Validator(schema()).validate(contract)
    steps["each"]["concurrency"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(contract)


@pytest.mark.parametrize("made", [numbers, step("numbers", numbers_later)])
def test_an_edge_knows_how_its_stream_is_read(made: Any) -> None:
    built = build(made, sink, sink_later, sink_once, whole)
    found = {name: edge(built, name, "numbers").is_async for name in ("sink", "sink_later", "sink_once", "whole")}
    assert found == {"sink": False, "sink_later": True, "sink_once": True, "whole": False}


def test_what_takes_an_event_loop_is_named() -> None:
    class Given(NamedTuple):
        rows: AsyncIterator[int]

    def total(rows: Iterator[int]) -> int: ...

    assert find_async(build(numbers, sink)) is None
    assert find_async(build(numbers, sink_later)) == "step 'sink_later' (sink_later)"
    assert find_async(build(total, params=Given)) == "params field 'rows'"
