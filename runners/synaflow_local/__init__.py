"""Runs a pipeline in this process: in lockstep, with flat memory, each consumer on a stack of its own."""

from __future__ import annotations

from synaflow_local.run_stream import RunStream, stream
from synaflow_local.runner import run

__all__ = ["RunStream", "run", "stream"]
