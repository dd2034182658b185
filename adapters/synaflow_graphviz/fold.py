"""Boxes folded up: from far enough away, a region or an included pipeline is one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synaflow_graphviz.picture import BoxKind, Line, Node, Picture, Role

if TYPE_CHECKING:
    from synaflow import EdgeKind

__all__ = ["fold"]


def fold(drawn: Picture) -> None:
    """Makes one node of every outermost box of more than one step, and one line of those between the same two."""
    stands: dict[int, Node] = {}
    for box in [box for box in drawn.boxes if box.kind is not BoxKind.PARAMS]:
        inside = list(box.all_nodes())
        if len(inside) < 2:
            continue
        node = Node(box.title, Role.FOLDED, box.title, [f"{len(inside)} steps"], box.tip)
        node.steps = tuple(name for member in inside for name in member.steps)
        node.status = next((member.status for member in inside if member.status is not None), None)
        if node.status is not None:
            node.notes.append(node.status.upper())
        stands |= dict.fromkeys(map(id, inside), node)
        drawn.boxes.remove(box)
        drawn.nodes.append(node)
    merged: dict[tuple[int, int, EdgeKind | None], list[Line]] = {}
    for line in drawn.lines:
        line.producer = stands.get(id(line.producer), line.producer)
        line.consumer = stands.get(id(line.consumer), line.consumer)
        if line.producer is not line.consumer:
            merged.setdefault((id(line.producer), id(line.consumer), line.kind), []).append(line)
    drawn.lines = [_merge(lines) for lines in merged.values()]


def _merge(lines: Sequence[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    first = lines[0]
    tip = "\n".join(line.tip for line in lines)
    return Line(
        first.producer, first.consumer, first.kind, [f"{len(lines)} edges"], tip, any(line.unbounded for line in lines)
    )
