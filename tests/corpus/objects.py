"""Steps in every form, and what happens to the objects that pass through them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from corpus.case import IN_PROCESS, LOCKSTEP, Outcome, Recorder, case
from corpus.steps import flow, reads, source
from synaflow import PipelineDef, step

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Summary:
    low: int
    high: int


@dataclass(frozen=True)
class Counted:
    n: int

    def __call__(self, xs: Iterator[int]) -> Iterator[int]:
        for x in xs:
            yield x * self.n

    def add(self, xs: Iterator[int]) -> int:
        return sum(xs) + self.n

    @staticmethod
    def least(xs: Iterator[int]) -> int:
        return min(xs)

    @classmethod
    def most(cls, xs: Iterator[int]) -> int:
        return max(xs)


class Bag:
    """Made by reading a stream to its end."""

    def __init__(self, xs: Iterator[int]) -> None:
        self.items = sorted(xs, reverse=True)


def _unwrapped(fn: Callable[P, R]) -> Callable[P, R]:
    @wraps(fn)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return fn(*args, **kwargs)

    return wrapper


def _power(xs: Iterator[int], exponent: int) -> list[int]:
    return [x**exponent for x in xs]


@case(
    values={
        "added": 6 + 100,
        "summary": Summary(0, 3),
        "squares": [0, 1, 4, 9],
        "bagged": [30, 20, 10, 0],
        "size": 4,
        "decorated": 6,
        "keyword": 7,
        "positional": 8,
    }
)
def every_form_of_callable(rec: Recorder) -> PipelineDef:
    """Bound, static and class methods, callable objects, constructors, partials, builtins, lambdas, decorated functions."""

    def bagged(bag: Bag) -> list[int]:
        return bag.items

    def everything(xs: list[int]) -> list[int]:
        return xs

    @_unwrapped
    def decorated(xs: Iterator[int]) -> int:
        return sum(xs)

    def keyword(*, low: int, plus: int = 7) -> int:
        return low + plus

    def positional(low: int, plus: int = 8, /) -> int:
        return low + plus

    return flow(
        step("s", fn=source(rec, "s", 4)),
        reads("added", Counted(100).add, "s"),
        reads("low", Counted.least, "s"),
        reads("high", Counted.most, "s"),
        step("summary", fn=Summary),
        reads("squares", partial(_power, exponent=2), "s"),
        reads("tens", Counted(10), "s"),
        reads("bag", Bag, "tens"),
        bagged,
        reads("everything", everything, "s"),
        step("size", fn=len, inputs={"obj": "everything"}, hints={"obj": list[int], "return": int}),
        reads("decorated", decorated, "s"),
        keyword,
        positional,
    )


class _Big:
    """Something that can be weakly referred to."""


@case(values={"gone": True}, needs=frozenset({IN_PROCESS}))
def a_value_is_let_go(rec: Recorder) -> PipelineDef:
    """A value is let go as soon as its last consumer has it."""

    def big() -> _Big:
        value = _Big()
        rec.keep(weakref.ref(value))
        return value

    def first(big: _Big) -> int:
        return 1

    def second(big: _Big, first: int) -> int:
        (ref,) = rec.kept
        assert ref() is big  # type: ignore[operator]
        return first + 1

    def gone(second: int) -> bool:
        (ref,) = rec.kept
        return ref() is None  # type: ignore[operator]

    return flow(big, first, second, gone)


@case(values={"gone": True}, needs=frozenset({IN_PROCESS}))
def a_collection_is_let_go(rec: Recorder) -> PipelineDef:
    """A collected branch too."""

    def s() -> Iterator[_Big]:
        value = _Big()
        rec.keep(weakref.ref(value))
        yield value

    def gathered(s: list[_Big]) -> int:
        return len(s)

    def gone(gathered: int) -> bool:
        (ref,) = rec.kept
        return ref() is None  # type: ignore[operator]

    return flow(s, gathered, gone)


def _few_alive(outcome: Outcome) -> None:
    assert len(outcome.recorder.kept) == 100
    assert max(outcome.recorder.kept) <= 5, "items live longer than they have to"  # type: ignore[type-var, operator]


@case(values={"a": 100, "b": 100}, check_kept=_few_alive, needs=frozenset({IN_PROCESS, LOCKSTEP}))
def items_are_let_go(rec: Recorder) -> PipelineDef:
    """In lockstep only the items at hand are alive: the new one, and the one before in each loop."""
    alive: weakref.WeakSet[_Big] = weakref.WeakSet()

    def s() -> Iterator[_Big]:
        for _ in range(100):
            value = _Big()
            alive.add(value)
            rec.keep(len(alive))
            yield value

    def count(xs: Iterator[_Big]) -> int:
        return sum(1 for _ in xs)

    return flow(s, reads("a", count, "s"), reads("b", count, "s"))


@case(values={"a": 3, "b": [[0, "a"], [1, "a"], [2, "a"]]}, needs=frozenset({IN_PROCESS}))
def shared_items(rec: Recorder) -> PipelineDef:
    """Branches share the item object: what A, which is listed first, does to it B sees."""

    def s() -> Iterator[list[int | str]]:
        for x in range(3):
            yield [x]

    def a(xs: Iterator[list[int | str]]) -> int:
        n = 0
        for x in xs:
            x.append("a")
            n += 1
        return n

    def b(xs: Iterator[list[int | str]]) -> list[list[int | str]]:
        return list(xs)

    return flow(s, reads("a", a, "s"), reads("b", b, "s"))


_USER: ContextVar[str] = ContextVar("user", default="nobody")


@case(
    values={"a": ["caller"] * 2, "b": ["caller"] * 2, "e": ["caller"] * 2, "v": "caller", "w": ["caller"]},
    options={"outputs": ["a", "b", "e", "v", "w"]},
    needs=frozenset({IN_PROCESS}),
)
def context_variables(rec: Recorder) -> PipelineDef:
    """Variables set by the caller are seen by every step: sources, transforms, each, sinks, values, collected."""
    _USER.set("caller")

    def s() -> Iterator[str]:
        yield _USER.get()
        yield _USER.get()

    def t(s: Iterator[str]) -> Iterator[str]:
        for user in s:
            assert user == _USER.get()
            yield user

    def read(xs: Iterator[str]) -> list[str]:
        return [user for user in xs if user == _USER.get()]

    def e(s: str) -> str:
        return _USER.get()

    def v() -> str:
        return _USER.get()

    def w(xs: list[str]) -> list[str]:
        return [_USER.get()]

    return flow(s, t, reads("a", read, "s"), reads("b", read, "t"), e, v, reads("w", w, "t"))
