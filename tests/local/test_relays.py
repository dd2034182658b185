"""Chains that are cut into several stacks: a relay is to its reader what the generator itself would be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar, copy_context
from itertools import pairwise
from typing import Any

import pytest

from synaflow import PipelineDef, StepError, StreamReadError, pipeline, run, step

who = ContextVar("who", default="nobody")

# At one of these lengths the last stream before the consumer is a relayed one.
LENGTHS = range(112, 128)


def chain(length: int, consumer: Callable[..., Any], log: list[str] | None = None) -> PipelineDef:
    log = [] if log is None else log

    def source() -> Iterator[int]:
        log.append(who.get())
        token = who.set("source")
        try:
            yield from range(5)
        finally:
            who.reset(token)
            log.append("closed")

    def link(items: Iterator[int]) -> Generator[int, None, str]:
        yield from items
        return "returned"

    steps: list[Any] = [source]
    names = ["source", *(f"t{n}" for n in range(length))]
    steps += [step(name, link, inputs={"items": before}) for before, name in pairwise(names)]
    return pipeline("chain", steps=[*steps, step("consumer", consumer, inputs={"items": names[-1]})])


@pytest.mark.parametrize("length", LENGTHS)
def test_read_after_its_step_it_has_ended(length: int) -> None:
    kept: list[Iterator[int]] = []
    log: list[str] = []

    def consumer(items: Iterator[int]) -> int:
        kept.append(items)
        return next(items)

    assert run(chain(length, consumer, log))["consumer"] == 0
    assert log == ["nobody", "closed"]
    assert next(kept[0], None) is None


@pytest.mark.parametrize("length", LENGTHS)
def test_its_return_value_comes_through(length: int) -> None:
    def consumer(items: Generator[int, None, str]) -> str:
        while True:
            try:
                next(items)
            except StopIteration as stop:
                return str(stop.value)

    assert run(chain(length, consumer))["consumer"] == "returned"


def test_read_in_a_thread_of_its_own_it_is_refused() -> None:
    found: list[object] = []

    def consumer(items: Iterator[int]) -> int:
        def read() -> None:
            try:
                found.extend(items)
            except StreamReadError as error:
                found.append(str(error))

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        return 0

    refused = 0
    for length in LENGTHS:
        found.clear()
        try:
            run(chain(length, consumer))
        except StepError as error:
            assert isinstance(error.__cause__, StreamReadError)  # noqa: PT017  # not every length is cut there
        refused += any("read in" in str(one) or "read from a thread" in str(one) for one in found)
    assert refused


@pytest.mark.parametrize("length", [3, 300])
@pytest.mark.parametrize("consumers", [1, 2])
def test_a_long_chain_sees_the_context_that_a_short_one_sees(length: int, consumers: int) -> None:
    log: list[str] = []

    def consumer(items: Iterator[int]) -> str:
        next(items)
        return who.get()

    built = chain(length, consumer, log)
    if consumers == 2:
        again = step("again", sum_of, inputs={"items": f"t{length - 1}"})
        built = pipeline("two", steps=[*(step(s.name, s.fn, inputs=_told(built, s.name)) for s in built.steps), again])
    context = copy_context()
    context.run(who.set, "me")
    assert context.run(run, built)["consumer"] == ("source" if consumers == 1 else "me")
    assert log == ["me", "closed"]
    assert context[who] == "me"


def sum_of(items: Iterator[int]) -> int:
    return sum(items)


def _told(built: PipelineDef, name: str) -> dict[str, str]:
    return {edge.parameter: edge.producer for edge in built.edges_into(name)}
