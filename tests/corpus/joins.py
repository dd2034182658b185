"""Joins: branches that meet again. In lockstep where that is possible; otherwise exactly one branch runs ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from corpus.case import AtMost, Recorder, case, log
from corpus.steps import flow, joined, reads, source, through, total
from synaflow import PipelineDef, step

Pair = tuple[int, int]


def _halves(rec: Recorder, n: int) -> list[object]:
    """A source forked to `evens` and `odds`."""
    return [
        step("s", fn=source(rec, "s", n)),
        reads("evens", through(rec, "e", lambda x: () if x % 2 else (x,)), "s"),
        reads("odds", through(rec, "o", lambda x: (x,) if x % 2 else ()), "s"),
    ]


def _drained(first: str) -> Callable[[Iterator[int], Iterator[int]], list[int]]:
    def drain(evens: Iterator[int], odds: Iterator[int]) -> list[int]:
        return [*evens, *odds] if first == "evens" else [*odds, *evens]

    return drain


@case(
    values={"j": [(0, 0), (1, 10), (2, 20)]},
    events=log("s0 t0 u0 j0 j0 s1 t1 u10 j1 j10 s2 t2 u20 j2 j20"),
    closings={"s": 1, "t": 1, "u": 1},
)
def diamond(rec: Recorder) -> PipelineDef:
    """S feeds T and U, and a join zips them: it pulls T, which pulls S, then U, which finds the item waiting."""
    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("t", through(rec, "t"), "s"),
        reads("u", through(rec, "u", lambda x: (10 * x,)), "s"),
        step("j", fn=joined(rec, "j"), inputs={"xs": "t", "ys": "u"}),
    )


@case(
    values={"j": [(0, 0), (1, 1)], "a": 1},
    events=log("s0 t0 u0 j0 j0 a0 s1 t1 u1 j1 j1 a1"),
)
def diamond_next_to_a_sink(rec: Recorder) -> PipelineDef:
    """The same beside a sink: still in lockstep."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t"), "s"),
        reads("u", through(rec, "u"), "s"),
        step("j", fn=joined(rec, "j"), inputs={"xs": "t", "ys": "u"}),
        reads("a", total(rec, "a"), "s"),
    )


@case(
    values={"j": [(0, 5), (1, 6)]},
    events=log("s0 r5 j0 j5 s1 r6 j1 j6"),
)
def zip_of_two_sources(rec: Recorder) -> PipelineDef:
    """Two sources that meet in a zip: no fork, so they run as by hand."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        step("r", fn=source(rec, "r", (5, 6))),
        step("j", fn=joined(rec, "j"), inputs={"xs": "s", "ys": "r"}),
    )


@case(
    values={"j": [(0, 0), (1, 1), (2, 2)]},
    taken={("s", "j", "xs"): 3, ("s", "j", "ys"): 3},
)
def one_producer_two_parameters(rec: Recorder) -> PipelineDef:
    """Two parameters of one step fed by one producer: each has its own branch."""
    return flow(step("s", fn=source(rec, "s", 3)), step("j", fn=joined(rec, "j"), inputs={"xs": "s", "ys": "s"}))


@case(
    values={"j": [(1, 0), (5, 1), (9, 2), (13, 3), (17, 4), 5, 6, 7, 8, 9]},
    peaks={("s", "j", "xs"): AtMost(1), ("s", "j", "ys"): 6},
)
def different_speeds(rec: Recorder) -> PipelineDef:
    """Two items of `xs` for each of `ys`: before the fifth `ys`, `xs` has read 10 and `ys` 4, so 6 wait. Then it drains."""

    def j(xs: Iterator[int], ys: Iterator[int]) -> list[object]:
        out: list[object] = []
        while two := list(islice(xs, 2)):
            out.append((sum(two), next(ys)))
        return [*out, *ys]

    return flow(step("s", fn=source(rec, "s", 10)), step("j", fn=j, inputs={"xs": "s", "ys": "s"}))


@case(
    values={"j": [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]},
    events=log("s0 e0 s1 s2 e2 s3 s4 e4 s5 s6 e6 s7 s8 e8 s9 o1 o3 o5 o7 o9"),
    peaks={("s", "odds", "xs"): 10},
    taken={("s", "evens", "xs"): 10, ("s", "odds", "xs"): 10},
    closings={"s": 1, "e": 1, "o": 1},
)
def drained_first(rec: Recorder) -> PipelineDef:
    """The join drains the evens before it touches the odds: the branch of the odds holds all 10, nothing else more than 1."""
    return flow(*_halves(rec, 10), step("j", fn=_drained("evens")))


@case(
    values={"j": [0, 2, 4, 1, 3, 5], "a": 15},
    peaks={("s", "odds", "xs"): 6},
)
def drained_first_next_to_a_sink(rec: Recorder) -> PipelineDef:
    """A sink beside it stays in lockstep: only the branch in the way runs ahead."""
    return flow(*_halves(rec, 6), step("j", fn=_drained("evens")), reads("a", total(rec, "a"), "s"))


@case(
    values={"j": [0, 2, 4, 1, 3, 5], "k": [1, 3, 5, 0, 2, 4]},
    drift=6,
    closings={"s": 1, "e": 1, "o": 1},
)
def cross_drained(rec: Recorder) -> PipelineDef:
    """Two joins that drain opposite branches. Which branch runs ahead is the runner's choice; one has to."""
    return flow(*_halves(rec, 6), step("j", fn=_drained("evens")), step("k", fn=_drained("odds")))


@case(
    values={"k": [1, 2, 3, 4], "total": 10},
    options={"outputs": ["k", "total"]},
    events=log("s1 total1 s2 total2 s3 total3 s4 total4 k1 k2 k3 k4"),
    peaks={("s", "k", "s"): 4},
)
def value_after_stream(rec: Recorder) -> PipelineDef:
    """`k` waits for the sum of the very stream it reads, so its branch holds all of it."""

    def k(total: int, s: Iterator[int]) -> list[int]:
        assert total == 10
        out = []
        for x in s:
            rec("k", x)
            out.append(x)
        return out

    return flow(
        k, step("s", fn=source(rec, "s", (1, 2, 3, 4))), step("total", fn=total(rec, "total"), inputs={"xs": "s"})
    )


MANY = 1000


@case(
    values={"k": (499500, 499500 * 2), "k0": 499500},
    peaks={
        ("s0", "k", "s0"): MANY,
        ("s0", "v", "xs"): AtMost(1),
        ("s1", "k", "s1"): AtMost(1),
        ("s1", "k0", "xs"): AtMost(1),
    },
    closings={"s0": 1, "s1": 1},
)
def value_after_one_of_two_streams(rec: Recorder) -> PipelineDef:
    """`k` waits for `v`'s value: `v` has to be let ahead on S0, which holds all 1,000. S1 lies on no cycle: `k0` waits."""

    def k(v: int, s0: Iterator[int], s1: Iterator[int]) -> tuple[int, int]:
        both = [x + y for x, y in zip(s0, s1, strict=True)]
        return v, sum(both)

    return flow(
        step("s0", fn=source(rec, "s0", MANY)),
        step("s1", fn=source(rec, "s1", MANY)),
        reads("k0", total(rec, "k0"), "s1"),
        reads("v", total(rec, "v"), "s0"),
        step("k", fn=k),
    )


@case(values={"k": 6, "w": None}, peaks={("s", "k", "s"): 3})
def value_of_a_value_after_stream(rec: Recorder) -> PipelineDef:
    """The value path may be long, and its last part may be an `after`."""

    def v(a: int) -> int:
        return a * 2

    def w(v: int) -> None:
        assert v == 6

    def k(s: Iterator[int], v: int) -> int:
        list(s)
        return v

    return flow(
        step("k", fn=k, after=["w"]),
        w,
        v,
        reads("a", total(rec, "a"), "s"),
        step("s", fn=source(rec, "s", 3)),
    )


@case(values={"k": [(0, 1), (1, 3)], "a": 1})
def value_of_another_region(rec: Recorder) -> PipelineDef:
    """A value from a region that has ended binds nothing: S stays in lockstep."""

    def k(xs: Iterator[int], ys: Iterator[int], r: int) -> list[Pair]:
        return [(x, y + r) for x, y in zip(xs, ys, strict=True)]

    return flow(
        step("s", fn=source(rec, "s", 2)),
        step("one", fn=source(rec, "one", (1,))),
        reads("r", total(rec, "r"), "one"),
        reads("t", through(rec, "t", lambda x: (2 * x,)), "s"),
        step("k", fn=k, inputs={"xs": "s", "ys": "t"}),
        reads("a", total(rec, "a"), "s"),
    )


@case(
    values={"j": [(0, 0), (1, 1), (2, 2)]},
    peaks={("s", "t", "xs"): AtMost(1), ("s", "j", "ys"): AtMost(2)},
)
def join_with_a_pair_maker(rec: Recorder) -> PipelineDef:
    """T gives one item for every item and has looked one ahead: its sibling waits with at most the two T has seen."""

    def t(xs: Iterator[int]) -> Iterator[int]:
        held: int | None = None
        for x in xs:
            if held is not None:
                yield held
            held = x
        if held is not None:
            yield held

    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("t", t, "s"),
        step("j", fn=joined(rec, "j"), inputs={"xs": "t", "ys": "s"}),
    )


@case(
    values={"j": 45, "k": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]},
    peaks={("x", "j", "xs"): AtMost(1), ("x", "k", "xs"): AtMost(1)},
    drift=None,
)
def three_joins_in_a_row(rec: Recorder) -> PipelineDef:
    """Diamonds stacked on one another: each join is the next one's source."""

    def zipped(xs: Iterator[int], ys: Iterator[int]) -> Iterator[int]:
        for x, y in zip(xs, ys, strict=True):
            assert x == y
            yield x

    def backwards(xs: Iterator[int]) -> list[int]:
        return list(xs)[::-1]

    def twice(name: str) -> dict[str, str]:
        return {"xs": name, "ys": name}

    return flow(
        step("s", fn=source(rec, "s", 10)),
        step("z", fn=zipped, inputs=twice("s")),
        step("y", fn=zipped, inputs=twice("z")),
        step("x", fn=zipped, inputs=twice("y")),
        reads("j", total(rec, "j"), "x"),
        reads("k", backwards, "x"),
    )


class Bounds(NamedTuple):
    low: int
    high: int


@case(values={"inside": [2, 3]}, peaks={("s", "inside", "xs"): 4})
def two_sinks_then_a_filter(rec: Recorder) -> PipelineDef:
    """A constructor makes one value of two sinks', and the stream is read again with it: 1 < x < 4 of (4, 1, 2, 3)."""

    def low(xs: Iterator[int]) -> int:
        return min(xs)

    def high(xs: Iterator[int]) -> int:
        return max(xs)

    def inside(xs: Iterator[int], bounds: Bounds) -> list[int]:
        return [x for x in xs if bounds.low < x < bounds.high]

    return flow(
        step("s", fn=source(rec, "s", (4, 1, 2, 3))),
        reads("low", low, "s"),
        reads("high", high, "s"),
        step("bounds", fn=Bounds),
        reads("inside", inside, "s"),
    )


@case(
    values={"k": [[0, 0, 0, 2, 4], [1, 2, 6], [2, 4], [3, 6]], "n": [0, 2, 4, 6]},
    drift=None,
    closings={"s": 1},
)
def a_join_read_at_two_speeds(rec: Recorder) -> PipelineDef:
    """Z joins S with itself; K reads S, and Y, which is Z's, at two speeds; N reads Z.

    Each of K's rounds takes 1 of S (0, 1, 2, 3), 1 of Y (0, 2, 4, 6), and 3 of Y again, of which there are 4. Whoever pulls Z
    may have to wait inside it, and Z can't be entered twice.
    """

    def z(xs: Iterator[int], ys: Iterator[int]) -> Iterator[int]:
        for x, y in zip(xs, ys, strict=True):
            yield x + y

    def y(z: Iterator[int]) -> Iterator[int]:
        yield from z

    def k(xs: Iterator[int], once: Iterator[int], thrice: Iterator[int]) -> list[list[int]]:
        rounds = []
        while taken := [*islice(xs, 1), *islice(once, 1), *islice(thrice, 3)]:
            rounds.append(taken)
        return rounds

    def n(z: Iterator[int]) -> list[int]:
        return list(z)

    return flow(
        step("s", fn=source(rec, "s", 4)),
        step("z", fn=z, inputs={"xs": "s", "ys": "s"}),
        y,
        step("k", fn=k, inputs={"xs": "s", "once": "y", "thrice": "y"}),
        n,
    )


@case(
    values={"n": [(0, 1, 0), (2, 3, 1), (4, 5, 2)], "k": [(0, 0, 10), (10, 20, 30), (20, 40, 50)]},
    peaks={("s", "d", "x"): AtMost(1), ("s", "n", "twice"): AtMost(1), ("s", "n", "once"): 4},
    drift=None,
)
def two_that_read_ahead_of_themselves(rec: Recorder) -> PipelineDef:
    """N reads S at two speeds, K reads D, made of S, at two speeds. From S to D there is no cycle, so at most 1 waits there.

    N has read 6 of one branch and 2 of the other when it asks for its third: 4 wait. K takes 1 and 2 by turns of 0, 10, 20,
    30, 40, 50.
    """

    def n(twice: Iterator[int], once: Iterator[int]) -> list[tuple[int, ...]]:
        return [(next(twice), next(twice), next(once)) for _ in range(3)]

    def d(x: int) -> int:
        return 10 * x

    def k(once: Iterator[int], twice: Iterator[int]) -> list[tuple[int, ...]]:
        return [(next(once), next(twice), next(twice)) for _ in range(3)]

    return flow(
        step("s", fn=source(rec, "s", 6)),
        step("n", fn=n, inputs={"twice": "s", "once": "s"}),
        step("d", fn=d, inputs={"x": "s"}),
        step("k", fn=k, inputs={"once": "d", "twice": "d"}),
    )


@case(
    values={"c": 3},
    peaks={("s", "b", "xs"): 3, ("a", "c", "xs"): 3},
    closings={"s": 1, "a": 1, "b": 1, "c": 1},
)
def after_a_stream_that_a_later_step_reads(rec: Recorder) -> PipelineDef:
    """`c` begins when `b` has ended, `b` when `a` has, and nobody but `c` reads `a`: who waits for an end may have to bring it about."""
    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", through(rec, "a"), "s"),
        reads("b", through(rec, "b"), "s", after=["a"]),
        reads("c", total(rec, "c"), "a", after=["b"]),
    )


@case(values={"k": 0, "c": 0}, closings={"s": 1, "a": 1, "k": 1, "c": 1})
def after_a_stream_that_is_after_another(rec: Recorder) -> PipelineDef:
    """`k` waits for the end of `a`; pulling that, it has to wait for the end of `s` first, and then still waits for `a`."""
    return flow(
        step("s", fn=source(rec, "s", 0)),
        reads("a", through(rec, "a"), "s", after=["s"]),
        reads("k", total(rec, "k"), "s", after=["a"]),
        reads("c", total(rec, "c"), "a", after=["s"]),
    )


@case(
    values={"k": [(0, 0), (1, 1), (2, 2)]},
    peaks={("s", "a", "xs"): 3, ("s", "k", "xs"): 3},
    closings={"s": 1, "a": 1},
)
def after_a_stream_it_reads(rec: Recorder) -> PipelineDef:
    """Both `a` and `k` begin when the stream they read has ended: what they read was kept for them, and each has it once."""

    def k(xs: Iterator[int], ys: Iterator[int]) -> list[tuple[int, int]]:
        return list(zip(xs, ys, strict=True))

    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", through(rec, "a"), "s", after=["s"]),
        step("k", fn=k, inputs={"xs": "s", "ys": "a"}, after=["s"]),
    )


@case(
    values={"a": 3, "k": [(0, 0), (1, 1), (2, 2)]},
    events=log("s0 a0 s1 a1 s2 a2 r0 k0 k0 r1 k1 k1 r2 k2 k2"),
    counts={"s": (None, 3)},
    peaks={("s", "a", "xs"): 1, ("s", "k", "xs"): 2},
    closings={"s": 1, "r": 1},
)
def after_a_stream_that_its_reader_has_begun(rec: Recorder) -> PipelineDef:
    """K has taken an item of S when it asks for R, which begins after S: what is left of S is kept for K meanwhile."""
    return flow(
        step("s", fn=source(rec, "s", 3)),
        reads("a", total(rec, "a"), "s"),
        step("r", fn=source(rec, "r", 3), after=["s"]),
        step("k", fn=joined(rec, "k"), inputs={"xs": "s", "ys": "r"}),
    )


@case(
    values={"b": 1, "k": [(0, 0), (0, 1), (1, 2), (1, 3)], "c": 6},
    events=log("s0 b0 r0 k0 k0 c0 r1 k0 k1 c1 s1 b1 r2 k1 k2 c2 r3 k1 k3 c3"),
)
def a_join_of_two_sources_half_way(rec: Recorder) -> PipelineDef:
    """T makes two of each of S. K takes the first, and then waits for R: S has to wait until it has taken the second too."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t", lambda x: (x, x), logs=False), "s"),
        step("r", fn=source(rec, "r", 4)),
        reads("b", total(rec, "b"), "s"),
        step("k", fn=joined(rec, "k"), inputs={"xs": "t", "ys": "r"}),
        reads("c", total(rec, "c"), "r"),
    )
