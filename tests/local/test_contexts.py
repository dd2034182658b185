"""The caller's context variables, and what steps make of them."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from synaflow import pipeline, run, step, stream

who = contextvars.ContextVar("who", default="nobody")


def test_the_callers_context_is_seen_on_every_branch() -> None:
    def source() -> Iterator[str]:
        yield who.get()

    def transform(source: Iterator[str]) -> Iterator[str]:
        yield from [*source, who.get()]

    def each(source: str) -> str:
        return f"{source} {who.get()}"

    def one(transform: Iterator[str]) -> list[str]:
        return [*transform, who.get()]

    def other(transform: Iterator[str], each: list[str]) -> list[str]:
        return [*transform, *each, who.get()]

    def last(one: list[str], other: list[str]) -> set[str]:
        return {*one, *other, who.get()}

    built = pipeline("context", steps=[source, transform, each, one, other, last])
    context = contextvars.copy_context()
    context.run(who.set, "me")
    assert context.run(run, built)["last"] == {"me", "me me"}
    items = context.run(lambda: stream(built, None, "each"))
    assert list(items) == ["me me"], "it is the context that the stream was made in"
    assert items.result["last"] == {"me", "me me"}
    assert run(built)["last"] == {"nobody", "nobody nobody"}


@pytest.mark.parametrize("order", ["one other", "other one"])
def test_what_one_consumer_sets_the_others_do_not_see(order: str) -> None:
    seen: list[str] = []

    def source() -> Iterator[int]:
        yield from range(3)

    def one(source: Iterator[int]) -> None:
        token = who.set("one")
        seen.extend(f"one: {who.get()}" for _ in source)
        who.reset(token)

    def other(source: Iterator[int]) -> None:
        token = who.set("other")
        seen.extend(f"other: {who.get()}" for _ in source)
        who.reset(token)

    def after() -> str:
        return who.get()

    steps = {"one": step("one", one), "other": step("other", other)}
    listed: list[Any] = [source, *(steps[name] for name in order.split()), step("after", after, after=["one", "other"])]
    assert run(pipeline("sets", steps=listed))["after"] == "nobody"
    assert seen == [f"{name}: {name}" for _, name in product(range(3), order.split())]


def test_without_a_fork_setting_is_as_without_us() -> None:
    def source() -> Iterator[int]:
        token = who.set("source")
        try:
            yield from range(3)
        finally:
            who.reset(token)

    def first(source: Iterator[int]) -> str:
        next(source)
        return who.get()

    def value() -> None:
        who.set("value")

    def after() -> str:
        return who.get()

    built = pipeline("sets", steps=[source, first, value, step("after", after, after=["value"])])
    context = contextvars.copy_context()
    assert dict(context.run(run, built)) == {"first": "source", "after": "value"} | {"value": None}
    assert context[who] == "value"
