"""Right ways to define a pipeline: clean under mypy --strict and pyright, and they run."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypedDict, TypeVar, assert_type

from synaflow import (
    Bound,
    Edge,
    EdgeKind,
    FieldDef,
    OnError,
    ParamsDef,
    PipelineDef,
    Region,
    StepDef,
    StepMode,
    include,
    pipeline,
    register_collector,
    step,
)

T = TypeVar("T")


class Params(NamedTuple):
    size: int = 3


@dataclass(frozen=True)
class Settings:
    size: int = 3


class Options(TypedDict):
    size: int


class Bag(Generic[T]):
    def __init__(self, items: Iterable[T]) -> None:
        self.items = list(items)


class Pile(Bag[int]):
    """A class with a constructor that makes one of a stream."""


class Tail(deque[int]):
    """A class made by a function."""


class Scale:
    """A callable object, and one with a method."""

    def __call__(self, number: int) -> int:
        return 2 * number

    def thrice(self, number: int) -> int:
        return 3 * number


def numbers(size: int) -> Iterator[int]:
    yield from range(size)


async def ticks(size: int) -> int:
    return size


def add(number: int, by: int) -> int:
    return number + by


def bag_of(items: Iterable[T]) -> Bag[T]:
    return Bag(items)


def last_ten(items: Iterable[int]) -> Tail:
    return Tail(items, maxlen=10)


def make_params(size: int) -> Params:
    return Params(size)


def plugins() -> list[Callable[..., object]]:
    return [numbers]


def steps() -> None:
    numbered = step("numbers", numbers)
    # Every form of a function, every spelling of an option.
    scaled = [
        step("doubled", fn=Scale(), mode="each", inputs={"number": "numbers"}),
        step("tripled", fn=Scale().thrice, mode=StepMode.EACH, inputs={"number": "numbers"}),
        step("added", fn=functools.partial(add, by=1), mode="auto", inputs={"number": "numbers"}, on_error="continue"),
        step("piled", fn=Pile, inputs={"items": "numbers"}, on_error=OnError.STOP),
        step("largest", fn=max, hints={"numbers": list[int], "return": int}),
        step("sized", fn=len, hints={"obj": list[int] | deque[int], "return": int}, max_in_flight=None),
        step("waited", fn=ticks, after=["numbers"], mode="all"),
        step("waits", fn=ticks, after=("numbers", "doubled"), max_in_flight=256),
    ]
    # A list of steps may be put together before it is used, of one kind or of several.
    assert_type(pipeline("a", Params, [numbered, *scaled[:2]]), PipelineDef)
    assert_type(pipeline("b", Params, plugins()), PipelineDef)
    assert_type(pipeline("c", Params, (one for one in (numbers, numbered) if one is not numbered)), PipelineDef)


def params_of_every_form() -> None:
    for params in (Params, Settings, Options):
        assert_type(pipeline("sums", params, [numbers]), PipelineDef)
    assert_type(pipeline("none"), PipelineDef)
    assert_type(pipeline("none", None, steps=(), exports=None, doc="Nothing."), PipelineDef)


def inclusions() -> None:
    inner = pipeline("inner", Params, [numbers], exports="numbers")
    outer = pipeline(
        "outer",
        Settings,
        [
            include("plain", inner),
            include("told", pipeline=inner, inputs={"size": "size"}, after=["plain"]),
            include("made", pipeline=inner, fn=make_params, on_error="stop"),
            include("hinted", inner, fn=Params, hints={"size": int, "return": Params}),
        ],
    )
    assert_type(outer, PipelineDef)


def collectors() -> None:
    register_collector(Bag, bag_of)
    register_collector(Pile, Pile)
    register_collector(Tail, last_ten)


def what_is_built() -> None:
    built = pipeline("sums", Params, [numbers])
    assert_type(built.name, str)
    assert_type(built.params, ParamsDef | None)
    assert_type(built.fields, tuple[FieldDef, ...])
    assert_type(built.steps, tuple[StepDef, ...])
    assert_type(built["numbers"], StepDef)
    assert_type(built["numbers"].mode, StepMode)
    assert_type(built.edges, tuple[Edge, ...])
    assert_type(built.edges_into("numbers"), tuple[Edge, ...])
    assert_type(built.edges[0].kind, EdgeKind)
    assert_type(built.order, tuple[str, ...])
    assert_type(built.terminals, tuple[str, ...])
    assert_type(built.regions, tuple[Region, ...])
    assert_type("numbers" in built, bool)
    assert_type(built.explain(), str)
    assert_type(built.to_contract(), dict[str, object])
    assert_type(list(built.to_dict()), list[str])
    assert_type(built.to_dict()["numbers"]["deps"], dict[str, str])
    assert_type(built.to_dict()["numbers"]["fn"], str | None)
    assert_type(built.to_dict()["numbers"]["needs_materialize"], bool)
    assert_type(built.bounds(), tuple[Bound, ...])
    assert_type(built.edges[0].kind == "value", bool)


def main() -> None:
    steps()
    params_of_every_form()
    inclusions()
    collectors()
    what_is_built()


if __name__ == "__main__":
    main()
