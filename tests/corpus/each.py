"""Steps called once per item."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

from corpus.case import Failure, Outcome, Recorder, case, log
from corpus.steps import flow, reads, source, total
from synaflow import PipelineDef, step

Pair = tuple[int, int]


@case(
    values={"double": [0, 2, 4]},
    options={"outputs": ["double"]},
    events=log("s0 d0 s1 d1 s2 d2"),
    counts={"double": (3, 3)},
)
def each_of_a_stream(rec: Recorder) -> PipelineDef:
    """A stream of int into an int: called once per item, and its outputs are a stream."""

    def double(s: int) -> int:
        rec("d", s)
        return s * 2

    return flow(step("s", fn=source(rec, "s", 3)), double)


class Numbers(NamedTuple):
    numbers: list[int]


@case(params=lambda: Numbers([5, 6]), values={}, events=log("d5 d6"), counts={"double": (2, 2)})
def each_of_a_list(rec: Recorder) -> PipelineDef:
    """A concrete collection is gone through the same way; the terminal stream is drained, has a count and no value."""

    def double(numbers: int) -> int:
        rec("d", numbers)
        return numbers * 2

    return flow(double, params=Numbers)


@case(values={"texts": ["a", "b"]}, options={"outputs": ["texts"]})
def each_key_of_a_dict(rec: Recorder) -> PipelineDef:
    """Each of a dict is each of its keys."""

    def table() -> dict[str, int]:
        return {"a": 1, "b": 2}

    def texts(table: str) -> str:
        return table

    return flow(table, texts)


@case(values={"a": 3}, events=log("s0 e0 a0 s1 e1 a1 s2 e2 a2"), counts={"e": (3, 3), "s": (..., 3)})
def each_sink_in_its_place(rec: Recorder) -> PipelineDef:
    """An `each` step that returns nothing is a sink: it has its place in the order, as listed."""

    def e(s: int) -> None:
        rec("e", s)

    return flow(step("s", fn=source(rec, "s", 3)), e, reads("a", total(rec, "a"), "s"))


@case(
    values={"a": 9, "b": 9},
    events=log("s0 d0 p1 a1 b1 s1 d2 p3 a3 b3 s2 d4 p5 a5 b5"),
    counts={"double": (3, 3), "plus": (3, 3)},
)
def each_of_each(rec: Recorder) -> PipelineDef:
    """Each after each, then a fork: 2 * x + 1 for 0, 1, 2 is 1 + 3 + 5."""

    def double(s: int) -> int:
        rec("d", s * 2)
        return s * 2

    def plus(double: int) -> int:
        rec("p", double + 1)
        return double + 1

    return flow(
        step("s", fn=source(rec, "s", 3)),
        double,
        plus,
        reads("a", total(rec, "a"), "plus"),
        reads("b", total(rec, "b"), "plus"),
    )


@case(values={"add": [10, 21, 32]}, options={"outputs": ["add"]}, counts={"add": (..., 3)})
def each_of_two(rec: Recorder) -> PipelineDef:
    """Two `each` parameters advance together."""

    def add(s: int, r: int) -> int:
        return s + r

    return flow(step("s", fn=source(rec, "s", 3)), step("r", fn=source(rec, "r", (10, 20, 30))), add)


@case(values={"add": [0, 5, 10]}, options={"outputs": ["add"]})
def each_of_two_branches(rec: Recorder) -> PipelineDef:
    """Two `each` steps of one stream meet in a third: still in lockstep."""

    def double(s: int) -> int:
        return s * 2

    def triple(s: int) -> int:
        return s * 3

    def add(double: int, triple: int) -> int:
        return double + triple

    return flow(step("s", fn=source(rec, "s", 3)), double, triple, add)


class Words(NamedTuple):
    words: list[str]


@case(params=lambda: Words(["x", "y"]), values={"label": ["x0", "y1"]}, options={"outputs": ["label"]})
def each_of_a_stream_and_a_list(rec: Recorder) -> PipelineDef:
    """One from a stream, one from a concrete list."""

    def label(words: str, s: int) -> str:
        return f"{words}{s}"

    return flow(step("s", fn=source(rec, "s", 2)), label, params=Words)


def _unequal(name: str, first: int, second: int) -> None:
    @case(name=name, error=Failure("add", None, own=False), closings={"s": 1, "r": 1})
    def build(rec: Recorder) -> PipelineDef:
        """Two `each` parameters that don't end together are an error, whichever is the shorter."""

        def add(s: int, r: int) -> int:
            return s + r

        return flow(step("s", fn=source(rec, "s", first)), step("r", fn=source(rec, "r", second)), add)


_unequal("each_of_two_unequal_first_shorter", 2, 3)
_unequal("each_of_two_unequal_second_shorter", 3, 2)
_unequal("each_of_two_one_empty", 0, 1)


class Config(NamedTuple):
    factor: int


class Setup(NamedTuple):
    config: Config
    names: list[str]


def _same_objects(outcome: Outcome) -> None:
    calls = outcome.recorder.kept
    assert len(calls) == 3
    configs, gathered, names = zip(*calls, strict=True)
    assert all(config is configs[0] for config in configs), "a value input is the same object on every call"
    assert all(items is gathered[0] for items in gathered), "a collect input is the same object on every call"
    assert len({id(iterator) for iterator in names}) == 3, "an iterate input is fresh on every call"


@case(
    params=lambda: Setup(Config(2), ["x", "y"]),
    values={"e": ["0 [7, 8] xy", "2 [7, 8] xy", "4 [7, 8] xy"]},
    options={"outputs": ["e"]},
    check_kept=_same_objects,
)
def other_inputs_of_an_each_step(rec: Recorder) -> PipelineDef:
    """`value` and `collect` inputs are the same object on every call, `iterate` is fresh per call."""

    def e(s: int, config: Config, r: list[int], names: Iterator[str]) -> str:
        rec.keep((config, r, names))
        return f"{s * config.factor} {r} {''.join(names)}"

    return flow(step("s", fn=source(rec, "s", 3)), step("r", fn=source(rec, "r", (7, 8))), e, params=Setup)


@case(
    values={"share": [0.1, 0.2, 0.3, 0.4]},
    options={"outputs": ["share"]},
    peaks={("s", "share", "x"): 4},
)
def each_against_the_whole(rec: Recorder) -> PipelineDef:
    """One stream item by item and as a list: the list comes first, so all 4 items wait in the other branch."""

    def share(x: int, everything: list[int]) -> float:
        return x / sum(everything)

    return flow(
        step("s", fn=source(rec, "s", (1, 2, 3, 4))), step("share", fn=share, inputs={"x": "s", "everything": "s"})
    )


@case(
    values={"a": 66, "b": 66},
    events=log("s0 x0 a0 b0 x10 a10 b10 s1 x1 a1 b1 x21 a21 b21 s2 x2 a2 b2 x32 a32 b32"),
    counts={"expand": (3, 6)},
)
def flat_map(rec: Recorder) -> PipelineDef:
    """An `each` step whose output is a stream: flattened, one item at a time. 0, 10, 1, 21, 2, 32."""

    def expand(s: int) -> Iterator[int]:
        for x in (s, 10 * (s + 1) + s):
            rec("x", x)
            yield x

    return flow(
        step("s", fn=source(rec, "s", 3)),
        expand,
        reads("a", total(rec, "a"), "expand"),
        reads("b", total(rec, "b"), "expand"),
    )


@case(values={"expand": [1, 2, 2, 3, 3, 3]}, options={"outputs": ["expand"]}, counts={"expand": (4, 6)})
def flat_map_with_empty_calls(rec: Recorder) -> PipelineDef:
    """A call may give nothing: 0 gives none."""

    def expand(s: int) -> Generator[int, None, None]:
        yield from [s] * s

    return flow(step("s", fn=source(rec, "s", 4)), expand)


@case(values={"expand": [0, 0, 1, 1]}, options={"outputs": ["expand"]})
def flat_map_by_an_iterator(rec: Recorder) -> PipelineDef:
    """The function may return any iterator."""

    def expand(s: int) -> Iterator[int]:
        return iter((s, s))

    return flow(step("s", fn=source(rec, "s", 2)), expand)


@case(params=lambda: Numbers([2, 3]), values={"expand": [0, 1, 0, 1, 2]}, options={"outputs": ["expand"]})
def flat_map_of_a_list(rec: Recorder) -> PipelineDef:
    """From a concrete list."""

    def expand(numbers: int) -> Iterator[int]:
        yield from range(numbers)

    return flow(expand, params=Numbers)


@case(values={"rows": [[0], [0, 1]], "a": 1}, options={"outputs": ["rows", "a"]})
def each_that_returns_lists(rec: Recorder) -> PipelineDef:
    """A list that is returned is an item, not flattened."""

    def rows(s: int) -> list[int]:
        return list(range(s + 1))

    return flow(step("s", fn=source(rec, "s", 2)), rows, reads("a", total(rec, "a"), "s"))


@case(
    values={"share": [0.2, 0.4]},
    options={"outputs": ["share"]},
    counts={"s": (..., 2), "r": (..., 3), "share": (2, 2)},
)
def each_with_another_stream_as_a_list(rec: Recorder) -> PipelineDef:
    """Every call gets the list of R, which has 3 items, not as many as there are calls."""

    def share(s: int, r: list[int]) -> float:
        return s / sum(r)

    return flow(step("s", fn=source(rec, "s", (1, 2))), step("r", fn=source(rec, "r", (0, 2, 3))), share)


def _kind(name: str, mode: str, expected: object) -> None:
    @case(name=name, values={"kind": expected}, options={"outputs": ["kind"]})
    def build(rec: Recorder) -> PipelineDef:
        """A stream of int into `int | list[int]`: collected by the table, item by item if told so."""

        def kind(s: int | list[int]) -> str:
            return type(s).__name__

        return flow(step("s", fn=source(rec, "s", 2)), step("kind", fn=kind, mode=mode))  # type: ignore[arg-type]


_kind("mode_auto", "auto", "list")
_kind("mode_all", "all", "list")
_kind("mode_each", "each", ["int", "int"])


class Loose(NamedTuple):
    xs: list[object]
    k: int


@case(params=lambda: Loose([1, "b"], 9), values={"f": ["1 9", "b 9"]}, options={"outputs": ["f"]})
def mode_each_of_a_list_of_objects(rec: Recorder) -> PipelineDef:
    """By the table a list into `object` is a value; `mode="each"` tries the each row first, and `k` isn't a collection."""

    def f(xs: object, k: object) -> str:
        return f"{xs} {k}"

    return flow(step("f", fn=f, mode="each"), params=Loose)


@case(params=lambda: Loose([1, "b"], 9), values={"f": "[1, 'b'] 9"})
def mode_auto_of_a_list_of_objects(rec: Recorder) -> PipelineDef:
    """The same by the table."""

    def f(xs: object, k: object) -> str:
        return f"{xs} {k}"

    return flow(f, params=Loose)


@case(values={"f": ["0", "1"]}, options={"outputs": ["f"]})
def mode_each_of_a_stream_into_object(rec: Recorder) -> PipelineDef:
    """A stream into `object` is ambiguous by the table; told `each`, it isn't."""

    def f(s: object) -> str:
        return str(s)

    return flow(step("s", fn=source(rec, "s", 2)), step("f", fn=f, mode="each"))


@case(
    values={"b": 2},
    events=log("e0 e1 b2"),
    counts={"e": (2, 2)},
)
def after_an_each_sink(rec: Recorder) -> PipelineDef:
    """Ordering after an `each` sink is `after=`'s work."""

    def e(s: int) -> None:
        rec("e", s)

    def s() -> Iterator[int]:
        yield from range(2)

    def b() -> int:
        rec("b", 2)
        return 2

    return flow(step("b", fn=b, after=["e"]), s, e)
