"""How streams travel: at once where they are slow, many at a time where they are fast, and never far ahead."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from corpus import Recorder
from synaflow import PipelineDef, pipeline, run, step
from synaflow_ray import run as run_on_ray

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("cluster")]


class Length(NamedTuple):
    length: int = 1000


def numbers(length: int) -> Iterator[int]:
    yield from range(length)


def plus(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield number + 1


def total(plus: Iterator[int]) -> int:
    return sum(plus)


def count(plus: Iterator[int]) -> int:
    return sum(1 for _ in plus)


def test_an_item_leaves_before_the_next_one_is_made(tmp_path: Path) -> None:
    """Were it held back until a batch is full, this would wait for ever."""

    def asks() -> Iterator[int]:
        for at in range(5):
            yield at
            while not (tmp_path / f"{at}").exists():
                time.sleep(0.001)

    def passes(asks: Iterator[int]) -> Iterator[int]:
        yield from asks

    def answers(passes: Iterator[int]) -> list[int]:
        seen = []
        for at in passes:
            seen.append(at)
            (tmp_path / f"{at}").touch()
        return seen

    assert run_on_ray(pipeline("ping", steps=[asks, passes, answers]))["answers"] == list(range(5))


def test_what_came_fast_leaves_when_the_step_becomes_slow(tmp_path: Path) -> None:
    """The batch that was begun at full speed is not waited for."""

    def bursts() -> Iterator[int]:
        yield from range(100_000)
        while not (tmp_path / "seen").exists():
            time.sleep(0.001)

    def sees(bursts: Iterator[int]) -> int:
        seen = 0
        for _ in bursts:
            seen += 1
            if seen == 100_000:
                (tmp_path / "seen").touch()
        return seen

    assert run_on_ray(pipeline("burst", steps=[bursts, sees]))["sees"] == 100_000


def test_a_fast_streams_batches_grow() -> None:
    """As far apart as its readers can get tells how large its batches were."""
    result = run_on_ray(pipeline("fast", Length, [numbers, plus, total, count]), Length(300_000))
    assert (result["total"], result["count"]) == (sum(range(1, 300_001)), 300_000)
    assert max(branch.peak for branch in result.branches) > 2_000
    assert max(branch.peak for branch in result.branches) <= 5 * 8_192
    assert [result.steps[name].items_out for name in ("numbers", "plus")] == [300_000, 300_000]


def test_large_items_make_small_batches() -> None:
    def blocks(length: int) -> Iterator[bytes]:
        for _ in range(length):
            yield bytes(2**20)

    def first(blocks: Iterator[bytes]) -> int:
        return sum(map(len, blocks))

    def second(blocks: Iterator[bytes]) -> int:
        return sum(map(len, blocks))

    result = run_on_ray(pipeline("large", Length, [blocks, first, second]), Length(100))
    assert result["first"] == result["second"] == 100 * 2**20
    assert max(branch.peak for branch in result.branches) <= 5 * 4


def _logged(limit: int, length: int = 12) -> tuple[PipelineDef, Recorder]:
    rec = Recorder()

    def source() -> Iterator[int]:
        for at in range(length):
            rec("source", at)
            yield at

    def reads(name: str) -> Callable[..., int]:
        def reader(source: Iterator[int]) -> int:
            for at in source:
                rec(name, at)
            return length

        return reader

    return pipeline(
        "literal",
        steps=[step("source", fn=source, max_in_flight=limit), step("a", fn=reads("a")), step("b", fn=reads("b"))],
    ), rec


def test_one_in_flight_is_exact_lockstep() -> None:
    """The next item is pulled when every reader has done with the last one."""
    flow, rec = _logged(1)
    run_on_ray(flow)
    events = rec.events
    rounds = [events[at : at + 3] for at in range(0, len(events), 3)]
    assert [sorted(turn) for turn in rounds] == [[("a", at), ("b", at), ("source", at)] for at in range(12)]
    assert all(turn[0] == ("source", at) for at, turn in enumerate(rounds))


@pytest.mark.parametrize("limit", [2, 5])
def test_so_many_in_flight_and_no_more(limit: int) -> None:
    flow, rec = _logged(limit, 40)
    result = run_on_ray(flow)
    done = {"a": 0, "b": 0}
    for name, at in rec.events:
        if name == "source":
            assert isinstance(at, int)
            assert at - min(done.values()) <= limit
        else:
            done[name] += 1
    assert done == {"a": 40, "b": 40}
    assert max(branch.peak for branch in result.branches) <= limit


def test_arrays_tables_and_bytes_are_not_copied_and_read_only() -> None:
    def things() -> Iterator[Any]:
        yield np.arange(1_000_000)
        yield pa.table({"x": np.arange(1_000_000)})

    def look(things: Iterator[Any]) -> list[tuple[str, bool]]:
        told = []
        for thing in things:
            array = thing if isinstance(thing, np.ndarray) else thing.column("x").chunk(0).to_numpy()
            told.append((type(thing).__name__, bool(array.flags.writeable)))
            assert array.sum() == 499_999_500_000
        return told

    assert run_on_ray(pipeline("arrays", steps=[things, look]))["look"] == [("ndarray", False), ("Table", False)]


def test_memory_is_flat_in_the_number_of_items() -> None:
    """Of the actors, in megabytes at their most, and of the object store by what is left in it."""

    def arrays(length: int) -> Iterator[np.ndarray]:
        for _ in range(length):
            yield np.zeros(2**17)

    def peak(arrays: Iterator[np.ndarray]) -> int:
        for array in arrays:
            assert array.nbytes == 2**20
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    flow = pipeline("flat", Length, [arrays, peak])
    short, long = (run_on_ray(flow, Length(length))["peak"] for length in (40, 800))
    assert long < short + 40


def test_a_value_goes_past_the_driver() -> None:
    def makes() -> np.ndarray:
        return np.ones(30 * 2**17)

    def takes(makes: np.ndarray) -> float:
        return float(makes.sum())

    flow = pipeline("past", steps=[makes, takes])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert run_on_ray(flow)["takes"] == 30 * 2**17
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15 * 1024


def test_what_has_to_lag_goes_to_the_object_store() -> None:
    """A join that reads one branch to its end first: more than the store may hold waits in the other."""

    def arrays(length: int) -> Iterator[np.ndarray]:
        for at in range(length):
            yield np.full(2**17, at, dtype=np.int64)

    def sums(arrays: Iterator[np.ndarray]) -> Iterator[int]:
        return (int(array.sum()) for array in arrays)

    def firsts(arrays: Iterator[np.ndarray]) -> Iterator[int]:
        return (int(array[0]) for array in arrays)

    def both(sums: list[int], arrays: Iterator[np.ndarray], firsts: Iterator[int]) -> bool:
        told = [int(array[0]) for array in arrays]
        return told == list(firsts) == [at // 2**17 for at in sums]

    flow = pipeline("lag", Length, [arrays, sums, firsts, both])
    result = run_on_ray(flow, Length(150))
    assert result["both"] is True
    assert sum(branch.spilled for branch in result.branches) > 100


def test_progress_tells_of_every_step() -> None:
    lines: list[str] = []
    flow = pipeline("told", Length, [numbers, plus, total])
    assert run_on_ray(flow, Length(5000), progress=lines.append).ok
    assert "numbers 5,000 | plus 5,000 | total 5,000" in lines[-1]


def test_stats_time_the_steps() -> None:
    flow = pipeline("timed", Length, [numbers, plus, total])
    assert all(step.seconds is not None for step in run_on_ray(flow, stats=True).steps.values())


def test_of_a_step_that_fails_what_came_before_is_read_first() -> None:
    """Also the part of a batch that had not left."""

    def breaks() -> Iterator[int]:
        yield from range(1000)
        raise ValueError("no more")

    def counts(breaks: Iterator[int]) -> int:
        seen = 0
        try:
            for _ in breaks:
                seen += 1
        except ValueError:
            return seen
        return -1

    assert run_on_ray(pipeline("breaks", steps=[breaks, counts]))["counts"] == 1000


def test_the_same_as_locally() -> None:
    flow = pipeline("same", Length, [numbers, plus, total, count])
    assert dict(run_on_ray(flow)) == dict(run(flow)) == dict(run_on_ray(flow, fuse=True))
