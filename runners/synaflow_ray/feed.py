"""Streams among the params: read in the caller's process, in a thread of their own, and fed to an actor that serves them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

import ray
from ray.exceptions import RayError

from synaflow import Cancelled, StepError
from synaflow_ray.outlet import Outlet
from synaflow_ray.packing import PackedFailure, first_unpicklable, pack, pack_failure
from synaflow_ray.report import End

if TYPE_CHECKING:
    from synaflow_ray.plan import FeedPlan

__all__ = ["Feed"]

_TO: Final = "actor"


class Feed:
    """One stream on its way from the caller to its actor: read in one thread, sent in another.

    Attributes:
        fault: What went wrong when it was closed.
    """

    def __init__(self, plan: FeedPlan, stream: object, actor: Any, pipeline: str) -> None:  # noqa: ANN401  # Ray's handles have no type
        self._name: Final = plan.name
        self._stream: Final[Iterable[object]] = stream  # type: ignore[assignment]  # as its type says, checked before
        self._actor: Final = actor
        self._pipeline: Final = pipeline
        self._outlet: Final = Outlet([_TO], linger=plan.linger)
        self.fault: PackedFailure | None = None
        self._end = End(cancelled=True)
        context = copy_context()
        self._threads: Final = (
            threading.Thread(target=context.run, args=(self._read,), name=f"synaflow-read-{plan.name}", daemon=True),
            threading.Thread(target=self._send, name=f"synaflow-send-{plan.name}", daemon=True),
        )

    def start(self) -> None:
        """Begins to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends it; a stream that doesn't come to its next item is left to itself."""
        self._outlet.stop()
        self._outlet.close(_TO)
        for thread in self._threads:
            thread.join(1.0)

    def _read(self) -> None:
        source: Iterator[object] | None = None
        try:
            source = iter(self._stream)
            self._outlet.fill(source)
            self._end = End(self._outlet.value)
        except Cancelled:
            pass
        except BaseException as error:
            self._end = self._failed(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                try:
                    close()
                except Exception as error:
                    self.fault = self._failed(error).failure
            self._outlet.seal()

    def _failed(self, error: BaseException, index: int | None = None) -> End:
        return End(error=pack(error), failure=pack_failure(StepError.of(self._pipeline, self._name, error, index)))

    def _send(self) -> None:
        sent = 0
        try:
            for batch in self._outlet.batches(_TO):
                try:
                    pickled = ray.put(batch)
                except Exception as error:
                    found = first_unpicklable(batch)
                    self._end = self._failed(error, sent + found[0] if found is not None else sent)
                    self._outlet.close(_TO)
                    break
                sent += len(batch)
                if not ray.get(self._actor.feed.remote(pickled)):
                    self._outlet.close(_TO)
                    break
            ray.get(self._actor.finish.remote(self._end))
        except RayError:
            self._outlet.close(_TO)  # its readers tell the driver
