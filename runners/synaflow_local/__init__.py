"""Runs a pipeline in this process: in lockstep, with flat memory, each consumer on a stack of its own, or on an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow_local.run_stream import RunStream, stream
from synaflow_local.runner import run

if TYPE_CHECKING:
    from synaflow_local.asynchronous.runner import async_run
    from synaflow_local.asynchronous.stream import AsyncRunStream, async_stream

__all__ = ["AsyncRunStream", "RunStream", "async_run", "async_stream", "run", "stream"]

_ON_LOOP = {"async_run": "runner", "async_stream": "stream", "AsyncRunStream": "stream"}


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        # asyncio takes longer to import than all of this, and most runs do without.
        if name in _ON_LOOP:
            from importlib import import_module

            return getattr(import_module(f"synaflow_local.asynchronous.{_ON_LOOP[name]}"), name)
        raise AttributeError(f"module 'synaflow_local' has no attribute '{name}'")
