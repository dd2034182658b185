"""DOT in, picture out: by `dot` where it is on PATH, else by the Graphviz inside the pygraphviz wheel."""

from __future__ import annotations

from typing import Final

import graphviz

from synaflow import TargetError

__all__ = ["layout"]

_MISSING: Final = (
    "Graphviz isn't there: `dot` is not on PATH, and pygraphviz, whose wheel brings it along, can't be imported; "
    "run pip install '.[graphviz]' in a clone of SynaFlow, or install your system's graphviz package"
)


def layout(source: str, form: str) -> bytes:
    """Lays a graph out.

    Args:
        source: The graph, in DOT.
        form: `"svg"`, `"png"` or `"pdf"`.

    Raises:
        TargetError: There is no Graphviz, or it failed.
    """
    try:
        made: bytes = graphviz.pipe("dot", form, source.encode())
    except graphviz.ExecutableNotFound:
        return _in_process(source, form)
    except graphviz.CalledProcessError as error:
        raise TargetError(f"dot failed: {error}") from error
    return made


def _in_process(source: str, form: str) -> bytes:
    try:
        import pygraphviz
    except ImportError as error:
        raise TargetError(_MISSING) from error
    graph = pygraphviz.AGraph(string=source)
    try:
        drawn: bytes = graph.draw(format=form, prog="dot") or b""
    finally:
        graph.close()
    return drawn
