"""Streams that were begun and never ended: dropped where they can't be closed, or still there when the interpreter exits.

A stack of a run can only be entered in the thread it was begun in, and a stream with an event loop of its own only where no
other loop runs. Whoever drops a stream elsewhere (a garbage collection can happen in any thread) leaves it for that thread,
which closes it when it next runs a pipeline. And the garbage collector doesn't see what is on a suspended stack: of what is
there (a step, its module) and knows the stream in turn it can't tell that nobody else does. So what is still there at the exit
is closed then, as generators are.
"""

from __future__ import annotations

import atexit
import threading
import warnings
import weakref
from typing import Final, Protocol

__all__ = ["Owner", "close_left_behind"]


class _Closable(Protocol):
    def close(self) -> None:
        """Ends the run where it stands."""

    def closes_here(self) -> bool:
        """Whether that can be done here and now."""
        raise NotImplementedError


class Owner:
    """A thread that has begun streams.

    Attributes:
        left: What was left for it to close.
    """

    def __init__(self) -> None:
        self._begun: Final[weakref.WeakValueDictionary[int, _Closable]] = weakref.WeakValueDictionary()
        self.left: Final[list[_Closable]] = []
        self._thread: Final = threading.current_thread()

    @staticmethod
    def current() -> Owner:
        """This thread."""
        owner = getattr(_here, "owner", None)
        if not isinstance(owner, Owner):
            owner = _here.owner = Owner()
        return owner

    def begin(self, stream: _Closable) -> None:
        """Takes note of a stream that it begins."""
        self._begun[id(stream)] = stream

    def begun(self) -> list[_Closable]:
        """What it has begun and is still there, first to last."""
        return list(self._begun.values())

    def leave(self, stream: _Closable, pipeline: str) -> None:
        """Leaves a stream for it to close."""
        if self._thread.is_alive():
            self.left.append(stream)
            fate = "is closed when that thread next runs a pipeline"
        else:
            fate = "can't be closed any more, because that thread has ended"
        here = (
            "where another event loop runs"
            if self is Owner.current()
            else "in another thread than the one that began it"
        )
        warnings.warn(
            f"a stream of pipeline '{pipeline}' was dropped {here}, and {fate}; close it: `with stream(...) as items:`",
            ResourceWarning,
            stacklevel=3,
        )


_here = threading.local()


def close_left_behind() -> None:
    """Closes what was left for this thread."""
    owner = getattr(_here, "owner", None)
    if owner is None:
        return
    for stream in [stream for stream in owner.left if stream.closes_here()]:
        owner.left.remove(stream)
        _close(stream)


def _close(stream: _Closable) -> None:
    try:
        stream.close()
    except Exception as error:
        warnings.warn(f"a stream that was never ended: {error}", RuntimeWarning, stacklevel=4)


@atexit.register
def _close_all() -> None:
    for stream in Owner.current().begun():
        _close(stream)
