"""Plain code that waits for asynchronous code, without threads.

How a `for` loop can await
--------------------------
A plain function can't `await`: nothing between it and the event loop could be left and entered again. A greenlet can. So
every task of a run on an event loop has two halves. One is an `asyncio.Task`, whose coroutine is `Stack.run` below. The
other is a greenlet, in which the step's code runs, plain or asynchronous, with all that it reads. Where that code comes to
something that isn't there yet, it asks for it by `awaited`, which drives the awaitable by hand, as `await` does: as long as
the awaitable gets on without waiting, it costs a call. When it yields a future, `awaited` switches to the task's first half
with it; that yields it on to the event loop, and when the loop goes on with the task, switches back with what the loop sent,
or threw. To asyncio, the step's code has awaited that future itself: `asyncio.current_task`, time limits, cancellation and
task groups work in it as they do anywhere.

So one asynchronous generator can be read by a plain `for` loop, and a plain generator by an `async for`; how deep the one is
inside the other doesn't matter. (SQLAlchemy bridges the two the same way.)

Who is parked, waiting for its turn in a region, needn't be woken by way of the event loop, which costs some microseconds each
time. Whoever wakes it visits it: switches to its greenlet at once, and gets back when it waits again, or has ended.
Meanwhile asyncio is told that its task is the current one. Its task, whose coroutine stands where it was parked, is only
bothered when it has something new to wait for, or has ended. After so many visits the event loop has its turn all the same.

The greenlets of one `asyncio.Task` belong together: a relay's (see `streams.Relay`) suspends for its task, too. Which task's
code is running is kept by thread in `_here`, as neither greenlet nor contextvars could tell.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from asyncio import _enter_task, _leave_task  # documented for those who extend asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import greenlet

from synaflow import StreamReadError

if TYPE_CHECKING:
    from synaflow_local.pullers import Puller

__all__ = ["Stack", "Watcher", "awaited", "cancel_once", "current_stack", "entered", "outlasting", "own_error"]

_T = TypeVar("_T")

_VISITS: Final = 50
"""How often a parked stack is switched to before the event loop has its turn."""


class Watcher(Protocol):
    """Who wants to know whether a stack waits for something that isn't the run's."""

    def left(self, stack: Stack[Any]) -> None:
        """It does, from now on."""

    def back(self, stack: Stack[Any]) -> None:
        """It goes on."""


class _Here(threading.local):
    """What is known of this thread."""

    stack: Stack[Any] | None = None
    visits: int = 0


_here: Final = _Here()


def current_stack() -> Stack[Any] | None:
    """The stack whose code runs; None outside of any."""
    return _here.stack


class Stack(Generic[_T]):
    """Code that runs in a greenlet of its own, within an `asyncio.Task`.

    Attributes:
        owner: For whom it runs, to whoever watches it.
    """

    def __init__(self, body: Callable[[], _T], watcher: Watcher | None = None, owner: Puller | None = None) -> None:
        self.owner: Final = owner
        self._watcher: Final = watcher
        self._body: Final = greenlet.greenlet(body)
        self._inside = self._body
        self._outside: greenlet.greenlet
        self._loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[Any]
        self._gate: asyncio.Future[None] | None = None
        self._visitor: greenlet.greenlet | None = None
        self._moved: tuple[object] | None = None
        self._ended: tuple[_T | None, BaseException | None] | None = None
        self._parking = False
        self._woken: tuple[BaseException | None] | None = None

    async def run(self) -> _T:
        """Runs it to its end: the coroutine of its `asyncio.Task`."""
        task = asyncio.current_task()
        assert task is not None, "it is awaited in a task"
        self._task, self._loop = task, task.get_loop()
        self._outside = greenlet.getcurrent()
        # What it sets is seen by what it awaits and the other way round: it is the task's own context.
        self._body.gr_context = self._outside.gr_context or contextvars.copy_context()
        sent: tuple[object, ...] = ()
        raised: BaseException | None = None
        while True:
            _here.visits = 0
            before, _here.stack = _here.stack, self
            self._body.parent = self._outside
            try:
                wanted = self._inside.switch(*sent) if raised is None else self._inside.throw(raised)
            finally:
                _here.stack = before
            if self._body.dead:
                result: _T = wanted
                return result
            raised = None
            while True:
                try:
                    sent = (await _Passed(wanted),)
                except BaseException as error:
                    raised, self._moved = error, None
                if self._ended is not None:
                    return self._result()
                if self._moved is None:
                    break
                (wanted,), self._moved = self._moved, None

    def suspend(self, wanted: object) -> object:
        """Waits for what the event loop has to say to a future that something here has yielded."""
        self._inside = greenlet.getcurrent()
        if self._visitor is None:
            return self._outside.switch(wanted)
        # Its task, which is still where it was parked, has to wait for this now.
        self._moved = (wanted,)
        self._open()
        return self._visitor.switch()

    def leave(self, wanted: object) -> object:
        """As `suspend`, where what is waited for isn't the run's."""
        watcher = self._watcher
        if watcher is None:
            return self.suspend(wanted)
        watcher.left(self)
        try:
            return self.suspend(wanted)
        finally:
            watcher.back(self)

    def ready_to_park(self) -> None:
        """From now on it can be woken, though it isn't parked yet."""
        self._parking, self._woken = True, None

    def park(self) -> None:
        """Waits to be woken."""
        try:
            if self._woken is None:
                self._parking = False
                self._inside = greenlet.getcurrent()
                if self._visitor is not None:
                    self._visitor.switch()
                else:
                    gate = self._gate = self._loop.create_future()
                    self._outside.switch(next(gate.__await__()))
            elif self._woken[0] is not None:
                raise self._woken[0]
        finally:
            self._parking, self._woken = False, None

    def wake(self, error: BaseException | None = None) -> bool:
        """Lets it go on where it is parked, or raises something there; gives back whether it wasn't about to go on already."""
        if self._parking:
            if self._woken is not None:
                return False
            self._woken = (error,)
            return True
        gate = self._gate
        if gate is None or gate.done():
            return False
        if error is not None:
            gate.set_exception(error)
        elif _here.visits < _VISITS:
            _here.visits += 1
            self._visit()
        else:
            gate.set_result(None)
        return True

    def _visit(self) -> None:
        """Lets it go on here and now, in the middle of another stack, until it waits for something."""
        loop, visitor = self._loop, asyncio.current_task(self._loop)
        before, _here.stack = _here.stack, self
        self._visitor = self._body.parent = greenlet.getcurrent()
        if visitor is not None:
            _leave_task(loop, visitor)
        _enter_task(loop, self._task)
        try:
            result = self._inside.switch()
        except BaseException as error:
            self._ended = (None, error)
        else:
            if self._body.dead:
                self._ended = (result, None)
        finally:
            _leave_task(loop, self._task)
            if visitor is not None:
                _enter_task(loop, visitor)
            _here.stack = before
            self._visitor, self._body.parent = None, self._outside
        if self._ended is not None:
            self._open()

    def _open(self) -> None:
        """Has its task go on."""
        if self._gate is not None and not self._gate.done():
            self._gate.set_result(None)

    def _result(self) -> _T:
        assert self._ended is not None
        result, error = self._ended
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # the body's, then


class _Passed(Awaitable[object]):
    """Yields to the event loop what somebody else got from an awaitable, and gives back what the loop sends."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: object) -> None:
        self._wanted = wanted

    def __await__(self) -> Generator[object, object, object]:
        return (yield self._wanted)


def awaited(awaitable: Awaitable[_T]) -> _T:
    """Awaits something in a plain function that runs on a stack.

    Raises:
        StreamReadError: It runs on none: in a thread of its own.
    """
    stack = _here.stack
    if stack is None:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
        raise StreamReadError(
            "an asynchronous stream was read from a thread of its own; "
            "read it in the thread that runs the pipeline, and hand the items to the other thread"
        )
    iterator = awaitable.__await__()
    try:
        wanted = next(iterator)
        while True:
            try:
                sent = stack.leave(wanted)
            except BaseException as error:
                wanted = iterator.throw(error)
            else:
                wanted = iterator.send(sent)
    except StopIteration as stop:
        result: _T = stop.value
        return result


def outlasting(future: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Waits for something of the run's own to come to its end, whoever wants to be quicker; gives back that somebody did."""
    stack = _here.stack
    assert stack is not None, "only code of a run waits for it"
    hurried: asyncio.CancelledError | None = None
    while not future.done():
        try:
            awaited(_end_of(future))
        except asyncio.CancelledError as error:
            hurried = error
    return hurried


def cancel_once(future: asyncio.Future[Any], reason: str) -> bool:
    """Cancels something of the run's own, unless somebody has: a second time would find it in a `finally`.

    That somebody is who ends the event loop, or a time limit that it is just leaving.
    """
    return not (isinstance(future, asyncio.Task) and future.cancelling()) and future.cancel(reason)


def own_error(error: asyncio.CancelledError) -> RuntimeError | None:
    """The error of a step that was cancelled and not by anybody from outside: the run isn't to be cancelled for that.

    None where somebody has cancelled its task.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return None
    own = RuntimeError("it was cancelled by something of its own, or that it awaited")
    own.__cause__ = error
    return own.with_traceback(error.__traceback__)


async def _end_of(future: asyncio.Future[Any]) -> None:
    await asyncio.wait([future])


async def entered(body: Callable[[], _T]) -> _T:
    """Runs plain code that may wait for asynchronous code, in the task of whoever awaits this."""
    return await Stack(body).run()
