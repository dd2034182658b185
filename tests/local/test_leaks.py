"""What a run leaves behind: nothing that adds up, and what ends well nothing that waits for the garbage collector."""

from __future__ import annotations

import gc
import os
import sys
import threading
import typing
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypedDict, TypeVar

import greenlet
import pytest

from local.ways import WAYS, Item, Way
from synaflow import pipeline, run, step, stream

T = TypeVar("T")


@pytest.fixture(scope="module", autouse=True)
def _only_new_objects() -> Iterator[None]:
    """Sets aside all objects there are by now, so that looking at the others is quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Things are freed by reference counting or not at all."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Left(NamedTuple):
    """What there is in this process."""

    objects: Counter[str]
    greenlets: int
    threads: int
    files: int
    folder: int
    blocks: int
    resident: int


def left(folder: Path) -> Left:
    gc.collect()
    objects = gc.get_objects()
    types = Counter(f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in objects)
    greenlets = sum(isinstance(thing, greenlet.greenlet) for thing in objects)
    del objects
    return Left(
        types,
        greenlets,
        threading.active_count(),
        len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        len(os.listdir(folder)),
        sys.getallocatedblocks(),
        resident(),
    )


def resident() -> int:
    """Bytes of this process in memory, where that can be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_left_levels_off(way: Way, tmp_path: Path) -> None:
    for _ in range(way.times // 10):
        way.go(tmp_path)
    before = left(tmp_path)
    for _ in range(way.times):
        way.go(tmp_path)
    after = left(tmp_path)
    # A memory of the interpreter's may fill up meanwhile; what is left behind is left behind every time.
    grown = {name: count for name, count in (after.objects - before.objects).items() if count >= way.times // 10}
    assert grown == {}
    assert after.greenlets == before.greenlets
    assert after.threads == before.threads
    assert after.files == before.files
    assert after.folder == before.folder == 0
    assert after.blocks - before.blocks < way.times // 2
    assert after.resident - before.resident < 10_000 * way.times


@pytest.mark.parametrize("way", [way for way in WAYS if way.well], ids=str)
@pytest.mark.usefixtures("no_collector")
def test_what_ends_well_needs_no_garbage_collection(way: Way, tmp_path: Path) -> None:
    for _ in range(3):
        way.go(tmp_path)
    gc.collect()
    way.go(tmp_path)
    assert gc.collect() == 0


@pytest.mark.usefixtures("no_collector")
def test_a_value_goes_with_its_last_consumer() -> None:
    alive: list[str] = []
    watched: dict[str, weakref.ref[Item]] = {}

    def watch(name: str) -> Item:
        item = Item(1)
        watched[name] = weakref.ref(item)
        return item

    def look(at: str) -> None:
        alive.append(f"{at}: {' '.join(name for name, item in watched.items() if item() is not None)}")

    class Params(NamedTuple):
        seed: Item

    def made(seed: Item) -> Item:
        return watch("made")

    def items(made: Item) -> Iterator[Item]:
        yield watch("first")
        yield watch("second")

    def kept(items: list[Item]) -> int:
        return len(items)

    def read(items: Iterator[Item]) -> int:
        return sum(1 for _ in items)

    def after(kept: int, read: int) -> Item:
        look("after")
        return watch("result")

    def last(after: Item) -> int:
        return after.number

    def end(last: int) -> int:
        look("end")
        return last

    built = pipeline("values", Params, [made, items, kept, read, after, last, end])
    run(built, Params(watch("seed")))
    look("run")
    assert alive == ["after: ", "end: ", "run: "]


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("max_in_flight", [1, 4])
def test_an_item_goes_with_its_last_branch(max_in_flight: int) -> None:
    made: list[weakref.ref[Item]] = []
    most = 0

    def source() -> Iterator[Item]:
        nonlocal most
        for number in range(50):
            item = Item(number)
            made.append(weakref.ref(item))
            most = max(most, sum(ref() is not None for ref in made))
            yield item

    def total(items: Iterator[Item]) -> int:
        return sum(item.number for item in items)

    reading = [step(name, total, inputs={"items": "source"}) for name in ("a", "b", "c")]
    run(pipeline("items", steps=[step("source", source, max_in_flight=max_in_flight), *reading]))
    # The source has one in hand, and so has each consumer until it is given the next.
    assert most <= 3 * max_in_flight + 2
    assert not any(ref() for ref in made)


@pytest.mark.usefixtures("no_collector")
def test_what_the_caller_keeps_keeps_only_itself() -> None:
    refs: list[weakref.ref[Item]] = []

    def source() -> Iterator[Item]:
        for number in range(3):
            item = Item(number)
            refs.append(weakref.ref(item))
            yield item

    def total(source: Iterator[Item]) -> int:
        return sum(item.number for item in source)

    def other(source: Iterator[Item]) -> int:
        return sum(item.number for item in source)

    built = pipeline("kept", steps=[source, total, other])
    result = run(built)
    items = stream(built, None, "source")
    number = sum(item.number for item in items)
    assert result["total"] == items.result["total"] == number == 3
    assert not any(ref() for ref in refs)


def test_an_error_that_is_dropped_takes_everything_with_it() -> None:
    way = next(way for way in WAYS if way.name == "error at a fork")
    gc.collect()
    before = sum(isinstance(thing, Item) for thing in gc.get_objects())
    kept: Any = [way.go(Path()) for _ in range(3)]
    assert sum(isinstance(thing, Item) for thing in gc.get_objects()) > before, "its traceback shows the item it was at"
    del kept
    gc.collect()
    assert sum(isinstance(thing, Item) for thing in gc.get_objects()) == before


def test_local_classes_and_functions_are_let_go() -> None:
    def build(number: int) -> list[weakref.ref[Any]]:
        class Local:
            number: int

            def __init__(self, number: int) -> None:
                self.number = number

        class Numbered(Protocol):
            number: int

        class Record(TypedDict):
            local: Local

        class Params(NamedTuple):
            record: Record

        class Box(Generic[T]):
            def __init__(self, content: T) -> None:
                self.content = content

            def get(self) -> T:
                return self.content

        def source(record: Record) -> Iterator[Local]:
            yield record["local"]

        def boxed(item: Local) -> Box[Local]:
            return Box(item)

        def numbers(boxes: list[Box[Local]]) -> tuple[int, ...]:
            return tuple(box.get().number for box in boxes)

        def total(items: Iterator[Numbered]) -> int:
            return sum(item.number for item in items)

        built = pipeline(
            f"local {number}",
            Params,
            [
                source,
                step("boxed", boxed, inputs={"item": "source"}),
                step("numbers", numbers, inputs={"boxes": "boxed"}),
                step("total", total, inputs={"items": "source"}),
            ],
        )
        assert dict(run(built, Params({"local": Local(number)}))) == {"numbers": (number,), "total": number}
        assert built.explain()
        assert built.to_contract()
        things = (Local, Numbered, Record, Params, Box, source, boxed, numbers, total, built.graph)
        return [weakref.ref(thing) for thing in things]

    refs = [ref for number in range(100) for ref in build(number)]
    for clear in typing._cleanups:  # type: ignore[attr-defined]  # `Box[Local]` is remembered by Python itself
        clear()
    gc.collect()
    assert [ref() for ref in refs if ref() is not None] == []
