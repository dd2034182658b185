"""Random pipelines: a plan is drawn, and pure steps are built from it, as often as needed.

Every step counts, in a journal, what it starts and what it finishes, so that a `finally` that ran twice or never shows.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from hypothesis import strategies as st

from synaflow import PipelineDef, pipeline, step

__all__ = ["Boom", "Journal", "Node", "Plan", "build", "plans"]

Kind = Literal["source", "transform", "sink", "lister", "each", "flat", "value"]

STREAMS: frozenset[Kind] = frozenset({"source", "transform", "each", "flat"})


class Boom(Exception):
    """What the steps of a random pipeline raise."""


@dataclass
class Journal:
    """What was started and what was finished, by step."""

    started: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, repr=False)
class Node:
    """One step of a plan.

    Attributes:
        name: Its name.
        kind: Its role.
        streams: Producers of its lazy parameters.
        items: Producers of its parameters taken item by item.
        lists: Producers of its parameters taken as a list.
        iterated: Producers, which give a list, of its parameters that iterate it.
        values: Producers of its plain parameters.
        counts: How many items it takes of each lazy parameter in turn: (1, 1) is a zip, (1000, 1) drains the first one.
        until: Whether it ends with the first of them that ends, or with the last.
        limit: After how many items it stops; None: never; 0: it doesn't iterate.
        make: What it makes of an item: 0, 1 or 2 items.
        length: A source's number of items.
        fails_at: The item in whose place it fails.
        handles: Whether it takes an error of a producer for its end.
        on_error: Its policy.
        in_flight: Its `max_in_flight`.
    """

    name: str
    kind: Kind
    streams: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    iterated: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    until: Literal["first", "last"] = "last"
    limit: int | None = None
    make: int = 0
    length: int = 0
    fails_at: int | None = None
    handles: bool = False
    on_error: Literal["stop", "continue"] = "stop"
    in_flight: int | None = None

    def __repr__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)[2:] if getattr(self, f.name) != f.default}
        return f"Node({', '.join([repr(self.name), repr(self.kind), *(f'{k}={v!r}' for k, v in said.items())])})"

    def inputs(self) -> dict[str, str]:
        """The producer of each parameter."""
        groups = {"s": self.streams, "e": self.items, "l": self.lists, "i": self.iterated, "v": self.values}
        return {f"{letter}{n}": producer for letter, group in groups.items() for n, producer in enumerate(group)}


_HINTS: dict[str, object] = {"s": Iterator[int], "e": int, "l": list[int], "i": Iterator[int], "v": int}
_RETURNS: dict[Kind, object] = {
    "source": Iterator[int],
    "transform": Iterator[int],
    "flat": Iterator[int],
    "each": int,
    "sink": int,
    "value": int,
    "lister": list[int],
}


@dataclass(frozen=True)
class Plan:
    """A random pipeline: its nodes in topological order, and the order in which its steps are listed."""

    nodes: tuple[Node, ...]
    listed: tuple[int, ...]
    outputs: tuple[str, ...] = ()

    @property
    def chunked(self) -> bool:
        """Whether any stream may be pulled ahead."""
        return any((node.in_flight or 1) > 1 for node in self.nodes)

    def __str__(self) -> str:
        return "\n".join(map(str, self.nodes)) + f"\nlisted {self.listed} outputs {self.outputs}"


def build(plan: Plan, journal: Journal) -> PipelineDef:
    """The plan's pipeline, made anew."""
    return pipeline("random", steps=[_step(plan.nodes[at], journal) for at in plan.listed])


def _step(node: Node, journal: Journal) -> Any:
    return step(
        node.name,
        fn=_shaped(node, _BODIES[node.kind], journal),
        on_error=node.on_error,
        max_in_flight=node.in_flight,
        inputs=node.inputs(),
    )


def _shaped(node: Node, body: Callable[..., Any], journal: Journal) -> Callable[..., Any]:
    """A function with the node's parameters and hints around the body for its kind."""
    hints = {name: _HINTS[name[0]] for name in node.inputs()}

    def call(**arguments: Any) -> Any:
        return body(node, journal, arguments)

    def generate(**arguments: Any) -> Any:
        yield from body(node, journal, arguments)

    fn: Any = generate if node.kind in ("source", "transform", "flat") else call
    fn.__name__ = fn.__qualname__ = node.name
    kind = inspect.Parameter.KEYWORD_ONLY
    fn.__signature__ = inspect.Signature(
        [inspect.Parameter(name, kind, annotation=hint) for name, hint in hints.items()],
        return_annotation=_RETURNS[node.kind],
    )
    fn.__annotations__ = {**hints, "return": _RETURNS[node.kind]}
    return fn  # type: ignore[no-any-return]


def _base(node: Node, arguments: dict[str, Any]) -> int:
    """What the parameters that aren't lazy come to."""
    value = len(node.name)
    for name, argument in sorted(arguments.items()):
        if name[0] == "v":
            value = value * 31 + argument
        elif name[0] in "li":
            for item in argument:
                value = (value * 37 + item) % 100_003
    return value % 100_003


def _taken(node: Node, arguments: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """The items of the lazy parameters, in the node's way: (which parameter, item)."""
    streams = [arguments[f"s{n}"] for n in range(len(node.streams))]
    live = set(range(len(streams)))
    pulled = 0
    while live:
        for at, count in enumerate(node.counts):
            for _ in range(count if at in live else 0):
                if pulled == node.limit:
                    return
                try:
                    item = next(streams[at])
                except StopIteration:
                    live.discard(at)
                    break
                except Boom:
                    if not node.handles:
                        raise
                    live.discard(at)
                    break
                pulled += 1
                yield at, item
            if node.until == "first" and len(live) < len(streams):
                return


def _made(node: Node, item: int) -> tuple[int, ...]:
    return ((item + 1,), (item,) if item % 2 else (), (2 * item, 2 * item + 1), (item,) * (item % 3))[node.make]


def _fail(node: Node, at: int) -> None:
    if at == node.fails_at:
        raise Boom(node.name)


def _source(node: Node, journal: Journal, arguments: dict[str, Any]) -> Iterator[int]:
    journal.started[node.name] += 1
    try:
        base = _base(node, arguments)
        for n in range(node.length):
            _fail(node, n)
            yield base % 7 + n
        _fail(node, node.length)
    finally:
        journal.finished[node.name] += 1


def _transform(node: Node, journal: Journal, arguments: dict[str, Any]) -> Iterator[int]:
    journal.started[node.name] += 1
    try:
        base = _base(node, arguments) % 5
        given = 0
        _fail(node, 0)
        for at, item in _taken(node, arguments):
            for made in _made(node, item):
                yield (made + base + 3 * at) % 1009
                given += 1
                _fail(node, given)
    finally:
        journal.finished[node.name] += 1


def _sink(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.started[node.name] += 1
    try:
        value = _base(node, arguments)
        _fail(node, 0)
        for taken, (at, item) in enumerate(_taken(node, arguments), 1):
            value = (value * 31 + 7 * at + item) % 1_000_003
            _fail(node, taken)
        return value
    finally:
        journal.finished[node.name] += 1


def _lister(node: Node, journal: Journal, arguments: dict[str, Any]) -> list[int]:
    value = _sink(node, journal, arguments)
    return [value % 11 + n for n in range(value % 4)]


def _each(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.started[node.name] += 1
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
            raise Boom(node.name)
        value = _base(node, arguments)
        for item in items:
            value = (value * 31 + item) % 1009
        return value
    finally:
        journal.finished[node.name] += 1


def _flat(node: Node, journal: Journal, arguments: dict[str, Any]) -> Iterator[int]:
    journal.started[node.name] += 1
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        value = _base(node, arguments)
        for n in range(sum(items) % 3):
            yield (value + items[0] + n) % 1009
            if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
                raise Boom(node.name)
    finally:
        journal.finished[node.name] += 1


_BODIES: dict[Kind, Callable[..., Any]] = {
    "source": _source,
    "transform": _transform,
    "sink": _sink,
    "value": _sink,
    "lister": _lister,
    "each": _each,
    "flat": _flat,
}


@st.composite
def plans(draw: st.DrawFn, max_nodes: int = 9, failing: bool = True, chunked: bool = True, tree: bool = False) -> Plan:
    """Draws a plan. `tree`: every step reads one stream at most, nothing but sources, transforms and sinks."""
    count = draw(st.integers(2, max_nodes))
    nodes: list[Node] = []
    failures = draw(st.sampled_from([0, 0, 0, 1, 1, 2])) if failing else 0
    can_chunk = chunked and draw(st.integers(0, 3)) == 0
    for at in range(count):
        nodes.append(_node(draw, at, nodes, can_chunk, tree))
    failing_at = draw(st.permutations(range(count)))[:failures]
    for at in failing_at:
        # Which of two failures comes first isn't fixed, and neither is what one of them spares the other.
        policy: Literal["stop", "continue"] = draw(st.sampled_from(["stop", "continue"])) if failures == 1 else "stop"
        if policy == "continue" and _feeds_two(nodes, nodes[at].name):
            policy = "stop"
        nodes[at] = replace(nodes[at], fails_at=draw(st.integers(0, 5)), on_error=policy)
    listed = tuple(draw(st.permutations(range(count))))
    outputs: tuple[str, ...] = ()
    streams = [node.name for node in nodes if node.kind in STREAMS]
    if draw(st.integers(0, 3)) == 0:
        used = {producer for node in nodes for producer in node.inputs().values()}
        terminal = [node.name for node in nodes if node.name not in used and node.kind not in STREAMS]
        outputs = (*terminal, *draw(st.lists(st.sampled_from(streams), max_size=2, unique=True)))
    return Plan(tuple(nodes), listed, outputs)


def _feeds_two(nodes: list[Node], name: str) -> bool:
    """An each step that may drop items can't feed a step that takes two item by item."""
    return any(name in node.items and len(node.items) > 1 for node in nodes)


def _node(draw: st.DrawFn, at: int, before: list[Node], can_chunk: bool, tree: bool) -> Node:
    streams = [node.name for node in before if node.kind in STREAMS]
    values = [node.name for node in before if node.kind in ("sink", "value")]
    lists = [node.name for node in before if node.kind == "lister"]
    name = f"n{at}"
    kinds: tuple[Kind, ...] = ("source",)
    if streams:
        kinds = (*kinds, "transform", "transform", "transform", "sink", "sink", "sink")
        if not tree:
            kinds = (*kinds, "each", "flat", "lister", "transform", "sink")
    if values and not tree:
        kinds = (*kinds, "value")
    kind: Kind = draw(st.sampled_from(kinds))
    some = st.integers(0, 3)

    def chosen(names: list[str], least: int, most: int) -> tuple[str, ...]:
        if not names or (tree and least == 0):
            return ()
        # Late producers are drawn more often: deep plans.
        return tuple(draw(st.lists(st.sampled_from([*names, *names[-2:]]), min_size=least, max_size=most)))

    node = Node(name, kind)
    if kind in STREAMS and can_chunk:
        node = replace(node, in_flight=draw(st.sampled_from([None, 1, 2, 5, 16])))
    if kind == "source":
        return replace(node, length=draw(st.integers(0, 6)), values=chosen(values, 0, 1) if draw(some) == 0 else ())
    if kind == "value":
        return replace(
            node,
            values=chosen(values, 1, 2),
            iterated=chosen(lists, 0, 1),
            lists=chosen(lists, 0, 1) if draw(some) == 0 else (),
        )
    if kind in ("each", "flat"):
        sources = [*streams, *lists]
        items = chosen(sources, 1, 1)
        if draw(some) == 0:
            items = (items[0], items[0]) if draw(some) else (items[0], draw(st.sampled_from(sources)))
        return replace(
            node,
            items=items,
            values=chosen(values, 0, 1),
            lists=chosen([*streams, *lists], 0, 1) if draw(some) == 0 else (),
            iterated=chosen(lists, 0, 1) if draw(some) == 0 else (),
        )
    read = chosen(streams, 1, 1 if tree else 3)
    return replace(
        node,
        streams=read,
        values=chosen(values, 0, 1) if draw(some) < 2 else (),
        lists=chosen([*streams, *lists], 0, 1) if draw(some) == 0 else (),
        iterated=chosen(lists, 0, 1) if draw(some) == 0 else (),
        counts=tuple(draw(st.sampled_from([1, 1, 1, 2, 3, 1000])) for _ in read),
        until=draw(st.sampled_from(["first", "last"])),
        limit=draw(st.sampled_from([None, None, None, None, 0, 1, 2, 4, 7])),
        make=draw(st.integers(0, 3)),
        handles=draw(some) == 0,
    )
