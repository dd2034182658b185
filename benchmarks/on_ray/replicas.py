"""Work that keeps a core busy, shared by replicas of the step that does it."""

from __future__ import annotations

from benchmarks.on_ray.work import Length, Timed, numbers, timed, total
from synaflow import pipeline, step

__all__ = ["shared_by"]


def worked(number: int) -> int:
    """Some 2 ms of Python."""
    found = number
    for _ in range(30_000):
        found = (found * 1_103_515_245 + 12_345) % 2**31
    return found


def shared_by(replicas: int, count: int) -> Timed:
    """So many items, by so many of them."""
    from synaflow_ray import run

    worker = step("worked", worked, inputs={"number": "numbers"})
    sink = step("sink", total, inputs={"items": "worked"})
    built = pipeline("replicas", Length, [numbers, worker, sink])
    return timed(run(built, Length(count), replicas={"worked": replicas}))
