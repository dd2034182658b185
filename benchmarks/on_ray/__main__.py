"""`python -m benchmarks.on_ray`: measures, prints, and on demand writes the README's table."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from benchmarks.measure import Spread
from benchmarks.on_ray.cluster import cluster
from benchmarks.on_ray.rows import ROWS, Effort, measured
from benchmarks.report import report
from benchmarks.rows import Row


def _measured(quick: bool) -> Iterator[tuple[Row, Spread]]:
    with cluster():
        yield from measured(Effort.quick() if quick else Effort())


def _beside() -> str:
    return f"Ray {version('ray')}."


report("benchmarks.on_ray", "What the Ray runner costs.", "ray-benchmarks", _beside, ROWS, _measured)
