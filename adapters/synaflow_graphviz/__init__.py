"""Diagrams of pipelines, before and after a run: DOT, SVG, PNG, PDF, and a page to look around in."""

from __future__ import annotations

try:
    import graphviz as _  # noqa: F401
except ImportError as error:
    raise ImportError(
        "synaflow_graphviz needs the extra `graphviz`: run pip install '.[graphviz]' in a clone of SynaFlow"
    ) from error

from synaflow_graphviz.dot import to_dot
from synaflow_graphviz.page import to_html
from synaflow_graphviz.render import render, to_svg

__all__ = ["render", "to_dot", "to_html", "to_svg"]
