"""Streams that were dropped in another thread than the one that began them.

A stack of a run can only be entered in the thread it was begun in. Whoever drops a stream elsewhere (a garbage collection
can happen in any thread) leaves it for that thread, which closes it when it next runs a pipeline.
"""

from __future__ import annotations

import threading
import warnings
from typing import Final, Protocol

__all__ = ["Owner", "close_left_behind"]


class _Closable(Protocol):
    def close(self) -> None:
        """Ends the run where it stands."""


class Owner:
    """A thread that has begun streams.

    Attributes:
        left: What was left for it to close.
    """

    def __init__(self) -> None:
        self.left: Final[list[_Closable]] = []
        self._thread: Final = threading.current_thread()

    @staticmethod
    def current() -> Owner:
        """This thread."""
        owner = getattr(_here, "owner", None)
        if not isinstance(owner, Owner):
            owner = _here.owner = Owner()
        return owner

    def leave(self, stream: _Closable, pipeline: str) -> None:
        """Leaves a stream for it to close."""
        if self._thread.is_alive():
            self.left.append(stream)
            fate = "is closed when that thread next runs a pipeline"
        else:
            fate = "can't be closed any more, because that thread has ended"
        warnings.warn(
            f"a stream of pipeline '{pipeline}' was dropped in another thread than the one that began it, and {fate}; "
            "close it there: `with stream(...) as items:`",
            ResourceWarning,
            stacklevel=3,
        )


_here = threading.local()


def close_left_behind() -> None:
    """Closes what was left for this thread."""
    owner = getattr(_here, "owner", None)
    while owner is not None and owner.left:
        try:
            owner.left.pop(0).close()
        except Exception as error:
            warnings.warn(f"a stream that was dropped in another thread: {error}", RuntimeWarning, stacklevel=3)
