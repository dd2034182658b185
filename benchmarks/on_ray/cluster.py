"""The cluster that all is measured on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["cluster"]


@contextmanager
def cluster() -> Iterator[None]:
    """One of its own, on this machine, that says nothing; all that is measured shares it."""
    # Ray 2.60 would write a token into the home directory otherwise.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray

    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=400 * 2**20,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        yield
    finally:
        ray.shutdown()
