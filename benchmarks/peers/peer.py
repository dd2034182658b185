"""What a peer has to offer, and how it is measured."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from benchmarks import plain
from benchmarks.measure import Spread, interleaved, quotients, spread

__all__ = ["TASKS", "Peer", "PeerEffort", "measure"]

Task = Callable[[int], object]

TASKS = ("values", "build", "fork", "chain")
"""The tasks, as `measure` names them."""


class Peer(Protocol):
    """A package that can be given the plain functions. What is made once, outside of what is timed, is made by these."""

    title: str
    """Its name and version."""

    def values(self, made: plain.Values) -> Task:
        """Runs value steps."""
        ...

    def build(self, made: plain.Values) -> Callable[[], object]:
        """Builds a pipeline of value steps."""
        ...

    def fork(self) -> Task:
        """Runs `numbers` into `a` and `b` and gives what came out, by name."""
        ...

    def chain(self) -> Task:
        """Runs `numbers`, `doubled` and `total` and gives the total."""
        ...


@dataclass(frozen=True, slots=True)
class PeerEffort:
    """How much to measure.

    Attributes:
        items: The length of a stream.
        rounds: How often.
        steps: How many steps to build.
        patience: Seconds after which no further round of a task is begun.
    """

    items: int = 200_000
    rounds: int = 15
    steps: int = 1_000
    patience: float = 60.0

    @classmethod
    def quick(cls) -> PeerEffort:
        """Enough to see that everything still runs."""
        return cls(items=2_000, rounds=2, steps=50)


def measure(peer: Peer, effort: PeerEffort) -> dict[str, object]:
    """What a peer takes for each task: the ratio to plain Python, milliseconds for the build, or what is wrong with it."""
    values, few = plain.values(20), 5
    made = plain.values(effort.steps)
    build = interleaved({"build": peer.build(made)}, effort.rounds, patience=effort.patience)["build"]
    return {
        "title": peer.title,
        "python": platform.python_version(),
        "values": _told(_compared(peer.values(values), values.by_hand, few, few, effort)),
        "build": _told(spread([1000 * seconds for seconds in build])),
        "fork": _told(_compared(peer.fork(), plain.pushed, few, effort.items, effort)),
        "chain": _told(_compared(peer.chain(), plain.chained, few, effort.items, effort)),
    }


def _compared(task: Task, by_hand: Task, few: int, count: int, effort: PeerEffort) -> Spread | str:
    given = task(few)
    if given != by_hand(few):
        return f"wrong: {given}"
    variants = {"by hand": partial(by_hand, count), "peer": partial(task, count)}
    return quotients(interleaved(variants, effort.rounds, patience=effort.patience), "peer", "by hand")


def _told(figure: Spread | str) -> object:
    return figure if isinstance(figure, str) else [figure.low, figure.median, figure.high]
