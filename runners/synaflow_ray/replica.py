"""A process that calls an `each` step: for some items at a time, of which its pool says which."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from ray import cloudpickle

from synaflow import Cancelled, DeadLetter, PipelineDef, StepError, run
from synaflow_ray.packing import PackedError, PackedFailure, PackedLetter, pack, pack_failure, pack_letter
from synaflow_ray.plan import with_sink
from synaflow_ray.search_path import extend_path

__all__ = ["Outcome", "Replica"]


@dataclass(frozen=True)
class Outcome:
    """What came of a chunk: what its items gave, up to a failure."""

    given: list[object]
    letters: tuple[PackedLetter, ...] = ()
    failure: PackedFailure | None = None
    fatal: PackedError | None = None
    seconds: float = 0.0


class Replica:
    """A process that calls an `each` step for chunks of items."""

    def __init__(self, step: str, path: Sequence[str], pickled: bytes) -> None:
        extend_path(path)
        self._step: Final = step
        self._part: Final[PipelineDef] = cloudpickle.loads(pickled)
        self._fixed: Mapping[str, object] = {}
        self._complete: Final = threading.Event()
        self._turn: Final = threading.Lock()
        self._stopped = False

    def __repr__(self) -> str:
        return f"{self._step} replica"

    def ready(self) -> int:
        """Answers as soon as the replica is there, with its process."""
        return os.getpid()

    def fix(self, values: Mapping[str, object]) -> None:
        """Takes what is the same for every item."""
        self._fixed = values
        self._complete.set()

    def stop(self) -> None:
        """Ends it at its next item."""
        self._stopped = True

    def process(self, first: int, items: list[Mapping[str, object]]) -> Outcome:
        """Calls the step for some items, once what it was given before is done: a process is one caller, not several threads.

        Args:
            first: The index of the first.
            items: What it is called with, item by item, by parameter.
        """
        self._complete.wait()  # calls of an actor with several threads overtake each other
        with self._turn:
            return self._process(first, items)

    def _process(self, first: int, items: list[Mapping[str, object]]) -> Outcome:
        given: list[object] = []
        letters: list[PackedLetter] = []

        def keep(items: Iterator[object]) -> None:
            for item in items:
                given.append(item)
                if self._stopped:
                    raise Cancelled

        def drop(letter: DeadLetter) -> None:
            letters.append(pack_letter(letter, first))

        columns = {name: [item[name] for item in items] for name in items[0]}
        failure: PackedFailure | None = None
        fatal: PackedError | None = None
        started = perf_counter()
        try:
            run(with_sink(self._part, self._step, keep), {**self._fixed, **columns}, dead_letter=drop)
        except StepError as error:
            failure = pack_failure(error, offset=first)
        except BaseException as error:
            fatal = pack(error)
        return Outcome(given, tuple(letters), failure, fatal, perf_counter() - started)
