"""What runs have left on the cluster that this process is connected to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import ray
from ray._private.internal_api import node_stats

__all__ = ["actors", "comes_true", "is_alive", "stored"]

WITHIN = 30.0
"""Seconds. Ray takes note of what has ended a moment later, and removes what a dead process owned a moment after that."""


def comes_true(what: Callable[[], bool]) -> bool:
    """Whether something is so, or is so soon."""
    until = time.monotonic() + WITHIN
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def actors(prefix: str = "") -> list[str]:
    """The names of those that don't go away. All of ours have one, with the pipeline's name in front."""

    def names() -> list[str]:
        return [name for name in ray.util.list_named_actors() if name.startswith(prefix)]

    return [] if comes_true(lambda: not names()) else names()


def stored() -> int:
    """Bytes in the object stores of all nodes."""

    def of(node: dict[str, Any]) -> int:
        size: int = node_stats(
            node["NodeManagerAddress"], node["NodeManagerPort"], False
        ).store_stats.object_store_bytes_used
        return size

    return sum(of(node) for node in ray.nodes() if node["Alive"])


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
