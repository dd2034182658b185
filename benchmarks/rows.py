"""What is measured, against what, and the bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks import plain, work
from benchmarks.chain import over_processes
from benchmarks.imports import import_costs
from benchmarks.measure import Spread, agreed, interleaved, quotients, spread
from benchmarks.memory import BLOCK, peak
from benchmarks.on_asyncio import streams, waits

__all__ = ["GROUPS", "Effort", "Group", "Row", "Unit"]


@dataclass(frozen=True, slots=True)
class Unit:
    """How figures are written: `1.00x`, `29 ms`."""

    sign: str
    gap: str = " "


TIMES: Final = Unit("x", "")
NANOSECONDS: Final = Unit("ns")
MILLISECONDS: Final = Unit("ms")
MEGABYTES: Final = Unit("MB")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        what: What is measured.
        against: What it is compared with, empty where the figure stands for itself.
        unit: The figure's unit.
        bar: What the median shall not exceed, None where there is no bar.
    """

    what: str
    against: str
    unit: Unit
    bar: float | None = None

    def missed(self, figure: Spread) -> bool:
        """Whether the figure is over the bar."""
        return self.bar is not None and figure.median > self.bar


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure: the smoke test does little of everything."""

    rounds: int = 31
    items: int = 1_000_000
    many_items: int = 10_000_000
    long_rounds: int = 15
    steps: int = 1_000
    many_steps: int = 10_000
    ahead: int = 2_000_000_000
    rows_ahead: int = 6_000_000
    processes: int = 15
    waits: int = 1_000

    @classmethod
    def quick(cls) -> Effort:
        """Enough to see that everything still runs."""
        return cls(3, 20_000, 40_000, 2, 100, 400, 300_000_000, 1_000_000, 2, 200)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are measured together."""

    rows: tuple[Row, ...]
    measure: Callable[[Effort], tuple[Spread, ...]]


def _chain(effort: Effort) -> tuple[Spread, ...]:
    return (over_processes(effort.processes, effort.long_rounds, effort.items),)


def _counted(effort: Effort) -> tuple[Spread, ...]:
    items = effort.items // 5
    variants = {"by hand": partial(plain.chained, items), "run": partial(work.chain, items, stats=True)}
    agreed(variants)
    return (quotients(interleaved(variants, effort.long_rounds), "run", "by hand"),)


def _fork(effort: Effort) -> tuple[Spread, ...]:
    variants = {
        "pushed": partial(plain.pushed, effort.items),
        "lockstep": partial(work.fork, effort.items),
        "tee": partial(plain.split, effort.items),
        "chunks": partial(work.fork, effort.items, 256),
    }
    agreed(variants)
    taken = interleaved(variants, effort.long_rounds)
    return quotients(taken, "lockstep", "pushed"), quotients(taken, "chunks", "tee")


def _join(effort: Effort) -> tuple[Spread, ...]:
    items = effort.items // 5
    variants = {"by hand": partial(plain.zipped, items), "run": partial(work.join, items)}
    agreed(variants)
    return (quotients(interleaved(variants, effort.long_rounds), "run", "by hand"),)


def _values(effort: Effort) -> tuple[Spread, ...]:
    made = plain.values(20)
    variants = {"by hand": partial(made.by_hand, 3), "run": partial(work.call_values(made), 3)}
    agreed(variants)
    return (quotients(interleaved(variants, effort.rounds), "run", "by hand"),)


def _build(effort: Effort) -> tuple[Spread, ...]:
    few, many = (plain.values(count).steps for count in (effort.steps, effort.many_steps))
    taken = interleaved({"few": partial(work.build, few), "many": partial(work.build, many)}, effort.long_rounds)
    figures = [spread([1000 * seconds for seconds in taken[name]]) for name in ("few", "many")]
    growth = quotients(taken, "many", "few")
    steps = effort.many_steps / effort.steps
    return (*figures, Spread(growth.low / steps, growth.median / steps, growth.high / steps))


def _memory(task: str, few: Callable[[Effort], int], many: Callable[[Effort], int]) -> Group:
    def measure(effort: Effort) -> tuple[Spread, ...]:
        return tuple(spread([peak(task, count(effort))]) for count in (few, many))

    rows = tuple(Row(f"peak memory of a {task}, {size} items", "", MEGABYTES) for size in ("1 M", "10 M"))
    return Group(rows, measure)


def _ahead(effort: Effort) -> tuple[Spread, ...]:
    blocks = effort.ahead // BLOCK
    measured = (
        ("blocks", blocks),
        ("blocks in memory", blocks // 8),
        ("rows", effort.rows_ahead),
        ("rows in memory", effort.rows_ahead // 8),
    )
    return tuple(spread([peak(task, count)]) for task, count in measured)


def _interpreter(_: Effort) -> tuple[Spread, ...]:
    return (spread([peak("nothing", 0)]),)


GROUPS: Final = (
    Group((Row("a chain of generators, 1 M items, in 15 processes", "wired by hand", TIMES, 1.02),), _chain),
    Group(
        (
            Row("a fork to 2 sinks, exact lockstep, 1 M items", "a loop that calls each accumulator", TIMES, 8),
            Row("the same with `max_in_flight=256`", "`itertools.tee`, one consumer after the other", TIMES, 1),
        ),
        _fork,
    ),
    Group((Row("20 value steps, one `run`", "plain calls", TIMES, 60),), _values),
    Group(
        (
            Row("building a pipeline of 1,000 steps", "", MILLISECONDS, 100),
            Row("building a pipeline of 10,000 steps", "", MILLISECONDS),
            Row("time per step, of 10,000", "of 1,000", TIMES),
        ),
        _build,
    ),
    Group((Row("peak memory of the interpreter and the imports", "", MEGABYTES),), _interpreter),
    _memory("chain", lambda effort: effort.items, lambda effort: effort.many_items),
    _memory("fork", lambda effort: effort.items, lambda effort: effort.many_items),
    Group(
        (
            Row("a branch 2 GB ahead in items of 1 MB, spilling past 256 MiB", "", MEGABYTES),
            Row("an eighth of it, all in memory", "", MEGABYTES),
            Row("a branch 6 M small dicts ahead, spilling past 256 MiB", "", MEGABYTES),
            Row("an eighth of those, all in memory", "", MEGABYTES),
        ),
        _ahead,
    ),
    Group((Row("a join of two branches of a fork, `zip`", "`itertools.tee` and `zip`", TIMES),), _join),
    Group((Row("the chain with `stats=True`", "wired by hand", TIMES),), _counted),
    Group(
        (
            Row("a chain of 3 asynchronous steps, 100,000 items, `async_run`", "`async for`, by hand", TIMES),
            Row("per item, that is longer by", "", NANOSECONDS),
            Row("the same with a plain transform and a plain sink", "`async for`, by hand", TIMES),
            Row("per item, that is longer by", "", NANOSECONDS),
        ),
        lambda effort: streams.chains(effort.rounds, effort.items // 10),
    ),
    Group(
        (
            Row(
                "an asynchronous stream forked to an asynchronous and a plain sink, lockstep",
                "an `async for` that calls each accumulator",
                TIMES,
            ),
            Row("per item, that is longer by", "", NANOSECONDS),
            Row(
                "the same fork",
                "two tasks, each with a queue of one item, and `join` after each",
                TIMES,
            ),
        ),
        lambda effort: streams.forks(effort.long_rounds, effort.items // 50),
    ),
    Group(
        (
            Row("1,000 waits of 10 ms, `concurrency=100`", "`asyncio.gather` with a semaphore", TIMES, 1.2),
            Row("the same, forked to 2 sinks in lockstep", "`asyncio.gather` with a semaphore", TIMES, 1.2),
        ),
        lambda effort: waits.awaits(effort.long_rounds, effort.waits),
    ),
    Group(
        (Row("1,000 waits of 10 ms in 100 threads, `concurrency=100`", "`ThreadPoolExecutor(100).map`", TIMES, 1.2),),
        lambda effort: waits.threads(effort.long_rounds, effort.waits),
    ),
    Group(
        (
            Row("a bare interpreter, start to end", "", MILLISECONDS),
            Row("`import synaflow` adds", "", MILLISECONDS),
            Row("`from synaflow import pipeline, step, run` adds", "", MILLISECONDS),
        ),
        lambda effort: import_costs(effort.rounds),
    ),
)
"""All that is measured of SynaFlow itself, in the order of the table."""
