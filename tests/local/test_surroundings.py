"""Runs in greenlets of the user's own, in event loops and the other way round, under a tracer, with little stack."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from local import inner
from local.inner import INNER, RIGHT, build, outputs
from local.ways import deep, params
from synaflow import pipeline, run, step, stream


def test_a_run_in_a_greenlet_of_the_users_own() -> None:
    found: list[object] = []

    def work() -> None:
        found.append(outputs(run(INNER)))
        main.switch()
        found.append(outputs(run(INNER)))

    main, own = getcurrent(), greenlet(work)
    own.switch()
    assert outputs(run(INNER)) == RIGHT
    own.switch()
    assert found == [RIGHT, RIGHT]


def test_steps_that_switch_to_other_greenlets() -> None:
    """As with gevent: whoever would block switches to a hub, which comes back later, to several runs in turn."""
    queue: list[greenlet] = []
    found: list[object] = []

    def block() -> None:
        queue.append(getcurrent())
        hub.switch()

    def source() -> Iterator[int]:
        for number in range(4):
            block()
            yield number

    def one(source: Iterator[int]) -> int:
        total = 0
        for number in source:
            block()
            total += number
        return total

    blocking = pipeline("blocking", steps=[source, one, step("other", one, inputs={"source": "source"})])
    hub = getcurrent()
    for _ in range(3):
        greenlet(lambda: found.append(dict(run(blocking)))).switch()
    while queue:
        queue.pop(0).switch()
    assert found == [{"one": 6, "other": 6}] * 3


def test_a_stream_read_in_several_greenlets_in_turn() -> None:
    items = stream(build(), None, "source")
    readers = [greenlet(lambda: next(items)) for _ in range(3)]
    assert [reader.switch() for reader in readers] == [0, 1, 2]
    assert list(items) == list(range(3, 10))
    assert outputs(items.result) == RIGHT


def test_inside_a_running_event_loop() -> None:
    async def read() -> list[int]:
        items = []
        for item in stream(INNER, None, "source"):
            items.append(item)
            await asyncio.sleep(0)
        return items

    async def main() -> list[object]:
        return [outputs(run(INNER)), *await asyncio.gather(read(), read())]

    assert asyncio.run(main()) == [RIGHT, list(range(10)), list(range(10))]


def test_an_event_loop_inside_a_step() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    def source() -> Iterator[int]:
        yield from range(3)

    def one(source: Iterator[int]) -> list[int]:
        return [asyncio.run(double(number)) for number in source]

    both = pipeline("loops", steps=[source, one, step("other", one, inputs={"source": "source"})])
    assert dict(run(both)) == {"one": [0, 2, 4], "other": [0, 2, 4]}


def test_a_low_recursion_limit_is_enough() -> None:
    built, given = deep(300), params()
    before = sys.getrecursionlimit()
    depth = _depth()
    sys.setrecursionlimit(depth + 260)
    try:
        assert outputs(run(INNER)) == RIGHT
        result = run(built, given)
    finally:
        sys.setrecursionlimit(before)
    assert result.ok


def _depth() -> int:
    frame: FrameType | None = sys._getframe()
    depth = 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


@pytest.mark.parametrize("kind", ["trace", "profile"])
def test_a_tracer_sees_every_step_and_stays(kind: str) -> None:
    """A debugger and coverage are tracers."""
    built = build()
    lines: list[str] = []

    def traced(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename == inner.__file__ and event in ("call", "line", "return"):
            lines.append(f"{event} {frame.f_code.co_name}")
        return traced

    get, put = (sys.gettrace, sys.settrace) if kind == "trace" else (sys.getprofile, sys.setprofile)
    before: Any = get()
    put(traced)
    try:
        result = run(built)
        assert get() is traced
    finally:
        put(before)
    assert outputs(result) == RIGHT
    # Ten items and the end.
    assert lines.count("call source") == 11
    assert lines.count("return source") == 11
    for name in ("total", "squares"):
        assert lines.count(f"call {name}") == lines.count(f"return {name}") == 1
    if kind == "trace":
        assert lines.count("line total") == 1
