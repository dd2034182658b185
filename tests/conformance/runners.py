"""The runners under test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import synaflow_local
from conformance.twins import twin_of
from corpus import RunnerUnderTest
from synaflow import PipelineDef, RunResult

__all__ = ["RUNNERS", "LocalRunner", "LoopRunner"]


class LocalRunner:
    """`synaflow_local.run`: exact order, in this process. Or pulling ahead, by as many items where a step doesn't say how many."""

    in_process = True
    options = frozenset({"dead_letter", "outputs", "progress", "spill_after", "spill_to", "stats"})

    def __init__(self, ahead: int | None = None) -> None:
        self.name = "local" if ahead is None else f"local-{ahead}-ahead"
        self.exact_order = ahead is None
        self.pulls_ahead = ahead is not None
        self._ahead = ahead

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, Any]) -> RunResult:
        """Runs it to its end."""
        steps = tuple(replace(step, max_in_flight=step.max_in_flight or self._ahead) for step in pipeline.steps)
        return synaflow_local.run(replace(pipeline, steps=steps), params, **options)


class LoopRunner:
    """`synaflow_local.async_run`: exact order, too, on an event loop in debug mode. Or of every pipeline its asynchronous twin."""

    in_process = True
    pulls_ahead = False
    options = LocalRunner.options

    def __init__(self, twin: bool = False) -> None:
        self.name = "async" if not twin else "async-twins"
        self.exact_order = not twin
        self._twin = twin

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, Any]) -> RunResult:
        """Runs it to its end, on an event loop of its own."""
        run = synaflow_local.async_run(twin_of(pipeline) if self._twin else pipeline, params, **options)
        return asyncio.run(run, debug=True)


RUNNERS: tuple[RunnerUnderTest, ...] = (LocalRunner(), LocalRunner(ahead=16), LoopRunner(), LoopRunner(twin=True))
