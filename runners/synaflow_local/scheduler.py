"""Who runs next: the order of a region with forks, and which branch runs ahead when lockstep can't go on."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from greenlet import GreenletExit

from synaflow import Cancelled
from synaflow_local.components import attracting
from synaflow_local.forks import PULL, Branch, Fork

if TYPE_CHECKING:
    from synaflow_local.tasks import Task

__all__ = ["Scheduler"]


@dataclass(frozen=True, slots=True)
class _Forced:
    """A task that pulls out of turn, and the fork it waits at; none where it waits for a stream's end."""

    task: Task
    fork: Fork | None

    def still(self) -> bool:
        """Whether it waits there again. Further up, it would be another question who is in the way."""
        fork = self.fork
        return fork is not None and fork.puller is None and any(b.reader.puller is self.task for b in fork.waiting)


class Scheduler:
    """Runs the tasks of one region, each on a stack of its own.

    The rule of order: the first listed task that has an item (or has just started, or whose value has come) runs, until it
    waits. When none has, one pulls: of the forks that nobody lags behind on, one whose readers have nothing left to do with
    its last item (a reader that makes two of one may be kept from the second by another stream that it joins); of those,
    the most downstream; of the tasks that wait there, the first listed.

    The rule of force: when none may pull, because on every fork somebody lags or the source is in the hands of a task
    that itself waits, one task pulls all the same and the branches that lag get the item into their buffers. The tasks and
    what they wait for (who lags, who is pulling, whose value is missing) form a graph; only a task in a strongly connected
    component with no way out of it is forced, the first listed among them: everybody else can still be helped by someone
    who moves. The dataflow is acyclic, so such a task there always is, and no region can deadlock.

    Attributes:
        ready: The tasks that can run, the first listed last.
        forced: What was forced last, while nothing has happened since that could change that choice.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        forks: Sequence[Fork],
        close: Callable[[Fork], None],
        abort: Callable[[BaseException], None],
        shallow: bool,
    ) -> None:
        self.ready: list[Task] = sorted(tasks, key=_order, reverse=True)
        self.forced: _Forced | None = None
        self.stopped = False
        self._tasks: Final = sorted(tasks, key=_order)
        self._forks: Final = tuple(forks)
        self._running = set(tasks)
        self._close: Final = close
        self._abort: Final = abort
        self._shallow: Final = shallow
        for fork in forks:
            fork.ready = self.ready
        self._waits: dict[Task, Task | Fork] = {}

    def run(self) -> None:
        """Runs all tasks to their end, or stops them all when one of them stops the run."""
        for task in self._tasks:
            task.prepare(self, enter=not self._shallow)
        try:
            while self._running and not self.stopped:
                if skip := [task for task in self._tasks if task in self._running and task.unwanted]:
                    self.cancel(skip[0])
                elif self.ready:
                    self.ready.pop().stack.switch()
                else:
                    self._choose().stack.switch(PULL)
        finally:
            self._stop()

    def round(self, fork: Fork, branch: Branch) -> object:
        """Pulls a fork of whose consumers all are here, and begins with the first listed of them."""
        task = branch.reader
        try:
            fork.item = fork.next()
        except BaseException as error:
            if fork.ring:
                fork.disband(branch)
            fork.waiting.append(branch)
            self.end(fork, error)
            first = self.ready.pop()
        else:
            fork.count += fork.unit or len(fork.item)  # type: ignore[arg-type]  # chunked, it is a list
            if not fork.ring:
                fork.form_ring()
            first = fork.order[-1]
        return None if first is task else first.stack.switch()

    def turn(self, task: Task) -> object:
        """Gives the turn away when no task is ready: to the one that should pull, which may be the caller itself."""
        chosen = self._choose()
        return PULL if chosen is task else chosen.stack.switch(PULL)

    def pull(self, fork: Fork, task: Task) -> None:
        """Pulls a fork's source on the stack of the task whose turn it is, and hands the item to all branches.

        Returns when that task, which waits there itself, is the first to go on.
        """
        self.draw(fork, task)
        ready = self.ready
        if len(ready) > 1:
            self.forced = None
        if (first := ready.pop()) is not task:
            first.stack.switch()

    def wait(self, task: Task, need: Task | Fork) -> None:
        """Keeps a task where it is until another one, or a fork, has ended."""
        while not need.over:
            if self.stopped or task.stopped:
                raise Cancelled(f"step '{task.step}' was stopped")
            # While it pulls what it waits for, it may have to wait for the end of something further up.
            outer = self._waits.get(task)
            self._waits[task] = need
            try:
                signal = self.ready.pop().stack.switch() if self.ready else self.turn(task)
                if signal is PULL and isinstance(need, Fork):
                    # Those who read that stream, which may include the task itself, get the item for later.
                    self.draw(need, task)
                    if need.over and (first := self.ready.pop()) is not task:
                        # Its wait is over like that of others: it goes on when it is the first of them.
                        first.stack.switch()
            finally:
                if outer is None:
                    del self._waits[task]
                else:
                    self._waits[task] = outer

    def ended(self, task: Task) -> None:
        """Takes note that a task has ended, and lets those go on that waited for it."""
        self._running.discard(task)
        self.forced = None
        if task in self.ready:
            self.ready.remove(task)
        self._wake(task)

    def closed(self, fork: Fork) -> None:
        """Takes note that a fork was closed because nobody reads it any more."""
        fork.over = True
        self._wake(fork)

    def cancel(self, task: Task) -> None:
        """Stops a task where it waits: `Cancelled` is raised there, and from whatever it reads after that."""
        task.stopped = True
        for branch in task.branches:
            branch.deny(Cancelled)
        if not task.stack:
            task.abandon()
            return
        task.stack.throw(Cancelled(f"step '{task.step}' was stopped"))

    def draw(self, fork: Fork, task: Task) -> None:
        """Pulls a fork's source and hands the item to all branches: those that wait become ready, the others keep it."""
        fork.puller = task
        try:
            fork.item = item = fork.next()
        except BaseException as error:
            self.end(fork, error)
            return
        fork.puller = None
        fork.count += fork.size(item)
        waiting, ready = fork.waiting, self.ready
        if len(waiting) == fork.width:
            if fork.order and not ready:
                ready.extend(fork.order)
                waiting.clear()
                return
            if not waiting:
                # Those who read it have all gone while it was pulled for one who waits for its end.
                self._close(fork)
                self.closed(fork)
                return
        else:
            for branch in fork.branches:
                if branch.live and branch not in waiting:
                    if not branch.behind():
                        # Somebody lags who didn't: who is to be forced is a new question.
                        self.forced = None
                    branch.push(item)
        self._line_up(fork)

    def end(self, fork: Fork, error: BaseException) -> None:
        """Takes note of how a fork's source has ended; raises what isn't an end but a call to stop."""
        fork.puller = None
        if isinstance(error, StopIteration):
            fork.finish(error.value)
        elif isinstance(error, Exception):
            fork.finish(error=error)
        else:
            if not isinstance(error, Cancelled | GreenletExit):
                # Its consumers would get a shorter stream, should the one that is just pulling swallow it.
                self._abort(error)
            raise error
        self._close(fork)
        self._wake(fork)
        self._line_up(fork)

    def _line_up(self, fork: Fork) -> None:
        """Makes the tasks that waited on a fork ready."""
        waiting = fork.waiting
        tasks = sorted(map(_puller, waiting), key=_order, reverse=True)
        if fork.end is not None:
            fork.told = tasks
        if not self.ready:
            self.ready.extend(tasks)
        else:
            for task in tasks:
                insort(self.ready, task, key=_reversed_order)
        waiting.clear()

    def _wake(self, need: Task | Fork) -> None:
        for task in [task for task, wanted in self._waits.items() if wanted is need]:
            if task not in self.ready:
                insort(self.ready, task, key=_reversed_order)

    def _choose(self) -> Task:
        """The task that should pull, when none is ready."""
        pullable = [f for f in self._forks if f.waiting and f.puller is None and not self._blocked(f)]
        if len(pullable) == 1:
            return min(map(_puller, pullable[0].waiting), key=_order)
        if pullable:
            fork, task = _first_to_pull(pullable)
            if not _settled(fork) and (settled := [fork for fork in pullable if _settled(fork)]):
                _, task = _first_to_pull(settled)
            return task
        if self.forced is None or not self.forced.still():
            self.forced = self._force()
        return self.forced.task

    def _blocked(self, fork: Fork) -> bool:
        """Whether some branch lags. One that nobody will ever read again is closed here rather than waited for."""
        if len(fork.waiting) == fork.width:
            return False
        blocked = False
        for branch in fork.branches:
            if branch.live and branch.behind():
                if branch.abandoned():
                    branch.close()
                else:
                    blocked = True
        return blocked

    def _force(self) -> _Forced:
        held = self._held()
        stuck = attracting({task: self._waits_for(task, held.get(task)) for task in self._running})
        task = min((task for task in stuck if self._can_pull(task, held.get(task))), key=_order)
        return _Forced(task, held.get(task))

    def _held(self) -> dict[Task, Fork]:
        """The forks at which tasks wait.

        One that a task is pulling isn't what holds it up: that is further up, where the fork's source waits.
        """
        return {task: fork for fork in self._forks for task in map(_puller, fork.waiting) if fork.puller is not task}

    def _can_pull(self, task: Task, held: Fork | None) -> bool:
        if held is None:
            need = self._waits.get(task)
            return isinstance(need, Fork) and need.puller is None
        return held.puller is None

    def _waits_for(self, task: Task, held: Fork | None) -> set[Task]:
        if held is not None:
            return {held.puller} if held.puller is not None else set(_laggards(held))
        need = self._waits[task]
        if isinstance(need, Fork):
            return {need.puller} if need.puller is not None else _owners(need)
        return {need}

    def _stop(self) -> None:
        """Ends what still runs, consumers in the order they are listed."""
        if not self._running:
            return
        self.stopped = True
        for fork in self._forks:
            for branch in fork.branches:
                branch.deny(Cancelled)
        for fork in self._forks:
            # A consumer to whom its producer's error was handed gets to see that, not that another was quicker.
            if fork.end is not None and fork.end.error is not None:
                for task in reversed(fork.told):
                    if task in self._running and task in self.ready:
                        self.ready.remove(task)
                        task.stack.switch()
        for task in self._tasks:
            if task in self._running:
                self.cancel(task)


def _order(task: Task) -> tuple[int, int]:
    return task.order


def _reversed_order(task: Task) -> tuple[int, int]:
    return (-task.order[0], -task.order[1])


def _puller(branch: Branch) -> Task:
    task = branch.reader.puller
    assert task is not None, "a branch whose reader is a fork waits only while that fork is pulled"
    return task


def _first_to_pull(forks: Sequence[Fork]) -> tuple[Fork, Task]:
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


def _laggards(fork: Fork) -> Iterator[Task]:
    """The tasks that have to move before everybody has taken the fork's last item."""
    for branch in fork.branches:
        if branch.live and branch.behind():
            yield from _movers(branch)


def _owners(fork: Fork) -> set[Task]:
    """The tasks that read the fork, directly or through other forks."""
    return {task for branch in fork.branches if branch.live for task in _movers(branch)}


def _movers(branch: Branch) -> Iterator[Task]:
    """The tasks whose move could make that branch's item be taken."""
    reader = branch.reader
    if not isinstance(reader, Fork):
        yield reader
    elif reader.puller is not None:
        yield reader.puller
    else:
        lagging = list(_laggards(reader))
        yield from lagging or _owners(reader)
