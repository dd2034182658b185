"""Runs inside a step of another run, or of their own."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from local.inner import INNER, RIGHT, build, outputs
from synaflow import StepError, pipeline, run, step, stream


def by_run() -> object:
    return outputs(run(INNER))


def by_stream() -> object:
    items = stream(INNER, None, "source")
    assert sum(items) == 45
    return outputs(items.result)


@pytest.mark.parametrize("inner", [by_run, by_stream])
@pytest.mark.parametrize(
    "place", ["source", "transform", "first", "second", "only", "value", "each", "collected", "after the last item"]
)
def test_a_run_inside_a_step(place: str, inner: Callable[[], object]) -> None:
    found: list[object] = []

    def here(at: str) -> None:
        if at == place:
            found.append(inner())

    def source() -> Iterator[int]:
        for number in range(3):
            here("source")
            yield number
        here("after the last item")

    def transform(source: Iterator[int]) -> Iterator[int]:
        for number in source:
            here("transform")
            yield number

    def first(transform: Iterator[int]) -> int:
        count = 0
        for _ in transform:
            here("first")
            count += 1
        return count

    def second(transform: Iterator[int]) -> int:
        count = 0
        for _ in transform:
            here("second")
            count += 1
        return count

    def each(source: int) -> int:
        here("each")
        return source

    def collected(each: list[int]) -> int:
        here("collected")
        return len(each)

    def value(first: int, second: int, collected: int) -> int:
        here("value")
        return first + second + collected

    def lonely() -> Iterator[int]:
        yield from range(3)

    def only(lonely: Iterator[int]) -> int:
        for _ in lonely:
            here("only")
        return 3

    outer = pipeline("outer", steps=[source, transform, first, second, each, collected, value, lonely, only])
    result = run(outer)
    assert result["value"] == 9
    assert len(found) == (1 if place in ("value", "collected", "after the last item") else 3)
    assert all(one == RIGHT for one in found)


def test_a_pipeline_that_runs_itself() -> None:
    class Params(NamedTuple):
        depth: int

    def source(depth: int) -> Iterator[int]:
        yield from range(depth)

    def total(source: Iterator[int]) -> int:
        return sum(source)

    def below(source: Iterator[int]) -> int:
        return sum(run(itself, Params(number))["count"] for number in source)

    def count(total: int, below: int) -> int:
        return total + below

    itself = pipeline("itself", Params, [source, total, below, count])

    def by_hand(depth: int) -> int:
        return sum(range(depth)) + sum(map(by_hand, range(depth)))

    assert run(itself, Params(6))["count"] == by_hand(6)


def test_an_error_of_an_inner_run_is_the_outer_steps() -> None:
    def broken() -> int:
        raise ValueError("inside")

    inner = pipeline("inner", steps=[broken])

    def source() -> Iterator[int]:
        yield 1

    def calls(source: Iterator[int]) -> int:
        return int(run(inner)["broken"])

    def other(source: Iterator[int]) -> int:
        return sum(source)

    with pytest.raises(StepError) as caught:
        run(pipeline("outer", steps=[source, calls, other]))
    assert caught.value.step == "calls"
    assert isinstance(caught.value.__cause__, StepError)
    assert caught.value.__cause__.step == "broken"


def test_a_stream_half_read_when_its_reader_is_stopped_is_closed() -> None:
    log: list[str] = []

    def source() -> Iterator[int]:
        yield from range(5)

    def reads(source: Iterator[int]) -> int:
        items = stream(build(log), None, "source")
        return sum(number + next(items) for number in source)

    def fails(source: Iterator[int]) -> int:
        next(source)
        raise ValueError("no")

    with pytest.raises(StepError, match="'fails'"):
        run(pipeline("outer", steps=[source, reads, fails]))
    gc.collect()
    assert log == ["closed"]


def test_a_step_that_reads_the_stream_of_its_own_run_is_refused() -> None:
    box: list[Iterator[int]] = []

    def source() -> Iterator[int]:
        yield 1
        yield 2

    def reads(source: Iterator[int]) -> int:
        return next(source) + next(box[0])

    box.append(stream(pipeline("own", steps=[source, reads]), None, "source"))
    with pytest.raises(StepError, match="by a step of its own run") as caught:
        list(box[0])
    assert caught.value.step == "reads"
    box.clear()


def test_nothing_of_an_inner_run_is_kept() -> None:
    refs: list[weakref.ref[Any]] = []

    class Thing:
        pass

    def things() -> Iterator[Thing]:
        thing = Thing()
        refs.append(weakref.ref(thing))
        yield thing

    def inner(things: Iterator[Thing]) -> int:
        return sum(1 for _ in things)

    nested = pipeline("nested", steps=[things, inner, step("again", inner, inputs={"things": "things"})])

    def source() -> Iterator[int]:
        yield from range(3)

    def one(source: Iterator[int]) -> int:
        return sum(run(nested)["inner"] for _ in source)

    gc.disable()
    try:
        run(pipeline("outer", steps=[source, one, step("other", one, inputs={"source": "source"})]))
    finally:
        gc.enable()
    assert len(refs) == 6
    assert not any(ref() for ref in refs)
