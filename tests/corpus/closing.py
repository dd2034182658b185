"""A `finally` that fails: whose fault it is, and what becomes of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from itertools import count, repeat
from typing import Any

from corpus.case import Failure, Recorder, case
from corpus.steps import flow, reads, source, total
from synaflow import PipelineDef, StepStatus, step

OK, FAILED = StepStatus.OK, StepStatus.FAILED


def _failing_finally(rec: Recorder, name: str, items: Iterable[int] | None = None) -> Any:
    """A source whose `finally` fails. Without `items` it never ends by itself: it has to be closed."""

    def failing() -> Iterator[int]:
        try:
            for x in count() if items is None else items:
                rec(name, x)
                yield x
        finally:
            rec.closed(name)
            raise rec.error(RuntimeError("clean-up"))

    return failing


@case(error=Failure("s", RuntimeError, text="clean-up"), closings={"s": 1}, statuses={"s": FAILED, "a": OK, "b": OK})
def a_finally_fails_after_an_early_exit(rec: Recorder) -> PipelineDef:
    """All consumers had enough and were fine; the source's `finally` fails, and so does the run."""
    return flow(
        step("s", fn=_failing_finally(rec, "s")),
        reads("a", total(rec, "a", take=1), "s"),
        reads("b", total(rec, "b", take=2), "s"),
    )


@case(error=Failure("s", RuntimeError, text="clean-up"), closings={"s": 1}, statuses={"s": FAILED, "a": OK})
def a_finally_of_a_chain_fails_after_an_early_exit(rec: Recorder) -> PipelineDef:
    """On a straight chain too: the error isn't swallowed with the generator."""
    return flow(step("s", fn=_failing_finally(rec, "s")), reads("a", total(rec, "a", take=1), "s"))


@case(error=Failure("s", RuntimeError, text="clean-up"), closings={"s": 1, "a": 1, "b": 1}, statuses={"s": FAILED})
def a_finally_fails_at_the_end(rec: Recorder) -> PipelineDef:
    """At the end of the stream it is an error from `next`, on every branch."""
    return flow(
        step("s", fn=_failing_finally(rec, "s", range(4))),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"a": 0},
    errors=(Failure("s", RuntimeError, text="clean-up"),),
    statuses={"s": FAILED, "a": OK},
)
def a_finally_fails_and_continues(rec: Recorder) -> PipelineDef:
    """It is the step's own code, so its policy covers it: the run goes on, and isn't ok."""
    return flow(step("s", fn=_failing_finally(rec, "s"), on_error="continue"), reads("a", total(rec, "a", take=1), "s"))


@case(
    error=Failure("a", ValueError, text="boom", notes=("clean-up",)),
    closings={"s": 1, "a": 1},
    endless=frozenset("s"),
    statuses={"a": FAILED},
)
def a_finally_fails_after_an_error(rec: Recorder) -> PipelineDef:
    """The first error stays the cause; that of the `finally` is a note on it."""
    return flow(
        step("s", fn=_failing_finally(rec, "s")),
        reads("a", total(rec, "a", fails_at=1), "s"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    error=Failure("a", ValueError, text="boom", notes=("clean-up",)),
    closings={"s": 1, "a": 1},
    endless=frozenset("s"),
    statuses={"a": FAILED},
)
def a_finally_of_a_chain_fails_after_an_error(rec: Recorder) -> PipelineDef:
    """The same on a straight chain."""
    return flow(step("s", fn=_failing_finally(rec, "s")), reads("a", total(rec, "a", fails_at=1), "s"))


@case(
    error=Failure("a", ValueError, text="boom", notes=("of b",)),
    closings={"s": 1},
    endless=frozenset("s"),
    statuses={"a": FAILED},
)
def a_finally_of_a_cancelled_sink_fails(rec: Recorder) -> PipelineDef:
    """What a cancelled sink raises instead is a note as well."""

    def b(xs: Iterator[int]) -> int:
        try:
            return sum(xs)
        finally:
            raise rec.error(RuntimeError("of b"))

    return flow(
        step("s", fn=source(rec, "s", count()), max_in_flight=1),  # when A fails, B has begun
        reads("a", total(rec, "a", fails_at=1), "s"),
        reads("b", b, "s"),
    )


@case(
    error=Failure("t", RuntimeError, text="of t"),
    closings={"s": 1, "t": 1},
    # Whether `b`, which doesn't depend on `t`, still ends is the runner's.
    statuses={"t": FAILED, "a": OK},
)
def a_finally_of_a_transform_fails(rec: Recorder) -> PipelineDef:
    """A transform's `finally`, when its sink has had enough; its own producer is closed all the same."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        try:
            yield from xs
        finally:
            rec.closed("t")
            raise rec.error(RuntimeError("of t"))

    return flow(
        step("s", fn=source(rec, "s", count())),
        reads("t", t, "s"),
        reads("a", total(rec, "a", take=1), "t"),
        reads("b", total(rec, "b", take=1), "s"),
    )


def _decorated(rec: Recorder, fn: Callable[..., Iterator[int]]) -> Callable[..., Iterator[int]]:
    @wraps(fn)
    def decorated(*args: int, **kwargs: int) -> Iterator[int]:
        try:
            yield from fn(*args, **kwargs)
        finally:
            if fn.__name__ == "e":
                raise rec.error(RuntimeError("of e"))

    return decorated


@case(error=Failure("e", RuntimeError, text="of e"), statuses={"e": FAILED})
def a_finally_of_one_of_several_decorated_alike(rec: Recorder) -> PipelineDef:
    """To the interpreter, steps with one decorator are one function. T has had enough, and so E is closed in its first item."""

    def e(s: int) -> Iterator[int]:
        yield from repeat(s)

    def t(xs: Iterator[int]) -> Iterator[int]:
        yield next(xs)

    return flow(
        step("s", fn=source(rec, "s", 3)),
        step("e", fn=_decorated(rec, e)),
        reads("t", _decorated(rec, t), "e"),
        reads("a", total(rec, "a"), "t"),
    )
