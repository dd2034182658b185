"""Exceptions on their way from one process to another: class, arguments, notes, causes, and where they were raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final
from uuid import uuid4

from ray import cloudpickle
from ray.exceptions import ObjectLostError, RayActorError, RayError
from tblib import Traceback

from synaflow import DeadLetter, StepError

__all__ = [
    "PackedError",
    "PackedFailure",
    "PackedLetter",
    "first_line",
    "first_unpicklable",
    "how_lost",
    "pack",
    "pack_failure",
    "pack_letter",
]

_OURS: Final = frozenset({"synaflow", "synaflow_local", "synaflow_ray"})
"""Packages whose frames say nothing to who wrote the step, and may lie in other files where the error arrives."""

_DEPTH: Final = 8
"""Causes of causes that travel with an error."""


@dataclass(frozen=True)
class PackedError:
    """An exception without its traceback's frames, which can't travel: their names and lines can.

    Attributes:
        pickled: Its class and arguments, and its attributes.
        text: What it said, should it not come back.
        kind: Its class's name, likewise.
        traceback: Where it was raised.
        notes: Its notes.
        cause: What it was raised from.
        context: What was being handled.
        quiet: Whether the context isn't to be shown.
    """

    pickled: bytes | None
    text: str
    kind: str
    traceback: dict[str, object] | None
    notes: tuple[str, ...] = ()
    cause: PackedError | None = None
    context: PackedError | None = None
    quiet: bool = False

    def unpack(self) -> BaseException:
        """The exception again, as a copy."""
        error = self._made()
        if self.traceback is not None:
            error = error.with_traceback(Traceback.from_dict(self.traceback).as_traceback())
        for note in self.notes:
            error.add_note(note)
        error.__cause__ = self.cause.unpack() if self.cause else None
        error.__context__ = self.context.unpack() if self.context else None
        error.__suppress_context__ = self.quiet
        return error

    def _made(self) -> BaseException:
        if self.pickled is not None:
            try:
                return _loaded(self.pickled)
            except Exception as error:
                return RuntimeError(f"{self.kind}: {self.text} (the original doesn't unpickle here: {error})")
        return RuntimeError(f"{self.kind}: {self.text}")


@dataclass(frozen=True)
class PackedFailure:
    """A `StepError`.

    Attributes:
        pipeline: Of the error, as the others.
        step: The step.
        reason: What went wrong.
        index: At which item.
        cause: The original.
        notes: Its notes.
        key: What tells it from others: it may come by several ways.
    """

    pipeline: str
    step: str
    reason: str
    index: int | None
    cause: PackedError | None
    notes: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: uuid4().hex)

    def unpack(self) -> StepError:
        """The error again."""
        error = StepError(self.pipeline, self.step, self.reason, self.index)
        error.__cause__ = self.cause.unpack() if self.cause else None
        for note in self.notes:
            error.add_note(note)
        return error


@dataclass(frozen=True)
class PackedLetter:
    """A `DeadLetter`.

    Attributes:
        index: The item's index.
        items: Its items, pickled; where that can't be, what they look like.
        failure: Its error.
    """

    index: int
    items: bytes
    failure: PackedFailure = field(repr=False)

    def unpack(self) -> DeadLetter:
        """The letter again."""
        return DeadLetter(self.failure.step, self.index, cloudpickle.loads(self.items), self.failure.unpack())


def pack(error: BaseException, depth: int = _DEPTH) -> PackedError:
    """An exception, ready to travel."""
    deeper = depth - 1
    return PackedError(
        _dumped(error),
        _text(error),
        type(error).__name__,
        _traceback(error.__traceback__),
        tuple(map(str, getattr(error, "__notes__", ()))),
        pack(error.__cause__, deeper) if error.__cause__ is not None and depth else None,
        pack(error.__context__, deeper)
        if error.__context__ is not None and error.__context__ is not error.__cause__ and depth
        else None,
        error.__suppress_context__,
    )


def pack_failure(error: StepError, *, index: int | None = None, offset: int = 0) -> PackedFailure:
    """A step's failure, ready to travel.

    Args:
        error: The failure.
        index: The item's index, where the error doesn't have it.
        offset: What is to be added to the one it has.
    """
    at = index if error.index is None else error.index + offset
    cause = error.__cause__
    notes = tuple(map(str, getattr(error, "__notes__", ())))
    return PackedFailure(error.pipeline, error.step, error.reason, at, pack(cause) if cause else None, notes)


def pack_letter(letter: DeadLetter, offset: int = 0) -> PackedLetter:
    """A dropped item, ready to travel."""
    items = dict(letter.items)
    try:
        pickled = cloudpickle.dumps(items)
        cloudpickle.loads(pickled)
    except Exception:
        pickled = cloudpickle.dumps({name: _text(item) for name, item in items.items()})
    return PackedLetter(letter.index + offset, pickled, pack_failure(letter.error, offset=offset))


def _dumped(error: BaseException) -> bytes | None:
    state = {name: value for name, value in vars(error).items() if name != "__notes__"}
    kind = type(error)
    # As it would be pickled by itself; by `__new__`, where its class's own constructor wants other arguments than those it
    # has handed on; and without what can't be pickled.
    for thing in (error, (kind, error.args, state), (kind, error.args, {}), (kind, (_text(error),), {})):
        try:
            pickled: bytes = cloudpickle.dumps(thing)
            _loaded(pickled)
        except Exception:  # noqa: S112  # the next best is tried
            continue
        return pickled
    return None


def _loaded(pickled: bytes) -> BaseException:
    thing = cloudpickle.loads(pickled)
    if isinstance(thing, BaseException):
        thing.__dict__.pop("__notes__", None)  # they travel apart
        return thing
    kind, arguments, attributes = thing
    error: BaseException = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


def _traceback(traceback: TracebackType | None) -> dict[str, object] | None:
    """Where an error was raised, without our own frames."""
    frames = []
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0] not in _OURS:
            frames.append(traceback)
        traceback = traceback.tb_next
    told: dict[str, object] | None = None
    for frame in reversed(frames):
        one: dict[str, object] = Traceback(frame).to_dict()
        told = {**one, "tb_next": told}
    return told


def _text(thing: object) -> str:
    try:
        return str(thing)
    except Exception as error:
        return f"a {type(thing).__name__} whose text can't be had ({type(error).__name__})"


def first_unpicklable(items: Iterable[object]) -> tuple[int, object, Exception] | None:
    """Of items that can't travel together, the first that can't by itself: its place, the item, and why."""
    for at, item in enumerate(items):
        try:
            cloudpickle.dumps(item)
        except Exception as error:
            return at, item, error
    return None


def first_line(error: object) -> str:
    """Of what Ray says, the line that tells why, or else the first; many more follow."""
    lines = [line.strip() for line in _text(error).splitlines() if line.strip()]
    return next((line for line in lines if " because " in line), lines[0] if lines else "no reason is known")


def how_lost(error: RayError) -> str:
    """What has become of a step whose stream or value can't be had."""
    if isinstance(error, ObjectLostError):  # Ray's own text advises retries, which would run the step twice
        return f"what it gave was lost, with the node that held it ({type(error).__name__})"
    what = "its actor died" if isinstance(error, RayActorError) else "what it gave can't be had"
    return f"{what}: {first_line(error)}"
