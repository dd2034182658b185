"""Branches that run ahead go to disk past a bound of memory: in order, and nothing of it stays."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaflow import (
    BranchResult,
    PipelineDef,
    RunnerError,
    RunResult,
    SpillError,
    StepError,
    pipeline,
    run,
    step,
    stream,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


def ahead(make: Callable[[int], Any], count: int, max_in_flight: int | None = None) -> PipelineDef:
    """A source whose second consumer waits for the first one's value: its branch keeps everything."""

    def source() -> Iterator[Any]:
        for number in range(count):
            yield make(number)

    def first(items: Iterator[Any]) -> int:
        return sum(1 for _ in items)

    def second(first: int, items: Iterator[Any]) -> list[Any]:
        return list(items)

    reading = {"items": "source"}
    return pipeline(
        "ahead",
        steps=[
            step("source", source, max_in_flight=max_in_flight),
            step("first", first, inputs=reading),
            step("second", second, inputs=reading),
        ],
    )


def lagging(result: RunResult) -> BranchResult:
    (branch,) = [branch for branch in result.branches if branch.consumer == "second"]
    return branch


def row(number: int) -> dict[str, object]:
    return {"number": number, "name": f"row {number}", "values": [number] * 3}


@pytest.mark.parametrize("max_in_flight", [None, 7])
@pytest.mark.parametrize("after", [0, 5_000, 20_000])
def test_items_come_back_as_they_were_and_in_order(after: int, max_in_flight: int | None) -> None:
    result = run(ahead(row, 500, max_in_flight), spill_after=after)
    assert result["second"] == [row(number) for number in range(500)]
    branch = lagging(result)
    assert branch.spilled > 0
    assert branch.spilled_bytes > 0
    assert branch.unpicklable == 0
    assert branch.items == branch.peak == 500


@pytest.mark.parametrize("after", [2**30, None])
def test_below_the_bound_nothing_is_written(after: int | None) -> None:
    kept = [object() for _ in range(200)]
    result = run(ahead(kept.__getitem__, 200), spill_after=after)
    assert all(a is b for a, b in zip(result["second"], kept, strict=True)), "they didn't leave memory"
    assert lagging(result).spilled == lagging(result).spilled_bytes == 0


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=30), st.sampled_from([None, 4]), st.sampled_from([0, 300, 2_000])
)
def test_a_branch_that_fills_and_empties_again(gaps: list[int], in_flight: int | None, after: int) -> None:
    """A join that reads one stream ahead of the other by ever other distances."""
    count = sum(gaps)

    def source() -> Iterator[tuple[int, str]]:
        for number in range(count):
            yield number, str(number)

    def join(left: Iterator[tuple[int, str]], right: Iterator[tuple[int, str]]) -> list[int]:
        seen: list[int] = []
        for at, gap in enumerate(gaps):
            for _ in range(gap):
                next(left)
            seen.extend(number for number, _ in islice(right, gap if at % 3 else gap // 2))
        seen.extend(number for number, _ in right)
        return seen

    joined = pipeline(
        "join",
        steps=[
            step("source", source, max_in_flight=in_flight),
            step("join", join, inputs={"left": "source", "right": "source"}),
        ],
    )
    assert run(joined, spill_after=after)["join"] == list(range(count))


@dataclass
class Nested:
    payload: dict[str, list[bytes]]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda number: number.to_bytes(8, "big") * 1024, id="bytes"),
        pytest.param(
            lambda number: Nested({"a": [number.to_bytes(8, "big") * 512] * 1, "b": [bytes(4096)]}), id="nested"
        ),
        pytest.param(lambda number: bytes(10) if number < 2_000 else bytes(16_000), id="bigger later"),
    ],
)
def test_memory_stays_within_the_bound(make: Callable[[int], object]) -> None:
    """By estimate: what an item refers to counts."""

    def source() -> Iterator[object]:
        for number in range(4_000):
            yield make(number)

    def first(source: Iterator[object]) -> int:
        return sum(1 for _ in source)

    def second(first: int, source: Iterator[object]) -> int:
        return sum(1 for _ in source)

    def peak(after: int | None) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            assert (
                run(
                    pipeline(
                        "p",
                        steps=[
                            source,
                            step("first", first, hints=hints),
                            step("second", second, hints=hints | {"first": int}),
                        ],
                    ),
                    spill_after=after,
                )["second"]
                == 4_000
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    hints: dict[str, Any] = {"source": Iterator[object], "return": int}
    assert peak(None) > 25_000_000
    assert peak(2_000_000) < 6_000_000


def test_the_bound_is_for_all_branches_together() -> None:
    def source() -> Iterator[bytes]:
        for number in range(1_000):
            yield number.to_bytes(8, "big") * 1024

    def first(source: Iterator[bytes]) -> int:
        return sum(1 for _ in source)

    def second(first: int, source: Iterator[bytes]) -> int:
        return sum(1 for _ in source)

    readers = [step(f"second{n}", second) for n in range(4)]
    subject = pipeline("many", steps=[source, first, *readers])
    run(subject)
    tracemalloc.start()
    try:
        result = run(subject, spill_after=4_000_000)
        # They share their items in memory, so it is what each would keep alone that adds up.
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    for branch in result.branches:
        if branch.consumer != "first":
            assert branch.items - branch.spilled < 200, branch


@pytest.mark.parametrize("after", [0, None])
def test_a_branch_that_is_empty_while_others_are_over_the_bound(after: int | None) -> None:
    def source() -> Iterator[int]:
        yield from range(40)

    def paced(a: Iterator[int], b: Iterator[int], c: Iterator[int]) -> list[list[int]]:
        taken: list[list[int]] = [[], [], []]
        while True:
            before = sum(map(len, taken))
            for items, branch, count in zip(taken, (a, b, c), (1, 2, 2), strict=True):
                items += islice(branch, count)
            if sum(map(len, taken)) == before:
                return taken

    reading = step("paced", paced, inputs=dict.fromkeys("abc", "source"))
    assert run(pipeline("paced", steps=[source, reading]), spill_after=after)["paced"] == [[*range(40)]] * 3


def test_what_cannot_be_pickled_stays_and_is_reported() -> None:
    functions = [lambda n=n: n for n in range(100)]
    with pytest.warns(
        RuntimeWarning, match="'second' lags behind 'source', whose items should go to disk but can't be pickled"
    ) as warned:
        result = run(ahead(functions.__getitem__, 100), spill_after=0)
    assert len(warned) == 1, "said once"
    assert result["second"] == functions
    assert lagging(result).spilled == 0
    assert lagging(result).unpicklable == 99, "the first of them was never counted"


def test_among_others_only_what_cannot_be_pickled_stays() -> None:
    items = [(lambda: 0) if number % 3 == 0 else number for number in range(300)]
    with pytest.warns(RuntimeWarning, match="can't be pickled"):
        result = run(ahead(items.__getitem__, 300), spill_after=3_000)
    assert result["second"] == items
    branch = lagging(result)
    assert branch.spilled > 100
    assert 50 < branch.unpicklable < 100


def test_where_warnings_are_errors_that_one_ends_the_run() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="can't be pickled"):
            run(ahead(lambda _: lambda: 0, 100), spill_after=0)


class Broken:
    """Pickled, but not unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


def test_what_cannot_be_read_back_ends_the_run() -> None:
    with pytest.raises(
        SpillError, match=r"what 'second' has yet to read of 'source' can't be read back from disk: invalid literal"
    ) as caught:
        run(ahead(lambda _: Broken(), 10), spill_after=0)
    assert isinstance(caught.value.__cause__, ValueError)
    assert (caught.value.producer, caught.value.consumer) == ("source", "second")
    assert caught.value.result is not None
    assert not caught.value.result.ok


class Interrupting:
    def __reduce__(self) -> tuple[Any, ...]:
        raise KeyboardInterrupt


def test_an_interrupt_while_writing_leaves_the_run_as_itself() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(ahead(lambda _: Interrupting(), 10), spill_after=0)


def test_what_is_refused(tmp_path: Path) -> None:
    subject = ahead(row, 3)
    with pytest.raises(RunnerError, match=r"spill_after=-1: give a number of bytes from 0 up, or None"):
        run(subject, spill_after=-1)
    with pytest.raises(RunnerError, match=r"spill_to='.*nowhere': no directory that can be written to"):
        run(subject, spill_to=tmp_path / "nowhere")
    (tmp_path / "file").touch(0o777)
    with pytest.raises(RunnerError, match="no directory"):
        stream(subject, None, "source", spill_to=tmp_path / "file")


def test_a_stream_spills_too(tmp_path: Path) -> None:
    def source() -> Iterator[int]:
        yield from range(200)

    def total(source: Iterator[int]) -> int:
        return sum(source)

    def shares(total: int, source: Iterator[int]) -> Iterator[float]:
        for number in source:
            yield number / total

    items = stream(pipeline("s", steps=[source, total, shares]), None, "shares", spill_after=0, spill_to=tmp_path)
    assert next(items) == 0
    assert list(items) == [number / 19_900 for number in range(1, 200)]
    assert any(branch.spilled for branch in items.result.branches)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def nameless_files() -> Iterator[int]:
    """The sizes of the files without a name that this process has open."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the listing's own
            file = os.fstat(int(name))
            if file.st_nlink == 0:
                yield file.st_size


def fails(number: int) -> int:
    if number == 90:
        raise ValueError
    return number


@linux
def test_nothing_stays_after_any_end(tmp_path: Path) -> None:
    before = open_files()
    run(ahead(row, 100), spill_after=0, spill_to=tmp_path)
    with pytest.raises(StepError):
        run(ahead(fails, 100), spill_after=0, spill_to=tmp_path)

    def interrupts(number: int) -> int:
        assert open_files() > before or number < 10
        assert not list(tmp_path.iterdir()), "they have no name even now"
        if number == 90:
            raise KeyboardInterrupt
        return number

    with pytest.raises(KeyboardInterrupt):
        run(ahead(interrupts, 100), spill_after=0, spill_to=tmp_path)
    items = stream(ahead(row, 100), None, "source", spill_after=0, spill_to=tmp_path)
    for _ in range(50):
        next(items)
    assert open_files() > before
    del items
    with suppress(SpillError):
        run(ahead(lambda _: Broken(), 10), spill_after=0, spill_to=tmp_path)
    assert open_files() == before
    assert not list(tmp_path.iterdir())


SCRIPT = """
import os, resource, sys
from collections.abc import Iterator
from synaflow import pipeline, run, SpillError

closed = []

def source() -> Iterator[bytes]:
    try:
        for number in range(2_000):
            if number == 1_500 and sys.argv[1] == "wait":
                print("spilled", flush=True)
                sys.stdin.read()
            yield number.to_bytes(8, "big") * 1024
    finally:
        closed.append("source")

def first(source: Iterator[bytes]) -> int:
    return sum(1 for _ in source)

def second(first: int, source: Iterator[bytes]) -> int:
    return sum(1 for _ in source)

if sys.argv[1] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
try:
    print(run(pipeline("p", steps=[source, first, second]), spill_after=100_000, spill_to=sys.argv[2])["second"])
except SpillError as error:
    assert closed == ["source"]
    assert isinstance(error.__cause__, OSError)
    assert error.result is not None and not error.result.ok
    assert len(os.listdir("/proc/self/fd")) < 6, os.listdir("/proc/self/fd")
    print(error, error.bytes)
"""


def script(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@linux
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """A limit on the size of files: the system refuses to write, as when the disk is full."""
    with script("limit", str(tmp_path)) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    head, _, size = said.strip().rpartition(" ")
    assert 3_900_000 < int(size) <= 4_000_000
    assert head == (
        f"what 'second' has yet to read of 'source' can't go to disk: [Errno 27] File too large ({int(size):,} bytes of it are "
        f"in {tmp_path}); make room there, name another directory with spill_to= or TMPDIR, or allow more memory with spill_after="
    )
    assert not list(tmp_path.iterdir())


@linux
def test_a_full_disk(tmp_path: Path) -> None:
    """A file system of four megabytes."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    inside = f'{" ".join(mount)} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside, "sh"]
    try:
        possible = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("this machine lets nobody mount a file system of their own")
    done = subprocess.run(
        [*command, sys.executable, "-W", "error", "-c", SCRIPT, "full", str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "can't go to disk: [Errno 28] No space left on device" in done.stdout


@linux
def test_nothing_stays_of_a_process_that_is_killed(tmp_path: Path) -> None:
    with script("wait", str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "spilled\n"
        held = [os.stat(f"/proc/{process.pid}/fd/{name}") for name in os.listdir(f"/proc/{process.pid}/fd")]
        assert sum(file.st_size for file in held if file.st_nlink == 0) > 10_000_000, "it has written"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


@linux
def test_disk_space_is_given_back(tmp_path: Path) -> None:
    """A branch that lags by the same distance all along takes no more disk however long it does."""
    most = 0

    def source() -> Iterator[bytes]:
        for _ in range(600):
            yield bytes(1_000_000)

    def join(left: Iterator[bytes], right: Iterator[bytes]) -> int:
        nonlocal most
        for _ in range(20):
            next(left)
        for _ in left:
            next(right)
            most = max(most, sum(nameless_files()))
        return sum(1 for _ in right)

    joined = pipeline("join", steps=[source, step("join", join, inputs={"left": "source", "right": "source"})])
    result = run(joined, spill_after=1_000_000, spill_to=tmp_path)
    assert result["join"] == 20
    (branch,) = [branch for branch in result.branches if branch.parameter == "right"]
    assert branch.spilled_bytes > 500_000_000
    assert most < 200_000_000
