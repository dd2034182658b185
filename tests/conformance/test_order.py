"""The order rule on random trees: a source gives item n+1 only after everything that item n caused; A before B as listed.

A tree here has no cycle even when the directions of its edges are left out: of any two streams that meet in a step, each
comes from sources of its own. So lockstep is possible everywhere, and nothing may run ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import synaflow_local
from conformance.test_random import EXAMPLES, SECONDS, quickly
from conformance.watch import within
from synaflow import pipeline, step

pytestmark = pytest.mark.timeout(max(600, EXAMPLES))

Item = tuple[str | int, ...]
"""The source it comes from, its number there, then which of those made of it it is, level by level."""


@dataclass(frozen=True)
class Reading:
    """A step of a tree: a source (`reads` is empty), a transform (of `copies` items for each, by turns), or a sink.

    Attributes:
        name: Its name.
        reads: The streams it reads.
        turns: How many items it takes of each of them in turn.
        shortest: Whether it ends with the first of them that ends.
        copies: How many items it makes of one, by turns; empty for a sink.
        limit: After how many items it stops.
        length: A source's number of items.
    """

    name: str
    reads: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()
    shortest: bool = False
    copies: tuple[int, ...] = ()
    limit: int | None = None
    length: int = 0


@st.composite
def trees(draw: st.DrawFn, joins: bool) -> tuple[Reading, ...]:
    """Steps as listed. Without joins every one reads one stream at most, and there is one source."""
    steps: list[Reading] = []
    parts: dict[str, int] = {}
    for at in range(draw(st.integers(2, 10))):
        if not parts or (joins and draw(st.integers(0, 3)) == 0):
            steps.append(Reading(f"s{at}", length=draw(st.integers(1, 5))))
            parts[f"s{at}"] = at
            continue
        read = _unrelated(draw, parts, 3 if joins else 1)
        for name in [name for name, part in parts.items() if part in {parts[one] for one in read}]:
            parts[name] = at
        this = Reading(
            f"k{at}",
            read,
            tuple(draw(st.sampled_from([1, 1, 1, 2, 1000])) for _ in read),
            draw(st.booleans()),
            limit=draw(st.sampled_from([None, None, None, 0, 1, 3])),
        )
        if draw(st.booleans()):
            copies = tuple(draw(st.lists(st.integers(0, 2), min_size=1, max_size=3)))
            this = Reading(f"t{at}", this.reads, this.turns, this.shortest, copies, this.limit)
            parts[this.name] = at
        steps.append(this)
    return tuple(draw(st.permutations(steps)))


def _unrelated(draw: st.DrawFn, parts: dict[str, int], most: int) -> tuple[str, ...]:
    """Streams of which no two hang together."""
    names = list(parts)
    chosen = draw(st.lists(st.sampled_from([*names, *names[-1:]]), min_size=1, max_size=most))
    return tuple({parts[name]: name for name in chosen}.values())


def _items(tree: dict[str, Reading], name: str) -> Iterator[Item]:
    """The stream of a step, by itself."""
    this = tree[name]
    if not this.reads:
        yield from ((name, n) for n in range(this.length))
    else:
        yield from _made(this, [_items(tree, one) for one in this.reads])


def _taken(this: Reading, streams: Sequence[Iterator[Item]]) -> Iterator[Item]:
    return islice(_by_turns(this, streams), this.limit)


def _by_turns(this: Reading, streams: Sequence[Iterator[Item]]) -> Iterator[Item]:
    live = set(range(len(streams)))
    while live:
        for at in sorted(live):
            for _ in range(this.turns[at]):
                item = next(streams[at], None)
                if item is None:
                    live.discard(at)
                    break
                yield item
            if this.shortest and len(live) < len(streams):
                return


def _made(this: Reading, streams: Sequence[Iterator[Item]]) -> Iterator[Item]:
    for n, item in enumerate(_taken(this, streams)):
        yield from ((*item, copy) for copy in range(this.copies[n % len(this.copies)]))


def _fn(this: Reading, log: list[tuple[str, Item]]) -> Callable[..., Any]:
    def source() -> Iterator[Item]:
        for n in range(this.length):
            log.append((this.name, (this.name, n)))
            yield (this.name, n)

    def transform(
        a: Iterator[Item], b: Iterator[Item] | None = None, c: Iterator[Item] | None = None
    ) -> Iterator[Item]:
        return _made(this, [xs for xs in (a, b, c) if xs is not None])

    def sink(a: Iterator[Item], b: Iterator[Item] | None = None, c: Iterator[Item] | None = None) -> int:
        taken = 0
        for item in _taken(this, [xs for xs in (a, b, c) if xs is not None]):
            log.append((this.name, item))
            taken += 1
        return taken

    return source if not this.reads else transform if this.copies else sink


def _check(steps: tuple[Reading, ...]) -> None:
    note("\n".join(map(str, steps)))
    log: list[tuple[str, Item]] = []
    made = [step(this.name, fn=_fn(this, log), inputs=dict(zip("abc", this.reads, strict=False))) for this in steps]
    with within(SECONDS):
        synaflow_local.run(pipeline("tree", steps=made))
    tree = {this.name: this for this in steps}
    sinks = [this for this in steps if this.reads and not this.copies]
    due = {sink.name: list(_taken(sink, [_items(tree, one) for one in sink.reads])) for sink in sinks}
    assert {sink.name: [item for name, item in log if name == sink.name] for sink in sinks} == due
    _check_rounds(log, due)
    _check_listing(log, [sink for sink in sinks if len(sink.reads) == 1])


@settings(quickly)
@given(trees(joins=False))
def test_order_of_trees(steps: tuple[Reading, ...]) -> None:
    """The log of every run of a tree keeps to the rule."""
    _check(steps)


@settings(quickly)
@given(trees(joins=True))
def test_order_of_trees_that_meet(steps: tuple[Reading, ...]) -> None:
    """So it does where streams of different sources meet, at whatever speed they are read there."""
    _check(steps)


def _origin(item: Item) -> tuple[str, int]:
    source, number = item[:2]
    assert isinstance(source, str)
    assert isinstance(number, int)
    return source, number


def _check_rounds(log: list[tuple[str, Item]], due: dict[str, list[Item]]) -> None:
    """When a source gives item n, every sink has had all that the items before it caused."""
    taken: dict[tuple[str, str], int] = {}
    for name, item in log:
        source, number = _origin(item)
        if name in due:
            taken[name, source] = taken.get((name, source), 0) + 1
            continue
        for sink, items in due.items():
            caused = sum(1 for from_, n in map(_origin, items) if from_ == source and n < number)
            had = taken.get((sink, source), 0)
            assert had == caused, f"{source} gives {number} when {sink} has taken {had} of {caused}"


def _check_listing(log: list[tuple[str, Item]], sinks: list[Reading]) -> None:
    """Of the sinks that read one fork, each item goes to the first listed first."""
    place = {event: at for at, event in enumerate(log)}
    for at, first in enumerate(sinks):
        for second in sinks[at + 1 :]:
            for name, item in log:
                other = (second.name, item)
                if name == first.name and second.reads == first.reads and other in place:
                    assert place[name, item] < place[other], f"{second.name} has {item} before {first.name}"
