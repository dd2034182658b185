"""The rules of a region with forks: who goes on, which fork is pulled, and which branch runs ahead when lockstep can't go on.

One set of rules for both ways to run a region: on stacks that switch to each other (`scheduler`), and on an event loop
(`asynchronous.scheduler`), where a step may also be away, waiting for something that isn't the region's.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from greenlet import GreenletExit

from synaflow import Cancelled
from synaflow_local.components import attracting
from synaflow_local.forks import Branch, Fork

if TYPE_CHECKING:
    from synaflow_local.pullers import Need, Puller

__all__ = ["Rules", "movers_of", "order_of"]


@dataclass(frozen=True, slots=True)
class _Forced:
    """What pulls out of turn, and the fork it waits at; none where it waits for a stream's end."""

    puller: Puller
    fork: Fork | None

    def still(self) -> bool:
        """Whether it waits there again. Further up, it would be another question who is in the way."""
        fork = self.fork
        return fork is not None and fork.puller is None and any(b.reader.puller is self.puller for b in fork.waiting)


class Rules:
    """Who is ready, who waits for what, and what happens next.

    The rule of order: the first listed task that has an item (or has just started, or whose value has come) runs, until it
    waits. When none has, one pulls: of the forks that nobody lags behind on, one whose readers have nothing left to do with
    its last item (a reader that makes two of one may be kept from the second by another stream that it joins); of those,
    the most downstream; of the tasks that wait there, the first listed.

    The rule of force: when none may pull, because on every fork somebody lags or the source is in the hands of a task
    that itself waits, one task pulls all the same and the branches that lag get the item into their buffers. The tasks and
    what they wait for (who lags, who is pulling, whose value is missing) form a graph; only a task in a strongly connected
    component with no way out of it is forced, the first listed among them: everybody else can still be helped by someone
    who moves. The dataflow is acyclic, so such a task there always is, and no region can deadlock.

    The rule of absence: who is away comes back by itself, so that whoever waits for it is not stuck. While anyone is, only
    forks are pulled whose readers have nothing left to do, and a component that leads to one that is away has a way out.

    Attributes:
        ready: The tasks that can run, the first listed last.
        forced: What was forced last, while nothing has happened since that could change that choice.
        stopped: Whether all are to end.
        away: Who waits for something outside of the region.
    """

    def __init__(
        self,
        tasks: Sequence[Puller],
        forks: Sequence[Fork],
        close: Callable[[Fork], None],
        abort: Callable[[BaseException], None],
    ) -> None:
        self.ready: list[Puller] = sorted(tasks, key=order_of, reverse=True)
        self.forced: _Forced | None = None
        self.stopped = False
        self.away: set[Puller] = set()
        self._forks: Final = tuple(forks)
        self._running = set(tasks)
        self._close: Final = close
        self._abort: Final = abort
        self._waits: dict[Puller, Need | Fork] = {}
        for fork in forks:
            fork.ready = self.ready

    def ended(self, task: Puller) -> None:
        """Takes note that a task has ended, and lets those go on that waited for it."""
        self._running.discard(task)
        self.forced = None
        if task in self.ready:
            self.ready.remove(task)
        self._wake(task)

    def halt(self) -> None:
        """Lets nobody go on after the step that is running."""
        self.stopped = True

    def ending(self) -> Iterator[Puller]:
        """Ends every stream for those who still run; gives who is to go on before they are told to end, one by one.

        A consumer to whom its producer's error was handed gets to see that, not that another was quicker.
        """
        self.stopped = True
        for fork in self._forks:
            for branch in fork.branches:
                branch.deny(Cancelled)
        for fork in self._forks:
            if fork.end is not None and fork.end.error is not None:
                for task in reversed(fork.told):
                    if task in self._running and task in self.ready:
                        self.ready.remove(task)
                        yield task

    def closed(self, fork: Fork) -> None:
        """Takes note that a fork was closed because nobody reads it any more."""
        fork.over = True
        self._wake(fork)

    def end(self, fork: Fork, error: BaseException) -> None:
        """Takes note of how a fork's source has ended; raises what isn't an end but a call to stop."""
        if isinstance(error, StopIteration):
            fork.finish(error.value)
        elif isinstance(error, Exception):
            fork.finish(error=error)
        else:
            fork.puller = None
            if not isinstance(error, Cancelled | GreenletExit):
                # Its consumers would get a shorter stream, should the one that is just pulling swallow it.
                self._abort(error)
            raise error
        self._close(fork)
        # Not before: on an event loop closing may take a while, in which nobody is to pull it again.
        fork.puller = None
        self._wake(fork)
        self.line_up(fork)

    def keep(self, branch: Branch, item: object) -> None:
        """Keeps an item for a reader that isn't waiting for it."""
        if not branch.behind():
            # Somebody lags who didn't: who is to be forced is a new question.
            self.forced = None
        branch.push(item)

    def line_up(self, fork: Fork) -> None:
        """Makes the tasks that waited on a fork ready."""
        waiting = fork.waiting
        tasks = _in_order(fork)
        if fork.end is not None:
            fork.told = tasks
        if not self.ready:
            self.ready.extend(tasks)
        else:
            for task in tasks:
                insort(self.ready, task, key=_reversed_order)
        waiting.clear()

    def _wake(self, need: Need | Fork) -> None:
        for task in [task for task, wanted in self._waits.items() if wanted is need]:
            if task not in self.ready:
                insort(self.ready, task, key=_reversed_order)

    def choose(self) -> tuple[Puller, Fork] | None:
        """Who should pull, when none is ready, and what; None when all there is to do is to wait for those who are away."""
        pullable = [f for f in self._forks if f.waiting and f.puller is None and not self._blocked(f)]
        # Where all wait there is nobody to come back. That is most items, and the question takes time.
        ask = self.away and not (pullable and all(len(fork.waiting) == fork.width for fork in pullable))
        coming = self._coming() if ask else frozenset()
        if coming:
            pullable = [fork for fork in pullable if fork.drifts or coming.isdisjoint(_absent(fork))]
        if len(pullable) == 1:
            return _in_order(pullable[0])[-1], pullable[0]
        if pullable:
            fork, puller = _first_to_pull(pullable)
            if not _settled(fork) and (settled := [fork for fork in pullable if _settled(fork)]):
                fork, puller = _first_to_pull(settled)
            return puller, fork
        if self.forced is None or not self.forced.still():
            self.forced = self._force(coming)
        if self.forced is None:
            return None
        need = self.forced.fork or self._waits[self.forced.puller]
        assert isinstance(need, Fork), "only who waits for an item, or for a stream's end, can pull"
        return self.forced.puller, need

    def _blocked(self, fork: Fork) -> bool:
        """Whether some branch is full. One that nobody will ever read again is closed here rather than waited for."""
        if len(fork.waiting) == fork.width:
            return False
        blocked = False
        for branch in fork.branches:
            if branch.live and branch.full():
                if branch.abandoned():
                    branch.close()
                else:
                    blocked = True
        return blocked

    def _force(self, coming: Collection[Puller]) -> _Forced | None:
        held = self._held()
        stuck = attracting({each: self._waits_for(each, held.get(each)) for each in self._present()})
        free = [each for each in stuck if each not in coming and self._can_pull(each, held.get(each))]
        if not free:
            assert coming, "somebody can always pull, the dataflow being acyclic"
            return None
        puller = min(free, key=order_of)
        return _Forced(puller, held.get(puller))

    def _present(self) -> set[Puller]:
        """All who run or wait: the tasks, and who pulls a fork, where that is somebody else."""
        return self._running.union(fork.puller for fork in self._forks if fork.puller is not None)

    def _coming(self) -> frozenset[Puller]:
        """Who will go on by itself: those who are away, and who waits for one of them."""
        held = self._held()
        waited_for: dict[Puller, list[Puller]] = {}
        for each in self._present() - self.away:
            fork = held.get(each)
            for other in {*self._waits_for(each, fork), *(_absent(fork) if fork is not None else ())}:
                waited_for.setdefault(other, []).append(each)
        found, ahead = set(self.away), list(self.away)
        while ahead:
            for each in waited_for.get(ahead.pop(), ()):
                if each not in found:
                    found.add(each)
                    ahead.append(each)
        return frozenset(found)

    def _held(self) -> dict[Puller, Fork]:
        """The forks at which tasks wait.

        One that a task is pulling isn't what holds it up: that is further up, where the fork's source waits.
        """
        return {task: fork for fork in self._forks for task in map(_puller, fork.waiting) if fork.puller is not task}

    def _can_pull(self, task: Puller, held: Fork | None) -> bool:
        if held is None:
            need = self._waits.get(task)
            return isinstance(need, Fork) and need.puller is None
        return held.puller is None

    def _waits_for(self, task: Puller, held: Fork | None) -> set[Puller]:
        if task in self.away:
            return set()
        if held is not None:
            return {held.puller} if held.puller is not None else set(_laggards(held))
        need = self._waits.get(task)
        if need is None:
            return set()
        if isinstance(need, Fork):
            return {need.puller} if need.puller is not None else _owners(need)
        return set(need.movers())


def order_of(puller: Puller) -> tuple[int, int]:
    """Its place among the others, to sort by."""
    return puller.order


def _reversed_order(task: Puller) -> tuple[int, int]:
    return (-task.order[0], -task.order[1])


def _in_order(fork: Fork) -> list[Puller]:
    """The tasks that wait on a fork, the first listed last."""
    if fork.order and len(fork.waiting) == fork.width:
        return list(fork.order)
    return sorted(map(_puller, fork.waiting), key=order_of, reverse=True)


def _puller(branch: Branch) -> Puller:
    task = branch.reader.puller
    assert task is not None, "a branch whose reader is a fork waits only while that fork is pulled"
    return task


def _first_to_pull(forks: Sequence[Fork]) -> tuple[Fork, Puller]:
    """Of several forks the most downstream one, and there the first listed task that waits."""
    names = {fork.name for fork in forks}
    waiting = [(_puller(b), fork) for fork in forks if not fork.downstream & names for b in fork.waiting]
    task, fork = min(waiting, key=lambda found: found[0].order)
    return fork, task


def _settled(fork: Fork) -> bool:
    """Whether nobody has anything left to do with its last item: all wait for the next one, or for what is made of it."""
    reached = [fork] if fork.count else []
    for at in reached:
        for branch in at.branches:
            if branch.live and branch not in at.waiting:
                reader = branch.reader
                if not isinstance(reader, Fork) or reader.puller is not None or branch.behind():
                    return False
                if reader not in reached:
                    reached.append(reader)
    return True


def _laggards(fork: Fork) -> Iterator[Puller]:
    """The tasks that have to move before everybody has taken the fork's last item."""
    for branch in fork.branches:
        if branch.live and branch.full():
            yield from _movers(branch)


def _absent(fork: Fork) -> Iterator[Puller]:
    """Those who have something else to do than to wait for the fork's next item, or for what is made of it."""
    reached = [fork]
    for at in reached:
        for branch in at.branches:
            if branch.live and branch not in at.waiting:
                reader = branch.reader
                if not isinstance(reader, Fork):
                    yield reader
                elif reader.puller is not None:
                    yield reader.puller
                elif reader not in reached:
                    reached.append(reader)


def _owners(fork: Fork) -> set[Puller]:
    """The tasks that read the fork, directly or through other forks."""
    return {task for branch in fork.branches if branch.live for task in _movers(branch)}


def _movers(branch: Branch) -> Iterator[Puller]:
    """The tasks whose move could make that branch's item be taken."""
    return movers_of(branch.reader)


def movers_of(reader: Puller | Fork) -> Iterator[Puller]:
    """The tasks whose move could make that reader take an item."""
    if not isinstance(reader, Fork):
        yield reader
    elif reader.puller is not None:
        yield reader.puller
    else:
        yield from list(_laggards(reader)) or _owners(reader)
