"""The runners under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import synaflow_local
from synaflow import PipelineDef, RunResult

__all__ = ["RUNNERS", "LocalRunner"]


class LocalRunner:
    """`synaflow_local.run`: exact order, in this process."""

    name = "local"
    exact_order = True
    in_process = True

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, Any]) -> RunResult:
        """Runs it to its end."""
        return synaflow_local.run(pipeline, params, **options)


RUNNERS = (LocalRunner(),)
