"""What a random pipeline is made of: a plan, from which pure steps are built as often as needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from corpus.recorder import SharedLog
from synaflow import PipelineDef

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter

__all__ = ["STREAMS", "Boom", "Halt", "Journal", "Kind", "Node", "Plan"]

Kind = Literal["field", "source", "transform", "sink", "lister", "each", "flat", "runs", "value"]

STREAMS: frozenset[Kind] = frozenset({"field", "source", "transform", "each", "flat", "runs"})


class Boom(Exception):
    """What the steps of a random pipeline raise."""


class Halt(BaseException):
    """What they raise where it isn't to be handled."""


class Journal:
    """What was started and what was finished, by step, so that a `finally` that ran twice or never shows."""

    def __init__(self) -> None:
        self._log: SharedLog[tuple[Literal["start", "finish"], str]] = SharedLog()

    def start(self, step: str) -> None:
        """Notes that a step's own code has begun."""
        self._log.append(("start", step))

    def finish(self, step: str) -> None:
        """Notes that its `finally` ran."""
        self._log.append(("finish", step))

    def clear(self) -> None:
        """Forgets all of it."""
        self._log.clear()

    @property
    def started(self) -> Counter[str]:
        """How often each step has begun."""
        return Counter(step for what, step in self._log.entries() if what == "start")

    @property
    def finished(self) -> Counter[str]:
        """How often each step's `finally` ran."""
        return Counter(step for what, step in self._log.entries() if what == "finish")


@dataclass(frozen=True, repr=False)
class Node:
    """One step of a plan.

    Attributes:
        name: Its name.
        kind: Its role. `"runs"` is a pipeline of its own that is run once per item; `"lister"` a sink that gives a list.
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
        after: Steps it waits for.
        returns: Whether its generator returns a value.
        once: Whether it asks for `Iterable`, and tries to iterate a second time.
        raises: What it fails with.
        fails_closing: Whether its `finally` raises.
        awaits: Whether it is asynchronous.
        concurrency: How many of its calls may be under way at once.
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
    after: tuple[str, ...] = ()
    returns: bool = False
    once: bool = False
    raises: type[BaseException] = Boom
    fails_closing: bool = False
    awaits: bool = False
    concurrency: int = 1

    def __repr__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)[2:] if getattr(self, f.name) != f.default}
        return f"Node({', '.join([repr(self.name), repr(self.kind), *(f'{k}={v!r}' for k, v in said.items())])})"

    def inputs(self) -> dict[str, str]:
        """The producer of each parameter."""
        groups = {"s": self.streams, "e": self.items, "l": self.lists, "i": self.iterated, "v": self.values}
        return {f"{letter}{n}": producer for letter, group in groups.items() for n, producer in enumerate(group)}


@dataclass(frozen=True, repr=False)
class Plan:
    """A random pipeline.

    Attributes:
        nodes: Its nodes, in topological order.
        listed: The order in which its steps are listed.
        outputs: The steps whose values are asked for.
        included: From which node to which (that one excluded) they are a pipeline of their own, that is included.
        made: Whether what is included gets its params as one value, from a function.
        spill: Whether whatever runs ahead goes to disk.
    """

    nodes: tuple[Node, ...]
    listed: tuple[int, ...]
    outputs: tuple[str, ...] = ()
    included: tuple[int, int] = (0, 0)
    made: bool = False
    spill: bool = False

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        said = [f"({', '.join(map(repr, self.nodes))},)", repr(self.listed), repr(self.outputs), repr(self.included)]
        return f"Plan({', '.join([*said, repr(self.made), repr(self.spill)])})"

    def __str__(self) -> str:
        said = f"\nlisted {self.listed} outputs {self.outputs}"
        included = f" included {self.included} {'made' if self.made else ''}" if self.inside else ""
        return "\n".join(map(str, self.nodes)) + said + included + (" spill" if self.spill else "")

    @property
    def inside(self) -> frozenset[str]:
        """The names of the steps that are included."""
        return frozenset(node.name for node in self.nodes[slice(*self.included)] if node.kind != "field")

    @property
    def fields(self) -> dict[str, Callable[[], Iterator[int]]]:
        """What makes the streams that are params fields."""
        return {node.name: partial(_given, node.length) for node in self.nodes if node.kind == "field"}

    @property
    def chunked(self) -> bool:
        """Whether any stream may be pulled ahead."""
        return any((node.in_flight or 1) > 1 or node.concurrency > 1 for node in self.nodes)

    def plain(self) -> Plan:
        """The same without anything asynchronous."""
        return replace(self, nodes=tuple(replace(node, awaits=False) for node in self.nodes))

    def node(self, step: str) -> Node:
        """The node of a step of the pipeline."""
        name = step.removeprefix("sub__").removesuffix("__params")
        return next(node for node in self.nodes if node.name == name)

    def name_of(self, node: str) -> str:
        """A node's name in the pipeline."""
        return f"sub__{node}" if node in self.inside else node

    def params(self, built: PipelineDef) -> object:
        """The params of a run of it, made anew."""
        return built.params and built.params.type(**{name: make() for name, make in self.fields.items()})

    def hurried(self) -> frozenset[str]:
        """The steps that may be run further than their consumers ask: what another comes `after`, and all above it."""
        found = {name for node in self.nodes for name in node.after}
        for node in reversed(self.nodes):
            if node.name in found:
                found |= set(node.inputs().values())
        return frozenset(step for name in map(self.name_of, found) for step in (name, f"{name}__params"))


def _given(length: int) -> Iterator[int]:
    return iter(range(3, 3 + length))
