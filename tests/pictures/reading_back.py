"""DOT and SVG, read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pygraphviz

__all__ = ["Drawn", "Thing", "parsed", "shown"]

_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Thing:
    """Something drawn: its texts, line by line, its tool tip and its classes."""

    id: str
    texts: tuple[str, ...]
    tip: str
    classes: frozenset[str]


@dataclass(frozen=True)
class Drawn:
    """An SVG's nodes, edges and boxes, without the legend's."""

    nodes: tuple[Thing, ...]
    edges: tuple[Thing, ...]
    boxes: tuple[Thing, ...]
    root: ElementTree.Element

    def node(self, title: str) -> Thing:
        """The node of that title."""
        (found,) = [node for node in self.nodes if node.texts[0] == title]
        return found


def shown(svg: str) -> Drawn:
    """What an SVG shows."""
    root = ElementTree.fromstring(svg)
    found: dict[str, list[Thing]] = {"node": [], "edge": [], "cluster": []}
    for group in root.iter(f"{_SVG}g"):
        classes = frozenset((group.get("class") or "").split())
        for kind in classes & found.keys():
            texts = tuple(text.text or "" for text in group.iter(f"{_SVG}text"))
            tip = group.findtext(f"{_SVG}title") or ""
            found[kind].append(Thing(group.get("id") or "", texts, tip, classes - {kind}))
    ours = {kind: tuple(sorted(filter(_ours, things), key=_number)) for kind, things in found.items()}
    return Drawn(ours["node"], ours["edge"], ours["cluster"], root)


def _ours(thing: Thing) -> bool:
    return thing.id.rstrip("0123456789") in ("n", "e", "box") and thing.id[-1].isdigit()


def _number(thing: Thing) -> int:
    return int(thing.id.lstrip("nebox"))


def parsed(dot: str) -> Any:
    """The graph that Graphviz reads in a DOT text."""
    return pygraphviz.AGraph(string=dot)
