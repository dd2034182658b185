"""Some steps of a pipeline as a pipeline of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from synaflow import ParamsError, PipelineDef, RunnerError, dependents_of, part_of, pipeline, run, step


class Params(NamedTuple):
    length: int = 4
    factor: int = 10


def scale(factor: int) -> int:
    return factor * 2


def numbers(length: int) -> Iterator[int]:
    yield from range(length)


def total(numbers: Iterator[int], scale: int) -> int:
    return scale * sum(numbers)


def count_of(numbers: Iterator[int]) -> int:
    return sum(1 for _ in numbers)


def told(total: int, count_of: int, factor: int) -> str:
    return f"{total} of {count_of}, {factor}"


def whole() -> PipelineDef:
    return pipeline("whole", Params, [scale, numbers, total, step("count_of", count_of, after=("scale",)), told])


def test_what_comes_from_elsewhere_is_a_param() -> None:
    part = part_of(whole(), ["numbers", "total", "count_of"])
    assert part.name == "whole"
    assert [(field.name, field.required) for field in part.fields] == [("length", True), ("scale", True)]
    assert part["count_of"].after == ()
    assert [region.steps for region in part.regions] == [("numbers", "total", "count_of")]
    assert dict(run(part, {"length": 3, "scale": 5})) == {"total": 15, "count_of": 3}
    with pytest.raises(ParamsError, match="'scale' is missing"):
        run(part, {"length": 3})


def test_one_part_after_the_other_is_the_whole() -> None:
    subject = whole()
    known: dict[str, object] = {"length": 4, "factor": 10}
    for region in subject.regions:
        part = part_of(subject, region.steps)
        known |= run(part, {field.name: known[field.name] for field in part.fields} or None)
    assert known["told"] == run(subject)["told"]


def test_a_reader_may_be_left_out_and_a_source_may_not() -> None:
    part = part_of(whole(), ["numbers", "count_of"])
    assert dict(run(part, {"length": 3})) == {"count_of": 3}
    assert [region.name for region in part.regions] == ["numbers"]
    with pytest.raises(RunnerError, match="'total' reads the stream of 'numbers' in pipeline 'whole': a part that has"):
        part_of(whole(), ["total"])
    with pytest.raises(RunnerError, match="pipeline 'whole' has no step 'sum'"):
        part_of(whole(), ["total", "sum"])


def test_a_part_that_takes_nothing_has_no_params() -> None:
    def alone() -> int:
        return 1

    part = part_of(pipeline("p", None, [alone]), ["alone"])
    assert part.params is None
    assert dict(run(part)) == {"alone": 1}


def test_what_depends_on_a_step_or_a_field() -> None:
    assert dependents_of(whole(), ["scale"]) == {"total", "told"}
    assert dependents_of(whole(), ["length"]) == {"numbers", "total", "count_of", "told"}
    assert dependents_of(whole(), ["told"]) == set()
    assert dependents_of(whole(), []) == set()
