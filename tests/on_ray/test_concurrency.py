"""`step(..., concurrency=N)`: N threads in the actor of the step."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import synaflow_ray
from synaflow import pipeline, step

pytestmark = pytest.mark.timeout(120)

TOGETHER = threading.Barrier(4, timeout=60)


def numbers() -> Iterator[int]:
    yield from range(12)


def met(numbers: int) -> int:
    """Goes on only where three others are at the same place, in the same process."""
    TOGETHER.wait()
    return -numbers


def listed(met: Iterator[int]) -> list[int]:
    return list(met)


def test_calls_overlap_and_keep_their_order(cluster: None) -> None:
    result = synaflow_ray.run(pipeline("meeting", steps=[numbers, step("met", met, concurrency=4), listed]))
    assert result["listed"] == [-number for number in range(12)]
