"""Flat memory, one thread, the caller's context, and what a run leaves behind: nothing."""

from __future__ import annotations

import contextvars
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from greenlet import greenlet

from synaflow import DeadLetter, PipelineDef, RunnerError, StepError, StreamReadError, include, pipeline, run, step


def counted(count: int, max_in_flight: int | None = None, sinks: int = 2) -> PipelineDef:
    def s() -> Iterator[bytes]:
        for number in range(count):
            yield number.to_bytes(8, "big") * 64

    def total(xs: Iterator[bytes]) -> int:
        return sum(x[7] for x in xs)

    names = [f"sink{n}" for n in range(sinks)]
    reading = [step(name, total, inputs={"xs": "s"}) for name in names]
    return pipeline("flat", steps=[step("s", s, max_in_flight=max_in_flight), *reading])


def peak(subject: PipelineDef) -> int:
    run(subject)
    gc.collect()
    tracemalloc.start()
    try:
        run(subject)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("max_in_flight", "sinks"), [(None, 1), (None, 2), (None, 8), (64, 2)])
def test_memory_is_flat(max_in_flight: int | None, sinks: int) -> None:
    short, long = (peak(counted(count, max_in_flight, sinks)) for count in (1_000, 10_000))
    assert long < short + 50_000, "ten times the items take more memory"


def test_a_collected_branch_is_what_grows() -> None:
    def s() -> Iterator[bytes]:
        for number in range(1_000):
            yield number.to_bytes(8, "big") * 64

    def all_of(s: list[bytes]) -> int:
        return len(s)

    assert peak(pipeline("grows", steps=[s, all_of])) > 1_000 * 512


def test_nothing_is_left_behind() -> None:
    subject = counted(20, sinks=3)

    def left() -> tuple[int, int]:
        gc.collect()
        return sum(isinstance(thing, greenlet) for thing in gc.get_objects()), threading.active_count()

    run(subject)
    before = left()
    for _ in range(50):
        run(subject)
    assert left() == before


def test_no_threads() -> None:
    seen: set[int] = set()

    def s() -> Iterator[int]:
        seen.add(threading.get_ident())
        yield 1

    def a(s: Iterator[int]) -> int:
        seen.add(threading.get_ident())
        return sum(s)

    def b(s: Iterator[int]) -> int:
        seen.add(threading.get_ident())
        return sum(s)

    run(pipeline("here", steps=[s, a, b]))
    assert seen == {threading.get_ident()}


def test_runs_in_several_threads_at_once() -> None:
    subject, totals = counted(2_000), []
    threads = [threading.Thread(target=lambda: totals.append(run(subject)["sink0"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(totals) == 4
    assert len(set(totals)) == 1


def test_a_branch_read_in_a_thread_of_its_own_fails_the_step() -> None:
    def s() -> Iterator[int]:
        yield from range(5)

    def threaded(s: Iterator[int]) -> int:
        found: list[int] = []

        def read() -> None:
            try:
                found.extend(s)
            except StreamReadError as error:
                found.append(len(str(error)))  # swallowed: the run fails all the same

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        return len(found)

    def plain(s: Iterator[int]) -> int:
        return sum(s)

    for order in ([threaded, plain], [plain, threaded]):
        with pytest.raises(StepError) as caught:
            run(pipeline("threads", steps=[s, *order]))
        assert caught.value.step == "threaded"
        assert "read the stream 's' from a thread of its own" in caught.value.reason
        assert isinstance(caught.value.__cause__, StreamReadError)


def test_the_callers_context_is_seen_by_every_step() -> None:
    who = contextvars.ContextVar("who", default="nobody")

    def s() -> Iterator[str]:
        yield who.get()

    def a(s: Iterator[str]) -> list[str]:
        return [*s, who.get()]

    def b(s: Iterator[str]) -> list[str]:
        return [*s, who.get()]

    def c(a: list[str]) -> str:
        return who.get()

    def in_context() -> None:
        who.set("me")
        result = run(pipeline("context", steps=[s, a, b, c]), outputs=["a", "b", "c"])
        assert dict(result) == {"a": ["me", "me"], "b": ["me", "me"], "c": "me"}

    contextvars.copy_context().run(in_context)


def test_an_output_that_no_step_gives_is_refused() -> None:
    with pytest.raises(RunnerError, match="has no step 'nobody' to give"):
        run(counted(1), outputs=["nobody"])


def test_what_a_result_doesnt_hold_is_said() -> None:
    result = run(counted(1))
    with pytest.raises(KeyError, match=r"ask for it with outputs=\['s'\]"):
        result["s"]
    with pytest.raises(KeyError, match="no step 'nobody'; outputs of this run: sink0, sink1"):
        result["nobody"]


@pytest.mark.parametrize("flatten", [False, True])
def test_what_a_run_per_item_forgives_is_reported(flatten: bool) -> None:
    class P(NamedTuple):
        size: int

    def numbers(size: int) -> Iterator[int]:
        yield from range(size)

    def inverse(numbers: int) -> float:
        return 1 / numbers

    def total(inverse: Iterator[float]) -> float:
        return sum(inverse)

    steps = [step("numbers", numbers), step("inverse", inverse, on_error="continue"), step("total", total)]
    sub = pipeline("inner", P, steps, exports="inverse" if flatten else "total")

    def sizes() -> list[P]:
        return [P(3)]

    with pytest.warns(RuntimeWarning, match="the included pipeline 'inner' went on after 1 error, the first: .*Zero"):
        result = run(pipeline("outer", steps=[include("inner", sub, sizes)]), outputs=["inner"])
    assert result["inner"] == ([1.0, 0.5] if flatten else [1.5])


def test_what_an_error_passed_through_was_stopped_by_it() -> None:
    def rows() -> Iterator[int]:
        yield 1
        raise ValueError("truncated")

    def parsed(rows: int) -> int:
        return rows

    def months(parsed: Iterator[int]) -> Iterator[int]:
        yield from parsed

    def calendar(months: list[int]) -> int:
        return len(months)

    def count(parsed: Iterator[int]) -> int:
        return sum(parsed)

    with pytest.raises(StepError) as caught:
        run(pipeline("truncated", steps=[rows, parsed, months, calendar, count]))
    assert caught.value.result is not None
    statuses = {name: str(step.status) for name, step in caught.value.result.steps.items()}
    stopped = dict.fromkeys(["parsed", "months", "calendar", "count"], "cancelled")
    assert statuses == {"rows": "failed", **stopped}


def test_a_pipeline_that_its_own_steps_reach_is_let_go() -> None:
    class App:
        def __init__(self) -> None:
            self.pipeline = pipeline("own", steps=[step("answer", self.answer)])

        def answer(self) -> int:
            return 42

    def left() -> int:
        gc.collect()
        return sum(isinstance(thing, PipelineDef) for thing in gc.get_objects())

    before = left()
    for _ in range(3):
        assert run(App().pipeline)["answer"] == 42
    assert left() == before


def test_a_ring_formed_after_a_branch_was_given_up_loses_nothing() -> None:
    def s() -> Iterator[int]:
        yield from range(3)

    def total(s: Iterator[int]) -> int:
        return sum(s)

    def same(s: Iterator[int]) -> Iterator[int]:
        yield from s

    def nothing(s: Iterator[int]) -> Iterator[int]:
        yield from ()

    def both(s: Iterator[int], nothing: Iterator[int]) -> int:
        return sum(nothing) + sum(s)

    result = run(pipeline("ring", steps=[s, total, step("again", total), nothing, both, same]))
    assert (result["total"], result["again"], result["both"]) == (3, 3, 3)
    assert result.steps["same"].items_out == 3


async def _awaited(letter: DeadLetter) -> None:
    raise AssertionError(letter)


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ("p", {}, r"'p' is no pipeline: give what pipeline\(...\) returns"),
        (None, {"outputs": "sink0"}, r"outputs='sink0': give a list of names, outputs=\['sink0'\]"),
        (None, {"dead_letter": 3}, "dead_letter=3: give a function that takes a DeadLetter"),
        (None, {"dead_letter": _awaited}, "dead_letter=.*: nobody awaits it"),
        (None, {"spill_after": "1 GB"}, "spill_after='1 GB': give a number of bytes"),
    ],
)
def test_what_is_refused_at_the_door(what: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(RunnerError, match=said):
        run(what or counted(3), **options)


def test_an_error_in_the_finally_of_an_items_own_stream_names_the_item() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2, 3)

    def parts(number: int) -> Iterator[int]:
        try:
            yield from range(number)
        finally:
            if number == 2:
                raise ValueError("not closed")

    def taken(parts: Iterator[int]) -> list[int]:
        return [next(parts), next(parts)]

    built = pipeline("closing", None, [numbers, step("parts", parts, inputs={"number": "numbers"}), taken])
    with pytest.raises(StepError, match="step 'parts' of pipeline 'closing' failed at item 1: ValueError: not closed"):
        run(built)
