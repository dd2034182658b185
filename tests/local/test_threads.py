"""Runs in several threads at once, and streams that go from one to another."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from local.inner import INNER, RIGHT, build, outputs
from synaflow import StreamReadError, pipeline, run, step, stream


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
    log: list[str] = []
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
    log: list[str] = []
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


SCRIPT = """
from collections.abc import Iterator
from synaflow import pipeline, stream

class Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        built = pipeline(name, steps=[self.source, self.total])
        self.items = stream(built, None, "source")

    def source(self) -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            print("closed", self.name)

    def total(self, source: Iterator[int]) -> int:
        return sum(source)

first, second, third, unread = (Reader(name) for name in ("first", "second", "third", "unread"))
next(first.items), next(second.items), list(third.items)
del second
print("end")
"""


def test_what_is_still_there_at_the_exit_is_closed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The second one's own steps know it, on stacks where no garbage collection looks.
    assert done.stdout.split("\n") == ["closed third", "end", "closed first", "closed second", ""]
    assert done.stderr == ""


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
