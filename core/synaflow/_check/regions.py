"""Stream regions: which steps have to run in one process, in lockstep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from synaflow._check.order import components, topological
from synaflow._model import Region

if TYPE_CHECKING:
    from synaflow._model import Edge

__all__ = ["find_regions"]


def find_regions(
    steps: Sequence[str], order: Sequence[str], edges: Sequence[Edge], after: Mapping[str, Sequence[str]]
) -> tuple[Region, ...]:
    """The regions in topological order, ties as listed.

    Args:
        steps: The steps' names as listed.
        order: The same in topological order.
        edges: All edges; the consumers of one stream that is a params field are held together by it.
        after: What each step waits for besides.

    Returns:
        Regions, every step in exactly one: the connected components over the edges that bind, those merged that
        paths over the other edges would tie into a cycle.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        top = name
        while (above := parent.get(top, top)) != top:
            top = above
        while (above := parent.get(name, name)) != top:
            parent[name], name = top, above
        return top

    for edge in edges:
        if edge.binds:
            parent[root(edge.producer)] = root(edge.consumer)
    known = set(steps)
    needs: dict[str, set[str]] = {}
    for edge in edges:
        if not edge.binds and edge.producer in known:
            _tie(needs, root(edge.producer), root(edge.consumer))
    for name, others in after.items():
        for other in others:
            _tie(needs, root(other), root(name))
    roots = list(dict.fromkeys(root(name) for name in steps))
    merged: dict[str, str] = {}
    for members in components(roots, needs):
        merged |= dict.fromkeys(members, members[0])

    inside: dict[str, list[str]] = {}
    for name in order:
        inside.setdefault(merged[root(name)], []).append(name)
    listed = list(dict.fromkeys(merged[root(name)] for name in steps))
    between: dict[str, set[str]] = {}
    for name, needed in needs.items():
        for other in needed:
            _tie(between, merged[other], merged[name])
    return tuple(Region(inside[name][0], tuple(inside[name])) for name in topological(listed, between))


def _tie(needs: dict[str, set[str]], needed: str, name: str) -> None:
    if needed != name:
        needs.setdefault(name, set()).add(needed)
