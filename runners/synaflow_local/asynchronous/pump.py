"""Who pulls a fork on an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from synaflow_local.asynchronous.stack import Stack, current_stack
from synaflow_local.pullers import Puller

if TYPE_CHECKING:
    from synaflow_local.asynchronous.scheduler import LoopScheduler
    from synaflow_local.forks import Fork

__all__ = ["Pump"]

_T = TypeVar("_T")


class Pump(Puller):
    """Pulls a fork's source, and closes it, in a task of its own.

    On stacks that switch to each other, whoever's turn it is pulls. Here that won't do: what an asynchronous source enters in
    a task (a task group, a time limit) it has to leave in the same one, and a reader that gives up waiting would take the
    source with it.
    """

    def __init__(self, fork: Fork, scheduler: LoopScheduler) -> None:
        super().__init__(fork.name)
        self.order = (0, 0)
        self.turns = scheduler
        self.fork: Final = fork
        self._scheduler: Final = scheduler
        self._stack: Final[Stack[None]] = Stack(self._serve, scheduler, self)
        self._orders: Final[deque[Callable[[], None]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._idle = False

    def pull(self) -> None:
        """Has the next item pulled."""
        self._give(self._pull)

    def close(self, action: Callable[[], _T]) -> _T:
        """Has something closed where the source is pulled, and waits until it is."""
        if current_stack() is self._stack:
            return action()
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._give(partial(_answer, done, partial(self._scheduler.closing, action)))
        self._scheduler.outlast(done)
        return done.result()

    def stop(self) -> None:
        """Stops it where it waits; it isn't pulling any more then."""
        self.stopped = True
        if self._task is not None and not self._idle:
            self._scheduler.interrupt(self, self._task)

    def end(self) -> asyncio.Task[None] | None:
        """Has it end when it has done what it was told; gives back its task, if it has begun."""
        if self._task is not None:
            self.over = True
            if self._idle:
                self._scheduler.wake(self._stack)
        return self._task

    def _give(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stack.run())
            self._task.add_done_callback(partial(self._scheduler.gone, self))
        elif self._idle:
            self._scheduler.wake(self._stack)

    def _serve(self) -> None:
        while True:
            while self._orders:
                self._orders.popleft()()
            if self.over:
                return
            self._idle = True
            self._stack.ready_to_park()
            try:
                self._scheduler.released(self)
                self._stack.park()
            except asyncio.CancelledError:
                pass  # by who ends the event loop; whoever runs the region hears of it too, and ends this
            finally:
                self._idle = False

    def _pull(self) -> None:
        if self._scheduler.stopped:
            self.fork.puller = None
            return
        self._scheduler.draw(self.fork, self)


def _answer(done: asyncio.Future[_T], action: Callable[[], _T]) -> None:
    try:
        done.set_result(action())
    except BaseException as error:
        if isinstance(error, StopIteration):
            error = RuntimeError("what was to be done has ended a stream")
        done.set_exception(error)
