"""What runs in an actor: a part of the pipeline, by the local runner, between the streams that come and the one that goes.

An actor has threads and no event loop: a synchronous generator that is paused in an asynchronous actor blocks every other
call. One thread, the one that serves the driver's call of `run`, is the steps': the local runner runs them in it, with a
sink of ours (`Outlet.fill`) as the reader of the part's stream. Every reader of that stream occupies one more, which
serves its call of `read`, a Ray streaming generator; what else is called is short.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError

from synaflow import (
    Cancelled,
    DeadLetter,
    RunResult,
    StepError,
    StepStatus,
    run,
)
from synaflow_ray.account import Account
from synaflow_ray.inlet import Inlet
from synaflow_ray.meters import Meters
from synaflow_ray.outlet import Outlet
from synaflow_ray.packing import PackedLetter, first_unpicklable, how_lost, pack, pack_failure, pack_letter
from synaflow_ray.plan import with_sink
from synaflow_ray.pool import Pool
from synaflow_ray.report import MISSING, Begun, End, Missing, Report, State
from synaflow_ray.search_path import extend_path

if TYPE_CHECKING:
    from synaflow_ray.job import Job

__all__ = ["FeedActor", "StepActor", "threads_for"]

_LOOK: Final = 0.2
"""Seconds between two looks at whether to stop, while a value is waited for."""


def threads_for(readers: int) -> int:
    """How many threads an actor with so many readers needs: each may wait in one call and close by another."""
    return 2 * readers + 6


class _Endpoint:
    """What readers of a stream call."""

    def __init__(self, step: str, pipeline: str, outlet: Outlet) -> None:
        self._step = step
        self._pipeline: Final = pipeline
        self._outlet: Final = outlet
        self._end = End(cancelled=True)

    def __repr__(self) -> str:
        return self._step

    def ready(self) -> int:
        """Answers as soon as the actor is there, with its process."""
        return os.getpid()

    def read(self, reader: str) -> Iterator[list[object]]:
        """A reader's batches; Ray makes a streaming generator of it."""
        yield from self._outlet.batches(reader)

    def ending(self, reader: str) -> End:
        """How the stream ended, once a reader has come to its end."""
        broken = self._outlet.broken(reader)
        return self._end if broken is None else self._unpicklable(*broken)

    def asks(self, reader: str, taken: int) -> None:
        """As for `Outlet`."""
        self._outlet.asks(reader, taken)

    def close(self, reader: str) -> None:
        """As for `Outlet`."""
        self._outlet.close(reader)

    def wake(self, reader: str) -> None:
        """As for `Outlet`."""
        self._outlet.wake(reader)

    def loosen(self, reader: str, endless: bool = False) -> None:
        """As for `Outlet`."""
        self._outlet.loosen(reader, endless)

    def _unpicklable(self, first: int, items: Sequence[object]) -> End:
        found = first_unpicklable(items)
        if found is None:
            failure = StepError(self._pipeline, self._step, "a batch of its items can't be pickled", first)
            return End(error=pack(failure), failure=pack_failure(failure))
        at, item, error = found
        reason = f"its item, a {type(item).__name__}, can't be pickled to go to another actor ({type(error).__name__}: {error})"
        failure = StepError.of(self._pipeline, self._step, error, first + at, reason=reason)
        return End(error=pack(error), failure=pack_failure(failure))


class FeedActor(_Endpoint):
    """Serves a stream that the driver feeds."""

    def __init__(self, name: str, path: Sequence[str], pipeline: str, readers: tuple[str, ...], linger: float) -> None:
        extend_path(path)
        super().__init__(name, pipeline, Outlet(readers, linger=linger))

    def begun(self) -> Begun:
        """The driver begins at once."""
        return Begun(True)

    def feed(self, items: list[object]) -> bool:
        """Takes a batch and waits for room; false when nobody reads on."""
        return self._outlet.offer(items)

    def finish(self, end: End) -> None:
        """Says how the stream ended."""
        self._end = end
        self._outlet.seal()

    def account(self) -> Report:
        """How far its readers drifted apart."""
        outlet = self._outlet
        return Report(items_out={self._step: outlet.count}, peaks=outlet.peaks(), stored=outlet.stored())

    def state(self) -> State:
        """How it stands."""
        waiting = self._outlet.waiting()
        return State(self._outlet.count, full=self._outlet.full(), buffered=sum(waiting.values()))


class StepActor(_Endpoint):
    """Runs some steps."""

    def __init__(self, name: str, path: Sequence[str], pickled: bytes) -> None:
        self._step = name  # Ray asks for its `repr` even where the rest of this fails
        extend_path(path)
        job: Job = cloudpickle.loads(pickled)
        plan = job.plan
        self._job: Final = job
        self._meters: Final = Meters(plan.part.name, name)
        outlet = Outlet(
            plan.readers,
            linger=plan.linger,
            max_in_flight=plan.max_in_flight,
            keep=plan.kept,
            on_cut=self._meters.gave,
        )
        super().__init__(name, plan.part.name, outlet)
        self._inlets: Final = {
            producer: Inlet(producer, actor, name, asks=producer in job.asks) for producer, actor in job.reads.items()
        }
        self._begun: Begun | None = None
        self._set_out: Final = threading.Event()
        self._waits_for: tuple[str, ...] = ()
        self._stopped = False
        self._lost: tuple[str, str] | None = None
        self._over = False
        self._letters: list[PackedLetter] = []
        self._told = 0
        self._pool: Final = Pool(plan, job.pool, outlet, self._letters) if job.pool is not None else None
        self._thread = 0

    # What the driver calls

    def ready(self) -> int:
        """Answers as soon as the actor is there, and its replicas are."""
        if self._pool is not None:
            self._pool.place()
        return super().ready()

    def run(self, values: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[object, Report]:
        """Runs the steps, once all that they need is there.

        Args:
            values: References to what they take, by step or field.
            after: References that are there when what they come after has ended.

        Returns:
            The value, or `MISSING`, and the report.
        """
        self._thread = threading.get_ident()
        value: object = MISSING
        try:
            value, report = self._run(values, after)
        except BaseException as error:  # of our own making, then: it is to be seen, and nobody is to wait for us
            report = Report(fatal=pack(error))
        finally:
            self._thread = 0
            self._set_out.set()
            for inlet in self._inlets.values():
                inlet.close()
            self._over = True
            self._outlet.seal()
        return value, replace(
            report,
            lost=report.lost or self._lost,
            letters=tuple(self._letters),
            taken={name: inlet.taken for name, inlet in self._inlets.items()},
            peaks=self._outlet.peaks(),
            stored=self._outlet.stored(),
        )

    def begun(self) -> Begun:
        """Waits until it is known whether the steps run."""
        self._set_out.wait()
        return self._begun or Begun(False)

    def stop(self, force: bool = False) -> None:
        """Ends the steps: at their next item, or with `force` wherever Python code of theirs is."""
        self._stopped = True
        self._outlet.stop()
        for inlet in self._inlets.values():
            inlet.stop()
        if self._pool is not None:
            self._pool.stop()
        if force and self._thread:
            # A loop that never comes to its next item can be reached in no other way; one that is in C code, not at all.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(Cancelled))

    def state(self) -> State:
        """How it stands."""
        letters = tuple(self._letters[self._told :])
        self._told += len(letters)
        waits = self._waits_for or tuple(name for name, inlet in self._inlets.items() if inlet.waiting)
        waiting = self._outlet.waiting()
        buffered = sum(waiting.values())
        self._meters.shows(buffered)
        taken = {name: inlet.taken for name, inlet in self._inlets.items()}
        return State(
            self._outlet.count, taken, waits, self._waits_for, self._outlet.full(), buffered, self._over, letters
        )

    # The steps' thread

    def _run(self, values: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[object, Report]:
        given, missing = self._await(values)
        self._await(after)
        missing += self._await_producers()
        if self._stopped or missing:
            # In one actor either all steps need what is missing, or none does.
            cancelled = self._stopped or any(why.cancelled for why in missing)
            status = StepStatus.CANCELLED if cancelled else StepStatus.SKIPPED
            self._begun = Begun(False, not cancelled)
            self._set_out.set()
            return Missing(cancelled), Report(dict.fromkeys((step.name for step in self._job.plan.part.steps), status))
        self._begun = Begun(True)
        self._set_out.set()
        given.update((name, inlet.items()) for name, inlet in self._inlets.items())
        return self._perform(given)

    def _await(self, values: Mapping[str, Any]) -> tuple[dict[str, object], list[Missing]]:
        given: dict[str, object] = {}
        missing: list[Missing] = []
        for name, ref in values.items():
            if not self._waited(name, ref):
                break
            try:
                value = ray.get(ref)
            except RayTaskError:  # the driver is told of it too
                value = Missing(cancelled=True)
            except RayError as error:
                # Of an actor that dies the driver is told too, but not of a value that is lost with its node afterwards.
                self._lost = self._lost or (name, how_lost(error))
                value = Missing(cancelled=True)
            if isinstance(value, Missing):
                missing.append(value)
            else:
                given[name] = value
        return given, missing

    def _await_producers(self) -> list[Missing]:
        """Waits until those whose streams are read have begun: whoever depends on a value that fails never begins."""
        missing: list[Missing] = []
        for producer, actor in self._job.reads.items():
            ref = actor.begun.remote()
            if not self._waited(producer, ref):
                break
            try:
                begun: Begun = ray.get(ref)
            except RayError:
                continue  # seen again when it is read
            if not begun.able:
                missing.append(Missing(cancelled=not begun.skipped))
        return missing

    def _waited(self, name: str, ref: object) -> bool:
        """Waits for something of another actor; false when it is told to stop meanwhile."""
        self._waits_for = (name,)
        while not self._stopped and not ray.wait([ref], timeout=_LOOK)[0]:
            pass
        self._waits_for = ()
        return not self._stopped

    def _perform(self, given: dict[str, object]) -> tuple[object, Report]:
        plan = self._job.plan
        result: RunResult | None = None
        failed: StepError | None = None
        fatal: BaseException | None = None
        part = plan.part
        if self._pool is not None:
            part = self._pool.part()
        elif plan.streams:
            part = with_sink(part, plan.name, self._outlet.fill)
        outputs = [plan.name] if plan.wanted else []
        try:
            result = run(part, given or None, outputs=outputs, stats=self._job.stats, dead_letter=self._dropped)
        except StepError as error:
            failed, result = error, error.result
        except BaseException as error:
            result, fatal = getattr(error, "result", None), error
        finally:
            given.clear()
            if self._pool is not None:
                self._pool.end()
        account = Account(plan, self._inlets, self._outlet, self._pool)
        report = account.report(result, failed, fatal)
        self._end = account.end(report.failure)
        value: object = Missing(cancelled=failed is not None or fatal is not None)
        if plan.kept and failed is None:
            value = self._outlet.kept
        elif plan.wanted and result is not None and plan.name in result:
            value = result[plan.name]
        return value, report

    def _dropped(self, letter: DeadLetter) -> None:
        self._letters.append(pack_letter(letter))
