"""What the steps of a run leave behind, wherever they run."""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["CLOSED", "Event", "Recorder", "SharedLog", "log"]

Event = tuple[str, object]
"""Which step, and the item it was about; `CLOSED` in place of an item when its `finally` ran."""

CLOSED = "closed"

T = TypeVar("T")


class SharedLog(Generic[T]):
    """A log in memory. Once it is pickled it is a file, which all its copies append to, in whatever process they are.

    What an entry holds has to come back from a pickle equal to what it was.
    """

    def __init__(self) -> None:
        self._entries: list[T] = []
        self._path = ""

    def append(self, entry: T) -> None:
        """Adds an entry at the end."""
        if not self._path:
            self._entries.append(entry)
            return
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            # One write an entry: those of several processes don't mix.
            os.write(file, pickle.dumps(entry))
        finally:
            os.close(file)

    def entries(self) -> list[T]:
        """All entries so far, from everywhere, in the order they were made."""
        if not self._path:
            return self._entries
        entries: list[T] = []
        with open(self._path, "rb") as file, suppress(EOFError):
            while True:
                entries.append(pickle.load(file))
        return entries

    def clear(self) -> None:
        """Forgets all entries."""
        self._entries.clear()
        if self._path:
            os.truncate(self._path, 0)

    def __getstate__(self) -> str:
        if not self._path:
            file, self._path = tempfile.mkstemp(suffix=".log")
            os.close(file)
            weakref.finalize(self, _remove, self._path, os.getpid())
            for entry in self._entries:
                self.append(entry)
            self._entries.clear()
        return self._path

    def __setstate__(self, path: str) -> None:
        self._entries = []
        self._path = path


def _remove(path: str, process: int) -> None:
    if os.getpid() == process:
        os.unlink(path)


class Recorder:
    """What the steps of one run leave behind: a log in the order things happened, and objects to look at afterwards.

    The log can be read wherever the steps ran; the objects are there only in the process that a step ran in.
    """

    def __init__(self) -> None:
        self.log: SharedLog[Event] = SharedLog()
        self.kept: list[object] = []
        self.raised: list[BaseException] = []

    def __getstate__(self) -> SharedLog[Event]:
        return self.log

    def __setstate__(self, log: SharedLog[Event]) -> None:
        self.log, self.kept, self.raised = log, [], []

    @property
    def events(self) -> list[Event]:
        """All that happened."""
        return self.log.entries()

    def __call__(self, step: str, item: object) -> None:
        """Logs that a step is at that item."""
        self.log.append((step, item))

    def closed(self, step: str) -> None:
        """Logs that the step's `finally` ran."""
        self.log.append((step, CLOSED))

    def keep(self, thing: object) -> None:
        """Keeps an object for the case's check."""
        self.kept.append(thing)

    def error(self, error: BaseException) -> BaseException:
        """Notes the error that a step is about to raise, so that its identity can be checked, and gives it back."""
        self.raised.append(error)
        return error

    def of(self, *steps: str) -> list[Event]:
        """The events of those steps only."""
        return [event for event in self.events if event[0] in steps]

    def closings(self) -> list[str]:
        """The steps whose `finally` ran, in the order they did."""
        return [step for step, item in self.events if item == CLOSED]


def log(text: str) -> list[Event]:
    """Reads a log written for people: `"s0 a0 s!"` is step s at item 0, step a at item 0, step s closed."""
    events: list[Event] = []
    for word in text.split():
        step = word.rstrip("0123456789!")
        item = word[len(step) :]
        events.append((step, CLOSED if item == "!" else int(item)))
    return events
