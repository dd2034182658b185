"""What an actor is sent to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synaflow_ray.plan import ActorPlan
    from synaflow_ray.pool import PoolJob

__all__ = ["Job"]


@dataclass(frozen=True)
class Job:
    """What an actor is for.

    Attributes:
        plan: Its plan.
        reads: The actors it reads from, by producer.
        asks: The producers that want to be asked for every batch.
        stats: Whether items are timed.
        pool: How its replicas are made, None without.
    """

    plan: ActorPlan
    reads: Mapping[str, Any]
    asks: frozenset[str]
    stats: bool
    pool: PoolJob | None
