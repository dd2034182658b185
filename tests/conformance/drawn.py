"""Random plans, as hypothesis draws them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st

from conformance.plans import STREAMS, Kind, Node, Plan

__all__ = ["plans", "trying"]

_FREQUENT: tuple[Kind, ...] = ("transform", "transform", "sink", "sink")
_READERS: tuple[Kind, ...] = (*_FREQUENT * 4, "each", "each", "flat", "flat", "lister", "lister", "runs")
"""What reads a stream, each as often as it is to be drawn."""


def trying(examples: int) -> settings:
    """How random plans are tried: so many of them, each found anew, and what fails told once."""
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        print_blob=True,
        report_multiple_bugs=False,
        phases=set(Phase) - {Phase.explain},
    )


@st.composite
def plans(
    draw: st.DrawFn,
    max_nodes: int = 9,
    failing: bool = True,
    chunked: bool = True,
    awaiting: bool = False,
    threads: bool = False,
) -> Plan:
    """Draws a plan; with `threads`, its `each` steps may have several calls under way, and how far those are is chance."""
    # Now and then one with streams of hundreds of items; of fewer steps, for the reference replays each from its start.
    long = draw(st.integers(0, 31)) == 31
    count = draw(st.integers(2, min(max_nodes, 5) if long else max_nodes))
    nodes: list[Node] = []
    can_chunk = chunked and draw(st.integers(0, 3)) == 0
    for at in range(count):
        nodes.append(_node(draw, at, nodes, can_chunk, long))
    assume(any(node.kind != "field" for node in nodes))
    if threads and can_chunk:
        for at, node in enumerate(nodes):
            if node.kind in ("each", "flat"):
                nodes[at] = replace(node, concurrency=draw(st.sampled_from([1, 2, 3, 16])))
    if awaiting:
        _make_asynchronous(draw, nodes)
    if failing:
        _fail_some(draw, nodes, long)
    listed = tuple(draw(st.permutations(range(count))))
    included = (0, 0)
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, count - 1))
        included = (start, draw(st.integers(start + 1, count)))
    plan = Plan(tuple(nodes), listed, (), included, draw(st.booleans()), draw(st.integers(0, 3)) == 0)
    return replace(plan, outputs=tuple(map(plan.name_of, _outputs(draw, nodes))))


def _make_asynchronous(draw: st.DrawFn, nodes: list[Node]) -> None:
    """Some of them, or all; an asynchronous generator returns no value, nor does who reads one asynchronously get to see it."""
    often = draw(st.sampled_from([1, 2, 4]))
    returning = {node.name for node in nodes if node.returns}
    for at, node in enumerate(nodes):
        if node.kind in ("field", "runs") or node.returns or returning.intersection(node.streams):
            continue
        if draw(st.integers(1, 4)) <= often:
            nodes[at] = replace(node, awaits=True)


def _outputs(draw: st.DrawFn, nodes: list[Node]) -> tuple[str, ...]:
    if draw(st.integers(0, 3)):
        return ()
    used = {producer for node in nodes for producer in node.inputs().values()}
    terminal = tuple(node.name for node in nodes if node.name not in used and node.kind not in STREAMS)
    made = [node.name for node in nodes if node.kind in STREAMS and node.kind != "field"]
    return (*terminal, *draw(st.lists(st.sampled_from(made), max_size=2, unique=True))) if made else terminal


def _fail_some(draw: st.DrawFn, nodes: list[Node], long: bool) -> None:
    failures = draw(st.sampled_from([0, 0, 0, 1, 1, 2]))
    for at in draw(st.permutations(range(len(nodes))))[:failures]:
        # Which of two failures comes first isn't fixed, and neither is what one of them spares the other.
        policy: Literal["stop", "continue"] = draw(st.sampled_from(["stop", "continue"])) if failures == 1 else "stop"
        if nodes[at].kind == "field":
            continue
        # An each step that may drop items can't feed a step that takes two item by item.
        if any(nodes[at].name in node.items and len(node.items) > 1 for node in nodes):
            policy = "stop"
        number = draw(st.integers(0, 5)) if not long else draw(st.integers(0, 300))
        nodes[at] = replace(nodes[at], fails_at=number, on_error=policy)


def _node(draw: st.DrawFn, at: int, before: list[Node], can_chunk: bool, long: bool) -> Node:
    streams = [node.name for node in before if node.kind in STREAMS]
    values = [node.name for node in before if node.kind in ("sink", "value")]
    lists = [node.name for node in before if node.kind == "lister"]
    kinds: tuple[Kind, ...] = ("source",) if draw(st.integers(0, 7)) else ("field",)
    if streams:
        kinds = (*kinds, *_READERS)
    if values:
        kinds = (*kinds, "value", "value")
    kind: Kind = draw(st.sampled_from(kinds))
    some = st.integers(0, 3)

    def chosen(names: list[str], least: int, most: int) -> tuple[str, ...]:
        if not names:
            return ()
        # Late producers are drawn more often: deep plans.
        return tuple(draw(st.lists(st.sampled_from([*names, *names[-2:]]), min_size=least, max_size=most)))

    node = Node(f"n{at}", kind)
    if kind in STREAMS and can_chunk and kind not in ("field", "runs"):
        node = replace(node, in_flight=draw(st.sampled_from([None, 1, 2, 5, 16])))
    if before and kind not in ("field", "runs") and draw(st.integers(0, 15)) == 0:
        earlier = [other.name for other in before if other.kind != "field"]
        node = replace(node, after=(draw(st.sampled_from(earlier)),) if earlier else ())
    if kind in ("field", "source"):
        length = draw(st.integers(0, 6)) if draw(st.integers(0, 15)) else 40
        if long:
            length = draw(st.integers(90, 400))
        node = replace(node, length=length)
    if kind == "field":
        return node
    if kind in ("source", "transform") and draw(st.integers(0, 7)) == 0:
        node = replace(node, returns=True)
    if kind == "source":
        return replace(node, values=chosen(values, 0, 1) if draw(some) == 0 else ())
    if kind == "value":
        return replace(
            node,
            values=chosen(values, 1, 2),
            iterated=chosen(lists, 0, 2),
            lists=chosen(lists, 0, 1) if draw(some) == 0 else (),
        )
    if kind in ("each", "flat"):
        sources = [*streams, *lists]
        items = chosen(sources, 1, 1)
        if draw(some) == 0:
            items = (items[0], items[0]) if draw(some) else (items[0], draw(st.sampled_from(sources)))
        return replace(
            node,
            items=items,
            values=chosen(values, 0, 1),
            lists=chosen([*streams, *lists], 0, 1) if draw(some) == 0 else (),
            iterated=chosen(lists, 0, 1) if draw(some) == 0 else (),
        )
    if kind == "runs":
        return replace(node, streams=chosen(streams, 1, 1), counts=(1,), make=draw(st.integers(0, 3)))
    read = chosen(streams, 1, 3)
    return replace(
        node,
        streams=read,
        values=chosen(values, 0, 1) if draw(some) < 2 else (),
        lists=chosen([*streams, *lists], 0, 1) if draw(some) == 0 else (),
        iterated=chosen(lists, 0, 1) if draw(some) == 0 else (),
        counts=tuple(draw(st.sampled_from([1, 1, 1, 2, 3, 1000])) for _ in read),
        until=draw(st.sampled_from(["first", "last"])),
        limit=draw(st.sampled_from([None, None, None, None, 0, 1, 2, 4, 7] if not long else [None, None, 1, 77])),
        make=draw(st.integers(0, 1 if long else 3)),
        handles=draw(some) == 0,
        once=draw(st.integers(0, 7)) == 0,
    )
