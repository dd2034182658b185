"""The design's rule of which branches are bounded, spelled out as it stands there, apart from the code under test."""

from __future__ import annotations

from synaflow import Edge, EdgeKind, PipelineDef

__all__ = ["bounded_branches"]


def bounded_branches(pipeline: PipelineDef) -> list[Edge]:
    """The lazy branches on no cycle of the multigraph of edges that leave streams and value paths that start below one."""
    below: set[str] = set()
    ties: list[tuple[str, str, Edge | None]] = []
    for name in pipeline.order:
        for edge in pipeline.edges_into(name):
            if edge.from_stream or edge.producer in below:
                below.add(name)
                ties.append((edge.producer, name, edge))
        for earlier in pipeline[name].after:
            if earlier in below or pipeline[earlier].output.stream:
                below.add(name)
                ties.append((earlier, name, None))
    lazy = (EdgeKind.STREAM, EdgeKind.EACH)
    return [
        edge
        for at, (producer, consumer, edge) in enumerate(ties)
        if edge is not None and edge.from_stream and edge.kind in lazy
        if not _connected(producer, consumer, ties[:at] + ties[at + 1 :])
    ]


def _connected(start: str, end: str, ties: list[tuple[str, str, Edge | None]]) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        at = ahead.pop()
        if at == end:
            return True
        for one, other, _ in ties:
            for near, far in ((one, other), (other, one)):
                if near == at and far not in seen:
                    seen.add(far)
                    ahead.append(far)
    return False
