"""Tasks: what pulls. A sink, a collector, a drain; each with its turn, in a region with forks each with its stack."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from greenlet import greenlet

from synaflow import Cancelled
from synaflow_local.plan import TaskKind, TaskPlan
from synaflow_local.pullers import Puller

if TYPE_CHECKING:
    from synaflow_local.forks import Branch, Closable
    from synaflow_local.region import RegionRun
    from synaflow_local.scheduler import Scheduler

__all__ = ["Task"]

_first = itemgetter(0)


class Task(Puller):
    """One task of a region.

    Attributes:
        plan: What it does.
        opened: What was opened for it to pull, producers first.
        branches: Its branches of forks.
        taken: How many items it has collected or handed out.
    """

    def __init__(self, plan: TaskPlan, region: RegionRun) -> None:
        super().__init__(plan.step)
        self.plan: Final = plan
        self.order = plan.order
        self.opened: list[Closable] = []
        self.branches: list[Branch] = []
        self.taken = 0
        self._region: Final = region

    @property
    def unwanted(self) -> bool:
        """Whether what it works for can't come about any more, because something that it depends on has failed."""
        return not self.stopped and self.step in self._region.execution.skipped

    def prepare(self, scheduler: Scheduler, enter: bool) -> None:
        """Gives it a stack of its own.

        Args:
            scheduler: Who gives it its turns.
            enter: Whether to enter the stack at once, and leave it before anything of the user's runs. A greenlet inherits
                the recursion depth at which it is first entered: in the middle of a large region that may be any. Where
                that does no harm it is entered later, on top of the stack of the task before it: then a switch between the
                two has only one of them to copy.
        """
        self.turns = scheduler
        self.stack = greenlet(self.run)
        # A new greenlet starts with an empty context; what the caller has set is to be seen by every step.
        self.stack.gr_context = contextvars.copy_context()
        if enter:
            self.stack.switch(self.stack.parent)

    def let_go(self) -> None:
        """Forgets, at the region's end, what knows it in turn."""
        self.branches.clear()
        self.turns = None

    def abandon(self) -> None:
        """Ends it before it has begun."""
        self._region.execution.fail(self.step, Cancelled(), self._index_of)
        self._end()

    def run(self, parent: greenlet | None = None) -> None:
        """Does what it is for, and closes what it has read.

        Args:
            parent: Where to go first, when its stack was only to be entered.
        """
        region = self._region
        try:
            if parent is not None:
                parent.switch()
            for need in self.plan.needs:
                self.wait(region.task_of(need))
            if self.step not in region.execution.skipped:
                self._perform()
                for branch in self.branches:
                    if branch.fault is not None:
                        raise branch.fault
        except BaseException as error:
            region.execution.fail(self.step, error, self._index_of)
        finally:
            self._end()

    def _index_of(self, step: str) -> int | None:
        if step == self.step and self.plan.kind is TaskKind.COLLECT:
            return self.taken - 1 if self.taken else None
        return self._region.index_of(step)

    def _end(self) -> None:
        region = self._region
        region.close(self)
        self.over = True
        if region.execution.stopped:
            region.stop()
        if self.turns is not None:
            self.turns.ended(self)

    def _perform(self) -> None:
        region, kind = self._region, self.plan.kind
        if kind is TaskKind.CALL:
            region.call(self)
            return
        if kind is TaskKind.FEED:
            region.feed(self)
            return
        source = region.stream_of(self)
        if kind is TaskKind.DRAIN:
            self._count_into(_exhaust, source)
        elif kind is TaskKind.KEEP:
            region.execution.keep(self.step, self._count_into(list, source))
        elif kind is TaskKind.HAND_OUT:
            # A generator would keep the item while the caller has it.
            region.execution.hand_out(map(self._counted, source))
        else:
            edge = self.plan.edge
            assert edge is not None
            assert edge.collector is not None
            region.collected[edge] = self._count_into(edge.collector, source)

    def _count_into(self, collect: Callable[[Iterator[object]], object], source: Iterable[object]) -> object:
        """Collects a stream and takes note of how many items it had, counting them in C."""
        counter = count()
        try:
            # Of the two, the stream is asked first: at its end the counter stands at the number of items.
            return collect(map(_first, zip(source, counter, strict=False)))
        finally:
            self.taken = next(counter)

    def _counted(self, item: object) -> object:
        self.taken += 1
        return item


def _exhaust(source: Iterable[object]) -> None:
    deque(source, maxlen=0)
