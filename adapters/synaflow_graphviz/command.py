"""`synaflow render TARGET -o FILE`."""

# No `from __future__ import annotations`: cyclopts reads the hints.

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from synaflow.cli.target import load_target
from synaflow_graphviz.render import render

__all__ = ["command"]

command = App(name="render", help="Draw a pipeline into a file.", help_format="plaintext", version_flags=())


@command.default
def _render(
    target: Annotated[str, Parameter(help="module:attribute, path/to/file.py or path/to/file.py:attribute.")],
    /,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    folded: Annotated[bool, Parameter(negative=())] = False,
    legend: bool = True,
) -> None:
    """Draw a pipeline into a file.

    Args:
        target: The pipeline.
        output: The file; its ending says what it is to be: .svg, .png, .pdf, .dot or .html.
        folded: Draw every stream region and every included pipeline as one node; a page shows both anyway.
        legend: Explain shapes and lines; a page always does.
    """
    render(load_target(target), output, folded=folded, legend=legend)
