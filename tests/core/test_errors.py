"""The texts of the ten commonest mistakes, and of a pipeline with five different ones, letter for letter."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from core.building import build
from core.snapshots import check_golden
from synaflow import PipelineError, Problem, pipeline, step


class Params(NamedTuple):
    count: int  # type: ignore[assignment]  # the page calls it so, though tuples have a count()
    name: str = "n"


def producer(count: int) -> Iterator[int]:
    yield from range(count)


def transformer(producer: Iterator[int]) -> Iterator[int]:
    for value in producer:
        yield value * 10


def consumer(transformer: Iterator[int]) -> None: ...


def an_unknown_dependency() -> list[object]:
    def consumer(transfomer: Iterator[bytes]) -> None: ...

    return [producer, transformer, consumer]


def incompatible_types() -> list[object]:
    def consumer(transformer: Iterator[str]) -> None: ...

    return [producer, transformer, consumer]


def a_missing_return_annotation() -> list[object]:
    def consumer(producer: Iterator[int]):  # type: ignore[no-untyped-def]
        pass

    return [producer, consumer]


def no_hints() -> list[object]:
    def consumer(producer, count):  # type: ignore[no-untyped-def]
        pass

    return [producer, consumer]


def an_unresolved_hint() -> list[object]:
    def consumer(producer: Iterator[int]) -> Report: ...  # type: ignore[name-defined]  # noqa: F821

    return [producer, consumer]


def a_cycle() -> list[object]:
    def first(third: int) -> int: ...

    def second(first: int) -> int: ...

    def third(second: int) -> int: ...

    return [first, second, third]


def a_duplicate_name() -> list[object]:
    return [producer, transformer, step("producer", fn=producer)]


def an_ambiguous_type() -> list[object]:
    def total(values: Iterator[int]) -> int: ...

    return [producer, transformer, total]


def a_stream_into_anything() -> list[object]:
    def show(producer: Any) -> None: ...

    return [producer, show]


def a_plain_value_where_a_stream_is_asked_for() -> list[object]:
    def total(count: Iterator[int]) -> int: ...

    return [total]


MISTAKES = [
    an_unknown_dependency,
    incompatible_types,
    a_missing_return_annotation,
    no_hints,
    an_unresolved_hint,
    a_cycle,
    a_duplicate_name,
    an_ambiguous_type,
    a_stream_into_anything,
    a_plain_value_where_a_stream_is_asked_for,
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_commonest_mistakes(mistake: Callable[[], list[object]]) -> None:
    with pytest.raises(PipelineError) as caught:
        build(*mistake(), params=Params)
    check_golden(f"error_{mistake.__name__}.txt", str(caught.value))


def test_five_different_mistakes_in_one_pipeline() -> None:
    def count() -> int: ...

    def squares(producer: Iterator[str]) -> Iterator[int]:
        yield 1

    def report(squars: bytes) -> str: ...

    def silent(producer: Iterator[int]):  # type: ignore[no-untyped-def]
        pass

    slip: Any = "ech"
    with pytest.raises(PipelineError) as caught:
        pipeline("five", Params, [count, producer, squares, step("report", report, mode=slip), silent])
    check_golden("error_five_mistakes.txt", str(caught.value))


def test_the_parts_of_a_problem_are_attributes() -> None:
    with pytest.raises(PipelineError) as caught:
        build(*incompatible_types(), params=Params)
    error = caught.value
    (problem,) = error.problems
    assert error.pipeline == "test"
    assert isinstance(problem, Problem)
    assert (problem.code, problem.step, problem.parameter) == ("incompatible-types", "consumer", "transformer")
    assert (problem.produced, problem.wanted) == (Iterator[int], Iterator[str])
    assert problem.location is not None
    assert problem.location.startswith(f"{__file__}:")
    assert str(problem) in str(error)


def test_problems_come_with_the_steps_as_listed() -> None:
    def a(b: int) -> int: ...

    def c(x):  # type: ignore[no-untyped-def]
        pass

    def b(a: int, y: bytes) -> int: ...

    def d(name: int) -> None: ...

    with pytest.raises(PipelineError) as caught:
        build(d, step("a", a, mode="x"), c, b, params=Params)  # type: ignore[arg-type]
    assert [problem.step for problem in caught.value.problems] == ["d", "a", "a", "c", "b"]


def test_an_error_can_be_pickled() -> None:
    with pytest.raises(PipelineError) as caught:
        build(step("total", len))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.problems == caught.value.problems
