"""What breaks into a run from outside: signal handlers, a greenlet that is killed, a second event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from greenlet import GreenletExit, getcurrent, greenlet

from local.inner import INNER, RIGHT, outputs
from synaflow import PipelineDef, StepError, pipeline, run, step, stream

SIGNAL = signal.SIGTERM


@contextmanager
def handled(handler: Callable[..., None]) -> Iterator[None]:
    """While it is entered, that handler answers the signal."""
    before = signal.signal(SIGNAL, handler)
    try:
        yield
    finally:
        signal.signal(SIGNAL, before)


def signalling(place: str, log: list[str]) -> PipelineDef:
    """A fork with a transform before it, and one of its steps that gets a signal in the middle."""

    def at(name: str, number: int) -> None:
        if name == place and number == 2:
            signal.raise_signal(SIGNAL)

    def source() -> Iterator[int]:
        try:
            for number in range(5):
                at("source", number)
                yield number
        finally:
            log.append("source")

    def transform(source: Iterator[int]) -> Iterator[int]:
        try:
            for number in source:
                at("transform", number)
                yield number
        finally:
            log.append("transform")

    def reader(name: str) -> Any:
        def read(transform: Iterator[int]) -> int:
            total = 0
            try:
                for number in transform:
                    at(name, number)
                    total += number
            finally:
                log.append(name)
            return total

        return step(name, read)

    return pipeline("signals", steps=[source, transform, reader("first"), reader("second")])


PLACES = ["source", "transform", "first", "second"]


@pytest.mark.parametrize("place", PLACES)
def test_a_signal_handler_that_runs_a_pipeline(place: str) -> None:
    found: list[object] = []

    def handler(*_: object) -> None:
        found.append(outputs(run(INNER)))
        with stream(INNER, None, "source") as items:
            found.append(next(items))

    log: list[str] = []
    with handled(handler):
        assert dict(run(signalling(place, log))) == {"first": 10, "second": 10}
    assert found == [RIGHT, 0]
    assert sorted(log) == sorted(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_an_error_of_a_signal_handler_is_the_steps_that_it_broke_into(place: str) -> None:
    def handler(*_: object) -> None:
        raise TimeoutError("too long")

    log: list[str] = []
    with handled(handler), pytest.raises(StepError, match="too long") as caught:
        run(signalling(place, log))
    assert caught.value.step == place
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert sorted(log) == sorted(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_a_signal_handler_that_exits(place: str) -> None:
    def handler(*_: object) -> None:
        raise SystemExit(3)

    log: list[str] = []
    with handled(handler), pytest.raises(SystemExit, match="3"):
        run(signalling(place, log))
    assert sorted(log) == sorted(PLACES)


class Late(BaseException):
    """What a greenlet is stopped with, as by gevent's Timeout."""


@pytest.mark.parametrize("lazily", [False, True])
@pytest.mark.parametrize("error", [GreenletExit, Late])
@pytest.mark.parametrize("others", [0, 1])
def test_a_greenlet_killed_while_a_step_of_its_run_waits(others: int, error: type[BaseException], lazily: bool) -> None:
    log: list[str] = []
    hub = getcurrent()

    def source() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            log.append("source")

    def waits(source: Iterator[int]) -> int:
        try:
            next(source)
            hub.switch("waiting")
        finally:
            log.append("waits")
        raise AssertionError("it is never gone on with")

    def total(source: Iterator[int]) -> int:
        try:
            return sum(source)
        finally:
            log.append("total")

    steps: list[Any] = [source, waits, total]
    built = pipeline("killed", steps=steps[: 2 + others])

    def work() -> None:
        if not lazily:
            run(built)
            return
        with stream(built, None, "source") as items:
            list(items)

    own = greenlet(work)
    assert own.switch() == "waiting"
    assert log == []
    if error is GreenletExit:
        assert isinstance(own.throw(), GreenletExit)
    else:
        with pytest.raises(error):
            own.throw(error)
    assert own.dead
    assert log == ["waits", "total", "source"] if others else ["waits", "source"]
    assert outputs(run(INNER)) == RIGHT


@pytest.mark.parametrize("way", ["run", "loop"])
def test_two_event_loops_at_once_are_refused_with_the_way_out(way: str) -> None:
    async def total(items: Iterator[int]) -> int:
        found = 0
        for item in items:
            await asyncio.sleep(0)
            found += item
        return found

    def source() -> Iterator[int]:
        yield from range(3)

    def reads(source: Iterator[int]) -> int:
        coroutine = total(source)
        try:
            if way == "run":
                return asyncio.run(coroutine)
            loop = asyncio.new_event_loop()
            try:
                return loop.run_until_complete(coroutine)
            finally:
                loop.close()
        finally:
            coroutine.close()

    assert run(pipeline("one", steps=[source, reads]))["reads"] == 3
    with pytest.raises(StepError) as caught:
        run(pipeline("two", steps=[source, reads, step("again", reads)]))
    assert caught.value.step == "again"
    assert any("call asyncio.run() for each item or batch" in note for note in caught.value.__notes__)


def test_a_loop_that_is_no_event_loop_gets_no_advice() -> None:
    def fails() -> None:
        raise RuntimeError("an endless loop")

    with pytest.raises(StepError) as caught:
        run(pipeline("fails", steps=[fails]))
    assert not hasattr(caught.value, "__notes__")
