"""What an edge alone doesn't show: rules about a step's edges together, and about one iterator's consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow._check.calls import check_calls
from synaflow._check.problems import quoted
from synaflow._model import Edge, EdgeKind, OnError, StepMode

if TYPE_CHECKING:
    from synaflow._check.nodes import Node, Plan

__all__ = ["check_rules"]


def check_rules(plan: Plan) -> None:
    """Adds a problem for every rule that is broken."""
    for node in plan.nodes.values():
        _check_mode(plan, node)
        check_calls(plan, node)
        if node.each:
            _check_each(plan, node)
    _check_iterators(plan)


def _check_mode(plan: Plan, node: Node) -> None:
    if node.settled is not None:
        return
    linked = [parameter.name for parameter in node.inputs if parameter.name in node.links]
    if node.mode is StepMode.EACH and not node.each and len(node.edges) == len(linked):
        reason = 'mode="each", but no parameter of it takes one item of a stream or collection at a time'
        if node.edges:
            kinds = ", ".join(f"'{edge.parameter}' is a {edge.kind} of '{edge.producer}'" for edge in node.edges)
            reason += f" ({kinds})"
        mend = "leave mode= out, or let a parameter ask for one item by name or inputs="
        plan.complain(node.about, "impossible-mode", reason, suggestion=mend)
    if node.max_in_flight is not None and node.output is not None and not node.output.stream:
        reason = f"max_in_flight={node.max_in_flight} is about the branches of a stream, and its output is none"
        plan.complain(node.about, "impossible-mode", reason, suggestion="leave max_in_flight= out")


def _check_each(plan: Plan, node: Node) -> None:
    each = [edge for edge in node.edges if edge.kind is EdgeKind.EACH]
    for edge in node.edges:
        if edge.kind is EdgeKind.STREAM:
            items = quoted(other.parameter for other in each)
            reason = (
                f"it is called once per item of {items}, so '{edge.parameter}' can't be the live stream "
                f"'{edge.producer}': the first call would use it up"
            )
            mend = f"ask for `list[...]` to have all of '{edge.producer}' on every call"
            _complain(plan, node, edge, reason, mend)
    if len(each) < 2:
        return
    for edge in each:
        producer = plan.nodes.get(edge.producer)
        if producer is not None and producer.each and producer.on_error is OnError.CONTINUE:
            reason = (
                f"{quoted(other.parameter for other in each)} advance together, but '{edge.producer}' may drop items "
                'of its own (on_error="continue"), and the others would no longer match'
            )
            _complain(plan, node, edge, reason, f"let '{edge.producer}' give something for an item that fails")
        elif producer is not None and not producer.ordered:
            reason = (
                f"{quoted(other.parameter for other in each)} advance together, but '{edge.producer}' gives its results "
                "as they come (ordered=False), and the others would not match"
            )
            _complain(plan, node, edge, reason, f"leave ordered=False out at '{edge.producer}'")


def _complain(plan: Plan, node: Node, edge: Edge, reason: str, mend: str) -> None:
    plan.complain(node.about, "impossible-each", reason, edge.parameter, mend, edge.produced, edge.wanted)


def _check_iterators(plan: Plan) -> None:
    """An iterator that is passed as its own class has exactly one consumer: two would take turns at its items."""
    consumers: dict[str, list[Edge]] = {}
    for node in plan.nodes.values():
        for edge in node.edges:
            consumers.setdefault(edge.producer, []).append(edge)
    for producer, edges in consumers.items():
        whole = next((edge for edge in edges if edge.kind is EdgeKind.VALUE and edge.from_stream), None)
        if whole is None or len(edges) == 1:
            continue
        takers = quoted(dict.fromkeys(edge.consumer for edge in edges))
        reason = (
            f"parameter '{whole.parameter}' takes the iterator '{producer}' itself, so nobody else can, "
            f"but it goes to {takers}"
        )
        mend = "let the others ask the consumer for what they need, or let all ask for `Iterator[...]`"
        node = plan.nodes[whole.consumer]
        plan.complain(node.about, "shared-iterator", reason, whole.parameter, mend, whole.produced, whole.wanted)
