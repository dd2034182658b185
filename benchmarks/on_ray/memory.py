"""What the processes of a run have in memory for themselves, `python -m benchmarks.on_ray.memory ADDRESS ITEMS`.

It is a process of its own that tells it, so that what another run has left behind isn't counted. What is shared, above all
the pages of the object store, isn't either.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.apart import told_by
from synaflow import pipeline

__all__ = ["held"]

EVERY: Final = 50_000
"""The items from one look to the next."""


class Where(NamedTuple):
    """How many items there are, and the folder where each actor writes what it has."""

    length: int
    folder: Path


def own() -> int:
    """The bytes that this process has for itself now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon:"))


def watched(items: Iterator[int], file: Path) -> Iterator[int]:
    """The items; at the end the file says how much the process had at the most."""
    most = 0
    for index, item in enumerate(items):
        if index % EVERY == 0:
            most = max(most, own())
        yield item
    file.write_text(str(max(most, own())), encoding="ascii")


def numbers(length: int, folder: Path) -> Iterator[int]:
    """The source."""
    return watched(iter(range(length)), folder / "numbers")


def doubled(numbers: Iterator[int], folder: Path) -> Iterator[int]:
    """A step between."""
    return watched((number * 2 for number in numbers), folder / "doubled")


def total(doubled: Iterator[int], folder: Path) -> int:
    """The sink."""
    return sum(watched(doubled, folder / "total"))


def held(address: str, count: int) -> tuple[float, float]:
    """Megabytes of the driver, and of the actor that had the most."""
    driver, actor = json.loads(told_by("benchmarks.on_ray.memory", address, count).splitlines()[-1])
    return driver / 1e6, actor / 1e6


def _main(address: str, count: int) -> None:
    import ray

    from synaflow_ray import run

    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    with TemporaryDirectory() as name:
        folder = Path(name)
        result = run(pipeline("memory", Where, [numbers, doubled, total]), Where(count, folder))
        assert result["total"] == count * (count - 1)
        actors = [int(file.read_text(encoding="ascii")) for file in folder.iterdir()]
    assert len(actors) == 3
    print(json.dumps([own(), max(actors)]))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
