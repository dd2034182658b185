"""Time spent in each step's own code."""

from __future__ import annotations

from time import perf_counter

__all__ = ["Clock"]


class Clock:
    """Charges time to whoever has the turn. One step at a time runs, so one clock does for all of them.

    Attributes:
        seconds: Seconds by step.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._whose = ""
        self._since = perf_counter()

    def turn(self, step: str) -> None:
        """From now on, time is that step's; up to now it was the previous one's."""
        now = perf_counter()
        self.seconds[self._whose] = self.seconds.get(self._whose, 0.0) + now - self._since
        self._whose, self._since = step, now
