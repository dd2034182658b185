"""Forks: one item to every consumer, in the order the steps are listed, before the next one is pulled."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from corpus.case import AtMost, Event, Recorder, case, log
from corpus.steps import flow, reads, source, through, total
from synaflow import PipelineDef, step


@case(
    values={"a": 3, "b": 3},
    events=log("s0 a0 b0 s1 a1 b1 s2 a2 b2 s!"),
    counts={"s": (..., 3), "a": (3, None), "b": (3, None)},
    taken={("s", "a", "xs"): 3, ("s", "b", "xs"): 3},
)
def fork_of_two(rec: Recorder) -> PipelineDef:
    """S0 A0 B0 S1 A1 B1 ...: the source gives an item only when both have taken the one before."""
    return flow(step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a"), "s"), reads("b", total(rec, "b"), "s"))


@case(values={"a": 3, "b": 3, "c": 3}, events=log("s0 a0 b0 c0 s1 a1 b1 c1 s2 a2 b2 c2"), counts={"s": (..., 3)})
def fork_of_three(rec: Recorder) -> PipelineDef:
    """Three consumers."""
    return flow(step("s", fn=source(rec, "s", 3)), *(reads(name, total(rec, name), "s") for name in "abc"))


@case(
    values=dict.fromkeys("abcdefgh", 3),
    events=log(" ".join(f"s{n} " + " ".join(f"{name}{n}" for name in "abcdefgh") for n in range(3))),
)
def fork_of_eight(rec: Recorder) -> PipelineDef:
    """Eight consumers."""
    return flow(step("s", fn=source(rec, "s", 3)), *(reads(name, total(rec, name), "s") for name in "abcdefgh"))


@case(values={"a": 1, "b": 1, "c": 1}, events=log("s0 c0 a0 b0 s1 c1 a1 b1"))
def order_is_as_listed(rec: Recorder) -> PipelineDef:
    """The order is that of `steps`, not that of the definitions, the names or the source."""
    a, b, c = (reads(name, total(rec, name), "s") for name in "abc")
    return flow(c, a, step("s", fn=source(rec, "s", 2)), b)


@case(values={"b": 1, "a": 1, "c": 1}, events=log("s0 t0 b0 a0 c0 s1 t1 b1 a1 c1"), counts={"s": (..., 2), "t": (2, 2)})
def nested(rec: Recorder) -> PipelineDef:
    """S feeds T and A, T feeds B and C, listed B, A, C: B0 A0 C0 B1 A1 C1."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t"), "s"),
        reads("b", total(rec, "b"), "t"),
        reads("a", total(rec, "a"), "s"),
        reads("c", total(rec, "c"), "t"),
    )


@case(values={"a": 1, "b": 1, "c": 1}, events=log("s0 a0 b0 c0 s1 a1 b1 c1"))
def nested_listed_in_order(rec: Recorder) -> PipelineDef:
    """The same, listed A, B, C. Whether T makes its item before A takes S's or after isn't looked at."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t", logs=False), "s"),
        *(reads(name, total(rec, name), dict(a="s", b="t", c="t")[name]) for name in "abc"),
    )


@case(
    values={"b": 6, "a": 1, "c": 6},
    events=log("s0 t0 b0 a0 c0 t1 b1 c1 s1 t2 b2 a1 c2 t3 b3 c3"),
    counts={"s": (..., 2), "t": (2, 4)},
)
def nested_two_of_each(rec: Recorder) -> PipelineDef:
    """The same with a T that makes two of each: B0a A0 C0a B0b C0b; S gives item 1 only after all of that.

    T's items are numbered 0a = 0, 0b = 1, 1a = 2, 1b = 3.
    """
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t", lambda x: (2 * x, 2 * x + 1)), "s"),
        reads("b", total(rec, "b"), "t"),
        reads("a", total(rec, "a"), "s"),
        reads("c", total(rec, "c"), "t"),
    )


@case(
    values={"a": 1, "b": 6, "c": 6},
    events=log("s0 a0 b0 c0 b1 c1 s1 a1 b2 c2 b3 c3"),
)
def nested_two_of_each_listed_in_order(rec: Recorder) -> PipelineDef:
    """The same listed A, B, C: A gets item 1 only after B and C have had all that T made of item 0."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t", lambda x: (2 * x, 2 * x + 1), logs=False), "s"),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "t"),
        reads("c", total(rec, "c"), "t"),
    )


@case(
    values={"b": 4, "a": 10, "c": 4},
    events=log("s0 a0 s1 t1 b1 a1 c1 s2 a2 s3 t3 b3 a3 c3 s4 a4"),
)
def nested_filter(rec: Recorder) -> PipelineDef:
    """T drops the even items, so while it looks for an odd one, A takes the even one, and only then S is pulled again.

    B and C get 1 and 3: 4 each.
    """
    return flow(
        step("s", fn=source(rec, "s", 5)),
        reads("t", through(rec, "t", lambda x: (x,) if x % 2 else ()), "s"),
        reads("b", total(rec, "b"), "t"),
        reads("a", total(rec, "a"), "s"),
        reads("c", total(rec, "c"), "t"),
    )


@case(
    values=dict.fromkeys("abcd", 1),
    events=log("s0 t0 u0 a0 b0 c0 d0 s1 t1 u1 a1 b1 c1 d1"),
    unordered=True,
)
def two_forks_side_by_side(rec: Recorder) -> PipelineDef:
    """S feeds T and U, each feeds two sinks. Which of T and U is pulled first isn't looked at here."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t"), "s"),
        reads("u", through(rec, "u"), "s"),
        *(reads(name, total(rec, name), dict(a="t", b="t", c="u", d="u")[name]) for name in "abcd"),
    )


@case(values={"a": 1, "b": 10}, events=log("s0 t0 a0 u0 b0 s1 t1 a1 u10 b10"))
def transforms_run_as_their_sinks_pull(rec: Recorder) -> PipelineDef:
    """Transforms that feed one sink run in the order in which that sink pulls: T with A, then U with B."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("u", through(rec, "u", lambda x: (10 * x,)), "s"),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a"), "t"),
        reads("b", total(rec, "b"), "u"),
    )


DEPTH = 60


def _deep_events() -> list[Event]:
    events: list[Event] = []
    for item in range(3):
        events.append(("s", item))
        events.extend((f"a{level}", item) for level in range(DEPTH + 1))
    return events


@case(values={f"a{level}": 3 for level in range(DEPTH + 1)}, events=_deep_events(), closings={"s": 1})
def sixty_nested_forks(rec: Recorder) -> PipelineDef:
    """Each level feeds a sink and the next level. One pull goes all the way through, then the sinks run as listed."""

    def passed(xs: Iterator[int]) -> Iterator[int]:
        yield from xs

    steps: list[object] = [step("s", fn=source(rec, "s", 3))]
    above = "s"
    for level in range(DEPTH):
        steps.append(reads(f"a{level}", total(rec, f"a{level}"), above))
        steps.append(reads(f"t{level}", passed, above))
        above = f"t{level}"
    steps.append(reads(f"a{DEPTH}", total(rec, f"a{DEPTH}"), above))
    return flow(*steps)


WIDTH = 200


def _wide_events() -> list[Event]:
    return [event for item in range(3) for event in [("s", item), *((f"w{n}", item) for n in range(WIDTH))]]


@case(values={f"w{n}": 3 for n in range(WIDTH)}, events=_wide_events(), closings={"s": 1})
def two_hundred_wide(rec: Recorder) -> PipelineDef:
    """A fork to 200 sinks, in exact order."""
    return flow(step("s", fn=source(rec, "s", 3)), *(reads(f"w{n}", total(rec, f"w{n}"), "s") for n in range(WIDTH)))


def _chain(rec: Recorder, length: int) -> list[object]:
    def plus_one(xs: Iterator[int]) -> Iterator[int]:
        for x in xs:
            yield x + 1

    steps: list[object] = [step("s", fn=source(rec, "s", 3))]
    steps += [reads(f"t{n}", plus_one, f"t{n - 1}" if n else "s") for n in range(length)]
    return steps


@case(values={"end": 3 + 3 * 500}, events=log("s0 end500 s1 end501 s2 end502"), closings={"s": 1, "end": 1})
def chain_500_deep(rec: Recorder) -> PipelineDef:
    """500 transforms that add 1: (0 + 1 + 2) + 3 * 500."""
    return flow(*_chain(rec, 500), reads("end", total(rec, "end"), "t499"))


@case(values={"end": 3 + 3 * 1500}, events=log("s0 end1500 s1 end1501 s2 end1502"), closings={"s": 1, "end": 1})
def chain_1500_deep(rec: Recorder) -> PipelineDef:
    """Deeper than the interpreter's stack, which holds about 1,000."""
    return flow(*_chain(rec, 1500), reads("end", total(rec, "end"), "t1499"))


@case(
    values={"end": 3 + 3 * 1500, "a": 3},
    events=log("s0 end1500 a0 s1 end1501 a1 s2 end1502 a2"),
    counts={"s": (..., 3)},
)
def chain_1500_deep_below_a_fork(rec: Recorder) -> PipelineDef:
    """A long chain is one branch of a fork."""
    return flow(*_chain(rec, 1500), reads("end", total(rec, "end"), "t1499"), reads("a", total(rec, "a"), "s"))


@case(values={"a": 1 + 2 * 1500, "b": 1 + 2 * 1500}, events=log("s0 a1500 b1500 s1 a1501 b1501"))
def chain_1500_deep_above_a_fork(rec: Recorder) -> PipelineDef:
    """A long chain feeds a fork."""
    steps = _chain(rec, 1500)
    steps[0] = step("s", fn=source(rec, "s", 2))
    return flow(*steps, reads("a", total(rec, "a"), "t1499"), reads("b", total(rec, "b"), "t1499"))


def _limited(limit: int, name: str) -> None:
    @case(
        name=name,
        values={"a": 4950, "b": 4950, "c": 4950},
        events=[(step, item) for step in "sabc" for item in range(100)],
        unordered=True,
        closings={"s": 1, "t": 1},
        counts={"s": (..., 100), "t": (100, 100)},
        peaks={(p, c, "xs"): AtMost(limit) for p, c in [("s", "a"), ("s", "t"), ("t", "b"), ("t", "c")]},
    )
    def build(rec: Recorder) -> PipelineDef:
        """With `max_in_flight` the values are the same, and no branch holds more than that."""
        return flow(
            step("s", fn=source(rec, "s", 100), max_in_flight=limit),
            reads("t", through(rec, "t"), "s", max_in_flight=limit),
            reads("b", total(rec, "b"), "t"),
            reads("a", total(rec, "a"), "s"),
            reads("c", total(rec, "c"), "t"),
        )


for _limit in (2, 16, 256):
    _limited(_limit, f"max_in_flight_{_limit}")


@case(values={"a": 3, "b": 3}, events=log("s0 a0 b0 s1 a1 b1 s2 a2 b2"))
def max_in_flight_1(rec: Recorder) -> PipelineDef:
    """One in flight is exact lockstep."""
    return flow(
        step("s", fn=source(rec, "s", 3), max_in_flight=1),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
    )


def _returning(name: str, limit: int | None, consumers: str) -> None:
    @case(
        name=name,
        values={consumer: [0, 1, 2, "done"] for consumer in consumers},
        closings={"s": 1},
        drift=limit or 1,
    )
    def build(rec: Recorder) -> PipelineDef:
        """A generator's return value reaches `StopIteration.value` on every branch."""

        def s() -> Generator[int, None, str]:
            try:
                yield from range(3)
                return "done"
            finally:
                rec.closed("s")

        def taken(xs: Generator[int, None, str]) -> list[Any]:
            items: list[Any] = []
            while True:
                try:
                    items.append(next(xs))
                except StopIteration as stop:
                    return [*items, stop.value]

        return flow(step("s", fn=s, max_in_flight=limit), *(reads(name, taken, "s") for name in consumers))


_returning("return_value_of_a_chain", None, "a")
_returning("return_value_of_a_fork", None, "abc")
_returning("return_value_with_16_in_flight", 16, "ab")


@case(values={"a": "done", "b": "done"})
def return_value_through_a_transform(rec: Recorder) -> PipelineDef:
    """`yield from` hands it through a transform, as in plain Python."""

    def s() -> Generator[int, None, str]:
        yield 1
        return "done"

    def t(xs: Generator[int, None, str]) -> Generator[int, None, str]:
        return (yield from xs)

    def ended(xs: Generator[int, None, str]) -> str:
        def inner() -> Iterator[int]:
            result.append((yield from xs))

        result: list[str] = []
        assert list(inner()) == [1]
        return result[0]

    return flow(step("s", fn=s), reads("t", t, "s"), reads("a", ended, "t"), reads("b", ended, "s"))


@case(values={"a": 3, "b": 3}, events=log("s0 t0 a0 u0 b0 s1 t1 a1 u1 b1 s2 t2 a2 u2 b2"))
def lazy_transforms(rec: Recorder) -> PipelineDef:
    """A function that returns an iterator of the library's is a stream like a generator."""

    def noted(name: str, x: int) -> int:
        rec(name, x)
        return x

    def t(xs: Iterator[int]) -> Iterator[int]:
        return map(partial(noted, "t"), xs)

    def u(xs: Iterator[int]) -> Iterator[int]:
        return (noted("u", x) for x in xs)

    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("t", t, "s"),
        reads("u", u, "s"),
        reads("a", total(rec, "a"), "t"),
        reads("b", total(rec, "b"), "u"),
    )


@case(
    values={"a": 3, "b": 3, "c": 30, "d": 30},
    events=log("s0 a0 b0 s1 a1 b1 s2 a2 b2 r0 c0 d0 r10 c10 d10 r20 c20 d20"),
    unordered=True,
)
def two_regions(rec: Recorder) -> PipelineDef:
    """Two forks with nothing between them."""
    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", total(rec, "a"), "s"),
        reads("b", total(rec, "b"), "s"),
        step("r", fn=source(rec, "r", (0, 10, 20))),
        reads("c", total(rec, "c"), "r"),
        reads("d", total(rec, "d"), "r"),
    )


@case(values={"b": 9}, events=log("s0 a0 s1 a1 s2 a2 r0 b0 r1 b1 r2 b2"))
def one_region_after_another(rec: Recorder) -> PipelineDef:
    """The second source asks for the first region's value, so it starts when that region has ended. 3 + (0 + 1 + 2) * 2."""

    def r(a: int) -> Iterator[int]:
        for x in range(a):
            rec("r", x)
            yield x

    def b(r: Iterator[int], a: int) -> int:
        value = a
        for x in r:
            rec("b", x)
            value += 2 * x
        return value

    return flow(b, r, step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a"), "s"))
