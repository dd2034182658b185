"""Where a stream enters the actor that reads it: its batches are pulled from the actor that makes it, its items handed out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final

import ray
from ray.exceptions import RayError, RayTaskError

from synaflow import Cancelled

if TYPE_CHECKING:
    from synaflow_ray.packing import PackedFailure
    from synaflow_ray.report import End

__all__ = ["Inlet"]

_AHEAD: Final = 2
"""Batches that Ray may bring before they are asked for."""


class Inlet:
    """One stream that an actor reads.

    Attributes:
        producer: The step or params field whose stream it is.
        waiting: Whether the reader waits for the next batch.
        failure: Whose failure came out of it, once it has.
        ended: Whether its reader has seen its end.
        lost: What Ray said when it could not be read any more.
    """

    def __init__(self, producer: str, actor: Any, reader: str, *, asks: bool) -> None:  # noqa: ANN401  # Ray's handles have no type
        self.producer: Final = producer
        self.waiting = False
        self.failure: PackedFailure | None = None
        self.ended = False
        self.lost: RayError | None = None
        self._actor: Final = actor
        self._reader: Final = reader
        self._asks: Final = asks
        self._source: Iterator[object] | None = None
        self._batch: Iterator[object] = iter(())
        self._before = 0
        self._closed = False
        self._stopped = False

    @property
    def taken(self) -> int:
        """How many of its items the reader has taken."""
        return self._before - length_hint(self._batch)

    def items(self) -> Generator[object, None, object]:
        """The stream. A generator, so that the local runner can tell its errors from the reader's."""
        try:
            while (batch := self._next()) is not None:
                self._before += len(batch)
                self._batch = iter(batch)
                del batch  # what it holds is let go item by item
                yield from self._batch
        except GeneratorExit:
            # Whoever read it has ended. After `Cancelled`, which comes from here, the reader has its `finally` yet to run, and
            # what it reads is closed once the actor's steps are over.
            self.close()
            raise
        return self._end()

    def close(self) -> None:
        """Says that nothing of it is read any more."""
        if not self._closed:
            self._closed = True
            self._actor.close.remote(self._reader)

    def stop(self) -> None:
        """Ends it, and wakes the reader, who then sees `Cancelled`. Its maker goes on waiting until the reader has ended."""
        self._stopped = True
        self._actor.wake.remote(self._reader)

    def _next(self) -> list[object] | None:
        if self._stopped:
            raise Cancelled
        if self._asks:
            self._actor.asks.remote(self._reader, self.taken)
        source = self._source
        if source is None:
            # Without a bound, Ray pulls a generator to its end whether anybody reads it or not.
            source = self._source = self._actor.read.options(
                num_returns="streaming", _generator_backpressure_num_objects=_AHEAD
            ).remote(self._reader)
        self.waiting = True
        try:
            batch: list[object] = ray.get(next(source))
        except StopIteration:
            return None
        except RayTaskError:  # the batch could not be pickled: its maker knows more
            return None
        except RayError as error:
            self.lost = error
            raise Cancelled from error
        finally:
            self.waiting = False
        if self._stopped:
            raise Cancelled
        return batch

    def _end(self) -> object:
        self.waiting = True
        try:
            end: End = ray.get(self._actor.ending.remote(self._reader))
        except RayError as error:
            self.lost = error
            raise Cancelled from error
        finally:
            self.waiting = False
        if self._stopped or end.cancelled:
            raise Cancelled
        self.ended = True
        if end.error is not None:
            self.failure = end.failure
            raise end.error.unpack()
        return end.value
