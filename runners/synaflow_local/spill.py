"""Spilling: what a branch that runs ahead keeps beyond a bound of memory goes to disk, in order.

Between who pulls and who reads, the items of such a branch stand in a line of three parts:

    the source -> tail (memory) -> blocks (disk) -> head (memory) -> the consumer

Below the bound there is only the head. Beyond it, new items gather in the tail until they make a block, which is pickled
and written; when the head is nearly empty, the oldest block is read back. So never more than the head as it was at the
bound and two blocks are in memory, and nothing is ever copied as a whole.

The files have no name: the operating system removes them when they are closed, or when the process ends, however it does.
So nothing is left behind even after SIGKILL, and nothing has to be cleaned up later. Space is given back in segments: a file
is closed when all its blocks have been read.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import warnings
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import IO, Final, NoReturn

from synaflow import Cancelled, RunnerError, SpillError

__all__ = ["SPILL_AFTER", "Backlog", "Spilling"]

SPILL_AFTER: Final = 256 * 2**20
"""How many bytes of items the branches of a run may keep in memory by default."""

_BLOCK: Final = 2**20
_SEGMENT: Final = 64 * 2**20
_SAMPLED: Final = 64
"""At most so many items are taken to be as big as those before them, then one is looked at again."""
_LOOKED_AT: Final = 10_000
"""Objects that are counted of one item at most."""
_SHARED: Final = (type, ModuleType, FunctionType, CodeType)
"""What items refer to and don't own."""


class Spilling:
    """When and where the branches of one run spill.

    Attributes:
        limit: How many bytes of items they may keep in memory, all together; None for as many as there are.
        failure: Why the run has to end, None while it hasn't.
        backlogs: The branches that have lately kept some.
    """

    def __init__(self, limit: int | None, directory: str | os.PathLike[str] | None) -> None:
        """Checks both.

        Raises:
            RunnerError: The limit is negative, or the directory is none or can't be written to.
        """
        if limit is not None and (not isinstance(limit, int) or limit < 0):
            raise RunnerError(f"spill_after={limit!r}: give a number of bytes from 0 up, or None for no limit")
        if directory is not None and not _writable(directory):
            raise RunnerError(f"spill_to={os.fspath(directory)!r}: no directory that can be written to")
        self.limit: Final = limit
        self.failure: Exception | None = None
        self.backlogs: list[Backlog] = []
        self._directory: Final = directory

    @property
    def directory(self) -> str:
        """Where the files are: as told, else by TMPDIR, else `/var/tmp`, for `/tmp` may itself be memory."""
        if self._directory is not None:
            return os.fspath(self._directory)
        if "TMPDIR" not in os.environ and _writable("/var/tmp"):  # noqa: S108  # its files have no name
            return "/var/tmp"  # noqa: S108
        import tempfile  # with random, shutil and what compresses: only for a run that spills

        return tempfile.gettempdir()

    def over(self) -> bool:
        """Whether the branches keep more than they may, by estimate."""
        if self.limit is None:
            return False
        self.backlogs = [backlog for backlog in self.backlogs if backlog.head]
        return sum(backlog.in_memory() for backlog in self.backlogs) > self.limit

    def end(self, failure: Exception) -> NoReturn:
        """Stops the step on whose stack this is, and with it the run: it is no step's failure."""
        self.failure = self.failure or failure
        raise Cancelled("what the branches keep can't go to disk") from None

    def watch(self, backlog: Backlog) -> None:
        """Counts a branch among those that keep items."""
        if backlog not in self.backlogs:
            self.backlogs.append(backlog)


@dataclass(slots=True, eq=False)
class _Segment:
    """A file without a name, and how many of its blocks are still to be read."""

    file: IO[bytes]
    size: int = 0
    unread: int = 0


@dataclass(slots=True)
class _Block:
    """Items that were written together.

    Attributes:
        count: How many there are.
        segment: The file; None when none of them could be pickled.
        start: Where in it they begin.
        whole: Whether they are one pickle, rather than one each.
        kept: The items that couldn't be pickled, by their place.
    """

    count: int
    segment: _Segment | None
    start: int = 0
    whole: bool = True
    kept: dict[int, object] = field(default_factory=dict)


class Backlog:
    """The items a branch keeps for its consumer, once there are enough of them to be measured.

    Attributes:
        head: The oldest ones. It is empty only when there are none at all.
        spilled: How many went to disk so far.
        written: How many bytes that was.
        unpicklable: How many should have gone there, and can't be pickled.
    """

    def __init__(self, head: deque[object], spilling: Spilling, producer: str, consumer: str) -> None:
        self.head: Final = head
        self.spilled = 0
        self.written = 0
        self.unpicklable = 0
        self._spilling: Final = spilling
        self._branch: Final = (producer, consumer)
        self._tail: list[object] = []
        self._blocks: deque[_Block] = deque()
        self._in_blocks = 0
        self._segment: _Segment | None = None
        self._over = False
        self._hopeless = False
        self._size = 0.0
        self._samples = 0
        self._sampled_in = 0
        self._on_disk = 0

    def __len__(self) -> int:
        return len(self.head) + self._in_blocks + len(self._tail)

    def in_memory(self) -> float:
        """About how many bytes of it are in memory."""
        return self._size * (len(self.head) + len(self._tail))

    def append(self, item: object) -> None:
        """Adds the newest item.

        Raises:
            Cancelled: It couldn't be written; why is the run's `failure`.
        """
        self._sampled_in -= 1
        if self._sampled_in < 0:
            self._sample(item)
        if not self._over or not self.head:
            self.head.append(item)
            return
        self._tail.append(item)
        if self._size * len(self._tail) >= self._block_size():
            try:
                self._write()
            except OSError as error:
                self._fail("can't go to disk", error)
            except Warning as error:
                # Somebody has asked for warnings to be errors.
                self._spilling.end(error)

    def refill(self) -> None:
        """Reads the oldest block back, before the last item of the head is taken.

        Raises:
            Cancelled: It couldn't be read; why is the run's `failure`.
        """
        if self._blocks:
            try:
                self.head.extend(self._read(self._blocks[0]))
            except Exception as error:
                self._fail("can't be read back from disk", error)
            self._in_blocks -= self._blocks.popleft().count
        else:
            self.head.extend(self._tail)
            self._tail.clear()
            self._over = False

    def close(self) -> None:
        """Drops everything, and gives the disk space back."""
        self.head.clear()
        self._tail.clear()
        segments = {id(block.segment): block.segment for block in self._blocks}
        self._blocks.clear()
        self._in_blocks = 0
        if self in self._spilling.backlogs:
            self._spilling.backlogs.remove(self)
        for segment in (*segments.values(), self._segment):
            if segment is not None:
                self._drop(segment)

    def _sample(self, item: object) -> None:
        """Looks at one item's size, and whether the bound is reached by now."""
        spilling = self._spilling
        if spilling.limit is None:
            self._sampled_in = sys.maxsize
            return
        self._samples += 1
        self._size += (_size_of(item) - self._size) / min(self._samples, 4)
        self._sampled_in = min(int(spilling.limit / 64 / self._size), _SAMPLED) - 1
        spilling.watch(self)
        self._over = self._over or spilling.over()

    def _block_size(self) -> int:
        assert self._spilling.limit is not None
        return min(_BLOCK, self._spilling.limit // 8)

    def _write(self) -> None:
        """Makes a block of the tail."""
        items = self._tail
        if self._hopeless:
            self.unpicklable += len(items)
            self._line_up(_Block(len(items), None, kept=dict(enumerate(items))))
            return
        segment = self._open()
        file, start = segment.file, segment.size
        block = _Block(len(items), segment, start)
        file.seek(start)
        try:
            pickle.Pickler(file, pickle.HIGHEST_PROTOCOL).dump(items)
        except OSError:
            raise
        except Exception:
            file.seek(start)
            file.truncate()
            self._write_each(block, items)
        file.flush()
        segment.size = file.tell()
        segment.unread += 1
        self._on_disk += segment.size - start
        self.written += segment.size - start
        self.spilled += len(items) - len(block.kept)
        self._hopeless = len(block.kept) == len(items)
        self._line_up(block)

    def _line_up(self, block: _Block) -> None:
        self._blocks.append(block)
        self._in_blocks += block.count
        self._tail = []

    def _write_each(self, block: _Block, items: list[object]) -> None:
        """Pickles one item after the other; those that can't be stay where they are."""
        assert block.segment is not None
        file = block.segment.file
        block.whole = False
        reason: Exception | None = None
        for place, item in enumerate(items):
            start = file.tell()
            try:
                pickle.Pickler(file, pickle.HIGHEST_PROTOCOL).dump(item)
            except OSError:
                raise
            except Exception as error:
                file.seek(start)
                file.truncate()
                block.kept[place] = item
                reason = error
        if reason is not None and not self.unpicklable:
            self._report(reason)
        self.unpicklable += len(block.kept)

    def _report(self, reason: Exception) -> None:
        producer, consumer = self._branch
        warnings.warn(
            f"'{consumer}' lags behind '{producer}', whose items should go to disk but can't be pickled and stay in "
            f"memory: {type(reason).__name__}: {reason}",
            RuntimeWarning,
            stacklevel=2,
        )

    def _read(self, block: _Block) -> list[object]:
        segment = block.segment
        if segment is None:
            return [block.kept[place] for place in range(block.count)]
        segment.file.seek(block.start)
        if block.whole:
            items: list[object] = _load(segment.file)  # type: ignore[assignment]  # as written
        else:
            items = [block.kept[place] if place in block.kept else _load(segment.file) for place in range(block.count)]
        segment.unread -= 1
        if not segment.unread:
            self._drop(segment)
        return items

    def _open(self) -> _Segment:
        """The file to write to. They grow with what is on disk, so that there never are many."""
        segment = self._segment
        if segment is None or segment.size >= max(_SEGMENT, self._on_disk // 8):
            import tempfile

            file = tempfile.TemporaryFile(dir=self._spilling.directory)  # noqa: SIM115  # closed with its last block
            segment = self._segment = _Segment(file)
        return segment

    def _drop(self, segment: _Segment) -> None:
        if segment is self._segment:
            self._segment = None
        self._on_disk -= segment.size
        with suppress(OSError):  # what couldn't be written when the disk was full can't be now either
            segment.file.close()

    def _fail(self, trouble: str, error: Exception) -> NoReturn:
        failure = SpillError(*self._branch, f"{trouble}: {error}", self._on_disk, self._spilling.directory)
        failure.__cause__ = error
        self._spilling.end(failure)


def _writable(directory: str | os.PathLike[str]) -> bool:
    return os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)


def _load(file: IO[bytes]) -> object:
    return pickle.Unpickler(file).load()  # noqa: S301  # this process wrote it, and the file has no name


def _size_of(item: object) -> int:
    """About how many bytes of memory an item takes, with what it refers to."""
    size, seen, found = 8, set[int](), [item]
    while found and len(seen) < _LOOKED_AT:
        thing = found.pop()
        if id(thing) in seen or isinstance(thing, _SHARED):
            continue
        seen.add(id(thing))
        size += _shallow(thing)
        found.extend(gc.get_referents(thing))
    return size


def _shallow(thing: object) -> int:
    try:
        size = sys.getsizeof(thing, 64)
    except Exception:
        size = 64
    if type(thing).__module__ != "builtins":
        # An array that is a view of another owns no memory, but keeps that.
        with suppress(TypeError, ValueError, BufferError), memoryview(thing) as view:  # type: ignore[arg-type]
            size = max(size, view.nbytes)
    return size
