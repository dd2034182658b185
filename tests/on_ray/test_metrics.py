"""What Ray's own metrics tell of a run, as a Prometheus would read them from the node."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest
import ray

import synaflow_ray
from synaflow import pipeline

pytestmark = pytest.mark.timeout(120)

PAUSE = threading.Event()


class Held(NamedTuple):
    until: str


def numbers(until: str) -> Iterator[int]:
    """Seven items; then it waits for the test to have seen that."""
    yield from range(7)
    while not Path(until).exists():
        PAUSE.wait(0.05)


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


def metrics() -> dict[str, float]:
    """What the node tells of ours, by the name and the tags that we gave it."""
    (node,) = ray.nodes()
    with urlopen(f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics", timeout=10) as page:
        told = page.read().decode()
    found: dict[str, float] = {}
    for name, tags, value in re.findall(r"^ray_(synaflow_\w+)\{(.*)\} (\S+)$", told, re.MULTILINE):
        own = dict(re.findall(r'(pipeline|step)="([^"]*)"', tags))
        found[f"{name} of {own['pipeline']}/{own['step']}"] = float(value)
    return found


def test_items_by_pipeline_and_step(cluster: None, tmp_path: Path) -> None:
    until = tmp_path / "seen"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(synaflow_ray.run, pipeline("measured", Held, [numbers, total]), Held(str(until)))
        try:
            items = "synaflow_items_total of measured/numbers"
            while not running.done() and metrics().get(items) != 7:
                PAUSE.wait(0.1)
            assert not running.done(), running.result()
            assert metrics()["synaflow_buffered_items of measured/numbers"] == 0
        finally:
            until.touch()
        assert running.result()["total"] == 21
