"""A region with forks on stacks of one thread, which switch to each other by the rules."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Final

from synaflow import Cancelled
from synaflow_local.forks import PULL, Branch, Fork, read
from synaflow_local.rules import Rules, order_of

if TYPE_CHECKING:
    from synaflow_local.pullers import Need, Puller
    from synaflow_local.tasks import Task

__all__ = ["Scheduler"]


class Scheduler(Rules):
    """Runs the tasks of one region, each on a stack of its own, by the rules."""

    def __init__(
        self,
        tasks: Sequence[Task],
        forks: Sequence[Fork],
        close: Callable[[Fork], None],
        abort: Callable[[BaseException], None],
        shallow: bool,
    ) -> None:
        super().__init__(tasks, forks, close, abort)
        self._tasks: Final = sorted(tasks, key=order_of)
        self._shallow: Final = shallow

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
                    self._chosen().stack.switch(PULL)
        finally:
            self._stop()

    def read(self, branch: Branch) -> Generator[object, None, object]:
        """What the consumer of a branch iterates over."""
        return read(branch, self)

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

    def turn(self, task: Puller) -> object:
        """Gives the turn away when no task is ready: to the one that should pull, which may be the caller itself."""
        chosen = self._chosen()
        return PULL if chosen is task else chosen.stack.switch(PULL)

    def pull(self, fork: Fork, task: Puller) -> None:
        """Pulls a fork's source on the stack of the task whose turn it is, and hands the item to all branches.

        Returns when that task, which waits there itself, is the first to go on.
        """
        self.draw(fork, task)
        ready = self.ready
        if len(ready) > 1:
            self.forced = None
        if (first := ready.pop()) is not task:
            first.stack.switch()

    def wait(self, puller: Puller, need: Need | Fork) -> None:
        """Keeps a task where it is until another one, or a fork, has ended."""
        while not need.over:
            if self.stopped or puller.stopped:
                raise Cancelled(f"step '{puller.step}' was stopped")
            # While it pulls what it waits for, it may have to wait for the end of something further up.
            outer = self._waits.get(puller)
            self._waits[puller] = need
            try:
                signal = self.ready.pop().stack.switch() if self.ready else self.turn(puller)
                if signal is PULL and isinstance(need, Fork):
                    # Those who read that stream, which may include the task itself, get the item for later.
                    self.draw(need, puller)
                    if need.over and (first := self.ready.pop()) is not puller:
                        # Its wait is over like that of others: it goes on when it is the first of them.
                        first.stack.switch()
            finally:
                if outer is None:
                    del self._waits[puller]
                else:
                    self._waits[puller] = outer

    def cancel(self, task: Task) -> None:
        """Stops a task where it waits: `Cancelled` is raised there, and from whatever it reads after that."""
        task.stopped = True
        for branch in task.branches:
            branch.deny(Cancelled)
        if not task.stack:
            task.abandon()
            return
        task.stack.throw(Cancelled(f"step '{task.step}' was stopped"))

    def draw(self, fork: Fork, task: Puller) -> None:
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
                    self.keep(branch, item)
        self.line_up(fork)

    def _chosen(self) -> Puller:
        found = self.choose()
        assert found is not None, "here nobody is ever away"
        return found[0]

    def _stop(self) -> None:
        """Ends what still runs, consumers in the order they are listed."""
        if not self._running:
            return
        for task in self.ending():
            task.stack.switch()
        for task in self._tasks:
            if task in self._running:
                self.cancel(task)
