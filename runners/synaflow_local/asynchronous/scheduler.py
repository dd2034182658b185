"""A region with streams on an event loop: every task in an `asyncio.Task`, by the rules that also hold without a loop.

One at a time has the turn. It runs until it waits at a fork, ends, or is away, waiting for something that isn't the
region's; then the turn goes on to the next that the rules name. Who comes back from being away goes on without the turn. So
what never waits for anything runs in the same order as without a loop, and the starts of a round are in order whatever
happens in between, while what the readers of an item wait for overlaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from synaflow import Cancelled
from synaflow_local.asynchronous.bridges import Lasting, Stopped
from synaflow_local.asynchronous.pump import Pump
from synaflow_local.asynchronous.stack import Stack, awaited, cancel_once, current_stack, outlasting, own_error
from synaflow_local.forks import Fork
from synaflow_local.rules import Rules, order_of
from synaflow_local.tasks import Task

if TYPE_CHECKING:
    from synaflow_local.forks import Branch
    from synaflow_local.pullers import Need, Puller

__all__ = ["LoopScheduler"]

_T = TypeVar("_T")


class LoopScheduler(Rules):
    """Gives the tasks of one region their turns."""

    def __init__(
        self,
        tasks: Sequence[Task],
        forks: Sequence[Fork],
        close: Callable[[Fork], None],
        abort: Callable[[BaseException], None],
        told: Callable[[str], None],
    ) -> None:
        super().__init__(tasks, forks, close, abort)
        self._tasks: Final = sorted(tasks, key=order_of)
        self._told: Final = told
        self._stacks: Final = {task: Stack(task.run, self, task) for task in tasks}
        self._pumps: Final = {fork.name: Pump(fork, self) for fork in forks}
        self._begun: Final[dict[Puller, asyncio.Task[None]]] = {}
        self._parked: Final[dict[Puller, Stack[Any]]] = {}
        self._outside: Final[set[Stack[Any]]] = set()
        self._closing: Final[set[Stack[Any] | None]] = set()
        self._interrupted: Final[set[Puller]] = set()
        self._turn: Puller | None = None
        self._lost: Final[list[Task]] = []
        self._change: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def run(self) -> None:
        """Runs all tasks to their end, or stops them all when one of them stops the run."""
        for task in self._tasks:
            task.turns = self
        try:
            while self._running and not self.stopped:
                self._change = asyncio.get_running_loop().create_future()
                self._hand_on()
                try:
                    awaited(self._change)
                except asyncio.CancelledError as error:
                    self._abort(error)
                    self.stopped = True
                self._abandon_lost()
                for task in self._tasks:
                    if task in self._running and task.unwanted:
                        self.cancel(task)
        finally:
            self._stop()

    def pump_of(self, fork: Fork) -> Pump:
        """Who pulls it."""
        return self._pumps[fork.name]

    def read(self, branch: Branch) -> Iterator[object]:
        """What the consumer of a branch iterates over."""
        return _Reading(branch, self)

    async def lend(self, reader: Task | Fork, body: Callable[[], object]) -> object:
        """Runs code of a step's in a task that the step has started, on a stack of its own."""
        return await Stack(body, self, reader.puller).run()

    def wait(self, puller: Puller, need: Need | Fork) -> None:
        """Keeps a puller where it is until another one, or a fork, has ended."""
        while not need.over:
            if self.stopped or puller.stopped:
                raise Stopped(f"step '{puller.step}' was stopped")
            outer = self._waits.get(puller)
            self._waits[puller] = need
            try:
                self._park(puller)
            finally:
                if outer is None:
                    del self._waits[puller]
                else:
                    self._waits[puller] = outer

    def draw(self, fork: Fork, pump: Pump) -> None:
        """Pulls a fork's source, in the pump's task, and hands the item to all branches."""
        try:
            item = fork.next()
        except asyncio.CancelledError as error:
            if isinstance(error, Cancelled):
                self.end(fork, error)
            elif self.stopped or pump.stopped:
                self.end(fork, Stopped(*error.args))
            else:
                self.end(fork, own_error(error) or error)
        except BaseException as error:
            self.end(fork, error)
        else:
            fork.puller = None
            fork.count += fork.size(item)
            for branch in fork.branches:
                if branch.live:
                    if branch in fork.waiting:
                        branch.push(item)
                    else:
                        self.keep(branch, item)
            if fork.width:
                self.line_up(fork)
            else:
                # Those who read it have all gone while it was pulled.
                self._close(fork)
                self.closed(fork)

    def end(self, fork: Fork, error: BaseException) -> None:
        """Takes note of how a fork's source has ended, or been stopped."""
        try:
            super().end(fork, error)
        except BaseException as stop:
            if stop is not error:
                raise
            # It was pulled for nobody in particular, and nobody gets more of it.
            for branch in fork.branches:
                branch.deny(Cancelled)
            self.line_up(fork)
            if not isinstance(error, Cancelled):
                self.halt()

    def halt(self) -> None:
        """Lets nobody go on after the step that is running."""
        super().halt()
        self._tell()

    def ended(self, task: Puller) -> None:
        """Takes note that a task has ended, and lets those go on that waited for it."""
        super().ended(task)
        self._tell()
        self.released(task)

    def cancel(self, task: Task) -> None:
        """Stops a task where it waits; it has yet to end."""
        if task.stopped:
            # Once is enough: a second time would find it in a `finally`.
            return
        task.stopped = True
        self._told(task.step)
        for branch in task.branches:
            branch.deny(Cancelled)
        begun = self._begun.get(task)
        if begun is None:
            task.abandon()
        else:
            self.interrupt(task, begun)

    def interrupt(self, puller: Puller, task: asyncio.Task[None]) -> None:
        """Raises `Cancelled` where it is parked, or cancels what it waits for."""
        parked = self._parked.get(puller)
        if parked is not None:
            if parked.wake(Stopped(f"step '{puller.step}' was stopped")):
                self._interrupted.add(puller)
            # Until it runs, it is no longer one that waits.
            self.away.add(puller)
        elif any(stack.owner is puller and stack not in self._closing for stack in self._outside):
            self._cancel(puller, task)

    def _cancel(self, puller: Puller, task: asyncio.Task[None]) -> None:
        if cancel_once(task, f"step '{puller.step}' was stopped"):
            self._interrupted.add(puller)

    def closing(self, close: Callable[[], _T]) -> _T:
        """Does what closes something: nobody interrupts who is at that."""
        stack = current_stack()
        if stack in self._closing:
            return close()
        self._closing.add(stack)
        try:
            return close()
        finally:
            self._closing.discard(stack)

    def outlast(self, future: asyncio.Future[Any]) -> None:
        """Waits until something of the run's own has come to its end, and takes note if the run was cancelled meanwhile."""
        hurried = outlasting(future)
        if hurried is not None:
            self._abort(hurried)
            self.halt()

    def bring(self, need: Need) -> None:
        """Lets those go on who wait for something that has come."""
        self._wake(need)
        if self.ready:
            self._hand_on()

    def released(self, puller: Puller) -> None:
        """Takes note that a puller waits, and lets the next go on if it had the turn."""
        if self._turn is puller:
            self._turn = None
        self._hand_on()

    # Watching the stacks

    def wake(self, stack: Stack[Any]) -> None:
        """Lets a parked stack go on, perhaps at once, while the one that runs stands still in the middle of something."""
        visitor = current_stack()
        if visitor is None or visitor in self._outside or visitor.owner is None:
            stack.wake()
            return
        self._goes_outside(visitor, visitor.owner)
        try:
            stack.wake()
        finally:
            self.back(visitor)

    def left(self, stack: Stack[Any]) -> None:
        """Takes note that a stack waits for something that isn't the region's."""
        puller = stack.owner
        assert puller is not None, "who is watched works for somebody"
        self._goes_outside(stack, puller)
        if puller.stopped and puller not in self._interrupted and stack not in self._closing:
            # It was just about to go on when it was stopped.
            running = asyncio.current_task()
            assert running is not None, "who waits does so in a task"
            self._cancel(puller, running)
        self.released(puller)

    def back(self, stack: Stack[Any]) -> None:
        """Takes note that it goes on."""
        self._outside.discard(stack)
        assert stack.owner is not None, "who is watched works for somebody"
        self._here_again(stack.owner)

    def _goes_outside(self, stack: Stack[Any], puller: Puller) -> None:
        self._outside.add(stack)
        if puller not in self._parked:
            self.away.add(puller)

    def _here_again(self, puller: Puller) -> None:
        self.away.discard(puller)
        if puller not in self._parked:
            for stack in self._outside:
                if stack.owner is puller:
                    self.away.add(puller)
                    break

    # Turns

    def wait_at(self, branch: Branch) -> None:
        """Waits for the next item of a fork."""
        puller = branch.reader.puller
        if puller is None or current_stack() is None:
            raise branch.foreign()
        waiting = branch.fork.waiting
        waiting.append(branch)
        try:
            self._park(puller)
        finally:
            if branch in waiting:
                waiting.remove(branch)

    def _park(self, puller: Puller) -> None:
        stack = current_stack()
        assert stack is not None, "who waits runs on a stack"
        before = self._parked.get(puller)
        stack.ready_to_park()
        self._parked[puller] = stack
        self.away.discard(puller)
        try:
            self.released(puller)
            stack.park()
        finally:
            if before is None:
                del self._parked[puller]
            else:
                self._parked[puller] = before
            if puller in self.ready:
                self.ready.remove(puller)
            self._here_again(puller)

    def _hand_on(self) -> None:
        """Gives the turn to the next, if nobody has it."""
        while self._turn is None and not self.stopped:
            if self.ready:
                self._turn = puller = self.ready.pop()
                self._resume(puller)
                return
            chosen = self.choose() if self._somebody_can_pull() else None
            if chosen is None:
                return
            puller, fork = chosen
            pump = self._pumps[fork.name]
            pump.order = puller.order
            fork.puller = self._turn = pump
            pump.pull()

    def _somebody_can_pull(self) -> bool:
        for fork in self._forks:
            if fork.waiting:
                return True
        return any(isinstance(need, Fork) for need in self._waits.values())

    def _resume(self, puller: Puller) -> None:
        parked = self._parked.get(puller)
        if parked is not None:
            self.wake(parked)
            return
        assert isinstance(puller, Task), "only tasks are ready before they have begun"
        begun = asyncio.get_running_loop().create_task(self._stacks[puller].run())
        self._begun[puller] = begun
        begun.add_done_callback(partial(self.gone, puller))

    def gone(self, puller: Puller, begun: asyncio.Task[None]) -> None:
        """Takes note that an asyncio task has ended, whatever it was that ended it."""
        error = None if begun.cancelled() else begun.exception()
        if error is not None:
            # No step's: those are told to the run. Without whoever has failed here the region can't go on.
            self._abort(error)
            self.stopped = True
            self._tell()
        if isinstance(puller, Task) and not puller.over:
            # Cancelled by who ends the event loop, before it had begun.
            self._lost.append(puller)
            self._tell()

    def _abandon_lost(self) -> None:
        while self._lost:
            self._lost.pop().abandon()

    def _tell(self) -> None:
        if not self._change.done():
            self._change.set_result(None)

    # The end

    def _stop(self) -> None:
        """Ends what still runs, consumers in the order they are listed, and waits until all have."""
        if self._running:
            for seeing in self.ending():
                self._resume(seeing)
            for task in self._tasks:
                if task in self._running:
                    self.cancel(task)
            while self._running:
                self._change = asyncio.get_running_loop().create_future()
                self.outlast(self._change)
                self._abandon_lost()
            for pump in self._pumps.values():
                pump.stop()
        for fork in reversed(self._forks):
            # One whose source was stopped while it was pulled is closed by no reader.
            self._close(fork)
        for pump in self._pumps.values():
            ended = pump.end()
            if ended is not None:
                self.outlast(ended)


class _Reading(Lasting):
    """What the consumer of a branch iterates over. No generator, which would be at its end when its reader gives up once."""

    def __init__(self, branch: Branch, turns: LoopScheduler) -> None:
        self._branch: Final = branch
        self._turns: Final = turns
        self._over = False

    def __next__(self) -> object:
        branch = self._branch
        fork = branch.fork
        while True:
            if branch.refuse is not None:
                raise Stopped(*branch.refusal().args) if branch.refuse is Cancelled else branch.refusal()
            if branch.buffer:
                self._turns.forced = None
                return branch.shift()
            if fork.end is not None:
                return self._end()
            self._turns.wait_at(branch)
            if fork.end is not None and not branch.buffer:
                # Also when all are being stopped: who was told of its producer's error gets to see that.
                return self._end()

    def _end(self) -> object:
        end = self._branch.fork.end
        assert end is not None
        if self._over:
            raise StopIteration
        self._over = True
        raise StopIteration(end.deliver())
