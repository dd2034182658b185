"""How the steps of a run stand, for live progress, from what their actors have told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow import ProgressRow

if TYPE_CHECKING:
    from synaflow_ray.execution import Execution
    from synaflow_ray.report import Report, State

__all__ = ["rows"]


def rows(execution: Execution) -> list[ProgressRow]:
    """A row for each step, as it was when its actor was last looked at."""
    told = []
    for step in execution.plan.pipeline.steps:
        name = step.name
        actor = execution.plan.actors[execution.plan.home[name]]
        state, report = execution.states.get(actor.name), execution.reports.get(actor.name)
        if report is not None:
            told.append(_ended(name, report))
        elif state is None:
            told.append(ProgressRow(name, "waiting", None, None, False, 0))
        else:
            told.append(_running(name, state, first=name == actor.steps[0], last=name == actor.name and actor.streams))
    return told


def _ended(name: str, report: Report) -> ProgressRow:
    status = report.statuses.get(name)
    return ProgressRow(
        name,
        "cancelled" if status is None else str(status),
        report.items_in.get(name),
        report.items_out.get(name),
        False,
        0,
    )


def _running(name: str, state: State, *, first: bool, last: bool) -> ProgressRow:
    """A step of an actor at work: items come in at its first one and go out at its last."""
    taken = sum(state.taken.values()) if first and state.taken else None
    given = state.count if last else None
    return ProgressRow(name, "running", taken, given, True, state.buffered if last else 0)
