"""From a plan to a pipeline of pure steps, each of which notes in a journal what it starts and finishes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any

from conformance.plans import Boom, Journal, Kind, Node, Plan
from synaflow import PipelineDef, StreamReadError, include, pipeline, step

__all__ = ["build"]

_HINTS: dict[str, object] = {"s": Iterator[int], "e": int, "l": list[int], "i": Iterator[int], "v": int}

_TAKEN: dict[Kind, object] = {"sink": int, "value": int, "lister": list[int]}
"""What a pipeline that takes from such a step asks for; a stream where nothing is said."""

_RETURNS: dict[Kind, object] = {
    "source": Iterator[int],
    "transform": Iterator[int],
    "flat": Iterator[int],
    "each": int,
    "sink": int,
    "value": int,
    "lister": list[int],
}


class ReadTwice(BaseException):
    """A stream that could be iterated a second time."""


def build(plan: Plan, journal: Journal) -> PipelineDef:
    """The plan's pipeline, made anew."""
    steps: list[Any] = []
    sub: list[Any] = []
    needed: dict[str, object] = {}
    nodes = {node.name: node for node in plan.nodes}
    for at in plan.listed:
        node = plan.nodes[at]
        if node.kind == "field":
            continue
        if node.name not in plan.inside:
            inputs = {name: plan.name_of(producer) for name, producer in node.inputs().items()}
            steps.append(_declared(node, journal, inputs, tuple(map(plan.name_of, node.after))))
            continue
        if not sub:
            steps.append(None)  # the include stands where the first of its steps is listed
        after = tuple(name for name in node.after if name in plan.inside)
        sub.append(_declared(node, journal, node.inputs(), after))
        for producer in node.inputs().values():
            if producer not in plan.inside:
                needed[producer] = _TAKEN.get(nodes[producer].kind, Iterator[int])
    if sub:
        steps[steps.index(None)] = _included(plan, needed, sub)
    fields = dict.fromkeys(plan.fields, Iterator[int])
    return pipeline("random", _params_class("Params", fields) if fields else None, steps)


def _included(plan: Plan, needed: Mapping[str, object], sub: list[Any]) -> Any:
    params = _params_class("Needed", needed) if needed else None
    inner = pipeline("sub", params, sub)
    if params is None or not plan.made or Iterator[int] in needed.values():
        return include("sub", pipeline=inner)

    def make(**values: Any) -> Any:
        return params(**values)

    return include("sub", pipeline=inner, fn=_annotated(make, "make", needed, params))


def _params_class(name: str, fields: Mapping[str, object]) -> Any:
    return make_dataclass(name, [(field_name, hint) for field_name, hint in fields.items()])


def _declared(node: Node, journal: Journal, inputs: dict[str, str], after: tuple[str, ...]) -> Any:
    if node.kind == "runs":
        return include(
            node.name, _per_item(node, journal), _items(node, journal), on_error=node.on_error, inputs=inputs
        )
    return step(
        node.name,
        fn=_shaped(node, _BODIES[node.kind], journal),
        on_error=node.on_error,
        max_in_flight=node.in_flight,
        inputs=inputs,
        after=after,
    )


def _annotated(fn: Any, name: str, hints: Mapping[str, object], returned: object) -> Callable[..., Any]:
    fn.__name__ = fn.__qualname__ = name
    kind = inspect.Parameter.KEYWORD_ONLY
    fn.__signature__ = inspect.Signature(
        [inspect.Parameter(name, kind, annotation=hint) for name, hint in hints.items()],
        return_annotation=returned,
    )
    fn.__annotations__ = {**hints, "return": returned}
    return fn  # type: ignore[no-any-return]


def _shaped(node: Node, body: Callable[..., Any], journal: Journal) -> Callable[..., Any]:
    """A function with the node's parameters and hints around the body for its kind."""
    hints = {name: _HINTS[name[0]] for name in node.inputs()}
    if node.once:
        hints |= {name: Iterable[int] for name in hints if name[0] == "s"}
    returned = Generator[int, None, int] if node.returns else _RETURNS[node.kind]

    def call(**arguments: Any) -> Any:
        return body(node, journal, arguments)

    def generate(**arguments: Any) -> Any:
        return (yield from body(node, journal, arguments))

    fn = generate if node.kind in ("source", "transform", "flat") else call
    return _annotated(fn, node.name, hints, returned)


@dataclass(frozen=True)
class _One:
    """The params of what is run per item."""

    x: int


def _items(node: Node, journal: Journal) -> Callable[..., Iterator[_One]]:
    def items(s0: Iterator[int]) -> Iterator[_One]:
        journal.started[node.name] += 1
        try:
            for item in s0:
                yield _One(item)
        finally:
            _end(node, journal)

    return items


def _per_item(node: Node, journal: Journal) -> PipelineDef:
    """A fork that is joined again; what it exports is a value or a stream."""

    def numbers(x: int) -> Iterator[int]:
        journal.started[f"{node.name}.numbers"] += 1
        try:
            yield from range(x % 3)
        finally:
            journal.finished[f"{node.name}.numbers"] += 1

    def odd(numbers: Iterator[int], x: int) -> Iterator[int]:
        for number in numbers:
            _fail(node, x % 4)
            yield 2 * number + 1

    def total(numbers: Iterator[int], odd: Iterator[int], x: int) -> int:
        return sum(a * b for a, b in zip(numbers, odd, strict=True)) + x

    return pipeline("per_item", _One, [numbers, odd, total], exports="total" if node.make < 2 else "odd")


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


def _taken(node: Node, arguments: dict[str, Any], returned: list[int]) -> Iterator[tuple[int, int]]:
    """The items of the lazy parameters, in the node's way: (which parameter, item); then what their generators returned."""
    streams = [iter(arguments[f"s{n}"]) for n in range(len(node.streams))]
    if node.once:
        for n in range(len(streams)):
            try:
                iter(arguments[f"s{n}"])
            except StreamReadError:
                continue
            raise ReadTwice
    live = set(range(len(streams)))
    pulled = 0
    while live:
        for at, count in enumerate(node.counts):
            for _ in range(count if at in live else 0):
                if pulled == node.limit:
                    return
                try:
                    item = next(streams[at])
                except StopIteration as stop:
                    live.discard(at)
                    returned.append(-1 if stop.value is None else stop.value)
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
        raise node.raises(node.name)


def _end(node: Node, journal: Journal) -> None:
    journal.finished[node.name] += 1
    if node.fails_closing:
        raise Boom(node.name)


def _source(node: Node, journal: Journal, arguments: dict[str, Any]) -> Generator[int, None, int | None]:
    journal.started[node.name] += 1
    try:
        base = _base(node, arguments)
        for n in range(node.length):
            _fail(node, n)
            yield base % 7 + n
        _fail(node, node.length)
        return base if node.returns else None
    finally:
        _end(node, journal)


def _transform(node: Node, journal: Journal, arguments: dict[str, Any]) -> Generator[int, None, int | None]:
    journal.started[node.name] += 1
    try:
        base = _base(node, arguments) % 5
        given = 0
        returned: list[int] = []
        _fail(node, 0)
        for at, item in _taken(node, arguments, returned):
            for made in _made(node, item):
                yield (made + base + 3 * at) % 1009
                given += 1
                _fail(node, given)
        return sum(returned) + given if node.returns else None
    finally:
        _end(node, journal)


def _sink(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.started[node.name] += 1
    try:
        value = _base(node, arguments)
        returned: list[int] = []
        _fail(node, 0)
        for taken, (at, item) in enumerate(_taken(node, arguments, returned), 1):
            value = (value * 31 + 7 * at + item) % 1_000_003
            _fail(node, taken)
        return value + sum(returned)
    finally:
        _end(node, journal)


def _lister(node: Node, journal: Journal, arguments: dict[str, Any]) -> list[int]:
    value = _sink(node, journal, arguments)
    return [value % 11 + n for n in range(value % 4)]


def _each(node: Node, journal: Journal, arguments: dict[str, Any]) -> int:
    journal.started[node.name] += 1
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
            raise node.raises(node.name)
        value = _base(node, arguments)
        for item in items:
            value = (value * 31 + item) % 1009
        return value
    finally:
        _end(node, journal)


def _flat(node: Node, journal: Journal, arguments: dict[str, Any]) -> Iterator[int]:
    journal.started[node.name] += 1
    try:
        items = [arguments[f"e{n}"] for n in range(len(node.items))]
        value = _base(node, arguments)
        for n in range(sum(items) % 3):
            yield (value + items[0] + n) % 1009
            if node.fails_at is not None and items[0] % 4 == node.fails_at % 4:
                raise node.raises(node.name)
    finally:
        _end(node, journal)


_BODIES: dict[Kind, Callable[..., Any]] = {
    "source": _source,
    "transform": _transform,
    "sink": _sink,
    "value": _sink,
    "lister": _lister,
    "each": _each,
    "flat": _flat,
}
