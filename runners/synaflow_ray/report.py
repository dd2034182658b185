"""What actors tell: how a stream ended, how a part of the pipeline went, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synaflow import BranchResult, StepStatus
    from synaflow_ray.packing import PackedError, PackedFailure, PackedLetter

__all__ = ["MISSING", "Begun", "End", "Missing", "Report", "State"]


@dataclass(frozen=True)
class Missing:
    """Stands where a value would: its step gave none.

    Attributes:
        cancelled: Whether the run ends for that reason; otherwise it goes on, without what needs the value.
    """

    cancelled: bool = False


MISSING = Missing()


@dataclass(frozen=True)
class Begun:
    """An actor's answer to who wants to read its stream.

    Attributes:
        able: Whether it runs; not if something it depends on has failed, or the run is being stopped.
        skipped: Whether the reason is such a failure.
    """

    able: bool
    skipped: bool = False


@dataclass(frozen=True)
class End:
    """How a stream ended, for those who have read it to its end.

    Attributes:
        value: What its generator returned.
        error: What came out of it instead.
        failure: That error as its step's failure.
        cancelled: Whether it broke off because its step was stopped: what was read of it is not the whole.
    """

    value: object = None
    error: PackedError | None = None
    failure: PackedFailure | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Report:
    """How an actor's steps went.

    Attributes:
        statuses: By step.
        items_in: Items taken, by step.
        items_out: Items given, by step.
        seconds: Time spent, by step, where it was measured.
        errors: Failures of its own steps, first to last, that the run went on after.
        failure: What has to stop the run: a failure of its own steps, or one that came out of a stream it reads.
        delivered: Whether that failure is only what its readers were handed: whether it counts is decided there.
        later: Failures after that one.
        reached: The producers whose streams it has read to their end.
        letters: Items it has dropped.
        branches: The branches of forks inside.
        taken: Items taken, by producer.
        peaks: The most that waited, by reader.
        stored: Items that went through the object store, by reader.
        fatal: An exception that is no step's failure (`KeyboardInterrupt`, ...).
        raised_by: The step that raised it.
        lost: A producer that could not be read any more, or whose value could not, and why.
    """

    statuses: Mapping[str, StepStatus] = field(default_factory=dict)
    items_in: Mapping[str, int] = field(default_factory=dict)
    items_out: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    errors: tuple[PackedFailure, ...] = ()
    failure: PackedFailure | None = None
    delivered: bool = False
    later: tuple[PackedFailure, ...] = ()
    reached: tuple[str, ...] = ()
    letters: tuple[PackedLetter, ...] = ()
    branches: tuple[BranchResult, ...] = ()
    taken: Mapping[str, int] = field(default_factory=dict)
    peaks: Mapping[str, int] = field(default_factory=dict)
    stored: Mapping[str, int] = field(default_factory=dict)
    fatal: PackedError | None = None
    raised_by: str | None = None
    lost: tuple[str, str] | None = None


@dataclass(frozen=True)
class State:
    """How an actor stands, looked at while it runs.

    Attributes:
        count: Items its stream has given.
        taken: Items it has taken, by producer.
        waits_for: The actors and fields it waits for: their next item, their value, their end.
        awaits: Those among them whose value or end it waits for, rather than their next item.
        full: The readers that have to read on before it can.
        buffered: Items that wait for its readers.
        over: Whether its steps have ended.
        letters: Items dropped since it was last looked at.
    """

    count: int = 0
    taken: Mapping[str, int] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    buffered: int = 0
    over: bool = False
    letters: tuple[PackedLetter, ...] = ()
