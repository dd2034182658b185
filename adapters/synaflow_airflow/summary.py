"""What a task leaves for people to read in its XComs: how its steps went, and values that nobody takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from synaflow import PipelineDef, RunResult, StepStatus
from synaflow_airflow.codecs import CantTravelError, converter_for, pack, size
from synaflow_airflow.docs import storable
from synaflow_airflow.errors import ValueTravelError

__all__ = ["preview", "summary"]

_SHOWN: Final = 4_000
"""Characters of a value that is only shown."""


def summary(result: RunResult | None, skipped: Collection[str]) -> dict[str, object]:
    """How the steps of a task went: status, items in and out, items dropped, seconds; where they are known."""
    steps: dict[str, object] = {name: {"status": str(StepStatus.SKIPPED)} for name in skipped}
    if result is None:
        return {"ok": False, "steps": steps}
    for name, step in result.steps.items():
        told = {
            "status": str(step.status),
            "items_in": step.items_in,
            "items_out": step.items_out,
            "dropped": step.dropped or None,
            "seconds": None if step.seconds is None else round(step.seconds, 3),
        }
        steps[name] = {key: value for key, value in told.items() if value is not None}
    return {
        "ok": result.ok and not skipped,
        "seconds": round(result.seconds, 3),
        "steps": steps,
        "errors": [_short(str(error)) for error in result.errors[:20]],
        "dead_letters": [_short(str(letter.error)) for letter in result.dead_letters[:20]],
    }


def preview(pipeline: PipelineDef, step: str, value: object) -> dict[str, object]:
    """A value that no task takes: whole where it is small and has JSON, else its beginning."""
    try:
        envelope = pack(converter_for(pipeline[step].output.type), value)
        if size(envelope) <= 16 * _SHOWN:
            return envelope
    except (CantTravelError, ValueTravelError):
        pass
    try:
        shown = repr(value)
    except Exception as error:  # noqa: BLE001  # a class of the user's own may fail to give one
        shown = f"a {type(value).__name__}, whose repr() raises {type(error).__name__}"
    return {"shown": _short(shown)}


def _short(text: str) -> str:
    text = storable(text.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"
