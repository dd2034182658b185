"""Timing, in one place: variants of one task take turns in one process, so that what slows the machine slows them all."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

__all__ = ["Spread", "agreed", "interleaved", "quotients", "spread"]

_LONG_ENOUGH = 0.05
"""Seconds that one measurement takes at least; what is faster is called several times in a row."""
_SURELY = 0.5
"""Seconds that no interruption by another process adds to a call."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and its quartiles."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The median and quartiles of some values, of which there may be one."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, median, high)


def agreed(variants: Mapping[str, Callable[[], object]]) -> object:
    """What all variants give.

    Raises:
        ValueError: They don't give the same, so they are no variants of one task.
    """
    given = {name: variant() for name, variant in variants.items()}
    for one, other in pairwise(given):
        if given[one] != given[other]:
            raise ValueError(f"{one} gives {given[one]!r}, {other} gives {given[other]!r}")
    return next(iter(given.values()))


def interleaved(
    variants: Mapping[str, Callable[[], object]], rounds: int, *, patience: float = float("inf")
) -> dict[str, list[float]]:
    """The seconds that one call of each variant took, round by round.

    Who comes first changes from round to round. Garbage is collected before each measurement and, as in a program of a
    user, whenever it is due while one runs.

    Args:
        variants: What to call, by name.
        rounds: How often each is measured.
        patience: Seconds after which no further round is begun; there is at least one.
    """
    calls = {name: _calls(variant) for name, variant in variants.items()}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    started = perf_counter()
    for turn in range(rounds):
        if turn and perf_counter() - started > patience:
            break
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(_seconds(variants[name], calls[name]))
    return taken


def quotients(taken: Mapping[str, Sequence[float]], of: str, to: str) -> Spread:
    """How many times as long one variant took as another, by the rounds in which both were measured."""
    return spread([one / other for one, other in zip(taken[of], taken[to], strict=True)])


def _calls(variant: Callable[[], object]) -> int:
    """How many calls take long enough, judged by the fastest of some, since others may be interrupted."""
    calls = 1
    while (taken := calls * _seconds(variant, calls)) < _SURELY:
        taken = min(taken, *(calls * _seconds(variant, calls) for _ in range(2)))
        if taken >= _LONG_ENOUGH:
            break
        calls *= 2
    return calls


def _seconds(variant: Callable[[], object], calls: int) -> float:
    gc.collect()
    started = perf_counter()
    for _ in range(calls):
        variant()
    return (perf_counter() - started) / calls
