"""The order rule on random trees: a source gives item n+1 only after everything that item n caused; A before B as listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import synaflow_local
from conformance.test_random import SECONDS, quickly
from conformance.watch import within
from synaflow import pipeline, step

pytestmark = pytest.mark.timeout(300)

Item = tuple[int, ...]
"""The number of the source's item it comes from, then which of those made of it it is, level by level."""


@dataclass(frozen=True)
class Reading:
    """A step of a tree: a source (`reads` is None), a transform (of `copies` items for each, by turns), or a sink."""

    name: str
    reads: str | None
    copies: tuple[int, ...] = ()
    limit: int | None = None
    length: int = 0


@st.composite
def trees(draw: st.DrawFn) -> tuple[Reading, ...]:
    """Steps as listed: every one reads one stream at most."""
    steps = [Reading("s", None, length=draw(st.integers(1, 5)))]
    streams = ["s"]
    for at in range(draw(st.integers(1, 9))):
        above = draw(st.sampled_from([*streams, streams[-1]]))
        limit = draw(st.sampled_from([None, None, None, 0, 1, 3]))
        if draw(st.booleans()):
            copies = tuple(draw(st.lists(st.integers(0, 2), min_size=1, max_size=3)))
            steps.append(Reading(f"t{at}", above, copies, limit))
            streams.append(f"t{at}")
        else:
            steps.append(Reading(f"k{at}", above, (), limit))
    return tuple(draw(st.permutations(steps)))


def _items(tree: dict[str, Reading], name: str) -> Iterator[Item]:
    """The stream of a step, by itself."""
    this = tree[name]
    if this.reads is None:
        yield from ((n,) for n in range(this.length))
    else:
        yield from _made(this, _items(tree, this.reads))


def _made(this: Reading, items: Iterator[Item]) -> Iterator[Item]:
    for n, item in enumerate(islice(items, this.limit)):
        yield from ((*item, copy) for copy in range(this.copies[n % len(this.copies)]))


def _fn(this: Reading, log: list[tuple[str, Item]]) -> Callable[..., Any]:
    def source() -> Iterator[Item]:
        for n in range(this.length):
            log.append((this.name, (n,)))
            yield (n,)

    def transform(xs: Iterator[Item]) -> Iterator[Item]:
        return _made(this, xs)

    def sink(xs: Iterator[Item]) -> int:
        taken = 0
        for item in islice(xs, this.limit):
            log.append((this.name, item))
            taken += 1
        return taken

    return source if this.reads is None else transform if this.copies else sink


@settings(quickly)
@given(trees())
def test_order_of_trees(steps: tuple[Reading, ...]) -> None:
    """The log of every run of a tree keeps to the rule."""
    note("\n".join(map(str, steps)))
    log: list[tuple[str, Item]] = []
    made = [step(this.name, fn=_fn(this, log), inputs={"xs": this.reads} if this.reads else {}) for this in steps]
    with within(SECONDS):
        synaflow_local.run(pipeline("tree", steps=made))
    tree = {this.name: this for this in steps}
    sinks = [this for this in steps if this.reads is not None and not this.copies]
    due = {sink.name: list(islice(_items(tree, sink.reads or ""), sink.limit)) for sink in sinks}
    assert {sink.name: [item for name, item in log if name == sink.name] for sink in sinks} == due
    _check_rounds(log, due)
    _check_listing(log, sinks)


def _check_rounds(log: list[tuple[str, Item]], due: dict[str, list[Item]]) -> None:
    """When the source gives item n, every sink has had all that the items before it caused."""
    taken = dict.fromkeys(due, 0)
    for name, item in log:
        if name in taken:
            taken[name] += 1
            continue
        for sink, items in due.items():
            caused = sum(1 for before in items if before[0] < item[0])
            assert taken[sink] == caused, f"s gives {item[0]} when {sink} has taken {taken[sink]} of {caused}"


def _check_listing(log: list[tuple[str, Item]], sinks: list[Reading]) -> None:
    """Of the sinks that read one fork, each item goes to the first listed first."""
    place = {event: at for at, event in enumerate(log)}
    for at, first in enumerate(sinks):
        for second in sinks[at + 1 :]:
            for name, item in log:
                other = (second.name, item)
                if name == first.name and second.reads == first.reads and other in place:
                    assert place[name, item] < place[other], f"{second.name} has {item} before {first.name}"
