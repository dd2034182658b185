"""Guards around a run: it ends in time, and leaves no greenlet behind."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import greenlet

__all__ = ["Deadlock", "alive_greenlets", "within"]


class Deadlock(BaseException):
    """A run didn't end in time. A `BaseException`, so that no step takes it for one of its own."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises `Deadlock` in whatever runs in the main thread when the time is up.

    It is the processor's time: a run that can't move goes round in circles, and a busy machine isn't taken for one. What
    would block without using any is left to the timeout of the test.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise Deadlock(f"still running after {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def alive_greenlets() -> int:
    """How many greenlets there are that have begun and not ended, besides threads' own."""
    return sum(
        1 for thing in gc.get_objects() if isinstance(thing, greenlet.greenlet) and thing.parent is not None and thing
    )
