"""A page to look around in: one HTML file that asks the network for nothing.

It holds a drawing of the whole pipeline and, where there are boxes worth folding, one of the boxes alone and one of each
box: a large pipeline is looked at from above and opened where it is of interest. Nothing is laid out in the browser.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from synaflow_graphviz.compose import Composer
from synaflow_graphviz.dot import draw
from synaflow_graphviz.files import write
from synaflow_graphviz.layout import layout
from synaflow_graphviz.picture import BoxKind, Node, Picture, Role
from synaflow_graphviz.svg import finish
from synaflow_graphviz.words import signature

if TYPE_CHECKING:
    from synaflow import PipelineDef, RunResult

__all__ = ["page", "to_html"]

_FOLDS: Final = 40
"""From so many steps on a page begins with the boxes folded."""

_WHAT: Final = {
    Role.PARAM: "params field",
    Role.SOURCE: "source",
    Role.TRANSFORM: "transform",
    Role.EACH: "each step, called once per item",
    Role.SINK: "sink",
    Role.VALUE: "value step",
}


def to_html(pipeline: PipelineDef, path: str | os.PathLike[str], *, result: RunResult | None = None) -> None:
    """Draws a pipeline into one self-contained HTML file: pan, zoom, search, and click a step to read about it.

    Args:
        pipeline: What to draw.
        path: The file.
        result: What a run of it gave: counts, times, how far branches lagged, what failed.

    Raises:
        TargetError: The file can't be written, or there is no Graphviz.
    """
    write(path, page(pipeline, result).encode())


def page(pipeline: PipelineDef, result: RunResult | None = None) -> str:
    """The page as text."""
    composer = Composer(pipeline, result)
    whole = composer.picture()
    views = {"all": _view(whole, "All steps", top=True)}
    folded = composer.picture(folded=True)
    boxes = [node for node in folded.all_nodes() if node.role is Role.FOLDED]
    if boxes:
        views = {"boxes": _view(folded, "Boxes", top=True), **views}
        for at, box in enumerate(boxes):
            views[f"box{at}"] = _view(composer.picture(only=box.steps), box.title, top=False)
    data = {
        "title": whole.title,
        "doc": pipeline.doc or "",
        "ran": [] if result is None else [str(error) for error in result.errors],
        "first": "boxes" if boxes and len(pipeline.steps) >= _FOLDS else "all",
        "views": views,
        "steps": _told(pipeline, whole),
    }
    assets = files("synaflow_graphviz") / "assets"
    panzoom, script = ((assets / name).read_text("utf-8") for name in ("panzoom.min.js", "page.js"))
    parts = {
        "title": html.escape(whole.title),
        "style": (assets / "page.css").read_text("utf-8"),
        # Inside a script element nothing is markup but what would end it.
        "data": json.dumps(data).replace("<", "\\u003c").replace("\u2028", "\\u2028"),
        "panzoom": panzoom,
        "script": script,
        "hashes": " ".join(f"'sha256-{_digest(code)}'" for code in (panzoom, script)),
    }
    text = (assets / "page.html").read_text("utf-8")
    pieces = text.split("{")
    # One pass: what is put in is not looked through again.
    return pieces[0] + "".join(parts[name] + rest for name, _, rest in (piece.partition("}") for piece in pieces[1:]))


def _view(drawn: Picture, title: str, top: bool) -> dict[str, object]:
    """A drawing, and which steps and lines its ids stand for."""
    ids = drawn.ids()
    return {
        "title": title,
        "top": top,
        "svg": finish(layout(draw(drawn), "svg")),
        "nodes": {ids[id(node)]: list(node.steps) or [node.name] for node in drawn.all_nodes()},
        "titles": {ids[id(node)]: node.title for node in drawn.all_nodes()},
        "edges": {f"e{at}": [ids[id(line.producer)], ids[id(line.consumer)]] for at, line in enumerate(drawn.lines)},
    }


def _told(pipeline: PipelineDef, drawn: Picture) -> dict[str, object]:
    """What there is to tell of each step and field."""
    told: dict[str, object] = {}
    boxes = {node.name: box.title for box in drawn.boxes if box.kind is not BoxKind.PARAMS for node in box.all_nodes()}
    for node in sorted(drawn.all_nodes(), key=lambda node: node.role is Role.PARAM):
        told[node.name] = {
            "what": _WHAT[node.role] + (f", {boxes[node.name]}" if node.name in boxes else ""),
            "takes": [[edge.producer, f"{edge.kind} → {edge.parameter}"] for edge in pipeline.edges_into(node.name)]
            + [[name, "is waited for"] for name in (pipeline[node.name].after if node.name in pipeline else ())],
            "gives": [[edge.consumer, f"{edge.kind} → {edge.parameter}"] for edge in pipeline.edges_out_of(node.name)],
            **_declared(pipeline, node),
        }
    return told


def _declared(pipeline: PipelineDef, node: Node) -> dict[str, object]:
    if node.name not in pipeline:
        (field,) = [field for field in pipeline.fields if field.name == node.name]
        return {"signature": node.title, "location": "", "doc": field.doc or "", "ran": []}
    step = pipeline[node.name]
    return {
        "signature": signature(step),
        "location": step.location or "",
        "doc": step.doc or "",
        "ran": node.ran,
    }


def _digest(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
