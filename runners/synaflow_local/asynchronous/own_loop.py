"""A pipeline with asynchronous steps where no event loop runs: it is given one of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from synaflow import PipelineDef, RunnerError, RunResult, StreamReadError
from synaflow_local.left_behind import Owner
from synaflow_local.run_stream import ELSEWHERE, UNDER_WAY, RunStream

if TYPE_CHECKING:
    from synaflow_local.asynchronous.stream import AsyncRunStream

__all__ = ["OwnLoopStream", "refuse_running_loop"]

_T = TypeVar("_T")


def refuse_running_loop(pipeline: PipelineDef, asynchronous: str, instead: str) -> None:
    """Sees that no event loop runs in this thread, where one would have to wait for the other.

    Raises:
        RunnerError: One does.
    """
    if asyncio._get_running_loop() is not None:  # the public one raises where there is none
        raise RunnerError(
            f"{asynchronous} of pipeline '{pipeline.name}' is asynchronous, and an event loop runs in this thread already: "
            f"write `{instead}`"
        )


class OwnLoopStream(RunStream):
    """What `stream(...)` returns where steps are asynchronous: between two items its event loop stands still."""

    def __init__(self, items: AsyncRunStream, pipeline: str) -> None:
        self._items: Final = items
        self._pipeline: Final = pipeline
        self._runner: asyncio.Runner | None = asyncio.Runner()
        self._owner: Owner | None = None
        self._busy = False

    @property
    def result(self) -> RunResult:
        """What has come of the run.

        Raises:
            RunnerError: The run hasn't ended.
        """
        return self._items.result

    def __next__(self) -> Any:  # noqa: ANN401  # the step's item type isn't known to the type checker
        runner = self._runner
        if runner is None:
            raise StopIteration
        self._see_that_it_can_be("read")
        if self._owner is None:
            self._owner = Owner.current()
            self._owner.begin(self)
        try:
            return self._do(runner, self._items.__anext__())
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the run where it stands: every generator is closed, consumers first."""
        runner = self._runner
        if runner is None:
            return
        self._see_that_it_can_be("closed")
        try:
            self._do(runner, self._items.aclose())
        finally:
            self._runner = None
            runner.close()

    def closes_here(self) -> bool:
        """Whether it can be closed here and now: where no event loop runs."""
        return asyncio._get_running_loop() is None

    def _see_that_it_can_be(self, used: str) -> None:
        if self._owner is not None and self._owner is not Owner.current():
            raise StreamReadError(ELSEWHERE.format(used))
        if self._busy:
            raise StreamReadError(UNDER_WAY)
        if not self.closes_here():
            raise StreamReadError(
                f"a stream that has an event loop of its own was {used} where another one runs; there, use async_stream()"
            )

    def _do(self, runner: asyncio.Runner, action: Coroutine[Any, Any, _T]) -> _T:
        self._busy = True
        try:
            return runner.run(action)
        finally:
            self._busy = False

    def __del__(self) -> None:
        owner = self._owner or Owner.current()
        if self._runner is not None and (owner is not Owner.current() or not self.closes_here()):
            owner.leave(self, self._pipeline)
        else:
            self.close()
