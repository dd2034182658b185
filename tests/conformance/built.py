"""From a plan to a pipeline of pure steps, each of which notes in a journal what it starts and finishes."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any

from conformance.awaiting import awaiting
from conformance.bodies import BODIES, end, fail
from conformance.plans import Journal, Kind, Node, Plan
from synaflow import PipelineDef, include, pipeline, step

__all__ = ["build"]

_ASYNC: dict[object, object] = {Iterator[int]: AsyncIterator[int], Iterable[int]: AsyncIterable[int]}

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
        fn=_shaped(node, BODIES[node.kind], journal),
        on_error=node.on_error,
        max_in_flight=node.in_flight,
        concurrency=node.concurrency,
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
    if node.awaits:
        hints = {name: _ASYNC.get(hint, hint) if name[0] == "s" else hint for name, hint in hints.items()}
        returned = _ASYNC.get(returned, returned)
        fn = awaiting(node, journal)
    return _annotated(fn, node.name, hints, returned)


@dataclass(frozen=True)
class _One:
    """The params of what is run per item."""

    x: int


def _items(node: Node, journal: Journal) -> Callable[..., Iterator[_One]]:
    def items(s0: Iterator[int]) -> Iterator[_One]:
        journal.start(node.name)
        try:
            for item in s0:
                yield _One(item)
        finally:
            end(node, journal)

    return items


def _per_item(node: Node, journal: Journal) -> PipelineDef:
    """A fork that is joined again; what it exports is a value or a stream."""

    def numbers(x: int) -> Iterator[int]:
        journal.start(f"{node.name}.numbers")
        try:
            yield from range(x % 3)
        finally:
            journal.finish(f"{node.name}.numbers")

    def odd(numbers: Iterator[int], x: int) -> Iterator[int]:
        for number in numbers:
            fail(node, x % 4)
            yield 2 * number + 1

    def total(numbers: Iterator[int], odd: Iterator[int], x: int) -> int:
        return sum(a * b for a, b in zip(numbers, odd, strict=True)) + x

    return pipeline("per_item", _One, [numbers, odd, total], exports="total" if node.make < 2 else "odd")
