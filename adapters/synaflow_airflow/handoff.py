"""Values through an object store, by Airflow's `ObjectStoragePath`: what is too big for an XCom, or has no JSON.

Nobody reads half a value, on any store. It is written under a name that no XCom has, then renamed, and the XCom that
names it is pushed after that. Where renaming isn't atomic (object stores copy and delete), a reader can't be there early
all the same, and every reader compares length and digest with what that XCom says.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from synaflow_airflow.errors import HandoffError
from synaflow_airflow.formats import Format, UnfitError, format_for, format_of, named

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["HANDOFF_OVER", "Handoff", "Key", "clean", "format_of", "read", "write"]

HANDOFF_OVER: Final = 64 * 1024
"""Bytes of JSON past which a value goes to the hand-off, where there is one and nobody has said otherwise."""

_LONGEST: Final = 180
"""Characters of one part of a path: file systems end at 255, and a temporary name is longer than the last one."""

_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9_.-]")
_TRIES: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handoff:
    """Where values are handed over, and which.

    Attributes:
        base: The folder, a URL: `"file:///var/airflow/handoff"`, `"s3://connection@bucket/handoff"`.
        over: Bytes of JSON text past which a value goes there, although it could be an XCom.
        pickled: The steps whose values may go there as pickles.
    """

    base: str
    over: int = HANDOFF_OVER
    pickled: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if isinstance(self.pickled, str):
            raise HandoffError(f"pickled={self.pickled!r}: give the names of steps in a list")
        object.__setattr__(self, "pickled", frozenset(self.pickled))
        _check_base(self.base)
        if isinstance(self.over, bool) or not isinstance(self.over, int) or self.over < 0:
            raise HandoffError(f"handoff_over={self.over!r}: give a number of bytes")

    def to_dict(self) -> dict[str, object]:
        """Itself as JSON."""
        return {"base": self.base, "over": self.over, "pickled": sorted(self.pickled)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Handoff:
        """What `to_dict` gave."""
        return cls(told["base"], told["over"], frozenset(told["pickled"]))


@dataclass(frozen=True, slots=True)
class Key:
    """Which value it is: of which step, and of which try of which task in which run.

    A task that Airflow has given up may go on beside its retry; so each try has files of its own.
    """

    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    map_index: int = -1
    step: str = ""

    def parts(self) -> tuple[str, ...]:
        """The parts of its path below the base, but for the ending; no two keys have the same."""
        mapped = (f"map-{self.map_index}",) if self.map_index >= 0 else ()
        task = (_safe(self.dag_id), _safe(self.run_id), _safe(self.task_id))
        return (*task, *mapped, f"try-{self.try_number}", _safe(self.step))


def write(handoff: Handoff, key: Key, value: object, format: str) -> dict[str, object]:
    """Writes a value.

    Args:
        handoff: Where.
        key: Which value it is.
        value: The value; for `"json"`, plain JSON.
        format: What `format_of` said, or `"json"` or `"pickle"`.

    Returns:
        The entry that `read` takes, plain JSON: where it is, in what format, its length in bytes and its SHA-256.

    Raises:
        HandoffError: It can't be written so, or wouldn't come back equal.
    """
    if format == "pickle" and key.step not in handoff.pickled:
        raise HandoffError(f"the value of '{key.step}' may not be pickled: ask for it with pickled=['{key.step}']")
    try:
        how = format_for(format, value)
        *folders, name = key.parts()
        folder = "/".join([handoff.base.rstrip("/"), *folders])
        path = f"{folder}/{name}.{how.ending}"
        size, digest = _write(folder, path, how, value)
    except UnfitError as error:
        raise HandoffError(
            f"the value of '{key.step}' can't be handed over: {error}; the ways out: give another value, run producer and "
            f"consumer in one task with join=, or pickled=['{key.step}']"
        ) from error
    return {"path": path, "format": how.name, "bytes": size, "digest": digest}


def read(entry: Mapping[str, object], step: str, task: str, handoff: Handoff | None = None) -> object:
    """Reads a value.

    Args:
        entry: What `write` returned.
        step: The step that gave it, for messages.
        task: The task that ran it, for messages.
        handoff: Where it has to be. XComs can be edited, and who may do that could else have any file read, or any pickle
            loaded, which runs code.

    Raises:
        HandoffError: It isn't there any more, or isn't the one that was written, or can't have been written by `write`.
    """
    path, format, size, digest = (entry.get(name) for name in ("path", "format", "bytes", "digest"))
    if not isinstance(path, str) or (handoff is not None and not _is_below(path, handoff.base)):
        raise HandoffError(f"the XCom of '{step}' names {path!r}, where nothing of this DAG is ever handed over")
    if handoff is not None and format == "pickle" and step not in handoff.pickled:
        raise HandoffError(f"the XCom of '{step}' names a pickle, and there is no pickled=['{step}']: it is not read")
    again = f"clear the task '{task}' too, so that it gives the value again"
    fs, local = _open(path)
    try:
        with fs.open(local, "rb") as file:
            data: bytes = file.read()
    except FileNotFoundError:
        raise HandoffError(
            f"the value of '{step}' isn't at {path} any more (it is removed when the run has ended): {again}"
        ) from None
    if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
        raise HandoffError(
            f"what is at {path} is not the value that '{step}' gave, {size} bytes, but {len(data)} bytes"
            f"{' and others' if len(data) == size else ''}: {again}"
        )
    try:
        return named(str(format)).read(data)
    except Exception as error:  # whatever reading the user's class raises
        raise HandoffError(
            f"the value of '{step}', {path}, can't be read as {format}: {type(error).__name__}: {error}"
        ) from error


def clean(handoff: Handoff, dag_id: str, run_id: str) -> int:
    """Removes what a run has handed over, whole or half, and the DAG's folder if nothing else is in it.

    Returns:
        How many files there were.
    """
    parent = f"{handoff.base.rstrip('/')}/{_safe(dag_id)}"
    fs, local = _open(f"{parent}/{_safe(run_id)}")
    found = _again(lambda: _remove(fs, local), (OSError,))
    with suppress(OSError):  # not empty; or a store that knows no folders
        fs.rmdir(_open(parent)[1])
    return found


def _write(folder: str, path: str, how: Format, value: object) -> tuple[int, str]:
    unfinished = f"{path}.{uuid.uuid4().hex}.tmp"
    fs, local = _open(unfinished)
    try:
        with _again(lambda: _create(fs, _open(folder)[1], local), (FileNotFoundError,)) as file:
            counted = _Counted(file)
            how.write(value, counted)
        if how.verify is not None:
            with fs.open(local, "rb") as file:
                how.verify(how.read(file.read()), value)
        fs.mv(local, _open(path)[1])
    except BaseException:  # a task that is being killed too
        with suppress(Exception):
            fs.rm_file(local)
        raise
    return counted.size, counted.digest.hexdigest()


def _create(fs: Any, folder: str, local: str) -> IO[bytes]:  # noqa: ANN401  # fsspec carries no types
    fs.makedirs(folder, exist_ok=True)
    file: IO[bytes] = fs.open(local, "wb")
    return file


def _remove(fs: Any, local: str) -> int:  # noqa: ANN401  # fsspec carries no types
    fs.invalidate_cache()
    try:
        found: Iterable[str] = fs.find(local)
        count = sum(1 for _ in found)
        if fs.exists(local):
            fs.rm(local, recursive=True)
    except FileNotFoundError:  # never written, or removed by another
        return 0
    return count


def _again(do: Callable[[], T], errors: tuple[type[OSError], ...]) -> T:
    """Does what another process may disturb: one removes a folder that just became empty, one writes into it."""
    for _ in range(_TRIES - 1):
        with suppress(*errors):
            return do()
    return do()


class _Counted(io.RawIOBase):
    """A file that is written through to another one, which it never closes: its length and digest."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: ReadableBuffer, /) -> int:
        part = memoryview(data).cast("B")
        self._file.write(part)
        self.digest.update(part)
        self.size += len(part)
        return len(part)


def _is_below(path: str, base: str) -> bool:
    return path.startswith(f"{base.rstrip('/')}/") and ".." not in path.split("/")


def _open(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path there."""
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import attach

    protocol, _, rest = url.partition("://")
    bucket, slash, tail = rest.partition("/")
    # Taken off here: in Airflow 3.0 a path with a connection asks itself for its own text without end.
    connection, _, bucket = bucket.rpartition("@")
    path = ObjectStoragePath(f"{protocol}://{bucket}{slash}{tail}")
    return attach(protocol, connection or None).fs, path.path


def _safe(name: str) -> str:
    """A name as one part of a path, the same for no other name: escaped byte by byte, the end of long ones a digest."""
    data = name.encode("utf-8", "surrogatepass")
    text = _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], data).decode("ascii")
    if text.startswith("."):
        text = f"%2E{text[1:]}"
    if not text or len(text) > _LONGEST:  # `~` is always escaped: no short name is like one of these
        return f"{text[: _LONGEST - 41]}~{hashlib.sha256(data).hexdigest()[:40]}"
    return text


def _check_base(base: object) -> None:
    said = f"handoff={base!r}"
    if not isinstance(base, str) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", base):
        raise HandoffError(
            f"{said}: give the folder as a URL, such as 'file:///var/airflow/handoff' or 's3://bucket/handoff'"
        )
    if found := sorted(set(base).intersection("*?[]#")):
        raise HandoffError(f"{said}: {' '.join(found)} can't be part of it, a store could take it for more than a name")
    if ".." in base.split("/"):
        raise HandoffError(f"{said}: write it without '..'")
    if base.startswith("file://") and not base.startswith("file:///"):
        raise HandoffError(f"{said}: a folder of this machine has three slashes, 'file:///...'")
