"""What is measured of the Ray runner, against what, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.measure import Spread, spread
from benchmarks.on_ray.arrays import copied, streamed
from benchmarks.on_ray.by_hand import SIZE, by_hand
from benchmarks.on_ray.data import by_ray_data
from benchmarks.on_ray.latency import under_way
from benchmarks.on_ray.memory import held
from benchmarks.on_ray.replicas import shared_by
from benchmarks.on_ray.work import Timed, local, ours
from benchmarks.rows import MEGABYTES, MILLISECONDS, TIMES, Row

__all__ = ["ROWS", "Effort", "measured"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure: the smoke test does little of everything."""

    rounds: int = 7
    items: int = 1_000_000
    many_items: int = 10_000_000
    objects: int = 5_000
    arrays: int = 500
    worked: int = 2_000
    slow: int = 250

    @classmethod
    def quick(cls) -> Effort:
        """Enough to see that everything still runs."""
        return cls(1, 20_000, 40_000, 200, 20, 40, 20)


class Taken(NamedTuple):
    """The seconds that a call took, and those in which its sinks had items, both by item."""

    whole: float
    streaming: float


Variant = tuple[Callable[[], Timed], int]
"""What to call, and how many items that is."""


def in_turns(variants: Mapping[str, Variant], rounds: int) -> dict[str, list[Taken]]:
    """What each call took, round by round; who comes first changes from round to round.

    Raises:
        ValueError: Variants of as many items don't give the same, so they are no variants of one task.
    """
    names = list(variants)
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    given: dict[int, int] = {}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            call, items = variants[name]
            started = perf_counter()
            total, streaming = call()
            taken[name].append(Taken((perf_counter() - started) / items, streaming / items))
            if given.setdefault(items, total) != total:
                raise ValueError(f"{name} gives {total}, others give {given[items]}")
    return taken


def quotients(taken: Mapping[str, list[Taken]], of: str, to: str, *, whole: bool = False) -> Spread:
    """How many times as long one variant took for an item as another, by the rounds in which both were measured."""
    pairs = zip(taken[of], taken[to], strict=True)
    return spread([one.whole / other.whole if whole else one.streaming / other.streaming for one, other in pairs])


def _untimed(name: str, count: int) -> Timed:
    return Timed(by_ray_data(name, count), 0)


def _small(name: str, effort: Effort) -> tuple[Spread, ...]:
    variants: dict[str, Variant] = {
        "ours": (partial(ours, name, effort.items), effort.items),
        "by hand": (partial(by_hand, name, effort.items), effort.items),
        "local": (partial(local, name, effort.items), effort.items),
    }
    if name.startswith("chain"):
        by_ray_data(name, effort.items)  # its first run takes ten times as long
        variants["data"] = (partial(_untimed, name, effort.items), effort.items)
    variants["objects"] = (partial(by_hand, name, effort.objects, None), effort.objects)
    taken = in_turns(variants, effort.rounds)
    figures = [quotients(taken, "ours", to) for to in ("objects", "by hand", "local")]
    figures.append(quotients(taken, "ours", "by hand", whole=True))
    if "data" in taken:
        # It has no sink of ours to take the time in, and its processes are there already.
        to_whole = zip(taken["ours"], taken["data"], strict=True)
        figures.append(spread([one.streaming / other.whole for one, other in to_whole]))
        figures.append(quotients(taken, "ours", "data", whole=True))
    return tuple(figures)


def _small_rows(what: str, *, chain: bool) -> tuple[Row, ...]:
    streaming, whole = f"{what}, as they stream", f"{what}, start and end of the actors included"
    batches, data = f"batches of {SIZE:,}, by hand", "Ray Data's `map`, warm"
    rows = (
        Row(streaming, "one object per item, by hand", TIMES, 0.01),
        Row(streaming, batches, TIMES, 2),
        Row(streaming, "the local runner", TIMES),
        Row(whole, batches, TIMES),
    )
    return (*rows, Row(streaming, data, TIMES, 1), Row(whole, data, TIMES)) if chain else rows


def _arrays(effort: Effort) -> tuple[Spread, ...]:
    variants: dict[str, Variant] = {
        "streamed": (partial(streamed, effort.arrays), effort.arrays),
        "copied": (partial(copied, effort.arrays), effort.arrays),
    }
    return (quotients(in_turns(variants, effort.rounds), "streamed", "copied"),)


def _replicas(effort: Effort) -> tuple[Spread, ...]:
    variants: dict[str, Variant] = {
        str(replicas): (partial(shared_by, replicas, effort.worked), effort.worked) for replicas in (1, 2)
    }
    return (quotients(in_turns(variants, effort.rounds), "2", "1"),)


def _latency(effort: Effort) -> tuple[Spread, ...]:
    found = [under_way(effort.slow) for _ in range(effort.rounds)]
    return tuple(spread(figures) for figures in zip(*found, strict=True))


def _memory(effort: Effort) -> tuple[Spread, ...]:
    import ray

    address = ray.get_runtime_context().gcs_address
    few, many = (held(address, count) for count in (effort.items, effort.many_items))
    return tuple(spread([figure]) for pair in zip(few, many, strict=True) for figure in pair)


_GROUPS: Final[tuple[tuple[tuple[Row, ...], Callable[[Effort], tuple[Spread, ...]]], ...]] = (
    (_small_rows("1 M ints through a chain of 3", chain=True), partial(_small, "chain of ints")),
    (_small_rows("1 M small dicts through a chain of 3", chain=True), partial(_small, "chain of dicts")),
    (_small_rows("1 M ints through a fork to 2 sinks", chain=False), partial(_small, "fork of ints")),
    (_small_rows("1 M small dicts through a fork to 2 sinks", chain=False), partial(_small, "fork of dicts")),
    ((Row("arrays of 1 MB, from one step to another", "put into the object store and got", TIMES),), _arrays),
    ((Row("work that keeps a core busy, with `replicas` 2", "with one", TIMES),), _replicas),
    (
        (
            Row("an item every 20 ms through a chain of 3 is under way for, median", "", MILLISECONDS),
            Row("the longest of 250", "", MILLISECONDS),
        ),
        _latency,
    ),
    (
        (
            Row("memory of the driver alone, a chain, 1 M items", "", MEGABYTES),
            Row("memory of the driver alone, a chain, 10 M items", "", MEGABYTES),
            Row("memory of the biggest actor alone, a chain, 1 M items", "", MEGABYTES),
            Row("memory of the biggest actor alone, a chain, 10 M items", "", MEGABYTES),
        ),
        _memory,
    ),
)

ROWS: Final = tuple(row for rows, _ in _GROUPS for row in rows)
"""All of them, in the order of the table."""


def measured(effort: Effort) -> Iterator[tuple[Row, Spread]]:
    """Measures them, one group after the other."""
    for rows, measure in _GROUPS:
        yield from zip(rows, measure(effort), strict=True)
