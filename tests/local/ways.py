"""Ways in which a run can go and end, each to be gone through a thousand times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from synaflow import ParamsError, PipelineDef, PipelineError, StepError, include, pipeline, run, step, stream

__all__ = ["WAYS", "Item", "Way", "deep"]

COUNT = 12


class Item:
    """What travels: big enough to be missed, and it can be referred to weakly."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.load = bytes(500)


class Params(NamedTuple):
    """One value and one stream."""

    seed: Item
    given: Iterator[Item]


class Boom(Exception):
    """What a step raises."""


@dataclass(frozen=True)
class Way:
    """A way for a run to go.

    Attributes:
        name: What is special about it.
        go: Goes it once; whatever it gives is dropped.
        well: Whether it ends well: no error, which would know the frames that it came through.
        times: How often it takes to be sure that nothing adds up.
    """

    name: str
    go: Callable[[Path], object]
    well: bool = True
    times: int = 1_000

    def __str__(self) -> str:
        return self.name


def params() -> Params:
    return Params(Item(-1), (Item(number) for number in range(3)))


def source(seed: Item) -> Iterator[Item]:
    for number in range(COUNT):
        yield Item(number)


def copies(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        yield Item(item.number)


def total(items: Iterator[Item]) -> Item:
    return Item(sum(item.number for item in items))


def counted(items: Iterable[Item]) -> Item:
    return Item(sum(1 for _ in items))


def first(items: Iterator[Item]) -> Item:
    return next(items)


def listed(items: list[Item]) -> Item:
    return items[-1]


def after_all(total: Item, items: Iterator[Item]) -> Item:
    return Item(total.number + sum(item.number for item in items))


def pairs(one: Iterator[Item], other: Iterator[Item]) -> Item:
    return Item(sum(a.number * b.number for a, b in zip(one, other, strict=True)))


def same(item: Item) -> Item:
    return item


def twice(item: Item) -> Iterator[Item]:
    yield item
    yield item


def fails(items: Iterator[Item]) -> Item:
    next(items)
    raise Boom(next(items))


def fails_each(item: Item) -> Item:
    if item.number % 5 == 3:
        raise Boom(item)
    return item


def interrupted(items: Iterator[Item]) -> Item:
    raise KeyboardInterrupt(next(items))


def fails_at_the_end(seed: Item) -> Iterator[Item]:
    try:
        yield seed
    finally:
        raise Boom(seed)


FROM = {"items": "source"}
SOURCE = step("source", source)
TOTAL = step("total", total, inputs=FROM)
COUNTED = step("counted", counted, inputs=FROM)


def _built(*steps: Any) -> PipelineDef:
    return pipeline("way", Params, steps)


def _running(*steps: Any, **options: Any) -> Callable[[Path], object]:
    built = _built(*steps)
    return lambda _: run(built, params(), **options)


def _failing(error: type[BaseException], *steps: Any) -> Callable[[Path], object]:
    built = _built(*steps)

    def go(_: Path) -> object:
        try:
            run(built, params())
        except error as raised:
            # As a user would who looks at it.
            return (raised, raised.__traceback__, getattr(raised, "result", None))
        raise AssertionError("it should have failed")

    return go


FORKED = (SOURCE, step("copies", copies, inputs=FROM), step("total", total, inputs={"items": "copies"}), COUNTED)
AHEAD = (SOURCE, TOTAL, step("after_all", after_all, inputs={"total": "total", **FROM}))
JOINED = (
    SOURCE,
    step("copies", copies, inputs=FROM),
    step("pairs", pairs, inputs={"one": "copies", "other": "source"}),
)
ITEMWISE = (
    SOURCE,
    step("same", same, inputs={"item": "source"}),
    step("twice", twice, inputs={"item": "same"}),
    step("total", total, inputs={"items": "twice"}),
)
CHUNKED = (step("source", source, max_in_flight=5), TOTAL, COUNTED)
FORGIVEN = (
    SOURCE,
    step("fails", fails, inputs=FROM, on_error="continue"),
    step("skipped", same, inputs={"item": "fails"}),
    TOTAL,
)
DROPPED = (
    SOURCE,
    step("fails_each", fails_each, inputs={"item": "source"}, on_error="continue"),
    step("total", total, inputs={"items": "fails_each"}),
)


def deep(length: int) -> PipelineDef:
    """A chain that is longer than one stack can be."""
    steps: list[Any] = [SOURCE, step("t0", copies, inputs=FROM)]
    steps += [step(f"t{n}", copies, inputs={"items": f"t{n - 1}"}) for n in range(1, length)]
    return pipeline("deep", Params, [*steps, step("total", total, inputs={"items": f"t{length - 1}"})])


def _deep(length: int) -> Callable[[Path], object]:
    built = deep(length)
    return lambda _: run(built, params())


def _per_item() -> Callable[[Path], object]:
    class Inner(NamedTuple):
        item: Item

    def more(item: Item) -> Iterator[Item]:
        yield item
        yield Item(1)

    def inners(source: Iterator[Item]) -> Iterator[Inner]:
        for item in source:
            yield Inner(item)

    exported = pipeline("inner", Inner, [more, step("copies", copies, inputs={"items": "more"})])
    return _running(
        SOURCE, include("inner", pipeline=exported, fn=inners), step("total", total, inputs={"items": "inner"})
    )


def _spilled(folder: Path) -> object:
    return run(_AHEAD, params(), spill_after=0, spill_to=folder)


_AHEAD = _built(*AHEAD)
_FORKED = _built(*FORKED)
_FAILING = _built(SOURCE, TOTAL, step("fails", fails, inputs=FROM))


def _exhausted(_: Path) -> object:
    items = stream(_FORKED, params(), "copies")
    return [list(items), items.result]


def _half_way(_: Path) -> object:
    items = stream(_FORKED, params(), "copies")
    return next(items)


def _closed(_: Path) -> object:
    with stream(_FORKED, params(), "copies") as items:
        return next(items)


def _never_begun(_: Path) -> object:
    return stream(_FORKED, params(), "copies")


def _never_begun_closed(_: Path) -> object:
    items = stream(_FORKED, params(), "copies")
    items.close()
    return items.result


def _failing_stream(_: Path) -> object:
    items = stream(_FAILING, params(), "source")
    with suppress(StepError):
        list(items)
    return items


def _built_anew(_: Path) -> object:
    class Local(NamedTuple):
        number: int

    class LocalParams(NamedTuple):
        start: Local = Local(1)

    def numbers(start: Local) -> Iterator[Local]:
        yield start

    def found(numbers: list[Local]) -> tuple[Local, ...] | None:
        return tuple(numbers)

    def shown(found: tuple[Local, ...] | None) -> str:
        return repr(found)

    built = pipeline("anew", LocalParams, [numbers, found, shown])
    return run(built), run(built, outputs=["numbers"]), built.explain(), built.to_contract()


def _refused(_: Path) -> object:
    class Local(NamedTuple):
        number: int

    def one() -> Local:
        return Local(1)

    def other(one: str, missing: Local) -> None:
        return None

    with suppress(PipelineError):
        pipeline("refused", steps=[one, other])
    with suppress(ParamsError):
        run(_FORKED)
    return None


WAYS = (
    Way("values", _running(step("one", same, inputs={"item": "seed"}), step("two", same, inputs={"item": "one"}))),
    Way("straight", _running(SOURCE, TOTAL)),
    Way("a field's stream", _running(step("total", total, inputs={"items": "given"}))),
    Way("fork", _running(*FORKED)),
    Way("fork with stats", _running(*FORKED, stats=True)),
    Way("fork in chunks", _running(*CHUNKED)),
    Way("branch that runs ahead", _running(*AHEAD)),
    Way("branch that spills", _spilled),
    Way("join", _running(*JOINED)),
    Way("early stop", _running(SOURCE, TOTAL, step("first", first, inputs=FROM))),
    Way("early stops only", _running(SOURCE, step("first", first, inputs=FROM))),
    Way("collected", _running(SOURCE, TOTAL, step("listed", listed, inputs={"items": "source"}))),
    Way("item by item", _running(*ITEMWISE)),
    Way("drained", _running(SOURCE)),
    Way("kept", _running(SOURCE, TOTAL, outputs=["source", "total"])),
    Way("pipeline per item", _per_item(), times=300),
    Way("chain over several stacks", _deep(550), times=300),
    Way("stream to its end", _exhausted),
    Way("stream dropped half-way", _half_way),
    Way("stream closed half-way", _closed),
    Way("stream never begun", _never_begun),
    Way("stream never begun, closed", _never_begun_closed),
    Way("progress", _running(*FORKED, progress=True), times=300),
    Way("error", _failing(StepError, SOURCE, step("fails", fails, inputs=FROM)), well=False),
    Way("error at a fork", _failing(StepError, SOURCE, step("fails", fails, inputs=FROM), TOTAL), well=False),
    Way("error of an item", _failing(StepError, *DROPPED[:1], step("e", fails_each, inputs={"item": "source"})), False),
    Way("error of a finally", _failing(StepError, fails_at_the_end), well=False),
    Way("error that is forgiven", _running(*FORGIVEN), well=False),
    Way("errors of items that are forgiven", _running(*DROPPED), well=False),
    Way("error of a stream", _failing_stream, well=False),
    Way("interrupt", _failing(KeyboardInterrupt, SOURCE, TOTAL, step("i", interrupted, inputs=FROM)), well=False),
    Way("pipeline built anew", _built_anew, well=False, times=300),
    Way("pipeline refused", _refused, well=False, times=300),
)
"""Every way that leaves something behind of its own."""
