"""The tasks, in plain Python: the steps as functions, and what a person would write to run them without a pipeline.

SynaFlow is not imported here, because the peers run the same functions, one of them in a place where `synaflow` is another
package. Hints are read at run time, by everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import tee

__all__ = [
    "Sum",
    "Values",
    "a",
    "b",
    "both",
    "chained",
    "doubled",
    "numbers",
    "pushed",
    "split",
    "total",
    "values",
    "zipped",
]


def numbers(length: int) -> Iterator[int]:
    """Where every stream begins."""
    for number in range(length):  # noqa: UP028  # a step of a user's has a frame for each item
        yield number


def doubled(numbers: Iterator[int]) -> Iterator[int]:
    """A transform."""
    for number in numbers:
        yield number * 2


def total(doubled: Iterator[int]) -> int:
    """The end of the chain."""
    result = 0
    for number in doubled:
        result += number
    return result


def a(numbers: Iterator[int]) -> int:
    """One end of the fork."""
    result = 0
    for number in numbers:
        result += number
    return result


def b(numbers: Iterator[int]) -> int:
    """The other end of it."""
    result = 0
    for number in numbers:
        result += number
    return result


def both(numbers: Iterator[int], doubled: Iterator[int]) -> int:
    """A join of a stream with what is made of it."""
    result = 0
    for number, twice in zip(numbers, doubled, strict=True):
        result += number * twice
    return result


def chained(count: int) -> int:
    """The chain by hand."""
    return total(doubled(numbers(count)))


class Sum:
    """An accumulator."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result = 0

    def add(self, number: int) -> None:
        """Takes an item."""
        self.result += number


def pushed(count: int) -> dict[str, int]:
    """The fork by hand: one loop that gives each accumulator its item."""
    first, second = Sum(), Sum()
    for number in numbers(count):
        first.add(number)
        second.add(number)
    return {"a": first.result, "b": second.result}


def split(count: int) -> dict[str, int]:
    """The fork with `itertools.tee`, one consumer after the other: the second one's items wait in memory."""
    first, second = tee(numbers(count))
    return {"a": a(first), "b": b(second)}


def zipped(count: int) -> int:
    """The join by hand."""
    first, second = tee(numbers(count))
    return both(first, doubled(second))


@dataclass(frozen=True, slots=True)
class Values:
    """Value steps, each of which takes what the one before it gives.

    Attributes:
        steps: `v0(length)`, `v1(v0)`, ...
        by_hand: Calls them all.
        last: The name of the last one.
    """

    steps: tuple[Callable[..., int], ...]
    by_hand: Callable[[int], int]
    last: str


def values(count: int) -> Values:
    """So many value steps, made of text because their parameters are named after each other."""
    lines = ["def v0(length: int) -> int:", "    return length"]
    for at in range(1, count):
        lines += [f"def v{at}(v{at - 1}: int) -> int:", f"    return v{at - 1} + 1"]
    made: dict[str, Callable[..., int]] = {}
    # As in a module of its own: without this one's future, in which hints are text.
    exec(compile("\n".join(lines), "<steps>", "exec", dont_inherit=True), made)  # noqa: S102  # our own text
    steps = tuple(made[f"v{at}"] for at in range(count))
    return Values(steps, _by_hand(steps), f"v{count - 1}")


def _by_hand(steps: tuple[Callable[..., int], ...]) -> Callable[[int], int]:
    """A function with one line for each call, as a person would write it; without a frame of a loop's between them."""
    names = {f"step{at}": step for at, step in enumerate(steps)}
    lines = ["def by_hand(value):", *(f"    value = {name}(value)" for name in names), "    return value"]
    made: dict[str, Callable[..., int]] = dict(names)
    exec("\n".join(lines), made)  # noqa: S102  # our own text
    return made["by_hand"]
