"""How the steps of a run stand, for live progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow import ProgressRow

if TYPE_CHECKING:
    from synaflow_local.execution import Execution

__all__ = ["rows"]


def rows(execution: Execution) -> list[ProgressRow]:
    """A row for each step, as it stands now. Asked from another thread than the run's."""
    running = {step: region for region in [*execution.regions] for step in region.plan.region.steps}
    told = []
    for step in execution.pipeline.steps:
        name = step.name
        taken, given, buffered = execution.items_in.get(name), execution.items_out.get(name), 0
        status = execution.statuses.get(name)
        if (region := running.get(name)) is not None:
            taken, given, buffered = region.counts(name)
        state = str(status) if status is not None else "running" if name in running else "waiting"
        told.append(ProgressRow(name, state, taken, given, name in running, buffered))
    return told
