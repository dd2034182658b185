"""What Graphviz writes as SVG, made fit for a reader: real tool tips, colours for the dark, nothing that varies."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from synaflow_graphviz.look import stylesheet

__all__ = ["finish"]

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_LINK: Final = f"{{{_SVG}}}a"
_GROUP: Final = f"{{{_SVG}}}g"
_TITLE: Final = f"{{{_SVG}}}title"


def finish(drawn: bytes) -> str:
    """The SVG to hand out.

    Graphviz puts tool tips where only some browsers look for them, on links that lead nowhere, and the nodes' ids where all
    of them look. Its comments name its version.

    Args:
        drawn: Graphviz's own SVG.
    """
    # What is parsed is Graphviz's output, in which the users' texts are escaped and which has no entities of its own.
    root = ElementTree.fromstring(drawn)  # noqa: S314
    ElementTree.register_namespace("", _SVG)
    graph = root.find(_GROUP)
    if graph is not None:
        for group in [*graph.findall(_GROUP), graph]:
            _tip(group)
        paper = graph.find(f"{{{_SVG}}}polygon")
        if paper is not None:
            paper.set("class", "paper")
    root.set("role", "img")
    style = ElementTree.Element(f"{{{_SVG}}}style")
    style.text = stylesheet()
    root.insert(0, style)
    return ElementTree.tostring(root, encoding="unicode")


def _tip(group: ElementTree.Element) -> None:
    """Takes the links, and the groups around them, out of a group, and makes the first one's text its title."""
    texts = [link.get(f"{{{_XLINK}}}title") or "" for link in group.iter(_LINK)]
    _dissolve(group)
    title = group.find(_TITLE)
    if title is not None and texts:
        title.text = texts[0]


def _dissolve(holder: ElementTree.Element) -> None:
    children = list(holder)
    for child in children:
        wraps = child.tag == _LINK or (child.tag == _GROUP and (child.get("id") or "").startswith("a_"))
        if wraps:
            _dissolve(child)
            at = list(holder).index(child)
            holder.remove(child)
            for offset, inside in enumerate(list(child)):
                holder.insert(at + offset, inside)
