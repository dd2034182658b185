"""Consumers that stop early close their own branch and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import pytest

from corpus.case import IN_PROCESS, AtLeast, AtMost, Failure, Outcome, Recorder, case, log
from corpus.steps import flow, reads, source, through, total
from synaflow import ClosedStreamError, PipelineDef, step


@case(
    values={"a": 1, "b": 10},
    events=log("s0 a0 b0 s1 a1 b1 s2 b2 s3 b3 s4 b4 s!"),
    closings={"a": 1, "b": 1},
    taken={("s", "a", "xs"): 2, ("s", "b", "xs"): 5},
    counts={"s": (..., 5)},
)
def one_stops(rec: Recorder) -> PipelineDef:
    """A takes 2 and returns; B goes on to the end."""
    return flow(
        step("s", fn=source(rec, "s", 5)), reads("a", total(rec, "a", take=2), "s"), reads("b", total(rec, "b"), "s")
    )


@case(
    values={"a": 10, "b": 1},
    events=log("s0 a0 b0 s1 a1 b1 s2 a2 s3 a3 s4 a4 s!"),
)
def the_last_listed_stops(rec: Recorder) -> PipelineDef:
    """The same, the other way round."""
    return flow(
        step("s", fn=source(rec, "s", 5)), reads("a", total(rec, "a"), "s"), reads("b", total(rec, "b", take=2), "s")
    )


@case(
    values={"a": 1, "b": 6},
    events=log("s0 a0 b0 s1 a1 b1 s2 b2 s3 b3 s!"),
    counts={"s": (..., AtLeast(4))},
)
def all_stop(rec: Recorder) -> PipelineDef:
    """A takes 2, B takes 4: then the source is closed, at item 3 of an endless stream, and its `finally` runs."""
    return flow(
        step("s", fn=source(rec, "s", count())),
        reads("a", total(rec, "a", take=2), "s"),
        reads("b", total(rec, "b", take=4), "s"),
    )


@case(
    values={"a": 1, "b": 6},
    events=log("s0 a0 b0 s1 a1 b1 s2 b2 s3 b3 s!"),
    closed_before=(("a", "s"), ("b", "s")),
    endless=frozenset("s"),
    check=lambda outcome: _pulled_at_most(outcome, 5),
)
def all_stop_with_1_in_flight(rec: Recorder) -> PipelineDef:
    """The same where one in flight was asked for: nobody pulls further than one item ahead."""
    return flow(
        step("s", fn=source(rec, "s", count()), max_in_flight=1),
        reads("a", total(rec, "a", take=2), "s"),
        reads("b", total(rec, "b", take=4), "s"),
    )


@case(
    values={"a": 1},
    events=log("s0 t0 a0 s1 t1 a1 t! s!"),
    closed_before=(("a", "s"), ("t", "s")),
    endless=frozenset("s"),
)
def an_endless_chain_stops(rec: Recorder) -> PipelineDef:
    """A straight chain that never ends by itself: consumers are closed first."""
    return flow(
        step("s", fn=source(rec, "s", count())),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a", take=2), "t"),
    )


@case(values={"a": 1}, events=log("s0 t0 a0 s1 t1 a1 t! s!"))
def a_chain_stops(rec: Recorder) -> PipelineDef:
    """A straight chain whose sink stops: consumers are closed first."""
    return flow(
        step("s", fn=source(rec, "s", 5)), reads("t", through(rec, "t"), "s"), reads("a", total(rec, "a", take=2), "t")
    )


@case(values={"a": 0, "b": 3}, events=log("s0 b0 s1 b1 s2 b2 s!"), taken={("s", "a", "xs"): 0})
def one_stops_before_the_first_item(rec: Recorder) -> PipelineDef:
    """A returns without taking anything."""
    return flow(
        step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a", take=0), "s"), reads("b", total(rec, "b"), "s")
    )


@case(values={"a": 7, "b": 3}, events=log("s0 b0 s1 b1 s2 b2"), taken={("s", "a", "xs"): 0})
def one_never_iterates(rec: Recorder) -> PipelineDef:
    """A sink that never touches its stream holds nobody back."""

    def a(xs: Iterator[int]) -> int:
        return 7

    return flow(step("s", fn=source(rec, "s", 3)), reads("a", a, "s"), reads("b", total(rec, "b"), "s"))


@case(values={"a": 7, "b": 7}, events=[], closings={"s": 0})
def none_iterates(rec: Recorder) -> PipelineDef:
    """Nobody pulls, so the source never starts, and a generator that never started has no `finally` to run."""

    def a(xs: Iterator[int]) -> int:
        return 7

    return flow(step("s", fn=source(rec, "s", 3)), reads("a", a, "s"), reads("b", a, "s"))


@case(values={"a": 7}, events=[], closings={"s": 0})
def a_chain_never_iterated(rec: Recorder) -> PipelineDef:
    """The same without a fork."""

    def a(xs: Iterator[int]) -> int:
        return 7

    return flow(step("s", fn=source(rec, "s", 3)), reads("a", a, "s"))


LONG = 1000


@case(
    values={"a": 10, "b": LONG * (LONG - 1) // 2},
    closings={"s": 1, "t": 1},
    peaks={("s", "t", "xs"): AtMost(1), ("s", "b", "xs"): AtMost(1)},
    taken={("s", "t", "xs"): 5, ("s", "b", "xs"): LONG},
)
def a_transform_stops(rec: Recorder) -> PipelineDef:
    """T takes 5 and ends; nothing is kept for it while B reads the other 995."""
    return flow(
        step("s", fn=source(rec, "s", LONG)),
        reads("t", through(rec, "t", take=5), "s"),
        reads("a", total(rec, "a"), "t"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"a": 1, "b": 6},
    events=log("s0 t0 a0 b0 s1 t1 a1 t! b1 s2 b2 s3 b3 s!"),
    taken={("s", "t", "xs"): AtLeast(2)},
)
def a_sink_of_a_transform_stops(rec: Recorder) -> PipelineDef:
    """A returns: T's output closes, and with it T's own branch, before B goes on."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a", take=2), "t"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"a": 1, "b": 6},
    taken={("s", "t", "xs"): AtLeast(2), ("s", "b", "xs"): 4},
    events=log("s0 t0 a0 b0 s1 t1 a1 b1 s2 b2 s3 b3"),
)
def a_sink_of_a_lazy_transform_stops(rec: Recorder) -> PipelineDef:
    """The same with a T that can't be closed itself (`map`): its branch closes all the same."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        def noted(x: int) -> int:
            rec("t", x)
            return x

        return map(noted, xs)

    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", t, "s"),
        reads("a", total(rec, "a", take=2), "t"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"b": 0, "a": 6, "c": 3},
    events=log("s0 b0 a0 c0 s1 a1 c1 s2 a2 c2 t! s3 a3 s!"),
    closings={"s": 1, "t": 1},
)
def nested_sinks_stop_one_by_one(rec: Recorder) -> PipelineDef:
    """S feeds T and A, T feeds B and C. B takes 1, C takes 3: then T closes, and A reads on alone."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", through(rec, "t", logs=False), "s"),
        reads("b", total(rec, "b", take=1), "t"),
        reads("a", total(rec, "a"), "s"),
        reads("c", total(rec, "c", take=3), "t"),
    )


@case(values={"j": [(0, 0), (1, 1)], "a": 6}, taken={("s", "j", "xs"): 2, ("s", "j", "ys"): 2})
def a_join_stops(rec: Recorder) -> PipelineDef:
    """A join of two branches that stops closes both."""

    def j(xs: Iterator[int], ys: Iterator[int]) -> list[tuple[int, int]]:
        return [(next(xs), next(ys)) for _ in range(2)]

    return flow(
        step("s", fn=source(rec, "s", 4)),
        step("j", fn=j, inputs={"xs": "s", "ys": "s"}),
        reads("a", total(rec, "a"), "s"),
    )


@case(
    values={"j": [0, 1, 2, 3, 4, 0], "a": 45},
    peaks={("s", "j", "ys"): 5},
    taken={("s", "j", "xs"): 5, ("s", "j", "ys"): 1, ("s", "a", "xs"): 10},
)
def a_branch_that_ran_ahead_is_dropped(rec: Recorder) -> PipelineDef:
    """J reads 5 of one branch, then 1 of the other, and returns: the 4 that wait are dropped, A isn't disturbed."""

    def j(xs: Iterator[int], ys: Iterator[int]) -> list[int]:
        return [*islice(xs, 5), *islice(ys, 1)]

    return flow(
        step("s", fn=source(rec, "s", 10)),
        step("j", fn=j, inputs={"xs": "s", "ys": "s"}),
        reads("a", total(rec, "a"), "s"),
    )


@case(
    values={"a": 3, "b": 780},
    closings={"s": 1},
    peaks={("s", "a", "xs"): AtMost(16), ("s", "b", "xs"): AtMost(16)},
    check=lambda outcome: _pulled_at_most(outcome, 56),
)
def all_stop_with_16_in_flight(rec: Recorder) -> PipelineDef:
    """A takes 3 and B 40: the source was pulled at most 16 ahead of that, and is closed."""
    return flow(
        step("s", fn=source(rec, "s", 1000), max_in_flight=16),
        reads("a", total(rec, "a", take=3), "s"),
        reads("b", total(rec, "b", take=40), "s"),
    )


def _pulled_at_most(outcome: Outcome, bound: int) -> None:
    assert len([item for _, item in outcome.recorder.of("s") if isinstance(item, int)]) <= bound


def _keeps(rec: Recorder, name: str) -> object:
    def keeps(xs: Iterator[int]) -> int:
        rec.keep(xs)
        return next(xs)

    return reads(name, keeps, "s")


def _reading_raises(outcome: Outcome) -> None:
    (kept,) = outcome.recorder.kept
    with pytest.raises(ClosedStreamError, match="keeper"):
        next(kept)  # type: ignore[call-overload]


@case(values={"keeper": 0, "b": 3}, check_kept=_reading_raises)
def a_closed_branch_read_after_the_run(rec: Recorder) -> PipelineDef:
    """A branch that was kept beyond its step raises when it is read, naming the step."""
    return flow(step("s", fn=source(rec, "s", 3)), _keeps(rec, "keeper"), reads("b", total(rec, "b"), "s"))


@case(
    error=Failure("later", ClosedStreamError, text="keeper", own=False),
    closings={"s": 1},
    needs=frozenset({IN_PROCESS}),
)
def a_closed_branch_read_by_a_later_step(rec: Recorder) -> PipelineDef:
    """The same within the run: it is the reader's error."""

    def later(keeper: int) -> int:
        (kept,) = rec.kept
        return next(kept)  # type: ignore[call-overload, no-any-return]

    return flow(step("s", fn=source(rec, "s", 3)), _keeps(rec, "keeper"), reads("b", total(rec, "b"), "s"), later)


@case(values={"a": 3, "b": 3, "c": 3}, events=log("s0 a0 b0 s1 a1 b1 s2 a2 b2 c3"), unordered=True)
def a_sink_that_returns_late(rec: Recorder) -> PipelineDef:
    """A sink that has read its stream to the end may ask again: it gets the end again."""

    def c(xs: Iterator[int]) -> int:
        values = list(xs)
        assert next(xs, None) is None
        assert list(xs) == []
        rec("c", sum(values))
        return sum(values)

    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
        reads("c", c, "s"),
    )
