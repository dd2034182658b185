"""What the steps of a random pipeline do."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from conformance.plans import Boom, Journal, Kind, Node
from synaflow import StreamReadError

__all__ = ["BODIES", "ReadTwice", "Turns", "base_of", "end", "fail", "made"]


class ReadTwice(BaseException):
    """A stream that could be iterated a second time."""


class Turns:
    """Which of a node's lazy parameters it reads next, until it has had what it wants; it is told of one that has ended."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._live = set(range(len(node.streams)))

    def end(self, at: int) -> None:
        self._live.discard(at)

    def __iter__(self) -> Iterator[int]:
        node, live = self._node, self._live
        pulled = 0
        while live:
            for at, count in enumerate(node.counts):
                for _ in range(count):
                    if at not in live:
                        break
                    if pulled == node.limit:
                        return
                    yield at
                    pulled += at in live
                if node.until == "first" and len(live) < len(node.streams):
                    return


def base_of(node: Node, arguments: dict[str, Any]) -> int:
    """What the parameters that aren't lazy come to."""
    value = len(node.name)
    for name, argument in sorted(arguments.items()):
        if name[0] == "v":
            value = value * 31 + argument
        elif name[0] in "li":
            for item in argument:
                value = (value * 37 + item) % 100_003
    return value % 100_003


def items_taken(node: Node, arguments: dict[str, Any], returned: list[int]) -> Iterator[tuple[int, int]]:
    """The items of the lazy parameters, in the node's way: (which parameter, item); then what their generators returned."""
    streams = [iter(arguments[f"s{n}"]) for n in range(len(node.streams))]
    if node.once:
        for n in range(len(streams)):
            try:
                iter(arguments[f"s{n}"])
            except StreamReadError:
                continue
            raise ReadTwice
    turns = Turns(node)
    for at in turns:
        try:
            item = next(streams[at])
        except StopIteration as stop:
            turns.end(at)
            returned.append(-1 if stop.value is None else stop.value)
        except Boom:
            if not node.handles:
                raise
            turns.end(at)
        else:
            yield at, item


def made(node: Node, item: int) -> tuple[int, ...]:
    return ((item + 1,), (item,) if item % 2 else (), (2 * item, 2 * item + 1), (item,) * (item % 3))[node.make]


def fail(node: Node, at: int) -> None:
    if at == node.fails_at:
        raise node.raises(node.name)


def end(node: Node, journal: Journal) -> None:
    journal.finish(node.name)
    if node.fails_closing:
        raise Boom(node.name)


def _source(node: Node, journal: Journal, arguments: dict[str, Any]) -> Generator[int, None, int | None]:
    journal.start(node.name)
    try:
        base = base_of(node, arguments)
        for n in range(node.length):
            fail(node, n)
            yield base % 7 + n
        fail(node, node.length)
        return base if node.returns else None
    finally:
        end(node, journal)


def _transform(node: Node, journal: Journal, arguments: dict[str, Any]) -> Generator[int, None, int | None]:
    journal.start(node.name)
    try:
        base = base_of(node, arguments) % 5
        given = 0
        returned: list[int] = []
        fail(node, 0)
        for at, item in items_taken(node, arguments, returned):
            for each in made(node, item):
                yield (each + base + 3 * at) % 1009
                given += 1
                fail(node, given)
        return sum(returned) + given if node.returns else None
    finally:
        end(node, journal)


def _sink(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.start(node.name)
    try:
        value = base_of(node, arguments)
        returned: list[int] = []
        fail(node, 0)
        for taken, (at, item) in enumerate(items_taken(node, arguments, returned), 1):
            value = (value * 31 + 7 * at + item) % 1_000_003
            fail(node, taken)
        return value + sum(returned)
    finally:
        end(node, journal)


def _lister(node: Node, journal: Journal, arguments: dict[str, Any]) -> list[int]:
    value = _sink(node, journal, arguments)
    return [value % 11 + n for n in range(value % 4)]


def _each(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.start(node.name)
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
            raise node.raises(node.name)
        value = base_of(node, arguments)
        for item in items:
            value = (value * 31 + item) % 1009
        return value
    finally:
        end(node, journal)


def _flat(node: Node, journal: Journal, arguments: dict[str, Any]) -> Iterator[int]:
    journal.start(node.name)
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        value = base_of(node, arguments)
        for n in range(sum(items) % 3):
            yield (value + items[0] + n) % 1009
            if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
                raise node.raises(node.name)
    finally:
        end(node, journal)


BODIES: dict[Kind, Callable[..., Any]] = {
    "source": _source,
    "transform": _transform,
    "sink": _sink,
    "value": _sink,
    "lister": _lister,
    "each": _each,
    "flat": _flat,
}
