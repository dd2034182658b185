"""The same tasks as Ray code written by hand: actors, and Ray's own streaming generators between them.

What moves is a list of items, or, where the size is None, each item as an object of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from benchmarks.on_ray.work import TASKS, Task, Timed

__all__ = ["AHEAD", "SIZE", "by_hand"]

SIZE: Final = 4096
"""Items in a batch."""
AHEAD: Final = 2
"""Batches that a generator is ahead of who reads it, and a branch of a fork ahead of the other."""

ACTOR: Final = {"num_cpus": 0, "max_concurrency": 4}


def packed(items: Iterable[Any], size: int | None) -> Iterator[Any]:
    """What is sent for some items."""
    if size is None:
        yield from items
        return
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def pulled(producer: Any, size: int | None, *arguments: object) -> Iterator[Any]:  # noqa: ANN401  # an actor
    """The items that another actor sends."""
    import ray

    # One object per item goes faster when nothing holds its producer back, and small ones fit into memory.
    bounded = {} if size is None else {"_generator_backpressure_num_objects": AHEAD}
    sent = producer.send.options(num_returns="streaming", **bounded).remote(*arguments)
    objects = (ray.get(ref) for ref in sent)
    return objects if size is None else chain.from_iterable(objects)


class Source:
    """Sends what it makes."""

    def __init__(self, task: Task, count: int, size: int | None) -> None:
        self._packed = packed(task.source(count), size)

    def send(self) -> Iterator[Any]:
        """To its one reader."""
        for one in self._packed:  # noqa: UP028  # Ray sends values into a generator, which `yield from` would pass on
            yield one


class Between:
    """Reads what one actor sends, and sends what it makes of that."""

    def __init__(self, task: Task, producer: Any, size: int | None) -> None:  # noqa: ANN401  # an actor
        assert task.between is not None
        self._packed = packed(task.between(pulled(producer, size)), size)

    def send(self) -> Iterator[Any]:
        """To its one reader."""
        for one in self._packed:  # noqa: UP028  # Ray sends values into a generator, which `yield from` would pass on
            yield one


class Fork:
    """Makes its items once and sends them to each branch, none of which gets further ahead than so."""

    def __init__(self, task: Task, count: int, size: int | None, branches: int) -> None:
        self._packed = packed(task.source(count), size)
        self._waiting: list[deque[Any]] = [deque() for _ in range(branches)]
        self._most = AHEAD if size else AHEAD * SIZE
        self._changed = threading.Condition()
        self._ended = False

    def send(self, branch: int) -> Iterator[Any]:
        """To the reader of a branch, who pulls for the others too when there is nothing for it."""
        mine = self._waiting[branch]
        while True:
            with self._changed:
                while not mine and not self._ended:
                    if max(map(len, self._waiting)) < self._most:
                        self._pull()
                    else:
                        self._changed.wait()
                if not mine:
                    return
                sent = mine.popleft()
                self._changed.notify_all()
            yield sent

    def _pull(self) -> None:
        for pulled in self._packed:
            for waiting in self._waiting:
                waiting.append(pulled)
            break
        else:
            self._ended = True
        self._changed.notify_all()


class Sink:
    """Reads what one actor sends, and answers with what comes of it."""

    def __init__(self, task: Task, producer: Any, size: int | None, *arguments: object) -> None:  # noqa: ANN401
        self._task = task
        self._from: tuple[Any, ...] = (producer, size, *arguments)

    def answer(self) -> Timed:
        """What comes of it."""
        return self._task.sink(pulled(*self._from))


def by_hand(name: str, count: int, size: int | None = SIZE) -> Timed:
    """A task, run on actors of its own."""
    import ray

    task = TASKS[name]

    def started(kind: type, *arguments: object) -> Any:  # noqa: ANN401  # an actor
        return ray.remote(kind).options(**ACTOR).remote(task, *arguments)

    if task.between is not None:
        source = started(Source, count, size)
        between = started(Between, source, size)
        actors, sinks = [source, between], [started(Sink, between, size)]
    else:
        fork = started(Fork, count, size, 2)
        actors, sinks = [fork], [started(Sink, fork, size, branch) for branch in range(2)]
    try:
        answers = ray.get([sink.answer.remote() for sink in sinks])
    finally:
        for actor in actors + sinks:
            ray.kill(actor)
    return Timed(sum(answer.total for answer in answers), max(answer.seconds for answer in answers))
