"""Forks: one stream, several consumers, exact lockstep.

How an item travels
-------------------
Every consumer is an ordinary function with a `for` loop in it, suspended in the middle of that loop in a greenlet of its
own while others run. A consumer's branch is the generator `read` below. When the consumer asks for the next item and there
is none for it, `read` puts the branch among the fork's `waiting` and gives the turn away:

* to the first listed consumer that has an item (`scheduler.ready`), by a direct switch from stack to stack;
* when nobody has one, to the consumer that should pull (`scheduler.turn`), which is told so by the value `PULL` that
  its switch returns. It runs the source on its own stack (`scheduler.pull`), hands the item over to all branches, and the
  first listed of those that waited goes on.

In the common case, a fork alone in its region whose consumers read nothing else of it, this comes to a ring: each
consumer gives the turn to the next (`branch.hand_on`), the last one pulls and gives it to the first (`scheduler.round`).
While they do (`fork.ring`), where they stand is known from who runs, and neither `waiting` nor `ready` is kept; `disband`
writes both down again as soon as a branch closes or the source ends. An item then costs each consumer one switch and little
else.

So item n+1 leaves the source only when everybody has taken n and nobody has anything left to do with it. The pull may
itself have to wait, where the source reads another fork: then the puller is simply waiting there, and `fork.puller` says
that this source is in use, for a generator can't be entered twice.

What is handed over isn't copied to each branch: those that wait all read `fork.item`, which stays until the next pull,
and a next pull there is only when all have read. Only a branch that wasn't waiting (its consumer is busy with another
branch, or hasn't started) gets the item into its buffer.

With `max_in_flight=N` the item is a chunk, a list of up to N items, and `read` gives an iterator over it, which
`chain.from_iterable` flattens in C. All the rest is the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, pairwise
from operator import attrgetter, length_hint
from typing import TYPE_CHECKING, Final, Protocol

import greenlet

from synaflow import Cancelled, ClosedStreamError, Edge, StreamReadError
from synaflow_local.spill import Backlog
from synaflow_local.streams import passed

if TYPE_CHECKING:
    from types import TracebackType

    from synaflow_local.pullers import Puller
    from synaflow_local.scheduler import Scheduler
    from synaflow_local.spill import Spilling

__all__ = ["PULL", "Branch", "Closable", "Fork", "read"]


class _Pull:
    """The type of `PULL`."""


PULL: Final = _Pull()
"""What a waiting consumer's switch returns when it is its turn to pull; anything else means that its item is there."""


class Closable(Protocol):
    """Something a reader has opened and has to close."""

    def close(self) -> Fork | None:
        """Closes it; gives back a fork that is left without branches by that, which is to be closed next."""


@dataclass(slots=True, eq=False)
class _End:
    """How a fork's source ended."""

    value: object = None
    error: Exception | None = None
    traceback: TracebackType | None = None
    reached: bool = False

    def deliver(self) -> object:
        self.reached = True
        if self.error is not None:
            # The same object is raised on every branch: each starts from the source's traceback, not the last consumer's.
            raise self.error.with_traceback(self.traceback)
        return self.value


@dataclass(slots=True, eq=False)
class Fork:
    """A stream with several branches (or one whose end somebody waits for).

    Attributes:
        name: The step or params field whose stream it is.
        limit: How many items its branches may be apart.
        chunked: Whether so many are pulled at once; otherwise it is pulled one by one.
        spilling: When and where its branches spill.
        downstream: Names of the forks that are made from it, directly or not.
        context: The context that its source runs in. Whoever's turn it is pulls, or closes it; what it has set is to be
            there the next time, and is no consumer's.
        next: Gives the next item, or chunk, of the source.
        opened: What was opened to read the source, producers first.
        branches: All branches, in the order their consumers are listed.
        width: How many of them are live.
        waiting: The branches whose consumers wait for the next item.
        item: What was pulled last.
        count: How many items were pulled.
        unit: How many items are pulled at once: 1, or 0 where that is the length of the chunk.
        puller: The task that is pulling it, None when nobody is.
        end: How the source ended, None while it hasn't.
        over: Whether it has ended or is closed.
        told: The tasks that were woken to see its end.
        pending: An error that is delivered once the items before it are.
        order: The tasks that read it, the first listed last; empty where that changes from item to item, because a
            branch is read by whoever pulls another fork, or one task reads two branches.
        full: How many tasks may go round in a ring, -1 where they can't.
        ring: Whether they do.
        ready: The scheduler's.
        alone: Whether it is the region's only fork, pulling it never has to wait for another task, and no task waits for its
            end, which it would do outside of a ring.
    """

    name: str
    limit: int
    spilling: Spilling
    downstream: frozenset[str] = frozenset()
    context: Context = field(default_factory=copy_context)
    next: Callable[[], object] = field(init=False)
    opened: list[Closable] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    width: int = 0
    waiting: list[Branch] = field(default_factory=list)
    item: object = None
    count: int = 0
    unit: int = field(init=False)
    puller: Puller | None = None
    end: _End | None = None
    over: bool = False
    told: list[Puller] = field(default_factory=list)
    pending: Exception | None = None
    chunked: bool = field(init=False)
    order: list[Puller] = field(default_factory=list)
    full: int = -1
    ring: bool = False
    alone: bool = False
    ready: list[Puller] = field(init=False)
    _source: Iterator[object] = field(init=False)
    _value: object = None
    _members: list[Branch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chunked = self.limit > 1

    @property
    def drifts(self) -> bool:
        """Whether its branches may keep several items each, which were pulled one by one."""
        return self.limit > 1 and not self.chunked

    def feed(self, source: Iterator[object], returns: bool) -> None:
        """Gives it its source. `returns`: whether the source's return value has to be kept where chunks would lose it."""
        self._source = source
        self.unit = 0 if self.chunked else 1
        pull: Callable[[], object] = source.__next__
        if self.chunked:
            pull = self._chunk_keeping_value if returns else self._chunk
        self.next = partial(self.context.run, pull)

    def _chunk(self) -> list[object]:
        if self.pending is not None:
            raise self.pending
        items: list[object] = []
        try:
            items.extend(islice(self._source, self.limit))
        except Exception as error:
            # What was pulled before the error is delivered before it.
            if not items:
                raise
            self.pending = error
        if not items:
            raise StopIteration
        return items

    def _chunk_keeping_value(self) -> list[object]:
        if self.pending is not None:
            raise self.pending
        items: list[object] = []
        try:
            while len(items) < self.limit:
                items.append(next(self._source))
        except StopIteration as stop:
            # Asked again, an exhausted generator gives no value any more.
            self._value = self._value if stop.value is None else stop.value
            if not items:
                raise StopIteration(self._value) from None
        except Exception as error:
            if not items:
                raise
            self.pending = error
        return items

    def arrange(self) -> None:
        """Works out again how its branches are served, after their number has changed."""
        live = [branch for branch in self.branches if branch.live]
        readers = [branch.reader for branch in live]
        tasks = [reader for reader in readers if not isinstance(reader, Fork)]
        self.width = len(live)
        self.order.clear()
        if len(set(tasks)) == len(live):
            self.order.extend(sorted(tasks, key=attrgetter("order"), reverse=True))
        self.full = self.width if self.order and self.alone else -1

    def form_ring(self) -> None:
        """Lets the tasks, which all wait, give the turn directly to each other from now on."""
        # By task, its live branch: it may have had another, which is closed.
        by_task = {branch.reader: branch for branch in self.branches if branch.live}
        self._members = [by_task[task] for task in reversed(self.order)]
        for task, following in pairwise(reversed(self.order)):
            by_task[task].hand_on = following.stack.switch
        self.waiting.clear()
        self.ring = True

    def disband(self, current: Branch) -> None:
        """Ends the ring in the turn of `current`: those before it wait, those after it have an item to take."""
        members = self._members
        place = members.index(current)
        for branch in members:
            branch.hand_on = None
        self.waiting.extend(members[:place])
        self.ready.extend(self.order[: len(members) - place - 1])
        self.ring = False

    def size(self, item: object) -> int:
        """How many items that is."""
        return self.unit or len(item)  # type: ignore[arg-type]  # chunked, an item is a list

    def finish(self, value: object = None, error: Exception | None = None) -> None:
        """Takes note of the source's end."""
        if error is self.pending:
            self.pending = None
        self.end = _End(value, error, error.__traceback__ if error is not None else None)
        self.over = True
        self.item = None
        for branch in self.branches:
            branch.detour = True

    def unreached(self) -> Exception | None:
        """The error of its source, if no consumer got as far as to see it."""
        if self.end is not None and not self.end.reached:
            return self.end.error
        return self.pending

    def let_go(self) -> None:
        """Forgets, at the region's end, what knows it in turn."""
        for known in (self.branches, self.waiting, self.told, self.order, self._members):
            known.clear()
        self.next = _nothing


@dataclass(slots=True, eq=False)
class Branch:
    """One consumer's view of a fork.

    Attributes:
        fork: The fork.
        edge: The edge, None where the runner itself is the consumer.
        consumer: The step it is read by, for people.
        reader: Who reads it: a task, or a fork, whose puller does.
        buffer: Items (or chunks) pulled while the consumer wasn't waiting for them; of a long backlog its head.
        backlog: What keeps the rest of them, once there were more than one.
        peak: The most items there ever were in the buffer.
        taken: Items the consumer took, once it is closed.
        live: Whether it still counts among the fork's branches.
        refuse: What reading it raises; None while it may be read.
        hand_on: In a ring, what gives the turn to the next task in it; None for the last one.
        detour: Whether its next read may be anything but waiting for the fork's next item.
        fault: The error of a read that wasn't allowed: it fails the step even if the step swallowed it.
    """

    fork: Fork
    edge: Edge | None
    consumer: str
    reader: Puller | Fork
    buffer: deque[object] = field(default_factory=deque)
    backlog: Backlog | None = None
    peak: int = 0
    taken: int = 0
    live: bool = True
    refuse: type[BaseException] | None = None
    hand_on: Callable[[], object] | None = None
    detour: bool = False
    fault: StreamReadError | None = None
    downstream: list[Iterator[object]] = field(default_factory=list)
    _chunk: Iterator[object] = field(default_factory=lambda: iter(()))
    _newest: int = 0
    _missed: int = 0

    def open(self, reading: Iterator[object], as_generator: bool) -> Iterator[object]:
        """Makes the iterator that the consumer gets, of what reads the branch. `as_generator`: whether it has to be one."""
        if not self.fork.chunked:
            return passed(reading) if as_generator and not isinstance(reading, Generator) else reading
        chunks = _unwrapped(self, reading)
        return _flatten(chunks) if as_generator else chain.from_iterable(chunks)

    def unwrap(self, chunk: object) -> Iterator[object]:
        """The iterator over a chunk, remembered so that what is left of it can be told."""
        items: list[object] = chunk  # type: ignore[assignment]  # chunked, a fork's item is a list
        self._chunk = iter(items)
        return self._chunk

    def lag(self) -> int:
        """How many items wait in it."""
        kept = len(self.buffer) if self.backlog is None else len(self.backlog)
        if not self.fork.chunked:
            return kept
        # Of all chunks only the last one of a stream may be a short one.
        return (kept and (kept - 1) * self.fork.limit + self._newest) + length_hint(self._chunk)

    def behind(self) -> bool:
        """Whether its consumer has yet to take an item that was pulled."""
        return bool(self.buffer) or length_hint(self._chunk) > 0

    def full(self) -> bool:
        """Whether it keeps as many items as it may."""
        return self.behind() if not self.fork.drifts else self.lag() >= self.fork.limit

    def push(self, item: object) -> None:
        """Keeps an item for a consumer that isn't waiting for it."""
        if self.backlog is not None:
            self.backlog.append(item)
        elif self.buffer:
            self.backlog = Backlog(self.buffer, self.fork.spilling, self.fork.name, self.consumer)
            self.backlog.append(item)
        else:
            self.buffer.append(item)
        self.detour = True
        self._newest = self.fork.size(item)
        lag = self.lag()
        if lag > self.peak:
            self.peak = lag

    def shift(self) -> object:
        """Takes the oldest item that is kept."""
        if self.backlog is not None and len(self.buffer) == 1:
            self.backlog.refill()
        return self.buffer.popleft()

    def items_taken(self) -> int:
        """How many items the consumer has taken so far."""
        return self.fork.count - self.lag() - self._missed if self.live else self.taken

    def abandoned(self) -> bool:
        """Whether a transform between it and its reader has ended, so that nobody will ever read it again."""
        return any(getattr(stream, "gi_frame", stream) is None for stream in self.downstream)

    def miss(self) -> None:
        """Takes note that its consumer was stopped where it waited."""
        if self in self.fork.waiting:
            self.fork.waiting.remove(self)
        elif self.fork.end is None and self.live:
            self._missed = self.fork.size(self.fork.item)

    def close(self) -> Fork | None:
        """Closes it; gives back the fork if that was its last live branch, and nobody is just pulling it."""
        if not self.live:
            return None
        if self.fork.ring:
            self.fork.disband(self)
        self.taken = self.items_taken()
        self.peak = max(self.peak, min(self.taken, self.fork.limit if self.fork.chunked else 1))
        self.live = False
        self.deny(ClosedStreamError)
        self.buffer.clear()
        if self.backlog is not None:
            self.backlog.close()
        deque(self._chunk, maxlen=0)
        self.fork.arrange()
        return self.fork if self.fork.width == 0 and self.fork.puller is None else None

    def deny(self, reason: type[BaseException]) -> None:
        """From now on, reading it raises that; the first reason given holds."""
        self.refuse = self.refuse or reason
        self.detour = True

    def refusal(self) -> BaseException:
        """The error of a read after it was closed."""
        if self.refuse is Cancelled:
            return Cancelled(f"step '{self.consumer}' was stopped")
        return ClosedStreamError(
            f"the stream '{self.fork.name}' was read by '{self.consumer}' after that step had ended; "
            "read it inside the step, or ask for a list"
        )

    def foreign(self) -> StreamReadError:
        """The error of a read from another thread."""
        self.fault = StreamReadError(
            f"step '{self.consumer}' read the stream '{self.fork.name}' from a thread of its own; "
            "read it in the thread that runs the pipeline, and hand the items to the other thread"
        )
        return self.fault


def _nothing() -> object:
    raise StopIteration


def read(branch: Branch, scheduler: Scheduler) -> Generator[object, None, object]:
    """What a consumer iterates over: the hot path, see the top of this module."""
    fork, reader = branch.fork, branch.reader
    waiting, ready = fork.waiting, scheduler.ready
    while True:
        if branch.detour:
            if branch.refuse is not None:
                raise branch.refusal()
            if branch.buffer:
                scheduler.forced = None
                yield branch.shift()
                continue
            if fork.end is not None:
                return fork.end.deliver()
            branch.detour = False
        try:
            if branch.hand_on is not None:
                signal = branch.hand_on()
            elif ready:
                waiting.append(branch)
                signal = ready.pop().stack.switch()
            elif fork.ring or len(waiting) + 1 == fork.full:
                signal = scheduler.round(fork, branch)
            else:
                waiting.append(branch)
                signal = scheduler.turn(reader.puller)  # type: ignore[arg-type]  # who runs this has a puller
            if signal is PULL:
                scheduler.pull(fork, reader.puller)  # type: ignore[arg-type]
        except greenlet.error:
            branch.miss()
            raise branch.foreign() from None
        except BaseException:
            branch.miss()
            raise
        if fork.end is not None:
            return fork.end.deliver()
        yield fork.item


def _unwrapped(branch: Branch, chunks: Iterator[object]) -> Generator[Iterator[object], None, object]:
    """The chunks of a branch as iterators, the current one remembered so that what is left of it can be told."""
    while True:
        try:
            chunk = next(chunks)
        except StopIteration as stop:
            return stop.value
        yield branch.unwrap(chunk)


def _flatten(chunks: Iterator[Iterator[object]]) -> Generator[object, None, object]:
    """As `chain.from_iterable`, but a generator, and it passes the return value on."""
    while True:
        try:
            chunk = next(chunks)
        except StopIteration as stop:
            return stop.value
        yield from chunk
