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
        _tip(graph)
        for group in graph.findall(_GROUP):
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
    texts: list[str] = []
    while wrappers := [child for child in group if _wraps(child)]:
        for wrapper in wrappers:
            if wrapper.tag == _LINK:
                texts.append(wrapper.get(f"{{{_XLINK}}}title") or "")
            at = list(group).index(wrapper)
            group.remove(wrapper)
            for offset, inside in enumerate(list(wrapper)):
                group.insert(at + offset, inside)
    title = group.find(_TITLE)
    if title is None:  # a graph without a name has none in Graphviz's newer releases
        title = ElementTree.Element(_TITLE)
        group.insert(0, title)
    title.text = texts[0] if texts else ""


def _wraps(element: ElementTree.Element) -> bool:
    return element.tag == _LINK or (element.tag == _GROUP and (element.get("id") or "").startswith("a_"))
