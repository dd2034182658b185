"""Branches that are materialised, and concrete collections that are iterated."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from corpus.case import Failure, Outcome, Recorder, case, log
from corpus.steps import flow, reads, source, total
from synaflow import PipelineDef, StreamReadError, step


@case(
    values={"a": 3, "b": [0, 1, 2]},
    events=log("s0 a0 s1 a1 s2 a2 b3"),
    counts={"s": (..., 3), "a": (3, None), "b": (3, None)},
    taken={("s", "b", "xs"): 3},
)
def list_next_to_lazy(rec: Recorder) -> PipelineDef:
    """Only the branch of the step that asks for a list is materialised; the other stays in lockstep with the source."""

    def b(xs: list[int]) -> list[int]:
        rec("b", len(xs))
        return xs

    return flow(step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a"), "s"), reads("b", b, "s"))


@case(values={"b": 3, "a": 3}, events=log("s0 a0 s1 a1 s2 a2 b3"))
def list_listed_first(rec: Recorder) -> PipelineDef:
    """The same with the list listed first: the lazy one isn't held back."""

    def b(xs: list[int]) -> int:
        rec("b", len(xs))
        return sum(xs)

    return flow(reads("b", b, "s"), step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a"), "s"))


def _a_list_each(outcome: Outcome) -> None:
    first, second = outcome.recorder.kept
    assert first is not second


@case(values={"b": [0, 1, 2], "c": [0, 1, 2]}, check_kept=_a_list_each)
def two_lists(rec: Recorder) -> PipelineDef:
    """Two steps that ask for a list get one each: what one does to it the other doesn't see."""

    def b(xs: list[int]) -> list[int]:
        rec.keep(xs)
        return list(xs)

    def c(xs: list[int]) -> list[int]:
        rec.keep(xs)
        return list(xs)

    return flow(step("s", fn=source(rec, "s", 3)), reads("b", b, "s"), reads("c", c, "s"))


def _collected(name: str, wanted: Any, expected: object) -> None:
    @case(name=f"collect_{name}", values={"c": expected, "a": 8}, counts={"c": (4, None)})
    def build(rec: Recorder) -> PipelineDef:
        """A stream of 3, 1, 3, 1 is made into what the step asks for."""

        return flow(
            step("s", fn=source(rec, "s", (3, 1, 3, 1))),
            step("c", fn=lambda xs: xs, inputs={"xs": "s"}, hints={"xs": wanted, "return": wanted}),
            reads("a", total(rec, "a"), "s"),
        )


_collected("list", list[int], [3, 1, 3, 1])
_collected("set", set[int], {1, 3})
_collected("frozenset", frozenset[int], frozenset({1, 3}))
_collected("tuple", tuple[int, ...], (3, 1, 3, 1))
_collected("deque", deque[int], deque([3, 1, 3, 1]))
_collected("sequence", Sequence[int], [3, 1, 3, 1])
_collected("collection", Collection[int], [3, 1, 3, 1])
_collected("abstract_set", AbstractSet[int], {1, 3})
_collected("float_list", list[float], [3, 1, 3, 1])


def _mapped(name: str, wanted: Any) -> None:
    @case(name=f"collect_{name}", values={"c": {"a": 3, "b": 2}})
    def build(rec: Recorder) -> PipelineDef:
        """A stream of pairs is made into a dict; the last one of a key wins."""

        def pairs() -> Iterator[tuple[str, int]]:
            yield from [("a", 1), ("b", 2), ("a", 3)]

        return flow(pairs, step("c", fn=lambda pairs: pairs, hints={"pairs": wanted, "return": wanted}))


_mapped("dict", dict[str, int])
_mapped("mapping", Mapping[str, int])


@case(values={"a": 0, "b": [], "c": set(), "d": {}, "e": [], "f": 0}, options={"outputs": list("abcdef")})
def zero_items(rec: Recorder) -> PipelineDef:
    """A stream without items ends, whoever consumes it."""

    def s() -> Iterator[tuple[int, int]]:
        yield from ()

    def a(xs: Iterator[tuple[int, int]]) -> int:
        return len(list(xs))

    def b(xs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return xs

    def c(xs: set[tuple[int, int]]) -> set[tuple[int, int]]:
        return xs

    def d(xs: dict[int, int]) -> dict[int, int]:
        return xs

    def e(x: tuple[int, int]) -> int:
        raise AssertionError("never called")

    def f(e: Iterator[int]) -> int:
        return len(list(e))

    return flow(
        s, reads("a", a, "s"), reads("b", b, "s"), reads("c", c, "s"), reads("d", d, "s"),
        step("e", fn=e, inputs={"x": "s"}), f,
    )  # fmt: skip


@case(values={"a": 2, "b": [None, None], "c": [True, True]}, options={"outputs": ["a", "b", "c"]})
def none_items(rec: Recorder) -> PipelineDef:
    """None is an item like any other: it ends nothing and stands for nothing."""

    def s() -> Iterator[None]:
        yield None
        yield None

    def a(xs: Iterator[None]) -> int:
        return len(list(xs))

    def b(xs: list[None]) -> list[None]:
        return xs

    def c(x: None) -> bool:
        return x is None

    return flow(s, reads("a", a, "s"), reads("b", b, "s"), step("c", fn=c, inputs={"x": "s"}, mode="each"))


Item = list[int] | dict[str, list[int]]


@case(values={"a": 3, "b": [[0], {"x": [1]}, [2]], "c": [1, 1, 1]}, options={"outputs": ["a", "b", "c"]})
def unhashable_items(rec: Recorder) -> PipelineDef:
    """Items need be neither hashable nor comparable."""

    def s() -> Iterator[Item]:
        yield from ([0], {"x": [1]}, [2])

    def a(xs: Iterator[Item]) -> int:
        return len(list(xs))

    def b(xs: list[Item]) -> list[Item]:
        return xs

    def c(x: Item) -> int:
        return len(x)

    return flow(s, reads("a", a, "s"), reads("b", b, "s"), step("c", fn=c, inputs={"x": "s"}))


class Numbers(NamedTuple):
    numbers: list[int]


@case(params=lambda: Numbers([1, 2, 3]), values={"a": 6, "b": 6}, events=log("a1 a2 a3 b1 b2 b3"))
def iterate(rec: Recorder) -> PipelineDef:
    """A list iterated by two steps: a fresh iterator for each, no stream and no lockstep between them."""
    return flow(reads("a", total(rec, "a"), "numbers"), reads("b", total(rec, "b"), "numbers"), params=Numbers)


@case(values={"j": [(1, 1), (2, 2)]})
def iterate_twice_in_one_step(rec: Recorder) -> PipelineDef:
    """Two parameters that iterate one list have an iterator each."""

    def numbers() -> tuple[int, ...]:
        return (1, 2)

    def j(xs: Iterator[int], ys: Iterator[int]) -> list[tuple[int, int]]:
        return list(zip(xs, ys, strict=True))

    return flow(numbers, step("j", fn=j, inputs={"xs": "numbers", "ys": "numbers"}))


@case(values={"a": 3, "b": 3}, events=log("t0 a0 b0 t1 a1 b1 t2 a2 b2"))
def iterate_into_a_stream(rec: Recorder) -> PipelineDef:
    """A transform of a concrete collection is a source like any other: its fork is in lockstep."""

    def numbers() -> range:
        return range(3)

    def t(numbers: Iterator[int]) -> Iterator[int]:
        for x in numbers:
            rec("t", x)
            yield x

    return flow(numbers, t, reads("a", total(rec, "a"), "t"), reads("b", total(rec, "b"), "t"))


@case(values={"keys": ["x", "y"]})
def iterate_a_dict(rec: Recorder) -> PipelineDef:
    """Iterating a dict gives its keys."""

    def table() -> dict[str, int]:
        return {"x": 1, "y": 2}

    def keys(table: Iterator[str]) -> list[str]:
        return list(table)

    return flow(table, keys)


@case(values={"shout": "HELLO"})
def a_string_is_no_collection(rec: Recorder) -> PipelineDef:
    """`str` is a plain value, never iterated for anyone."""

    def word() -> str:
        return "hello"

    def shout(word: str) -> str:
        return word.upper()

    return flow(word, shout)


def _one_shot(name: str, *others: str) -> None:
    @case(
        name=name,
        error=Failure("mean", StreamReadError, text="list", own=False),
        closings={"s": 1},
    )
    def build(rec: Recorder) -> PipelineDef:
        """`Iterable` gives a one-shot object: its second `iter()` says to ask for `list`, instead of silently giving 0."""

        def mean(xs: Iterable[int]) -> float:
            count = sum(1 for _ in xs)
            return sum(xs) / count

        return flow(
            step("s", fn=source(rec, "s", 3)),
            *(reads(other, total(rec, other), "s") for other in others),
            reads("mean", mean, "s"),
        )


_one_shot("iterable_read_twice")
_one_shot("iterable_read_twice_at_a_fork", "a")


@case(values={"a": 3, "b": 3}, events=log("s0 a0 b0 s1 a1 b1 s2 a2 b2"))
def iterable_read_once(rec: Recorder) -> PipelineDef:
    """An `Iterable` read once is a lazy branch."""

    def b(xs: Iterable[int]) -> int:
        value = 0
        for x in xs:
            rec("b", x)
            value += x
        return value

    return flow(step("s", fn=source(rec, "s", 3)), reads("a", total(rec, "a"), "s"), reads("b", b, "s"))


@case(values={"mean": 1.0})
def list_read_twice(rec: Recorder) -> PipelineDef:
    """What the error advises works."""

    def mean(xs: list[int]) -> float:
        return sum(xs) / sum(1 for _ in xs)

    return flow(step("s", fn=source(rec, "s", 3)), reads("mean", mean, "s"))
