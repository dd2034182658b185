"""How long an item is under way through a chain whose source is slow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.on_ray.work import Length
from synaflow import pipeline

__all__ = ["under_way"]

EVERY: Final = 0.02
"""Seconds from one item to the next."""


def made(length: int) -> Iterator[float]:
    """The source: the times at which items are made. All actors of a machine read the same clock."""
    for _ in range(length):
        time.sleep(EVERY)
        yield time.monotonic()


def passed(made: Iterator[float]) -> Iterator[float]:
    """A step between."""
    yield from made


def waited(passed: Iterator[float]) -> list[float]:
    """The sink: how old each of them is."""
    return [time.monotonic() - made for made in passed]


def under_way(count: int) -> tuple[float, float]:
    """The median and the most, in milliseconds."""
    from synaflow_ray import run

    seconds = run(pipeline("slow", Length, [made, passed, waited]), Length(count))["waited"]
    return 1000 * statistics.median(seconds), 1000 * max(seconds)
