"""Waiting for something to become true, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Late(AssertionError):
    """What was waited for didn't come."""


def wait_for(what: str, probe: Callable[[], T | None], seconds: float = 60, told: Callable[[], str] = str) -> T:
    """Asks again and again until the probe gives something true, and gives that.

    Args:
        what: What is waited for, in words.
        probe: Gives something true when it has come.
        seconds: How long to wait at most.
        told: What to say beside `what` when it hasn't come.
    """
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise Late(f"after {seconds:g} s still no {what}. {told()}")
        time.sleep(0.1)
    return found
