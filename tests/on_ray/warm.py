"""Processes that are one actor after another. Starting one takes Ray a second, and a corpus of pipelines needs a thousand.

Everything else is as in any run: real actors, Ray's own streaming generators, the object store. What is put in the runner's
place is how an actor is made and how it is ended; tests of that don't use this.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import ray
from ray.exceptions import RayError

import synaflow_ray.runner as running
from synaflow_ray.actor import FeedActor, StepActor
from synaflow_ray.layout import Layout

__all__ = ["Pool"]

THREADS = 32
WITHIN = 5.0
"""Seconds in which an actor has to come to rest once its run is over."""

PAUSED = 0.3
"""Seconds after which a stream that is still read isn't any more: Ray leaves a generator paused whose reader stopped early."""


class Host:
    """Is whatever actor it is told to be."""

    def __init__(self) -> None:
        self._actor: Any = None
        self._calls: Counter[str] = Counter()
        self._changed = threading.Condition()

    def become(self, kind: type, *arguments: object) -> None:
        """Begins anew."""
        self._actor = kind(*arguments)

    def leave(self) -> list[str]:
        """Waits until nothing of it runs any more; says what does all the same."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls.total() == self._calls["read"], WITHIN)
            self._changed.wait_for(lambda: not self._calls.total(), PAUSED)
            self._actor = None
            return list(self._calls.elements())

    def arrived(self) -> None:
        """Does nothing: calls come in the order in which their caller makes them."""

    def reach(self, others: Sequence[Any]) -> None:
        """Waits until all that it has called in others has begun."""
        ray.get([other.arrived.remote() for other in others])

    @contextmanager
    def _called(self, name: str) -> Iterator[Any]:
        with self._changed:
            self._calls[name] += 1
        try:
            yield self._actor
        finally:
            with self._changed:
                self._calls[name] -= 1
                self._changed.notify_all()

    def read(self, reader: str) -> Iterator[list[object]]:
        """A generator, as Ray has to see."""
        with self._called("read") as actor:
            yield from actor.read(reader)


def _passed_on(name: str) -> Callable[..., Any]:
    def call(self: Host, *arguments: object) -> object:
        with self._called(name) as actor:
            # Where it is nobody any more, a call comes after its run's end.
            return getattr(actor, name)(*arguments) if actor is not None else None

    call.__name__ = name
    return call


for _kind in (StepActor, FeedActor):
    for _name in dir(_kind):
        if not _name.startswith("_") and not hasattr(Host, _name):
            setattr(Host, _name, _passed_on(_name))


def _answers(hosts: list[Any], method: str, *arguments: object) -> list[tuple[Any, object]]:
    """Those that answer, with what they say."""
    answers = []
    for host, ref in [(host, getattr(host, method).remote(*arguments)) for host in hosts]:
        with suppress(RayError):
            answers.append((host, ray.get(ref, timeout=2 * WITHIN)))
    return answers


class Pool:
    """The hosts of a test session."""

    def __init__(self) -> None:
        self._make = ray.remote(Host).options(num_cpus=0, max_concurrency=THREADS, max_restarts=0)
        self._free: list[Any] = []

    def take(self) -> Any:
        """A host that is nobody."""
        return self._free.pop() if self._free else self._make.remote()

    def give_back(self, hosts: list[Any]) -> None:
        """Hosts whose run is over. One that is dead, or doesn't come to rest, isn't used again."""
        resting = [host for host, busy in _answers(hosts, "leave") if busy == []]
        # What is still on its way to one of them is not to meet whoever that is next.
        resting = [host for host, _ in _answers(resting, "reach", resting)]
        self._free.extend(resting)
        for host in hosts:
            if host not in resting:
                ray.kill(host)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Runs take their actors from here."""
        pool = self

        class WarmLayout(Layout):
            def make(self) -> None:
                self._hosts: list[Any] = []
                self._ready: list[Any] = []
                super().make()
                ray.get(self._ready)

            def _actor(self, kind: type, name: str, readers: int, resources: Mapping[str, object]) -> Any:
                assert set(resources) <= {"scheduling_strategy"}
                return _Maker(self, kind)

            def remove(self) -> None:
                pool.give_back(self._hosts)

        class _Maker:
            def __init__(self, layout: WarmLayout, kind: type) -> None:
                self._layout, self._kind = layout, kind

            def remote(self, *arguments: object) -> Any:
                host = pool.take()
                self._layout._hosts.append(host)
                self._layout._ready.append(host.become.remote(self._kind, *arguments))
                return host

        with patch.object(running, "Layout", WarmLayout):
            yield
