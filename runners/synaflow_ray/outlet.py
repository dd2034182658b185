"""Where a stream leaves its actor: in batches, at the pace of those who read it.

The step's own thread puts item after item into `_pending`, a deque, and takes no lock for it. A *cut* makes a batch of what
is there and puts it into the queue of every branch. Two kinds of thread cut:

* the step's own, as soon as `_limit` items are pending; then it waits until there is room (`_turn`). The limit follows the
  stream: where batches fill quickly it doubles, up to thousands, where they fill slowly it falls to one, so that each item of
  a slow stream leaves at once;
* the thread of a reader that has nothing to read, once it has waited for `linger`: the step may be busy with the next item
  for as long as it likes, and what it has given is not to wait for that.

What bounds a stream is `_room`: of no branch more than `WINDOW` batches may wait, so that all are kept in lockstep, batch by
batch. With `max_in_flight=N` it is literal: readers say how many items they have taken when they ask for more (`asked`),
and the step's next item is pulled only when no reader is N behind; N=1 is exact lockstep. A branch that was made *elastic*,
because its reader waits for another reader of the same stream, doesn't count, as long as some other reader starves (or
somebody waits for the stream's end); what piles up in it goes to Ray's object store, which spills to disk by itself.
"""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from synaflow import Cancelled

__all__ = ["MOST_ITEMS", "WINDOW", "Outlet"]

WINDOW: Final = 2
"""Batches that may wait in a branch before the step has to."""

MOST_ITEMS: Final = 8192
_MOST_BYTES: Final = 4 * 2**20
"""A batch holds no more, by estimate; a larger item travels alone."""

_PILE: Final = 8
"""Batches of an elastic branch that stay in this process; what comes on top goes to the object store."""


class _Parcel:
    """A batch, shared by the branches it waits in."""

    __slots__ = ("_items", "_ref", "size")

    def __init__(self, items: list[object]) -> None:
        self._items: list[object] | None = items
        self._ref: object = None
        self.size: Final = len(items)

    def store(self) -> None:
        """Moves it to the object store."""
        import ray

        if self._items is not None:
            self._ref = ray.put(self._items)
            self._items = None

    def open(self) -> list[object]:
        """Its items."""
        import ray

        if self._items is not None:
            return self._items
        items: list[object] = ray.get(self._ref)
        return items


@dataclass(slots=True, eq=False)
class _Branch:
    queue: deque[_Parcel] = field(default_factory=deque)
    live: bool = True
    woken: bool = False
    elastic: bool = False
    endless: bool = False
    asked: int = -1
    waiting: int = 0
    under_way: int = 0
    peak: int = 0
    stored: int = 0
    failed: _Parcel | None = None
    taken: int = 0


class _Enough(BaseException):
    """Raised in the step's thread when nobody reads its stream any more."""


class Outlet:
    """The branches of one stream, between the thread that makes it and the threads that serve its readers.

    Attributes:
        count: How many items have been given.
        kept: Them all, where they are to be kept.
        blocked: Whether the step waits for room.
        finished: Whether the stream has come to its own end, or an error.
        value: What the stream's generator returned.
        error: What came out of it.
    """

    def __init__(
        self,
        readers: Sequence[str],
        *,
        linger: float,
        max_in_flight: int | None = None,
        keep: bool = False,
        on_cut: Callable[[int], None] | None = None,
    ) -> None:
        self.count = 0
        self.kept: list[object] | None = [] if keep else None
        self.blocked = False
        self.finished = False
        self.value: object = None
        self.error: BaseException | None = None
        self._branches: Final = {name: _Branch() for name in readers}
        if max_in_flight is None or max_in_flight > 1:
            for branch in self._branches.values():
                branch.asked = 0
        self._ahead: Final = max_in_flight
        self._linger: Final = max(linger, 0.001)
        self._pending: Final[deque[object]] = deque()
        self._limit = 1
        self._grown = 1
        self._most = MOST_ITEMS
        self._cut_at = perf_counter()
        self._cuts = 0
        self._sealed = False
        self._stopped = False
        self._free: Final = not readers
        self._on_cut: Final = on_cut
        self._changed: Final = threading.Condition()

    # The step's side

    def fill(self, items: Iterator[object]) -> None:
        """Takes a whole stream; returns at its end, or as soon as nobody reads it any more.

        Raises:
            Cancelled: It was told to stop.
        """
        append, pending, take = self._pending.append, self._pending, items.__next__
        try:
            self._turn()
            while True:
                append(take())
                if len(pending) >= self._limit:
                    self._turn()
        except StopIteration as stop:
            self.value = stop.value
            self.finished = True
        except _Enough:
            return
        except Exception as error:
            self.error = error
            self.finished = True
            raise
        finally:
            with self._changed:
                self._cut()

    def offer(self, items: Iterable[object]) -> bool:
        """Takes some items of a stream, and waits for room; false if nobody reads it any more."""
        self._pending.extend(items)
        try:
            self._turn()
        except _Enough:
            return False
        return True

    def seal(self) -> None:
        """Says that nothing comes any more and that all there is to say of the end is set."""
        with self._changed:
            self._cut()
            self._sealed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends the step at its next item."""
        with self._changed:
            self._stopped = True
            self._limit = 0
            self._changed.notify_all()

    def _turn(self) -> None:
        with self._changed:
            full = len(self._pending) >= self._limit > 0
            self._cut()
            if full:
                self._adapt()
            while not self._room():
                self.blocked = True
                self._changed.wait()
            self.blocked = False
            if self._limit:
                self._limit = self._allowed()

    def _room(self) -> bool:
        if self._stopped:
            raise Cancelled
        if self._free:
            return True
        live = [branch for branch in self._branches.values() if branch.live]
        if not live:
            if self.kept is None:
                raise _Enough
            return True
        firm = [branch for branch in live if not branch.elastic]
        if not all(map(self._fits, firm)):
            return False
        return bool(firm) or any(branch.endless or self._fits(branch) for branch in live)

    def _fits(self, branch: _Branch) -> bool:
        if self._ahead is None:
            return len(branch.queue) < WINDOW
        return self.count - branch.asked < self._ahead

    def _untaken(self, branch: _Branch) -> int:
        if self._ahead is None:
            return branch.waiting + branch.under_way
        return self.count - max(branch.asked, 0)

    def _allowed(self) -> int:
        """How many items to pull before the next look round."""
        limit = min(self._grown, self._most)
        if self._ahead is not None:
            asked = [branch.asked for branch in self._branches.values() if branch.live and not branch.elastic]
            behind = self.count - min(asked) if asked else 0
            limit = min(limit, max(1, self._ahead - behind))
        return max(1, limit)

    def _adapt(self) -> None:
        """Follows the stream's pace: a batch is to take about as long to fill as it may be held back."""
        now = perf_counter()
        spent, self._cut_at = now - self._cut_at, now
        if spent < self._linger / 2:
            self._grown = min(self._grown * 2, MOST_ITEMS)
        elif spent > self._linger:
            self._grown = max(1, self._grown // 2)

    def _cut(self) -> None:
        pending = self._pending
        size = len(pending)
        if not size:
            return
        items = [pending.popleft() for _ in range(size)]
        self.count += size
        self._cuts += 1
        if self.kept is not None:
            self.kept.extend(items)
        if self._on_cut is not None:
            self._on_cut(size)
        if self._free:
            return
        if self._cuts < 64 or not self._cuts % 16:
            self._most = max(1, min(MOST_ITEMS, _MOST_BYTES // _size(items[-1])))
        parcel = _Parcel(items)
        for branch in self._branches.values():
            if branch.live:
                branch.queue.append(parcel)
                branch.waiting += size
                branch.peak = max(branch.peak, self._untaken(branch))
                if branch.elastic and len(branch.queue) > _PILE:
                    branch.stored += size
                    branch.queue[-1].store()
        self._changed.notify_all()

    # The readers' side

    def batches(self, reader: str) -> Iterator[list[object]]:
        """What a reader gets: batch after batch, until the end or until its branch is closed."""
        branch = self._branches[reader]
        while (parcel := self._next(branch)) is not None:
            branch.failed = parcel  # should it not survive being pickled, the next line is the last that is reached
            yield parcel.open()
            branch.failed = None

    def _next(self, branch: _Branch) -> _Parcel | None:
        with self._changed:
            branch.taken += branch.under_way
            branch.under_way = 0
            while not branch.queue:
                if not branch.live or branch.woken or self._sealed:
                    return None
                late = not self._changed.wait(self._linger)
                if late and self._pending and not branch.queue:
                    # The step takes its time. From now on its items leave one by one, until they come faster again.
                    self._grown = max(1, len(self._pending))
                    if self._limit:
                        self._limit = self._grown
                    self._cut_at = perf_counter()
                    self._cut()
            parcel = branch.queue.popleft()
            branch.waiting -= parcel.size
            branch.under_way = parcel.size
            self._changed.notify_all()
            return parcel

    def asks(self, reader: str, taken: int) -> None:
        """Says that a reader has taken so many items and asks for the next."""
        with self._changed:
            branch = self._branches[reader]
            branch.asked = max(branch.asked, taken)
            self._changed.notify_all()

    def close(self, reader: str) -> None:
        """Closes a branch; with the last one, the step's stream is closed."""
        with self._changed:
            branch = self._branches[reader]
            branch.live = False
            branch.queue.clear()
            if self.kept is None and not any(branch.live for branch in self._branches.values()):
                self._limit = 0
            self._changed.notify_all()

    def wake(self, reader: str) -> None:
        """Gives a reader that waits nothing more; its branch is closed when it says so."""
        with self._changed:
            self._branches[reader].woken = True
            self._changed.notify_all()

    def loosen(self, reader: str, endless: bool = False) -> None:
        """Makes a branch elastic; with `endless`, also where nobody else starves."""
        with self._changed:
            branch = self._branches[reader]
            branch.elastic, branch.endless = True, branch.endless or endless
            self._changed.notify_all()

    # Looked at from outside

    def full(self) -> tuple[str, ...]:
        """The readers that the step waits for."""
        with self._changed:
            if not self.blocked:
                return ()
            return tuple(name for name, b in self._branches.items() if b.live and not b.elastic and not self._fits(b))

    def waiting(self) -> dict[str, int]:
        """How many items wait in each branch."""
        return {name: branch.waiting for name, branch in self._branches.items() if branch.live}

    def peaks(self) -> dict[str, int]:
        """The most that ever waited in each branch, with what was on its way to the reader."""
        return {name: branch.peak for name, branch in self._branches.items()}

    def stored(self) -> dict[str, int]:
        """How many items of each branch went to the object store."""
        return {name: branch.stored for name, branch in self._branches.items()}

    def broken(self, reader: str) -> tuple[int, list[object]] | None:
        """The batch that didn't survive being pickled, with the index of its first item."""
        branch = self._branches[reader]
        return (branch.taken, branch.failed.open()) if branch.failed is not None else None


def _size(item: object) -> int:
    """An estimate of what an item takes on its way."""
    size = len(item) if isinstance(item, (bytes, bytearray, str)) else getattr(item, "nbytes", None)
    if isinstance(size, int):
        return max(1, size)
    try:
        return max(1, len(pickle.dumps(item, 5)))
    except Exception:  # it may be a class or function of a notebook: Ray pickles those
        return 256
