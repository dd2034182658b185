"""What `on_error="continue"` forgives: items that are dropped, steps that are skipped."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.case import IN_PROCESS, Failure, Outcome, Recorder, case, log
from corpus.steps import boom, flow, reads, source, total
from synaflow import PipelineDef, StepStatus, step

OK, FAILED, SKIPPED = StepStatus.OK, StepStatus.FAILED, StepStatus.SKIPPED


@case(
    values={"other": 5},
    errors=(Failure("one", ValueError, None),),
    statuses={
        "one": FAILED,
        **dict.fromkeys(("two", "three", "rows", "seen", "many"), SKIPPED),
        "other": OK,
        "five": OK,
    },
)
def skipping_is_transitive(rec: Recorder) -> PipelineDef:
    """All that depends on a failed value is skipped, through values, streams, each steps and sinks; nothing else is."""

    def one() -> int:
        raise boom(rec)

    def two(one: int) -> int:
        return one

    def three(two: int) -> int:
        return two

    def rows(three: int) -> Iterator[int]:
        yield three

    def seen(rows: Iterator[int]) -> int:
        return sum(rows)

    def many(rows: int) -> int:
        return rows

    def five() -> int:
        return 5

    def other(five: int) -> int:
        return five

    return flow(step("one", fn=one, on_error="continue"), two, three, rows, seen, many, five, other)


@case(
    values={"a": 6},
    errors=(Failure("v", ValueError),),
    statuses={"s": OK, "v": FAILED, "k": SKIPPED, "a": OK},
    closings={"s": 1, "k": 0},
)
def a_skipped_step_holds_nobody_back(rec: Recorder) -> PipelineDef:
    """K waits for V's value and reads the stream V reads; V fails, so K is skipped, its branch closed, and A goes on."""

    def v(xs: Iterator[int]) -> int:
        next(xs)
        raise boom(rec)

    def k(xs: Iterator[int], v: int) -> int:
        rec.closed("k")
        return sum(xs)

    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("v", v, "s", on_error="continue"),
        reads("k", k, "s"),
        reads("a", total(rec, "a"), "s"),
    )


@case(
    values={"e": [0, 30, 50]},
    options={"outputs": ["e"]},
    ok=False,
    letters=(("e", 1, {"s": 1}), ("e", 3, {"s": 4})),
    dropped={"e": 2},
    counts={"e": (5, 3)},
)
def each_drops_several(rec: Recorder) -> PipelineDef:
    """Items 0, 1, 3, 4, 5 without those that 1 and 4 are: an item's index counts the items dropped before it."""

    def e(s: int) -> int:
        if s in (1, 4):
            raise boom(rec)
        return 10 * s

    return flow(step("s", fn=source(rec, "s", (0, 1, 3, 4, 5))), step("e", fn=e, on_error="continue"))


@case(
    values={"e": [100, 111]},  # 0 + 10 + 90 and 1 + 20 + 90
    options={"outputs": ["e"]},
    ok=False,
    letters=(("e", 2, {"s": 2, "r": 12}),),
    dropped={"e": 1},
)
def each_of_two_drops_both(rec: Recorder) -> PipelineDef:
    """The dead letter has the item of every `each` parameter."""

    def e(s: int, r: int, plus: int = 90) -> int:
        if s == 2:
            raise boom(rec)
        return s + r + plus

    return flow(
        step("s", fn=source(rec, "s", 3)),
        step("r", fn=source(rec, "r", (10, 20, 12))),
        step("e", fn=e, on_error="continue"),
    )


def _handed_over(outcome: Outcome) -> None:
    assert outcome.result is not None
    assert outcome.recorder.kept == list(outcome.result.dead_letters)
    assert outcome.recorder.events == [*log("s0 e0 s1 e1 s2 e2 s3 e3"), ("s", "closed")]


@case(
    values={},
    options=lambda rec: {"dead_letter": rec.keep},
    ok=False,
    letters=(("e", 0, {"s": 0}), ("e", 2, {"s": 2})),
    dropped={"e": 2},
    counts={"e": (4, 2)},
    check=_handed_over,
    needs=frozenset({IN_PROCESS}),
)
def a_dead_letter_handler(rec: Recorder) -> PipelineDef:
    """Each dropped item is given to the handler as well as kept in the result."""

    def e(s: int) -> int:
        rec("e", s)
        if s % 2 == 0:
            raise boom(rec)
        return s

    return flow(step("s", fn=source(rec, "s", 4)), step("e", fn=e, on_error="continue"))


@case(
    values={},
    options=lambda rec: {"dead_letter": lambda letter: rec("letter", letter.index)},
    ok=False,
    letters=(("e", 0, {"s": 0}), ("e", 2, {"s": 2})),
    dropped={"e": 2},
    events=log("s0 e0 letter0 s1 e1 s2 e2 letter2 s3 e3 s!"),
)
def a_dead_letter_handler_is_told_each(rec: Recorder) -> PipelineDef:
    """The handler is called once for each dropped item, in order, wherever the step runs."""

    def e(s: int) -> int:
        rec("e", s)
        if s % 2 == 0:
            raise boom(rec)
        return s

    return flow(step("s", fn=source(rec, "s", 4)), step("e", fn=e, on_error="continue"))


@case(
    values={"e": [0, 100, 1, 2, 102]},
    options={"outputs": ["e"]},
    ok=False,
    letters=(("e", 1, {"s": 1}),),
    dropped={"e": 1},
    counts={"e": (3, 5)},
)
def a_flattened_item_keeps_what_it_gave(rec: Recorder) -> PipelineDef:
    """Item 1 fails after its first output, which stays; item 2 goes on."""

    def e(s: int) -> Iterator[int]:
        yield s
        if s == 1:
            raise boom(rec)
        yield 100 + s

    return flow(step("s", fn=source(rec, "s", 3)), step("e", fn=e, on_error="continue"))


@case(error=Failure("e", ValueError), events=log("s0 a0 a100 s1 a1"), statuses={"e": FAILED})
def a_flattened_item_fails(rec: Recorder) -> PipelineDef:
    """The same with `stop`: what it gave was delivered."""

    def e(s: int) -> Iterator[int]:
        yield s
        if s == 1:
            raise boom(rec)
        yield 100 + s

    return flow(step("s", fn=source(rec, "s", 3)), step("e", fn=e), reads("a", total(rec, "a"), "e"))


@case(
    values={"a": 1},
    options={"stats": True},
    errors=(Failure("s", ValueError, 2),),
    statuses={"s": FAILED, "a": OK},
    counts={"s": (..., 2), "a": (2, None)},
)
def a_source_continues_and_is_measured(rec: Recorder) -> PipelineDef:
    """With `stats=True` too, the items before the error are counted once."""
    return flow(step("s", fn=source(rec, "s", 4, fails_at=2), on_error="continue"), reads("a", total(rec, "a"), "s"))
