"""Where a run lets go early, and what it was long held by: skipped steps, the caller's own stream, plans of other outputs."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from itertools import islice, permutations
from typing import Any

import pytest

from local.ways import Item
from synaflow import pipeline, run, step, stream


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """Things are freed by reference counting or not at all."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_value_goes_where_its_last_consumer_is_skipped() -> None:
    refs: list[weakref.ref[Item]] = []
    alive: list[bool] = []

    def value() -> Item:
        item = Item(1)
        refs.append(weakref.ref(item))
        return item

    def fails() -> int:
        raise ValueError("no")

    def first(value: Item) -> bool:
        return True

    def skipped(value: Item, fails: int) -> int:
        return 0

    def skipped_too(value: Item, skipped: int) -> int:
        return 0

    def look() -> None:
        alive.append(refs[0]() is not None)

    def at(name: str, after: str) -> Any:
        return step(name, look, after=[after])

    steps = [value, step("fails", fails, on_error="continue"), first, skipped, at("one", "skipped"), skipped_too]
    result = run(pipeline("skips", steps=[*steps, at("two", "skipped_too")]))
    assert result["first"]
    assert alive == [True, False]


def test_an_item_handed_to_the_caller_is_the_callers() -> None:
    def source() -> Iterator[Item]:
        for number in range(3):
            yield Item(number)

    items = stream(pipeline("straight", steps=[source]), None, "source")
    for item in items:
        ref = weakref.ref(item)
        del item
        assert ref() is None
    assert items.result.steps["source"].items_out == 3


def test_other_outputs_each_time_do_not_add_up() -> None:
    names = list("abcdef")

    def one() -> int:
        return 1

    built = pipeline("many", steps=[step(name, one) for name in names])

    def blocks() -> int:
        gc.collect()
        return len(gc.get_objects())

    orders = permutations(names)
    for outputs in islice(orders, 100):
        assert list(run(built, outputs=outputs)) == list(outputs)
    before = blocks()
    for outputs in islice(orders, 500):
        assert list(run(built, outputs=outputs)) == list(outputs)
    assert blocks() - before < 500


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_run_that_is_under_way_has_no_copy(way: Callable[[object], object]) -> None:
    def source() -> Iterator[int]:
        yield from range(3)

    items = stream(pipeline("straight", steps=[source]), None, "source")
    assert next(items) == 0
    with pytest.raises(TypeError, match="a run that is under way; hand on its items"):
        way(items)
    assert list(items) == [1, 2]
