"""Settling: in topological order, each step's edges get their kinds, its TypeVars their types, and so its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from synaflow._check.hints import UNKNOWN
from synaflow._check.kinds import Match, Pair, Refusal, connect, may_mean_each
from synaflow._check.outputs import describe_output, seen_by_consumers
from synaflow._model import Edge, EdgeKind, Output, StepMode
from synaflow._types import UndecidableTypeError, close, free_typevars, members, solve_all, spell, substitute

if TYPE_CHECKING:
    from synaflow._check.nodes import Link, Node, Plan
    from synaflow._model import Input
    from synaflow._types import TypeForm

__all__ = ["Settler"]


class Settler:
    """Settles the nodes of one plan, as often as it is asked to: before anything is found by type, and after."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[object, ...], Match | Refusal] = {}

    def settle(self, order: Sequence[str], *, report: bool) -> None:
        """Settles every node, what it depends on first.

        Args:
            order: The nodes' names in topological order.
            report: Whether what doesn't fit is a problem; before anything is found by type it may be too early to say.
        """
        for name in order:
            node = self._plan.nodes[name]
            if node.settled is None:
                self._settle(node, report)

    def output_of(self, name: str) -> Output | None:
        """What consumers get from a node or field; None where that can't be said."""
        node = self._plan.nodes.get(name)
        if node is None:
            return self._plan.fields[name].output
        return node.output if node.done else _declared(node)

    def match(self, output: Output, wanted: TypeForm, mode: StepMode, *, by_type: bool) -> Match | Refusal:
        """As `connect`, remembering what it said."""
        if len(members(wanted)) > 1:  # equal unions may list their members differently
            return connect(output, wanted, mode, by_type=by_type)
        key = (output.type, output.stream, wanted, mode, by_type)
        try:
            known = self._known.get(key)
        except TypeError:  # unhashable
            return connect(output, wanted, mode, by_type=by_type)
        if known is None:
            known = self._known[key] = connect(output, wanted, mode, by_type=by_type)
        return known

    def _settle(self, node: Node, report: bool) -> None:
        pairs: list[Pair] = []
        edges: list[Edge] = []
        refused = unsure = False
        for parameter in node.inputs:
            link = node.links.get(parameter.name)
            if link is None or parameter.type is UNKNOWN:
                continue
            output = self.output_of(link.producer)
            if output is None:
                unsure = unsure or self._may_mean_each(parameter, node.mode)
                continue
            match = self.match(output, parameter.type, node.mode, by_type=link.found == "type")
            if isinstance(match, Match):
                edges.append(_edge(node, parameter, link, output, match))
                pairs += [pair for pair in match.pairs if free_typevars(pair[1])]
                continue
            refused = True
            unsure = unsure or match.maybe_each
            if report:
                self._refuse(node, parameter, link, output, match)
        node.edges = tuple(edges)
        node.done = True
        node.each = any(edge.kind is EdgeKind.EACH for edge in edges)
        open_vars = bool(free_typevars(node.returns))
        bindings: dict[TypeVar, TypeForm] = {}
        if pairs and not solve_all(pairs, bindings):
            refused = True
            if report:
                self._refuse_together(node, pairs)
        if node.declared is None or (unsure and not node.each) or (refused and open_vars):
            node.own_output = node.output = None
            return
        own: Output | str = node.declared
        if open_vars:
            own = describe_output(close(substitute(node.returns, bindings)))
        if isinstance(own, str):
            if report:
                self._plan.complain(node.about, "unsupported-type", f"its output can't be used: {own}")
            node.own_output = node.output = None
            return
        node.flatten = node.each and own.stream
        node.own_output = Output(own.type, True, own.item) if node.each else own
        node.output = seen_by_consumers(own, each=node.each, is_async=node.is_async)

    def _refuse(self, node: Node, parameter: Input, link: Link, output: Output, refusal: Refusal) -> None:
        if node.passes is not None and self._is_each(output, parameter):
            mend = "use an fn= that returns a stream of params, to run the included pipeline once per item"
            refusal = Refusal("incompatible-types", "an included pipeline without fn= runs once, not per item", mend)
        word = "params field" if link.producer in self._plan.fields else "step"
        reason = (
            f"parameter '{parameter.name}' asks for `{spell(parameter.type)}`, but {word} '{link.producer}' gives "
            f"`{spell(output.type)}`: {refusal.reason}"
        )
        self._plan.complain(
            node.about, refusal.code, reason, parameter.name, refusal.suggestion, output.type, parameter.type
        )

    def _may_mean_each(self, parameter: Input, mode: StepMode) -> bool:
        try:
            return may_mean_each(parameter.type, mode)
        except UndecidableTypeError:
            return True

    def _is_each(self, output: Output, parameter: Input) -> bool:
        match = self.match(output, parameter.type, StepMode.AUTO, by_type=False)
        return isinstance(match, Match) and match.kind is EdgeKind.EACH

    def _refuse_together(self, node: Node, pairs: Sequence[Pair]) -> None:
        takes = ", ".join(f"`{spell(source)}` into `{spell(target)}`" for source, target in pairs)
        reason = f"there is no choice of its TypeVars that fits all its inputs: {takes}"
        self._plan.complain(node.about, "incompatible-types", reason)


def _edge(node: Node, parameter: Input, link: Link, output: Output, match: Match) -> Edge:
    return Edge(
        producer=link.producer,
        consumer=node.name,
        parameter=parameter.name,
        kind=match.kind,
        produced=output.type,
        wanted=parameter.type,
        from_stream=match.from_stream,
        found=link.found,
        collector=match.collector,
        one_shot=match.one_shot,
        is_async=match.is_async,
    )


def _declared(node: Node) -> Output | None:
    """The output as annotated, for a node in a cycle, which has no settled one."""
    return None if node.declared is None or free_typevars(node.returns) else node.declared
