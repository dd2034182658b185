"""What an error does: who sees it, who may handle it, and what is closed in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

from corpus.case import Failure, Outcome, Recorder, case, log
from corpus.steps import boom, flow, reads, source, through, total
from synaflow import Cancelled, PipelineDef, StepStatus, step

OK, FAILED, SKIPPED = StepStatus.OK, StepStatus.FAILED, StepStatus.SKIPPED
CANCELLED = StepStatus.CANCELLED


def _careful(rec: Recorder, name: str) -> Any:
    """A sink that handles a `ValueError` from its stream: minus what it had."""

    def careful(xs: Iterator[int]) -> int:
        value = 0
        try:
            for x in xs:
                rec(name, x)
                value += x
        except ValueError:
            assert next(xs, None) is None, "after its error a stream is at its end"
            return -value
        return value

    return careful


@case(
    error=Failure("s", ValueError, 2, "boom"),
    statuses={"s": FAILED, "a": CANCELLED, "b": CANCELLED},
    events=log("s0 a0 b0 s1 a1 b1"),
    closings={"s": 1, "a": 1, "b": 1},
)
def a_source_fails(rec: Recorder) -> PipelineDef:
    """The items before the error are delivered; the error's index is the item's that never came."""
    return flow(
        step("s", fn=source(rec, "s", 4, fails_at=2)),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    error=Failure("s", ValueError, text="boom"),
    statuses={"s": FAILED, "t": CANCELLED, "a": CANCELLED},
    events=log("s0 t0 a0 s1 t1 a1"),
    closings={"s": 1, "t": 1, "a": 1},
)
def a_source_of_a_chain_fails(rec: Recorder) -> PipelineDef:
    """On a straight chain the error passes through the others' code, and still names the step that raised it."""
    return flow(
        step("s", fn=source(rec, "s", 4, fails_at=2)),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a"), "t"),
    )


@case(
    error=Failure("t", ValueError, text="boom"),
    statuses={"t": FAILED, "a": CANCELLED},
    events=log("s0 t0 a0 s1 t1 a1 s2 t! a! s!"),
)
def a_transform_of_a_chain_fails(rec: Recorder) -> PipelineDef:
    """The failing step's `finally` runs as its error leaves it, then its consumer's, then its producer's."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", through(rec, "t", fails_at=2), "s"),
        reads("a", total(rec, "a"), "t"),
    )


@case(
    error=Failure("a", ValueError, text="boom"),
    statuses={"a": FAILED},
    events=log("s0 t0 a0 s1 t1 a1 a! t! s!"),
)
def a_sink_of_a_chain_fails(rec: Recorder) -> PipelineDef:
    """Consumers first."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a", fails_at=1), "t"),
    )


@case(
    error=Failure("s", ValueError, text="boom"),
    events=log("s0 s1 s!"),
    statuses={"s": FAILED},
)
def a_drained_source_fails(rec: Recorder) -> PipelineDef:
    """A stream nobody consumes may fail too."""
    return flow(step("s", fn=source(rec, "s", 4, fails_at=2)))


def _watching(rec: Recorder, name: str, swallow: bool = False) -> Any:
    """A sink that notes what stops it."""

    def watching(xs: Iterator[int]) -> int:
        value = 0
        try:
            for x in xs:
                rec(name, x)
                value += x
        except Exception as error:
            raise AssertionError("`except Exception` must not see it") from error
        except BaseException as error:
            rec(name, "Cancelled" if isinstance(error, Cancelled) else type(error).__name__)
            if not swallow:
                raise
        finally:
            rec.closed(name)
        return value

    return watching


def _sink_fails(name: str, swallow: bool, *order: str) -> None:
    cancelled = (("b", "Cancelled"), ("b", "closed"), ("s", "closed"))
    first = log("s0 a0 b0 s1 a1 a!" if order[0] == "a" else "s0 b0 a0 s1 b1 a1 a!")

    @case(
        name=name,
        error=Failure("a", ValueError, text="boom"),
        statuses={"a": FAILED},
        events=[*first, *cancelled],
    )
    def build(rec: Recorder) -> PipelineDef:
        """Another sink that is stopped by it sees `Cancelled`, which `except Exception` doesn't; then the source closes."""
        sinks = {
            "a": reads("a", total(rec, "a", fails_at=1), "s"),
            "b": reads("b", _watching(rec, "b", swallow), "s"),
        }
        return flow(step("s", fn=source(rec, "s", 4)), *(sinks[sink] for sink in order))


_sink_fails("the_first_sink_fails", False, "a", "b")
_sink_fails("the_last_sink_fails", False, "b", "a")
_sink_fails("a_sink_swallows_cancelled", True, "a", "b")


def _is_cancelled(outcome: Outcome) -> None:
    (error,) = outcome.recorder.kept
    assert isinstance(error, Cancelled)
    assert not isinstance(error, Exception)


@case(
    error=Failure("a", ValueError),
    check_kept=_is_cancelled,
    closings={"s": 1, "t": 1, "c": 1},
    closed_before=(("t", "s"), ("a", "s")),
    endless=frozenset("s"),
)
def a_far_away_sink_is_cancelled(rec: Recorder) -> PipelineDef:
    """Behind a transform too. It waits inside the transform's `next`, so there the error passes through first."""

    def c(xs: Iterator[int]) -> int:
        try:
            return sum(xs)
        except BaseException as error:
            rec.keep(error)
            raise
        finally:
            rec.closed("c")

    return flow(
        step("s", fn=source(rec, "s", count())),
        reads("t", through(rec, "t"), "s"),
        reads("c", c, "t"),
        reads("a", total(rec, "a", fails_at=1), "s"),
    )


def _ended_by(name: str, error: type[BaseException]) -> None:
    @case(
        name=name,
        raises=error,
        raised_by="a",
        closings={"s": 1, "t": 1, "a": 1, "b": 1},
        closed_before=(("t", "s"), ("a", "s"), ("b", "s")),
        endless=frozenset("s"),
    )
    def build(rec: Recorder) -> PipelineDef:
        """What is no error but a call to stop leaves `run` as itself, with everything closed, consumers first."""

        def a(t: Iterator[int]) -> int:
            try:
                for x in t:
                    rec("a", x)
                    if x == 2:
                        raise error
                return 0
            finally:
                rec.closed("a")

        return flow(
            step("s", fn=source(rec, "s", count())),
            reads("t", through(rec, "t"), "s"),
            a,
            reads("b", total(rec, "b"), "s"),
        )


_ended_by("an_interrupt_below_an_endless_source", KeyboardInterrupt)
_ended_by("an_exit_below_an_endless_source", SystemExit)


@case(values={"a": -1, "b": -1}, events=log("s0 a0 b0 s1 a1 b1"), closings={"s": 1})
def all_handle_it(rec: Recorder) -> PipelineDef:
    """A producer's error is raised from `next` on each branch, and a consumer that handles it has handled it."""
    return flow(
        step("s", fn=source(rec, "s", 4, fails_at=2)),
        reads("a", _careful(rec, "a"), "s"),
        reads("b", _careful(rec, "b"), "s"),
    )


@case(values={"a": -1}, closings={"s": 1})
def the_only_one_handles_it(rec: Recorder) -> PipelineDef:
    """The same on a straight chain."""
    return flow(step("s", fn=source(rec, "s", 4, fails_at=2)), reads("a", _careful(rec, "a"), "s"))


@case(error=Failure("s", ValueError, 2), statuses={"s": FAILED, "b": CANCELLED})
def one_handles_it(rec: Recorder) -> PipelineDef:
    """A handles it, B doesn't: the run fails, and names the source."""
    return flow(
        step("s", fn=source(rec, "s", 4, fails_at=2)),
        reads("a", _careful(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"a": 0, "b": 0},
    events=[*log("s0 t0 a0 b0 s1 t1 a1 b1"), ("t", -1), ("a", -1), ("b", -1)],
)
def a_transform_handles_it(rec: Recorder) -> PipelineDef:
    """A transform that turns the error into an item: those below know nothing of it. 0 + 1 - 1."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        try:
            for x in xs:
                rec("t", x)
                yield x
        except ValueError:
            rec("t", -1)
            yield -1

    return flow(
        step("s", fn=source(rec, "s", 4, fails_at=2)),
        reads("t", t, "s"),
        reads("a", total(rec, "a"), "t"),
        reads("b", total(rec, "b"), "t"),
    )


@case(error=Failure("a", KeyError, text="instead"), statuses={"a": FAILED})
def a_consumer_raises_another(rec: Recorder) -> PipelineDef:
    """An error raised instead of the producer's is the consumer's own."""

    def a(xs: Iterator[int]) -> int:
        try:
            return sum(xs)
        except ValueError as error:
            rec.raised.clear()
            raise rec.error(KeyError("instead")) from error

    return flow(step("s", fn=source(rec, "s", 4, fails_at=2)), reads("a", a, "s"))


@case(error=Failure("s", ValueError), statuses={"s": FAILED})
def a_consumer_raises_it_again(rec: Recorder) -> PipelineDef:
    """The producer's error raised again is still the producer's."""

    def a(xs: Iterator[int]) -> int:
        try:
            return sum(xs)
        except ValueError:
            rec("a", "seen")
            raise

    return flow(step("s", fn=source(rec, "s", 4, fails_at=2)), reads("a", a, "s"))


def _not_covered(name: str, role: str) -> None:
    @case(name=name, error=Failure("s", ValueError), statuses={"s": FAILED}, closings={"s": 1})
    def build(rec: Recorder) -> PipelineDef:
        """`on_error` of a step covers only what its own code raises, never what came from upstream."""

        def e(s: int) -> int:
            return s

        def li(s: list[int]) -> int:
            return sum(s)

        consumers = {
            "sink": reads("c", total(rec, "c"), "s", on_error="continue"),
            "transform": reads("c", through(rec, "c"), "s", on_error="continue"),
            "each": step("c", fn=e, on_error="continue"),
            "list": step("c", fn=li, on_error="continue"),
        }
        return flow(step("s", fn=source(rec, "s", 4, fails_at=2)), consumers[role])


for _role in ("sink", "transform", "each", "list"):
    _not_covered(f"continue_of_a_{_role}_does_not_cover_upstream", _role)


@case(error=Failure("t", ValueError, text="at the call"), statuses={"t": FAILED}, closings={"s": 0})
def a_stream_function_fails_at_its_call(rec: Recorder) -> PipelineDef:
    """A function that returns an iterator may fail before there is one; nothing was pulled by then."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        raise boom(rec, "at the call")

    return flow(step("s", fn=source(rec, "s", 4)), reads("t", t, "s"), reads("a", total(rec, "a"), "t"))


@case(
    values={"a": 0, "b": 6},
    errors=(Failure("t", ValueError, text="at the call"),),
    statuses={"s": OK, "t": FAILED, "a": OK, "b": OK},
)
def a_stream_function_fails_at_its_call_and_continues(rec: Recorder) -> PipelineDef:
    """Its stream ends with what it had, which is nothing; its sibling goes on."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        raise boom(rec, "at the call")

    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", t, "s", on_error="continue"),
        reads("a", total(rec, "a"), "t"),
        reads("b", total(rec, "b"), "s"),
    )


def _no_iterator(name: str, given: object, role: str) -> None:
    @case(name=name, error=Failure("t", None, own=False), statuses={"t": FAILED})
    def build(rec: Recorder) -> PipelineDef:
        """A function annotated as a stream that returns no iterator is a `StepError` that names it."""

        def t() -> Iterator[int]:
            return given  # type: ignore[return-value]

        def f(s: int) -> Iterator[int]:
            return given  # type: ignore[return-value]

        if role == "flatten":
            return flow(step("s", fn=source(rec, "s", 2)), step("t", fn=f))
        if role == "drained":
            return flow(t)
        forks = "ab" if role == "fork" else "a"
        return flow(t, *(reads(sink, total(rec, sink), "t") for sink in forks))


for _role in ("chain", "fork", "drained", "flatten"):
    _no_iterator(f"a_list_for_a_stream_{_role}", [1, 2], _role)
    _no_iterator(f"none_for_a_stream_{_role}", None, _role)


@case(
    error=Failure("s", ValueError),
    events=[(sink, item) for sink in "ab" for item in range(5)],
    unordered=True,
    statuses={"s": FAILED},
    drift=16,
)
def items_before_an_error_arrive_with_16_in_flight(rec: Recorder) -> PipelineDef:
    """With `max_in_flight` the items before an error are delivered before it."""
    return flow(
        step("s", fn=source(rec, "s", 40, fails_at=5), max_in_flight=16),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
    )


@case(
    values={"a": 3, "b": 3},
    statuses={"a": OK, "b": OK},
    ok=True,
    may_warn=True,
    closings={"s": 1},
    drift=16,
)
def an_error_nobody_reached(rec: Recorder) -> PipelineDef:
    """Both take 3 of a source that fails at 5: if it was pulled that far ahead, the error is a warning."""
    return flow(
        step("s", fn=source(rec, "s", 40, fails_at=5), max_in_flight=16),
        reads("a", total(rec, "a", take=3), "s"),
        reads("b", total(rec, "b", take=3), "s"),
    )


class Given(NamedTuple):
    """Params with a stream."""

    xs: Iterator[int]


def _digits() -> Iterator[int]:
    for digit in "12x":
        yield int(digit)


def _params_fail(name: str, given: Callable[[], Iterator[int]], sinks: str) -> None:
    @case(
        name=name,
        params=lambda: Given(given()),
        error=Failure("xs", ValueError, own=False),
        statuses=dict.fromkeys(("t", *sinks), CANCELLED),
    )
    def build(rec: Recorder) -> PipelineDef:
        """A stream that is given as a params field fails: no step is to blame, and no step's `continue` covers it."""

        steps = [reads(sink, total(rec, sink), producer) for sink, producer in zip(sinks, ("t", "xs"), strict=False)]
        return flow(reads("t", through(rec, "t"), "xs", on_error="continue"), *steps, params=Given)


for _sinks in ("a", "ab"):
    _params_fail(f"a_generator_of_the_params_fails_for_{len(_sinks)}", _digits, _sinks)
    _params_fail(f"an_iterator_of_the_params_fails_for_{len(_sinks)}", lambda: map(int, "12x"), _sinks)


def _warned(outcome: Outcome) -> None:
    (warning,) = outcome.warned
    assert "step 's' of pipeline 'case' failed after 2 items of 't'" in warning


@case(values={"a": (0, 0)}, statuses={"a": OK, "b": OK}, ok=True, may_warn=True, drift=2, check=_warned)
def an_error_nobody_reached_after_a_stream(rec: Recorder) -> PipelineDef:
    """B begins when T has ended, as it does with an error of S; A, which needs B, takes one item of T and sees none of it."""

    def b() -> int:
        return 0

    def a(b: int, xs: Iterator[int]) -> tuple[int, int]:
        return b, next(xs)

    return flow(
        step("s", fn=source(rec, "s", 3, fails_at=2)),
        reads("t", through(rec, "t"), "s"),
        step("b", fn=b, after=["t"]),
        reads("a", a, "t"),
    )


def _partial(outcome: Outcome) -> None:
    assert outcome.result is not None
    assert not outcome.result.ok
    assert outcome.result.seconds >= 0


@case(
    error=Failure("last", ValueError, None),
    statuses={"s": OK, "a": OK, "last": FAILED, "never": CANCELLED},
    counts={"a": (3, None), "s": (..., 3)},
    check=_partial,
)
def a_partial_result(rec: Recorder) -> PipelineDef:
    """The error carries what the run had achieved: the statuses and counts of the steps that had ended."""

    def last(a: int) -> int:
        raise boom(rec)

    def never(last: int) -> int:
        return last

    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
        last,
        never,
    )


@case(error=Failure("k", ValueError), closings={"s": 1, "a": 1}, peaks={("s", "k", "ys"): 5})
def a_join_fails(rec: Recorder) -> PipelineDef:
    """A join that ran ahead on one branch fails: what waits is dropped, everything is closed."""

    def k(xs: Iterator[int], ys: Iterator[int]) -> int:
        list(xs)
        next(ys)
        raise boom(rec)

    return flow(
        step("s", fn=source(rec, "s", 5)),
        step("k", fn=k, inputs={"xs": "s", "ys": "s"}),
        reads("a", total(rec, "a"), "s"),
    )
