"""What the asynchronous steps of a random pipeline do: the same as the plain ones, awaiting something now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from conformance.bodies import BODIES, ReadTwice, Turns, base_of, end, fail, made
from conformance.plans import Boom, Journal, Node
from synaflow import StreamReadError

__all__ = ["awaiting"]


def awaiting(node: Node, journal: Journal) -> Callable[..., Any]:
    """The function of an asynchronous step, without its hints."""

    async def call(**arguments: Any) -> Any:
        await _moment(node, 0)
        if node.kind in ("each", "value"):
            return BODIES[node.kind](node, journal, arguments)
        return await _sink(node, journal, arguments)

    async def generate(**arguments: Any) -> AsyncIterator[Any]:
        if node.kind == "transform":
            # Closed with the step: of what nobody closes, asyncio does it some time, and says an error to nobody.
            async with aclosing(_transform(node, journal, arguments)) as made_here:
                async for item in made_here:
                    yield item
            return
        items = BODIES[node.kind](node, journal, arguments)
        try:
            for at, item in enumerate(items):
                await _moment(node, at)
                yield item
        finally:
            items.close()

    return generate if node.kind in ("source", "transform", "flat") else call


async def _moment(node: Node, at: int) -> None:
    """Lets others go first, some more often than others."""
    for _ in range((len(node.name) + ord(node.name[-1]) + at) % 3):
        await asyncio.sleep(0)


async def _end(node: Node, journal: Journal, at: int) -> None:
    """It may be told to end when it is about to, as anything that awaits."""
    try:
        await _moment(node, at)
    finally:
        end(node, journal)


async def _transform(node: Node, journal: Journal, arguments: dict[str, Any]) -> AsyncGenerator[int, None]:
    journal.start(node.name)
    try:
        base = base_of(node, arguments) % 5
        given = 0
        fail(node, 0)
        async for at, item in _taken(node, arguments, []):
            for each in made(node, item):
                await _moment(node, given)
                yield (each + base + 3 * at) % 1009
                given += 1
                fail(node, given)
    finally:
        await _end(node, journal, 1)


async def _sink(node: Node, journal: Journal, arguments: dict[str, Any]) -> Any:
    journal.start(node.name)
    try:
        value = base_of(node, arguments)
        fail(node, 0)
        taken = 0
        returned: list[int] = []
        async for at, item in _taken(node, arguments, returned):
            taken += 1
            value = (value * 31 + 7 * at + item) % 1_000_003
            await _moment(node, taken)
            fail(node, taken)
        value += sum(returned)
        return [value % 11 + n for n in range(value % 4)] if node.kind == "lister" else value
    finally:
        await _end(node, journal, 2)


async def _taken(node: Node, arguments: dict[str, Any], returned: list[int]) -> AsyncIterator[tuple[int, int]]:
    """The items of the lazy parameters, in the node's way: (which parameter, item); a -1 for each that has ended."""
    given: list[AsyncIterable[int]] = [arguments[f"s{n}"] for n in range(len(node.streams))]
    streams = [aiter(stream) for stream in given]
    for stream in given if node.once else ():
        try:
            aiter(stream)
        except StreamReadError:
            continue
        raise ReadTwice
    turns = Turns(node)
    for at in turns:
        try:
            item = await anext(streams[at])
        except StopAsyncIteration:
            turns.end(at)
            returned.append(-1)
        except Boom:
            if not node.handles:
                raise
            turns.end(at)
        else:
            yield at, item
