"""How far apart the branches of a stream can get, told before the run.

A branch can only lag where its consumer, or one further down, may be kept from reading it: by a value that needs the
same stream, by another stream that is read first, or because all of it is wanted at once. Each of these closes a
cycle, seen without directions, in the graph of the edges inside a region. So a branch on no cycle never lags by more
than `max_in_flight`; which cycles there are is a question of biconnected components, asked once for the pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, get_origin

from synaflow._model import EdgeKind
from synaflow._types import members, spell

if TYPE_CHECKING:
    import networkx as nx

    from synaflow._model import Edge, PipelineDef
    from synaflow._types import TypeForm

__all__ = ["Bound", "bounds"]


@dataclass(frozen=True, slots=True)
class Bound:
    """How many items may wait in one branch.

    Attributes:
        edge: The branch: an edge that leaves a stream.
        limit: The most items that wait in it, None where that depends on the run.
        reason: The bound in words.
    """

    edge: Edge
    limit: int | None
    reason: str


class _Tie(NamedTuple):
    """An edge of the graph, or an ordering by `after=`, which has none."""

    producer: str
    consumer: str
    edge: Edge | None

    @property
    def waits(self) -> bool:
        """Whether the consumer can't start before the producer has ended."""
        return self.edge is None or not self.edge.from_stream

    @property
    def collects(self) -> bool:
        return self.edge is not None and self.edge.kind is EdgeKind.COLLECT


def bounds(pipeline: PipelineDef) -> tuple[Bound, ...]:
    """The bound of every branch, in the order of the pipeline's edges."""
    on_cycle = _cycles(pipeline)
    return tuple(_bound(pipeline, edge, on_cycle) for edge in pipeline.edges if edge.from_stream)


def _bound(pipeline: PipelineDef, edge: Edge, on_cycle: Mapping[Edge, _Block]) -> Bound:
    if edge.kind is EdgeKind.COLLECT:
        return Bound(edge, None, _asks_for(edge))
    if edge.kind is EdgeKind.VALUE:
        return Bound(edge, 0, "nothing waits: it is handed over whole")
    reason = on_cycle[edge].reason(edge) if edge in on_cycle else None
    if reason:
        return Bound(edge, None, reason)
    limit = (pipeline[edge.producer].max_in_flight if edge.producer in pipeline else None) or 1
    return Bound(edge, limit, f"at most {limit} item{'s' if limit != 1 else ''}")


def _cycles(pipeline: PipelineDef) -> dict[Edge, _Block]:
    """The block of every edge that lies on a cycle; two edges of one block lie on a common one."""
    import networkx as nx

    ties = _ties(pipeline)
    graph: nx.Graph[str | int] = nx.Graph()
    for at, tie in enumerate(ties):  # each tie a node of its own, so that parallel ones count as a cycle
        graph.add_edge(tie.producer, at)
        graph.add_edge(at, tie.consumer)
    place = {name: at for at, name in enumerate(pipeline.order)}
    found: dict[Edge, _Block] = {}
    for component in nx.biconnected_component_edges(graph):
        if len(component) > 1:
            inside = {end for pair in component for end in pair if isinstance(end, int)}
            block = _Block([ties[at] for at in sorted(inside)], place)
            found |= {tie.edge: block for tie in block.ties if tie.edge is not None}
    return found


def _ties(pipeline: PipelineDef) -> list[_Tie]:
    """What holds the steps of one region together. Between regions everything waits, so nothing there can lag."""
    region = {name: at for at, region in enumerate(pipeline.regions) for name in region.steps}
    ties = [
        _Tie(edge.producer, edge.consumer, edge)
        for edge in pipeline.edges
        if edge.from_stream or region.get(edge.producer) == region[edge.consumer]
    ]
    ties += [
        _Tie(name, step.name, None)
        for step in pipeline.steps
        for name in step.after
        if region[name] == region[step.name]
    ]
    return ties


class _Block:
    """Ties that lie on common cycles, and the one step that says most about why something may lag there."""

    def __init__(self, ties: Sequence[_Tie], place: Mapping[str, int]) -> None:
        self.ties = ties
        into: dict[str, list[_Tie]] = {}
        for tie in ties:
            into.setdefault(tie.consumer, []).append(tie)
        meetings = [into[name] for name in sorted(into, key=place.__getitem__) if len(into[name]) > 1]
        # A step that waits says more than one that collects, and that more than one that reads at its own pace.
        for says in (_waits_and_reads, _collects_and_reads, _reads_several):
            self._meetings = {ties[0].consumer: ties for ties in meetings if says(ties)}
            if self._meetings:
                break
        self._first = next(iter(self._meetings.values()), None)
        self._leads_to = self._upstream(self._first) if self._first and _reads_several(self._first) else {}

    def reason(self, edge: Edge) -> str | None:
        """Why a branch on these cycles may lag, None if it can't after all."""
        meeting = self._meetings.get(edge.consumer, self._first)
        if meeting is None:
            return None
        name = meeting[0].consumer
        for tie in meeting:
            if tie.waits:
                return f"unbounded: `{name}` waits for `{tie.producer}` first"
        for tie in meeting:
            if tie.collects and tie.edge is not None:
                return _asks_for(tie.edge)
        ahead, behind = meeting[0], meeting[1]
        via = edge if edge.consumer == name else self._leads_to.get(edge.consumer)
        if via is ahead.edge:
            ahead, behind = behind, ahead
        elif via is not None and via is not behind.edge:
            behind = next(tie for tie in meeting if tie.edge is via)
        first, second = ahead.producer, behind.producer
        if first == second and ahead.edge is not None and behind.edge is not None:
            first, second = ahead.edge.parameter, behind.edge.parameter
        return f"as far as `{name}` reads `{first}` ahead of `{second}`"

    def _upstream(self, meeting: Sequence[_Tie]) -> dict[str, Edge]:
        """For each step above the meeting, the edge by which it leads there; the last where there are several."""
        above: dict[str, list[str]] = {}
        for tie in self.ties:
            above.setdefault(tie.consumer, []).append(tie.producer)
        found: dict[str, Edge] = {}
        for tie in reversed(meeting):
            work = [tie.producer]
            while work:
                name = work.pop()
                if name not in found and tie.edge is not None:
                    found[name] = tie.edge
                    work += above.get(name, ())
        return found


def _waits_and_reads(ties: Iterable[_Tie]) -> bool:
    return any(tie.waits for tie in ties) and any(not tie.waits and not tie.collects for tie in ties)


def _collects_and_reads(ties: Iterable[_Tie]) -> bool:
    return any(tie.collects for tie in ties)


def _reads_several(ties: Iterable[_Tie]) -> bool:
    return sum(1 for tie in ties if not tie.waits and not tie.collects) > 1


def _asks_for(edge: Edge) -> str:
    wanted = next((part for part in members(edge.wanted) if part is not type(None)), edge.wanted)
    return f"unbounded: `{edge.consumer}` asks for `{_class_name(wanted)}`"


def _class_name(hint: TypeForm) -> str:
    name = getattr(get_origin(hint) or hint, "__name__", None)
    return name if isinstance(name, str) else spell(hint)
