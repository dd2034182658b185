"""The cluster of a run: the one this process is connected to, one that is joined, or one that is started for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import ray

from synaflow import RunnerError

__all__ = ["connected"]

_QUICK_DEATHS: Final = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "5",
}
"""How soon a node counts as dead. Ray's own figures, 14 s and more, hold for clusters that were there before."""


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Is connected to a cluster; what it has connected or started for that, it disconnects or stops again.

    Args:
        address: As for `run`.

    Raises:
        RunnerError: There is none at that address.
    """
    if ray.is_initialized():
        if address is not None and address not in ("auto", ray.get_runtime_context().gcs_address):
            raise RunnerError(
                f"address={address!r}: this process is connected to {ray.get_runtime_context().gcs_address} already; "
                "leave the address out, or call ray.shutdown() before"
            )
        yield
        return
    before = {name: os.environ.get(name) for name in _QUICK_DEATHS}
    for name, figure in _QUICK_DEATHS.items():
        os.environ.setdefault(name, figure)
    try:
        ray.init(address, log_to_driver=True, logging_level="ERROR", configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = f"at {address}" if address is not None else "to join or to start"
        raise RunnerError(f"no Ray cluster {where}: {error}") from error
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
    try:
        yield
    finally:
        ray.shutdown()
