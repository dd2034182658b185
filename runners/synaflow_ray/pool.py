"""Replicas of an `each` step: its items shared between processes, by who is free, and what comes of them put in order again.

The actor of the step itself keeps the books. It runs the step with a function that only gathers what the step would have
been called with, so that what comes with an item (several streams side by side, collections, values) is the local runner's
matter as everywhere. What is gathered waits in `_pending`; a thread of its own gives *chunks* of it to replicas, at most
`_EACH` to each, sized so that one takes about `_CHUNK_SECONDS`, and puts the outcomes in order again.

A replica that dies is replaced, and the chunks it had are redone by others: an outcome is only counted once it is here, so
none is lost, and none counted twice. Ray's own restarts and retries stay off: they can't know where a stream stood.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError

from synaflow import (
    Edge,
    EdgeKind,
    FieldDef,
    Output,
    ParamsDef,
    PipelineDef,
    StepError,
)
from synaflow_ray.options import NO_RETRIES
from synaflow_ray.packing import PackedError, PackedFailure, PackedLetter, first_line, pack_failure
from synaflow_ray.plan import Inputs, with_sink
from synaflow_ray.replica import Outcome, Replica
from synaflow_ray.search_path import own_path

if TYPE_CHECKING:
    from synaflow_ray.outlet import Outlet
    from synaflow_ray.plan import ActorPlan

__all__ = ["Pool", "PoolJob"]

_EACH: Final = 2
"""Chunks that a replica has at a time: the next one is there when it has done the first."""

_CHUNK_SECONDS: Final = 0.05
_MOST_ITEMS: Final = 4096
_AHEAD: Final = 16
"""Chunks per replica that may be done before the first that isn't: then what comes out first is waited for."""

_DEATHS: Final = 3
"""Replicas that have to die while they have an item before it is taken for the reason."""

_ALONE: Final = 2
"""Of those, how many must have had nothing else: one may die of an item once, after others have died of its neighbours."""

_TICK: Final = 0.01

_SPREAD: Final = {"scheduling_strategy": "SPREAD", "memory": 1}
"""Over all nodes. Ray spreads only what asks for something, a byte say; anything else goes to any node."""


@dataclass(frozen=True)
class PoolJob:
    """How an actor's replicas are made.

    Attributes:
        prefix: What their names begin with.
        ordered: Whether what comes of the items keeps their order.
        replay: Whether what a dead replica had is redone.
        place_within: Seconds to wait for a replica, where none is left.
    """

    prefix: str
    ordered: bool
    replay: bool
    place_within: float


@dataclass(slots=True, eq=False)
class _Chunk:
    """Some items, one after the other in the stream.

    Attributes:
        first: The index of its first item.
        items: The items.
        size: How many they are.
        deaths: How many replicas have died while they had it.
        alone: How many of them while it was a single item.
        outcome: What came of it.
    """

    first: int
    items: list[Mapping[str, object]]
    size: int
    deaths: int = 0
    alone: int = 0
    outcome: Outcome | None = None


class Pool:
    """The replicas of one actor.

    Attributes:
        failure: The failure that has ended it.
        fatal: An exception of a step that is no failure, likewise.
    """

    def __init__(self, plan: ActorPlan, job: PoolJob, outlet: Outlet, letters: list[PackedLetter]) -> None:
        self.failure: PackedFailure | None = None
        self.fatal: PackedError | None = None
        self._plan: Final = plan
        self._job: Final = job
        self._whole: Final = plan.part
        self._outlet: Final = outlet
        self._letters: Final = letters
        self._changed: Final = threading.Condition()
        self._pending: Final[deque[Mapping[str, object]]] = deque()
        self._redo: Final[list[_Chunk]] = []
        self._replicas: Final[list[Any]] = []
        self._coming: Final[dict[Any, Any]] = {}
        self._pickled: Final[bytes] = cloudpickle.dumps(self._part_of_a_replica())
        self._alone = 0.0
        self._unborn: RayError | None = None
        self._busy: Final[dict[Any, tuple[Any, _Chunk]]] = {}
        self._done: Final[dict[int, _Chunk]] = {}
        self._next = 0
        self._items = 0
        self._size = 1
        self._fixed: object = None
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._made = 0
        self._thread: Final = threading.Thread(target=self._serve, name="synaflow-pool", daemon=True)

    def place(self) -> None:
        """Makes the replicas and waits until all are there."""
        self._replicas.extend(self._make() for _ in range(self._plan.replicas))
        ray.get([replica.ready.remote() for replica in self._replicas])

    # The steps' thread

    def part(self) -> PipelineDef:
        """The actor's part, with the step gathering instead of working, and its stream going to the replicas."""
        step = self._whole[self._plan.name]
        edges = tuple(
            replace(edge, kind=EdgeKind.VALUE, one_shot=False) if edge.kind is EdgeKind.ITERATE else edge
            for edge in self._whole.edges
        )
        steps = tuple(
            replace(each, fn=self._gatherer(edges), flatten=False) if each is step else each
            for each in self._whole.steps
        )
        return with_sink(replace(self._whole, steps=steps, edges=edges), step.name, self._distribute)

    def stop(self) -> None:
        """Ends it: nothing is begun any more."""
        with self._changed:
            self._closed = True
            for replica in self._replicas:
                replica.stop.remote()
            self._changed.notify_all()

    def end(self) -> None:
        """Removes the replicas."""
        self.stop()
        if self._thread.ident is not None:
            self._thread.join()
        for replica in (*self._replicas, *self._coming.values()):
            ray.kill(replica)

    def _gatherer(self, edges: tuple[Edge, ...]) -> Callable[..., Mapping[str, object]]:
        step = self._whole[self._plan.name]
        by_place = [parameter.name for parameter in step.inputs if parameter.positional_only]
        own = {edge.parameter for edge in edges if edge.consumer == step.name and edge.kind is EdgeKind.EACH}

        def gather(*places: object, **names: object) -> Mapping[str, object]:
            called = {**dict(zip(by_place, places, strict=False)), **names}
            if self._fixed is None:
                with self._changed:
                    self._fixed = ray.put({name: value for name, value in called.items() if name not in own})
                    for replica in self._replicas:
                        replica.fix.remote(self._fixed)
            return {name: called[name] for name in own}

        return gather

    def _distribute(self, items: Iterator[object]) -> None:
        """Takes what was gathered, and waits where the replicas can't follow."""
        self._thread.start()
        most = 2 * _EACH * self._plan.replicas
        failed: Exception | None = None
        try:
            for item in items:
                with self._changed:
                    self._pending.append(item)  # type: ignore[arg-type]  # as `gather` gives them
                    if len(self._pending) == 1:
                        self._changed.notify_all()
                    while len(self._pending) >= most * self._size and not self._closed:
                        self._changed.wait()
                    if self._closed:
                        break
        except Exception as error:  # what came before it comes before it at the readers, too
            failed = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        if self._error is not None:
            raise self._error
        if failed is not None:
            self._outlet.error = failed
            raise failed

    # The pool's own thread

    def _serve(self) -> None:
        try:
            while not self._closed:
                self._replace()
                with self._changed:
                    self._assign()
                    if not self._busy:
                        if self._ended and not self._pending and not self._redo:
                            break
                        self._changed.wait(_TICK * (1 if self._coming else 20))
                        continue
                done, _ = ray.wait(list(self._busy), num_returns=1, timeout=_TICK)
                for ref in done:
                    self._collect(ref)
                self._deliver()
            self._outlet.finished = not self._closed
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def _assign(self) -> None:
        """Gives replicas that are free what is there."""
        load = {id(replica): 0 for replica in self._replicas}
        for replica, chunk in self._busy.values():
            load[id(replica)] = load.get(id(replica), 0) + _share(chunk)
        if not self._replicas:
            return
        while self._redo or (self._pending and len(self._done) < _AHEAD * self._plan.replicas):
            replica = min(self._replicas, key=lambda each: load[id(each)])
            if load[id(replica)] + (_share(self._redo[0]) if self._redo else 1) > _EACH:
                return
            chunk = self._redo.pop(0) if self._redo else self._cut()
            load[id(replica)] += _share(chunk)
            self._busy[replica.process.remote(chunk.first, chunk.items)] = (replica, chunk)
        self._changed.notify_all()

    def _cut(self) -> _Chunk:
        # All free replicas are to have something before one has much.
        fair = -(-len(self._pending) // self._plan.replicas)
        items = [self._pending.popleft() for _ in range(max(1, min(self._size, fair)))]
        chunk = _Chunk(self._items, items, len(items))
        self._items += len(items)
        self._changed.notify_all()
        return chunk

    def _replace(self) -> None:
        """Makes up for those that died, while others carry on.

        Raises:
            StepError: None is left, and no other has come within the time there is for that.
        """
        while len(self._replicas) + len(self._coming) < self._plan.replicas:
            replica = self._make()
            if self._fixed is not None:
                replica.fix.remote(self._fixed)
            self._coming[replica.ready.remote()] = replica
        if not self._coming:
            return
        done, _ = ray.wait(list(self._coming), num_returns=len(self._coming), timeout=0)
        for ref in done:
            replica = self._coming.pop(ref)
            try:
                ray.get(ref)
            except RayError as error:
                self._unborn = error  # another one, then
                continue
            self._replicas.append(replica)
        if not self._replicas and monotonic() - self._alone > self._job.place_within:
            asked = dict(self._plan.resources) or "nothing"
            reason = (
                f"its replicas died, and no other was placed within {self._job.place_within:g} s: each asks for {asked}"
            )
            if self._unborn is not None:
                reason += f"; the last could not start: {first_line(self._unborn)}"
            failure = StepError(self._whole.name, self._plan.name, reason)
            self.failure = pack_failure(failure)
            raise failure

    def _make(self) -> Any:  # noqa: ANN401  # Ray's handles have no type
        step, asked = self._plan.name, self._plan.resources
        self._made += 1
        options = {
            "num_cpus": 0,
            **({} if "scheduling_strategy" in asked else _SPREAD),
            **asked,
            **NO_RETRIES,
            "name": f"{self._job.prefix}/{step}#{self._made}",
            "max_concurrency": _EACH + 2,  # chunks that wait must not keep out what they wait for, nor the word to stop
        }
        return ray.remote(Replica).options(**options).remote(step, own_path(), self._pickled)

    def _part_of_a_replica(self) -> PipelineDef:
        """The step alone: of each stream it gets a list of items at a time, by parameter."""
        step = self._whole[self._plan.name]
        edges = tuple(
            replace(
                edge,
                producer=edge.parameter,
                kind=EdgeKind.VALUE if edge.kind is EdgeKind.COLLECT else edge.kind,
                from_stream=False,
            )
            for edge in self._whole.edges_into(step.name)
        )
        fields = tuple(FieldDef(edge.parameter, Output(object, False, object)) for edge in edges)
        return replace(self._whole, params=ParamsDef(Inputs, fields), steps=(step,), edges=edges)

    def _collect(self, ref: object) -> None:
        replica, chunk = self._busy.pop(ref)
        try:
            outcome: Outcome = ray.get(ref)
        except RayTaskError as error:
            cause = error.cause if error.cause is not None else error
            outcome = Outcome([], failure=self._failure(chunk, "what it gave can't be pickled to come back", cause))
        except RayError as error:  # it died, or what it gave was lost with its node
            self._died(replica, chunk, error)
            return
        if outcome.seconds > 0:
            pace = outcome.seconds / chunk.size
            self._size = max(1, min(_MOST_ITEMS, 2 * chunk.size, int(_CHUNK_SECONDS / pace)))
        chunk.outcome = outcome
        chunk.items = []
        self._done[chunk.first] = chunk

    def _died(self, replica: object, chunk: _Chunk, error: RayError) -> None:
        if replica in self._replicas:
            self._replicas.remove(replica)
            self._alone = monotonic()
            ray.kill(replica)  # it may be out of reach and alive
        chunk.deaths += 1
        chunk.alone += chunk.size == 1
        if not self._job.replay:
            reason = f"a replica died while it had {_places(chunk)}, and replay=False"
        elif chunk.deaths >= _DEATHS and chunk.alone >= _ALONE:
            reason = f"{chunk.deaths} replicas died, one after the other, while they had {_places(chunk)}"
        else:
            with self._changed:
                # What was first goes first again. What has cost two replicas goes item by item: the next ones tell which it was.
                apart = chunk.size > 1 and chunk.deaths == _DEATHS - 1
                self._redo.extend(_apart(chunk) if apart else [chunk])
                self._redo.sort(key=lambda each: each.first)
            return
        chunk.outcome = Outcome([], failure=self._failure(chunk, reason, error))
        self._done[chunk.first] = chunk

    def _failure(self, chunk: _Chunk, reason: str, error: BaseException) -> PackedFailure:
        index = chunk.first if chunk.size == 1 else None
        reason = f"{reason}: {first_line(error)}"
        return pack_failure(StepError.of(self._whole.name, self._plan.name, error, index, reason=reason))

    def _deliver(self) -> None:
        """Passes on what is done, as far as it is its turn."""
        while self._done and not self._closed:
            chunk = self._done.pop(self._next if self._job.ordered else min(self._done), None)
            if chunk is None:
                return
            self._next = chunk.first + chunk.size
            outcome = chunk.outcome
            assert outcome is not None
            self._letters.extend(outcome.letters)
            if not self._outlet.offer(outcome.given):
                self._closed = True
                return
            if outcome.fatal is not None:
                self.fatal = outcome.fatal
                raise outcome.fatal.unpack()
            if outcome.failure is not None:
                self.failure = outcome.failure
                cause = outcome.failure.cause
                raise cause.unpack() if cause is not None else outcome.failure.unpack()


def _share(chunk: _Chunk) -> int:
    """How much of a replica a chunk takes: all, where one has died with it, so that no other is blamed for what it does."""
    return _EACH if chunk.deaths else 1


def _places(chunk: _Chunk) -> str:
    last = chunk.first + chunk.size - 1
    return f"item {chunk.first}" if chunk.size == 1 else f"items {chunk.first} to {last}"


def _apart(chunk: _Chunk) -> list[_Chunk]:
    """A chunk's items, each as a chunk of its own."""
    return [_Chunk(chunk.first + at, [item], 1, chunk.deaths) for at, item in enumerate(chunk.items)]
