"""What became of the steps of a run, told when it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from synaflow import DeadLetter, StepResult, StepStatus

__all__ = ["StepResults"]


@dataclass(slots=True, eq=False, repr=False)
class StepResults(Mapping[str, StepResult]):
    """The step results of a run, by name.

    They are made when they are first looked at: for twenty small steps, that takes longer than running them.

    Attributes:
        names: The steps, in the order of the result.
        streaming: Those whose items are counted.
        statuses: How they ended, those that were begun.
        skipped: Those that couldn't run because something they depend on had failed.
        seconds: How long they took, where it was measured.
        items_in: Items taken, where they were counted.
        items_out: Items given, where they were counted.
        dead_letters: The items that were dropped.
    """

    names: tuple[str, ...]
    streaming: frozenset[str]
    statuses: Mapping[str, StepStatus]
    skipped: set[str]
    seconds: Mapping[str, float]
    items_in: Mapping[str, int | None]
    items_out: Mapping[str, int]
    dead_letters: tuple[DeadLetter, ...]
    _made: dict[str, StepResult] = field(default_factory=dict)

    def __getitem__(self, name: str) -> StepResult:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> dict[str, StepResult]:
        if not self._made:
            dropped = Counter(letter.step for letter in self.dead_letters)
            self._made = {name: self._make(name, dropped[name]) for name in self.names}
        return self._made

    def _make(self, name: str, dropped: int) -> StepResult:
        status = self.statuses.get(name)
        if status is None:
            status = StepStatus.SKIPPED if name in self.skipped else StepStatus.CANCELLED
        if name not in self.streaming:
            return StepResult(name, status, None, None, self.seconds.get(name))
        taken, given = self.items_in.get(name), self.items_out.get(name)
        return StepResult(name, status, taken, given, self.seconds.get(name), dropped)
