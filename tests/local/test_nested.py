"""Runs where they may be unexpected: inside one another, in threads, greenlets, contexts, event loops, under a tracer."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from itertools import product
from types import FrameType
from typing import Any, NamedTuple

import pytest
from greenlet import getcurrent, greenlet

from local.ways import deep
from synaflow import PipelineDef, RunResult, StepError, StreamReadError, pipeline, run, step, stream

RIGHT = {"squares": 285 + 45}
who = contextvars.ContextVar("who", default="nobody")


class Log(list[str]):
    """What was closed."""


def build(log: list[str] | None = None) -> PipelineDef:
    """A fork, on the stacks of two consumers, and a branch that runs ahead."""

    def source() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            if log is not None:
                log.append("closed")

    def total(source: Iterator[int]) -> int:
        return sum(source)

    def squares(source: Iterator[int], total: int) -> int:
        return total + sum(number * number for number in source)

    return pipeline("inner", steps=[source, step("total", total), step("squares", squares)])


def outputs(result: RunResult) -> dict[str, Any]:
    assert result.ok
    return dict(result)


def by_run() -> object:
    return outputs(run(INNER))


def by_stream() -> object:
    items = stream(INNER, None, "source")
    assert sum(items) == 45
    return outputs(items.result)


INNER = build()


@pytest.mark.parametrize("inner", [by_run, by_stream])
@pytest.mark.parametrize(
    "place", ["source", "transform", "first", "second", "only", "value", "each", "collected", "after the last item"]
)
def test_a_run_inside_a_step(place: str, inner: Callable[[], object]) -> None:
    found: list[object] = []

    def here(at: str) -> None:
        if at == place:
            found.append(inner())

    def source() -> Iterator[int]:
        for number in range(3):
            here("source")
            yield number
        here("after the last item")

    def transform(source: Iterator[int]) -> Iterator[int]:
        for number in source:
            here("transform")
            yield number

    def first(transform: Iterator[int]) -> int:
        count = 0
        for _ in transform:
            here("first")
            count += 1
        return count

    def second(transform: Iterator[int]) -> int:
        count = 0
        for _ in transform:
            here("second")
            count += 1
        return count

    def each(source: int) -> int:
        here("each")
        return source

    def collected(each: list[int]) -> int:
        here("collected")
        return len(each)

    def value(first: int, second: int, collected: int) -> int:
        here("value")
        return first + second + collected

    def lonely() -> Iterator[int]:
        yield from range(3)

    def only(lonely: Iterator[int]) -> int:
        for _ in lonely:
            here("only")
        return 3

    outer = pipeline("outer", steps=[source, transform, first, second, each, collected, value, lonely, only])
    result = run(outer)
    assert result["value"] == 9
    assert len(found) == (1 if place in ("value", "collected", "after the last item") else 3)
    assert all(one == RIGHT for one in found)


def test_a_pipeline_that_runs_itself() -> None:
    class Params(NamedTuple):
        depth: int

    def source(depth: int) -> Iterator[int]:
        yield from range(depth)

    def total(source: Iterator[int]) -> int:
        return sum(source)

    def below(source: Iterator[int]) -> int:
        return sum(run(itself, Params(number))["count"] for number in source)

    def count(total: int, below: int) -> int:
        return total + below

    itself = pipeline("itself", Params, [source, total, below, count])

    def by_hand(depth: int) -> int:
        return sum(range(depth)) + sum(map(by_hand, range(depth)))

    assert run(itself, Params(6))["count"] == by_hand(6)


def test_an_error_of_an_inner_run_is_the_outer_steps() -> None:
    def broken() -> int:
        raise ValueError("inside")

    inner = pipeline("inner", steps=[broken])

    def source() -> Iterator[int]:
        yield 1

    def calls(source: Iterator[int]) -> int:
        return int(run(inner)["broken"])

    def other(source: Iterator[int]) -> int:
        return sum(source)

    with pytest.raises(StepError) as caught:
        run(pipeline("outer", steps=[source, calls, other]))
    assert caught.value.step == "calls"
    assert isinstance(caught.value.__cause__, StepError)
    assert caught.value.__cause__.step == "broken"


def test_a_stream_half_read_when_its_reader_is_stopped_is_closed() -> None:
    log = Log()

    def source() -> Iterator[int]:
        yield from range(5)

    def reads(source: Iterator[int]) -> int:
        items = stream(build(log), None, "source")
        return sum(number + next(items) for number in source)

    def fails(source: Iterator[int]) -> int:
        next(source)
        raise ValueError("no")

    with pytest.raises(StepError, match="'fails'"):
        run(pipeline("outer", steps=[source, reads, fails]))
    gc.collect()
    assert log == ["closed"]


def test_a_step_that_reads_the_stream_of_its_own_run_is_refused() -> None:
    box: list[Iterator[int]] = []

    def source() -> Iterator[int]:
        yield 1
        yield 2

    def reads(source: Iterator[int]) -> int:
        return next(source) + next(box[0])

    box.append(stream(pipeline("own", steps=[source, reads]), None, "source"))
    with pytest.raises(StepError, match="by a step of its own run") as caught:
        list(box[0])
    assert caught.value.step == "reads"
    box.clear()


# Threads


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Does the work in so many threads at once, and raises what one of them raises."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def guarded(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


@pytest.fixture
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching_often")
def test_one_pipeline_in_many_threads() -> None:
    # Not planned yet: the threads do that at once too.
    shared = build()

    def work(number: int) -> None:
        for _ in range(50):
            assert outputs(run(shared)) == RIGHT
            assert run(shared, outputs=["source"])["source"] == list(range(10))
            assert sum(stream(shared, None, "source")) == 45
            assert outputs(run(shared, spill_after=0)) == RIGHT

    in_threads(8, work)


@pytest.mark.usefixtures("_switching_often")
def test_different_pipelines_built_and_run_in_many_threads() -> None:
    def work(number: int) -> None:
        class Params(NamedTuple):
            length: int
            words: list[str]

        for _ in range(5):

            def source(length: int) -> Iterator[int]:
                yield from range(length)

            def total(source: Iterator[int], words: list[str]) -> int:
                return sum(source) + len(words)

            built = pipeline(f"p{number}", Params, [source, total, step("again", total, inputs={"source": "source"})])
            assert dict(run(built, Params(number, ["x"]))) == dict.fromkeys(("total", "again"), sum(range(number)) + 1)
            assert outputs(run(build())) == RIGHT

    in_threads(8, work)


def test_a_run_in_a_thread_that_a_step_starts() -> None:
    found: list[object] = []

    def source() -> Iterator[int]:
        yield from range(3)

    def starts(source: Iterator[int]) -> int:
        for _ in source:
            in_threads(2, lambda _: found.append(outputs(run(INNER))))
        return len(found)

    def other(source: Iterator[int]) -> int:
        return sum(source)

    assert dict(run(pipeline("outer", steps=[source, starts, other]))) == {"starts": 6, "other": 3}
    assert all(one == RIGHT for one in found)


def elsewhere(work: Callable[[], object]) -> list[object]:
    """What a thread of its own makes of it: what it gives, or the error."""
    found: list[object] = []

    def guarded() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    return found


def test_a_stream_may_be_begun_in_another_thread() -> None:
    items = stream(build(), None, "source")
    assert elsewhere(lambda: list(items)) == [list(range(10))]
    assert outputs(items.result) == RIGHT


def test_a_stream_is_read_and_closed_in_one_thread() -> None:
    log = Log()
    items = stream(build(log), None, "source")
    assert next(items) == 0
    for work, done in ((lambda: next(items), "read"), (items.close, "closed")):
        (error,) = elsewhere(work)
        assert isinstance(error, StreamReadError)
        assert f"was {done} from another thread than the one that began it" in str(error)
        assert "hand the items to the other" in str(error)
    # Nothing has come of it.
    assert log == []
    assert list(items) == list(range(1, 10))
    assert outputs(items.result) == RIGHT


@pytest.mark.parametrize("how", ["dropped", "collected"])
def test_a_stream_dropped_in_another_thread_is_closed_in_its_own(how: str) -> None:
    log = Log()
    box: list[object] = [stream(build(log), None, "source")]
    next(box[0])  # type: ignore[call-overload]
    gc.collect()
    clear = box.clear
    if how == "collected":
        box.append(box)
        clear = gc.collect  # type: ignore[assignment]
    del box
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        elsewhere(clear)
    assert [warning.category for warning in caught] == [ResourceWarning]
    assert "dropped in another thread than the one that began it, and is closed when that thread next" in str(
        caught[0].message
    )
    assert log == []
    assert elsewhere(lambda: outputs(run(INNER))) == [RIGHT]
    assert log == []
    assert outputs(run(INNER)) == RIGHT
    assert log == ["closed"]


def test_a_stream_whose_thread_has_ended_is_said_to_be_lost() -> None:
    box = elsewhere(_begun)
    with pytest.raises(StreamReadError, match="another thread"):
        next(box[0])  # type: ignore[call-overload]
    with pytest.warns(ResourceWarning, match="can't be closed any more, because that thread has ended"):
        box.clear()


def _begun() -> object:
    items = stream(INNER, None, "source")
    next(items)
    return items


def test_what_is_local_to_a_thread_is_seen_on_every_stack() -> None:
    here = threading.local()
    here.name = "mine"

    def source() -> Iterator[str]:
        yield here.name

    def one(source: Iterator[str]) -> list[str]:
        return [*source, here.name]

    def other(source: Iterator[str]) -> list[str]:
        return [*source, here.name]

    assert dict(run(pipeline("local", steps=[source, one, other]))) == dict.fromkeys(("one", "other"), ["mine"] * 2)


# Greenlets


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


# Contexts


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


# Event loops


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


# The interpreter's own


def test_a_low_recursion_limit_is_enough() -> None:
    built, params = deep(300), _params()
    before = sys.getrecursionlimit()
    depth = _depth()
    sys.setrecursionlimit(depth + 260)
    try:
        assert outputs(run(INNER)) == RIGHT
        result = run(built, params)
    finally:
        sys.setrecursionlimit(before)
    assert result.ok


def _params() -> Any:
    from local.ways import params

    return params()


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
        if frame.f_code.co_filename == __file__ and event in ("call", "line", "return"):
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


def test_nothing_of_an_inner_run_is_kept() -> None:
    refs: list[weakref.ref[Any]] = []

    class Thing:
        pass

    def things() -> Iterator[Thing]:
        thing = Thing()
        refs.append(weakref.ref(thing))
        yield thing

    def inner(things: Iterator[Thing]) -> int:
        return sum(1 for _ in things)

    nested = pipeline("nested", steps=[things, inner, step("again", inner, inputs={"things": "things"})])

    def source() -> Iterator[int]:
        yield from range(3)

    def one(source: Iterator[int]) -> int:
        return sum(run(nested)["inner"] for _ in source)

    gc.disable()
    try:
        run(pipeline("outer", steps=[source, one, step("other", one, inputs={"source": "source"})]))
    finally:
        gc.enable()
    assert len(refs) == 6
    assert not any(ref() for ref in refs)
