"""What a generator sets in its context, where its stream forks and several consumers take turns at pulling it."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest

from synaflow import pipeline, run, step, stream

who = contextvars.ContextVar("who", default="nobody")


@pytest.mark.parametrize("max_in_flight", [1, 3])
@pytest.mark.parametrize("reads", [(2, 4), (4, 2), (9, 2), (2, 9), (9, 9), (2, 2), (0, 3), (3, 0)], ids=str)
def test_what_a_forked_stream_sets_is_its_own(reads: tuple[int, int], max_in_flight: int) -> None:
    """Whose turn it is pulls it, and whoever ends last closes it: it must not be in the context of either."""
    seen: list[str] = []

    def source() -> Iterator[str]:
        token = who.set("source")
        try:
            for _ in range(9):
                yield who.get()
        finally:
            seen.append(who.get())
            who.reset(token)
            seen.append(who.get())

    def transform(source: Iterator[str]) -> Iterator[str]:
        token = who.set("transform")
        try:
            for item in source:
                yield f"{item} {who.get()}"
        finally:
            seen.append(who.get())
            who.reset(token)

    def reader(count: int, name: str) -> Any:
        def read(transform: Iterator[str], source: Iterator[str]) -> set[str]:
            token = who.set(name)
            found = {item for _, item in zip(range(count), transform, strict=False)}
            found |= {who.get(), *(item for _, item in zip(range(count), source, strict=False))}
            who.reset(token)
            return found | {who.get()}

        return step(name, read)

    steps: list[Any] = [step("source", source, max_in_flight=max_in_flight), transform]
    built = pipeline("sets", steps=[*steps, reader(reads[0], "one"), reader(reads[1], "other")])
    context = contextvars.copy_context()
    context.run(who.set, "me")
    result = context.run(run, built)
    for name, count in zip(("one", "other"), reads, strict=True):
        assert result[name] == {name, "me"} | ({"source", "source transform"} if count else set())
    assert sorted(seen) == ["me", "source", "transform"]
    assert context[who] == "me"


@pytest.mark.parametrize("closed", [True, False])
def test_a_forked_stream_closed_by_its_caller_resets_what_it_set(closed: bool) -> None:
    log: list[str] = []

    def source() -> Iterator[str]:
        token = who.set("source")
        try:
            for _ in range(9):
                yield who.get()
        finally:
            who.reset(token)
            log.append(who.get())

    def count(source: Iterator[str]) -> int:
        return sum(1 for _ in source)

    items = stream(pipeline("sets", steps=[source, count]), None, "source")
    assert next(items) == next(items) == "source"
    assert who.get() == "nobody"
    if closed:
        items.close()
    del items
    assert log == ["nobody"]
