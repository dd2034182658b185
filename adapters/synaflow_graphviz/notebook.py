"""What a notebook shows: a pipeline as its SVG, a result as a table and the picture of the run."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from synaflow_graphviz.render import to_svg

if TYPE_CHECKING:
    from synaflow import PipelineDef, RunResult, StepResult

__all__ = ["show"]


def show(pipeline: PipelineDef, result: RunResult | None) -> str:
    """A pipeline as SVG, or, with the result of a run, as HTML: a table of its steps, and its picture."""
    if result is None:
        return to_svg(pipeline)
    head = "".join(f"<th>{name}</th>" for name in ("step", "status", "in", "out", "time"))
    body = "".join(map(_row, result.steps.values()))
    verdict = "ok" if result.ok else "failed"
    errors = "".join(f"<li>{html.escape(str(error))}</li>" for error in result.errors)
    values = "".join(
        f"<li>{html.escape(name)} = {html.escape(_cut(repr(value)))}</li>"
        for name, value in result.items()
        if value is not None
    )
    return (
        f"<p>pipeline <b>{html.escape(result.pipeline)}</b>: {verdict} in {result.seconds:.3f} s</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<ul>{errors}{values}</ul>{to_svg(pipeline, result=result)}"
    )


def _row(step: StepResult) -> str:
    seconds = "" if step.seconds is None else f"{step.seconds:.3f} s"
    cells = (step.name, str(step.status), _count(step.items_in), _count(step.items_out), seconds)
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _count(items: int | None) -> str:
    return "" if items is None else f"{items:,}"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
