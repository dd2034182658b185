"""Arrays of 1 MB through a stream, against what the object store takes to have each put into it and got out."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks.on_ray.work import Length, Timed, timed
from synaflow import pipeline

if TYPE_CHECKING:
    import numpy as np

__all__ = ["copied", "streamed"]

WORDS: Final = 2**20 // 8
"""The 8-byte numbers of an array."""


def _arrays(length: int) -> Iterator[np.ndarray]:
    import numpy as np

    for number in range(length):
        yield np.full(WORDS, number, dtype=np.int64)


def arrays(length: int) -> Iterator[Any]:
    """The source. To the pipeline its items are anything, since numpy is imported by who runs it."""
    return _arrays(length)


def seen(arrays: Iterator[Any]) -> Timed:
    """A sink that looks at one number of each."""
    first = next(arrays)
    started = perf_counter()
    found = int(first[-1]) + sum(int(array[-1]) for array in arrays)
    return Timed(found, perf_counter() - started)


class Store:
    """An actor that copies."""

    def copied(self, count: int) -> Timed:
        """Puts each array into the object store, and gets it out."""
        import ray

        arrays = _arrays(count)
        first = next(arrays)
        started = perf_counter()
        found = int(first[-1]) + sum(int(ray.get(ray.put(array))[-1]) for array in arrays)
        return Timed(found, perf_counter() - started)


def streamed(count: int) -> Timed:
    """From one actor to another."""
    from synaflow_ray import run

    return timed(run(pipeline("arrays", Length, [arrays, seen]), Length(count)))


def copied(count: int) -> Timed:
    """In one actor."""
    import ray

    actor = ray.remote(Store).options(num_cpus=0).remote()
    try:
        found: Timed = ray.get(actor.copied.remote(count))
    finally:
        ray.kill(actor)
    return found
