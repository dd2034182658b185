"""How pipelines and results show in a notebook: as their picture where an adapter can draw one, as text otherwise.

An adapter offers that by an entry point of the group `synaflow.notebook`: a function that takes a pipeline, and the result of
a run or None, and gives HTML or SVG. It is imported when something is shown, and never otherwise.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from synaflow._model import PipelineDef
    from synaflow._run.result import RunResult

__all__ = ["NOTEBOOK", "show_pipeline", "show_result"]

NOTEBOOK: Final = "synaflow.notebook"


def show_pipeline(pipeline: PipelineDef) -> dict[str, str]:
    """What IPython may show of a pipeline, by media type."""
    return {"text/plain": pipeline.explain().rstrip(), **_drawn("image/svg+xml", pipeline, None)}


def show_result(result: RunResult) -> dict[str, str]:
    """What IPython may show of a run's result, by media type."""
    return {"text/plain": _table(result), **_drawn("text/html", result.definition, result)}


def _drawn(media: str, pipeline: PipelineDef | None, result: RunResult | None) -> dict[str, str]:
    if pipeline is None:
        return {}
    for point in entry_points(group=NOTEBOOK):
        try:
            draw = point.load()
        except ImportError:
            continue  # its extra isn't installed
        return {media: draw(pipeline, result)}
    return {}


def _table(result: RunResult) -> str:
    rows = [("step", "status", "in", "out", "seconds")]
    for step in result.steps.values():
        seconds = "-" if step.seconds is None else f"{step.seconds:.3f}"
        rows.append((step.name, str(step.status), _count(step.items_in), _count(step.items_out), seconds))
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    lines = [f"pipeline '{result.pipeline}': {'ok' if result.ok else 'failed'} in {result.seconds:.3f} s"]
    for row in rows:
        cells = [
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    lines += [f"  {error}" for error in result.errors]
    lines += [f"  {name} = {value!r}" for name, value in result.items() if value is not None]
    return "\n".join(lines)


def _count(items: int | None) -> str:
    return "-" if items is None else f"{items:,}"
