"""Pictures as files."""

from __future__ import annotations

import os
from pathlib import Path

from synaflow import PipelineDef, RunResult, TargetError
from synaflow_graphviz.dot import to_dot
from synaflow_graphviz.files import write
from synaflow_graphviz.layout import layout
from synaflow_graphviz.page import to_html
from synaflow_graphviz.svg import finish

__all__ = ["FORMATS", "render", "to_svg"]

FORMATS = ("svg", "png", "pdf", "dot", "html")


def render(
    pipeline: PipelineDef,
    path: str | os.PathLike[str],
    *,
    result: RunResult | None = None,
    folded: bool = False,
    legend: bool = True,
) -> None:
    """Draws a pipeline into a file.

    Args:
        pipeline: What to draw.
        path: The file; its ending says what it is to be: `.svg`, `.png`, `.pdf`, `.dot` or `.html`.
        result: What a run of it gave: counts, times, how far branches lagged, what failed.
        folded: Whether every stream region and every included pipeline is one node. An HTML page shows both anyway.
        legend: Whether shapes and lines are explained. In an HTML page they always are.

    Raises:
        TargetError: The ending is another, the file can't be written, or there is no Graphviz.
    """
    form = Path(path).suffix.removeprefix(".").lower()
    if form not in FORMATS:
        endings = ", ".join(f".{known}" for known in FORMATS)
        raise TargetError(f"can't draw into {os.fspath(path)!r}: its name has to end in one of {endings}")
    if form == "html":
        to_html(pipeline, path, result=result)
    elif form == "svg":
        write(path, to_svg(pipeline, result=result, folded=folded, legend=legend).encode())
    else:
        source = to_dot(pipeline, result=result, folded=folded, legend=legend)
        write(path, source.encode() if form == "dot" else layout(source, form))


def to_svg(pipeline: PipelineDef, *, result: RunResult | None = None, folded: bool = False, legend: bool = True) -> str:
    """The pipeline's diagram as SVG, of its own colours in light and in dark.

    Args:
        pipeline: What to draw.
        result: What a run of it gave.
        folded: Whether every stream region and every included pipeline is one node.
        legend: Whether shapes and lines are explained.

    Raises:
        TargetError: There is no Graphviz.
    """
    return finish(layout(to_dot(pipeline, result=result, folded=folded, legend=legend), "svg"))
