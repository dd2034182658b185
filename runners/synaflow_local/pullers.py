"""What can wait at a fork: a task or, on an event loop, what pulls another fork."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from greenlet import greenlet

    from synaflow_local.forks import Fork

__all__ = ["Need", "Puller", "Turns"]


class Need(Protocol):
    """What a puller can wait for that isn't the next item of a fork."""

    @property
    def over(self) -> bool:
        """Whether it has come."""
        raise NotImplementedError

    def movers(self) -> Iterable[Puller]:
        """Who can bring it about."""
        raise NotImplementedError


class Turns(Protocol):
    """Who gives pullers their turns."""

    def wait(self, puller: Puller, need: Need | Fork) -> None:
        """Keeps one where it is until another, or a fork, has ended."""

    def ended(self, task: Puller) -> None:
        """Takes note that one has ended."""


class Puller:
    """Something with a turn of its own.

    Attributes:
        step: The step it works for, or whose stream it pulls.
        order: Its place among the others.
        stack: The greenlet to switch to when it is to go on.
        over: Whether it has ended.
        stopped: Whether it has been told to end.
        turns: Who gives it its turns; None where nobody has to.
    """

    stack: greenlet
    order: tuple[int, int]

    def __init__(self, step: str) -> None:
        self.step = step
        self.over = False
        self.stopped = False
        self.turns: Turns | None = None

    def wait(self, need: Need | Fork) -> None:
        """Keeps it where it is until another puller, or a fork, has ended."""
        if not need.over:
            assert self.turns is not None, "without forks, tasks run in an order in which each finds what it needs"
            self.turns.wait(self, need)

    @property
    def puller(self) -> Puller:
        """Itself: what reads a branch is a puller, or the one that pulls a fork."""
        return self

    def movers(self) -> Iterable[Puller]:
        """Who can bring its end about: itself."""
        return (self,)
