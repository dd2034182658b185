"""Straight chains, value steps, params, and sources nobody reads."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, NotRequired, TypedDict, TypeVar

from corpus.case import IfCounted, Recorder, case, log
from corpus.steps import flow, reads, source, through, total
from synaflow import PipelineDef, step

T = TypeVar("T")


class Count(NamedTuple):
    count: int  # type: ignore[assignment]  # as on the page, though a tuple has a method of that name


@case(
    params=lambda: Count(5),
    values={"consumer": None},
    events=log("p0 t0 c0 p1 t10 c10 p2 t20 c20 p3 t30 c30 p4 t40 c40"),
    counts={
        "producer": (..., IfCounted(5)),
        "transformer": (IfCounted(5), IfCounted(5)),
        "consumer": (IfCounted(5), ...),
    },
)
def linear(rec: Recorder) -> PipelineDef:
    """The quickstart: producer, transformer, consumer, wired by name. Nothing counts on a straight chain."""

    def producer(count: int) -> Generator[int, None, None]:
        for value in range(count):
            rec("p", value)
            yield value

    def transformer(producer: Iterator[int]) -> Generator[int, None, None]:
        for value in producer:
            rec("t", value * 10)
            yield value * 10

    def consumer(transformer: Iterator[int]) -> None:
        for x in transformer:
            rec("c", x)

    return flow(
        step("producer", fn=producer),
        step("transformer", fn=transformer),
        step("consumer", fn=consumer),
        params=Count,
        name="example",
    )


@case(
    options={"stats": True},
    values={"c": 6},
    counts={"s": (..., 4), "t": (4, 4), "c": (4, None)},
)
def linear_with_stats(rec: Recorder) -> PipelineDef:
    """`stats=True` counts a straight chain too."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("t", through(rec, "t"), "s"),
        reads("c", total(rec, "c"), "t"),
    )


@case(values={"c": 6}, events=log("s0 t0 c0 s1 t1 c1 s2 t2 c2 s3 t3 c3"), closings={"s": 1, "t": 1, "c": 1})
def linear_listed_backwards(rec: Recorder) -> PipelineDef:
    """Steps may be listed in any order."""
    return flow(
        reads("c", total(rec, "c"), "t"),
        reads("t", through(rec, "t"), "s"),
        step("s", fn=source(rec, "s", 4)),
    )


@case(values={}, events=log("s0 s1 s2 s!"), counts={"s": (..., 3)})
def source_without_consumer(rec: Recorder) -> PipelineDef:
    """A stream nobody consumes is drained, so that its side effects happen; it has a count and no value."""
    return flow(step("s", fn=source(rec, "s", 3)))


@case(values={"s": [0, 1, 2]}, options={"outputs": ["s"]}, events=log("s0 s1 s2 s!"), counts={"s": (..., 3)})
def source_asked_for(rec: Recorder) -> PipelineDef:
    """A terminal stream named in `outputs` is kept as a list."""
    return flow(step("s", fn=source(rec, "s", 3)))


@case(values={}, events=log("s0 t0 s1 t1"), counts={"t": (..., 2)})
def chain_without_consumer(rec: Recorder) -> PipelineDef:
    """A terminal transform is drained: one item at a time, all the way."""
    return flow(step("s", fn=source(rec, "s", 2)), reads("t", through(rec, "t"), "s"))


@case(
    values={"t": [0, 1], "a": 1},
    options={"outputs": ["t", "a"]},
    events=log("s0 t0 a0 s1 t1 a1"),
    counts={"t": (..., 2), "a": (2, None)},
)
def outputs_of_a_consumed_stream(rec: Recorder) -> PipelineDef:
    """`outputs` may name a stream that others consume: it is one branch more, in lockstep with the rest."""
    return flow(
        step("s", fn=source(rec, "s", 2)),
        reads("t", through(rec, "t"), "s"),
        reads("a", total(rec, "a"), "t"),
    )


@case(values={"a": 3, "c": -1}, options={"outputs": ["a", "c"]})
def outputs_of_a_consumed_value(rec: Recorder) -> PipelineDef:
    """`outputs` may name a value that others consume; the terminal steps it doesn't name are then left out."""

    def a() -> int:
        return 3

    def b(a: int) -> int:
        return a * 2

    def c(b: int) -> int:
        return 5 - b

    def d(b: int) -> int:
        return b

    return flow(a, b, c, d)


@case(values={"four": 13}, events=log("one0 two1 three2 four3"))
def value_steps(rec: Recorder) -> PipelineDef:
    """Value steps run once each, in topological order: 1, then 1 + 1 = 2, then 1 * 10 = 10, then 10 + 2 + 1."""

    def four(three: int, two: int, one: int) -> int:
        rec("four", 3)
        return three + two + one

    def one() -> int:
        rec("one", 0)
        return 1

    def two(one: int) -> int:
        rec("two", 1)
        return one + 1

    def three(one: int) -> int:
        rec("three", 2)
        return one * 10

    return flow(step("four", fn=four), step("one", fn=one), step("two", fn=two), step("three", fn=three))


@case(values={"last": "nothing", "alone": None})
def none_values(rec: Recorder) -> PipelineDef:
    """None is a value like any other: passed on, and kept."""

    def maybe() -> int | None:
        return None

    def last(maybe: int | None) -> str:
        return "nothing" if maybe is None else "something"

    def alone() -> None:
        return None

    return flow(maybe, last, alone)


class Several(NamedTuple):
    start: int
    stop: int
    label: str = "sum"


@case(params=lambda: Several(2, 5), values={"text": "sum: 9"})
def several_params(rec: Recorder) -> PipelineDef:
    """Params feed any step that asks for them: 2 + 3 + 4 = 9."""

    def numbers(start: int, stop: int) -> Iterator[int]:
        yield from range(start, stop)

    def added(numbers: Iterator[int], start: int) -> int:
        assert start == 2
        return sum(numbers)

    def text(label: str, added: int) -> str:
        return f"{label}: {added}"

    return flow(numbers, added, text, params=Several)


class Defaults(NamedTuple):
    start: int = 1
    stop: int = 4


@case(values={"added": 6})
def run_without_params(rec: Recorder) -> PipelineDef:
    """Params may be left out when every field has a default: 1 + 2 + 3."""

    def added(start: int, stop: int) -> int:
        return sum(range(start, stop))

    return flow(added, params=Defaults)


@dataclass(frozen=True)
class Settings:
    size: int
    name: str = "n"


@case(params=lambda: Settings(3), values={"text": "nnn"})
def dataclass_params(rec: Recorder) -> PipelineDef:
    """Params may be a dataclass."""

    def text(size: int, name: str) -> str:
        return name * size

    return flow(text, params=Settings)


class Options(TypedDict):
    size: int
    name: NotRequired[str]


@case(params=lambda: {"size": 3, "name": "m"}, values={"text": "mmm"})
def typed_dict_params(rec: Recorder) -> PipelineDef:
    """Params may be a TypedDict."""

    def text(size: int, name: str = "x") -> str:
        return name * size

    return flow(text, params=Options)


class Rows(NamedTuple):
    rows: Iterator[int]


@case(
    params=lambda: Rows(iter([3, 4, 5])),
    values={"a": 12, "b": 12},
    events=log("a3 b3 a4 b4 a5 b5"),
    taken={("rows", "a", "xs"): 3, ("rows", "b", "xs"): 3},
)
def stream_field(rec: Recorder) -> PipelineDef:
    """A params field that is a stream forks like a step's."""
    return flow(reads("a", total(rec, "a"), "rows"), reads("b", total(rec, "b"), "rows"), params=Rows)


class LooseRows(NamedTuple):
    rows: Iterable[int]


@case(params=lambda: LooseRows([3, 4, 5]), values={"a": 12, "b": 12}, events=log("a3 b3 a4 b4 a5 b5"))
def iterable_field(rec: Recorder) -> PipelineDef:
    """A field annotated `Iterable` is a stream too: pulled once, lazily, whatever was given."""
    return flow(reads("a", total(rec, "a"), "rows"), reads("b", total(rec, "b"), "rows"), params=LooseRows)


@case(params=lambda: Rows(iter([])), values={"a": 0})
def empty_stream_field(rec: Recorder) -> PipelineDef:
    """A stream field may be empty."""
    return flow(reads("a", total(rec, "a"), "rows"), params=Rows)


@case(values={"scaled": [0, 3, 6]}, options={"outputs": ["scaled"]})
def default_parameter(rec: Recorder) -> PipelineDef:
    """Nothing is called `factor`, so its default is used."""

    def scaled(xs: Iterator[int], factor: int = 3) -> Iterator[int]:
        return (x * factor for x in xs)

    return flow(step("s", fn=source(rec, "s", 3)), reads("scaled", scaled, "s"))


@case(values={"use": 7})
def default_parameter_overridden(rec: Recorder) -> PipelineDef:
    """A step of that name goes before the default."""

    def factor() -> int:
        return 7

    def use(factor: int = 3) -> int:
        return factor

    return flow(factor, use)


@case(values={"lengths": [2, 2, 1]})
def generic_step(rec: Recorder) -> PipelineDef:
    """A TypeVar is solved from the step's inputs: `batch` gives lists of int."""

    def batch(xs: Iterator[T], n: int = 2) -> Iterator[list[T]]:
        group: list[T] = []
        for x in xs:
            group.append(x)
            if len(group) == n:
                yield group
                group = []
        if group:
            yield group

    def lengths(batch: Iterator[list[int]]) -> list[int]:
        return [len(group) for group in batch]

    return flow(step("s", fn=source(rec, "s", 5)), reads("batch", batch, "s"), step("lengths", fn=lengths))


@case(values={"text": "3 numbers"})
def wired_by_type(rec: Recorder) -> PipelineDef:
    """Nothing is called `amount`; the one step whose output fits it is taken."""

    def numbers() -> int:
        return 3

    def text(amount: int) -> str:
        return f"{amount} numbers"

    return flow(numbers, text)


@case(values={"odd": 4, "even": 2}, events=log("s0 odd1 even0 s1 s2 odd3 even2 s3"), unordered=True)
def one_function_twice(rec: Recorder) -> PipelineDef:
    """`inputs=` lets one function serve several places: 1 + 3 and 0 + 2."""

    def add(values: Iterator[int]) -> int:
        return sum(values)

    def odds(s: Iterator[int]) -> Iterator[int]:
        for x in s:
            if x % 2:
                rec("odd", x)
                yield x

    def evens(s: Iterator[int]) -> Iterator[int]:
        for x in s:
            if not x % 2:
                rec("even", x)
                yield x

    return flow(
        step("s", fn=source(rec, "s", 4)),
        odds,
        evens,
        step("odd", fn=add, inputs={"values": "odds"}),
        step("even", fn=add, inputs={"values": "evens"}),
    )


@case(values={"a": 1, "b": 5}, events=log("s0 a0 s1 a1 b5"))
def after(rec: Recorder) -> PipelineDef:
    """`after` holds a step back until another has ended, and passes nothing. `b` is listed first and runs last."""

    def b() -> int:
        rec("b", 5)
        return 5

    return flow(step("b", fn=b, after=["a"]), step("s", fn=source(rec, "s", 2)), reads("a", total(rec, "a"), "s"))


@case(
    values={"a": 6, "b": 6},
    events=log("s0 a0 s1 a1 s2 a2 s3 a3 b0 b1 b2 b3"),
    peaks={("s", "b", "xs"): 4},
)
def after_on_the_same_stream(rec: Recorder) -> PipelineDef:
    """`b` may not start before `a` has read the whole of the stream they share, so all 4 items wait for it."""
    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("b", total(rec, "b"), "s", after=["a"]),
        reads("a", total(rec, "a"), "s"),
    )


@case(values={"b": 3}, events=log("s0 s1 s! b0 b1 b2"))
def after_a_drained_stream(rec: Recorder) -> PipelineDef:
    """A step can wait for a stream that nobody consumes: until it is drained."""

    def b() -> int:
        for x in range(3):
            rec("b", x)
        return 3

    return flow(step("b", fn=b, after=["s"]), step("s", fn=source(rec, "s", 2)))
