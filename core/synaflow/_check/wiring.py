"""Finding each parameter's producer: as told, by name, by default, and at last by type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from synaflow._check.candidates import Candidate, Candidates
from synaflow._check.hints import UNKNOWN
from synaflow._check.kinds import Match
from synaflow._check.nodes import Link
from synaflow._check.order import cycles, topological
from synaflow._check.problems import did_you_mean
from synaflow._model import NO_DEFAULT
from synaflow._types import spell

if TYPE_CHECKING:
    from synaflow._check.nodes import Node, Plan
    from synaflow._check.settle import Settler
    from synaflow._model import Input

__all__ = ["needs_of", "wire"]


class _Open(NamedTuple):
    """A parameter that nothing is told or named for."""

    node: Node
    parameter: Input


def wire(plan: Plan, settler: Settler) -> None:
    """Finds every producer and settles every node."""
    _resolve_after(plan)
    left = [_Open(node, parameter) for node in plan.nodes.values() for parameter in _by_name(plan, node)]
    needs = needs_of(plan)
    order = topological(list(plan.nodes), needs)
    if left:
        # What is found by type must not depend on what else is: all of it is judged by the outputs before any of it.
        settler.settle(order, report=False)
        _by_type(plan, settler, left, needs, order)
        needs = needs_of(plan)
        order = topological(list(plan.nodes), needs)
    for path in cycles(list(plan.nodes), needs):
        about = plan.nodes[path[0]].about
        reason = f"it depends on itself: {' -> '.join(path)}" if len(path) > 2 else "it takes its own output"
        mend = "break the cycle: a step can only take what was made before it"
        plan.complain(about, "cycle", reason, suggestion=mend)
    settler.settle(order, report=True)


def needs_of(plan: Plan) -> dict[str, list[str]]:
    """What each node depends on, fields left out."""
    return {
        node.name: [link.producer for link in node.links.values() if link.producer in plan.nodes] + list(node.after)
        for node in plan.nodes.values()
    }


def _resolve_after(plan: Plan) -> None:
    told: set[tuple[int, str]] = set()
    for node in plan.nodes.values():
        names: dict[str, None] = {}
        for name in node.after:
            if name in plan.nodes:
                names[name] = None
            elif name in plan.endings:
                names |= dict.fromkeys(plan.endings[name])
            elif name in plan.aliases:
                names[plan.aliases[name]] = None
            elif name not in plan.broken and (node.about.at, name) not in told:
                told.add((node.about.at, name))
                if name in plan.fields:
                    reason = f"after= names '{name}', a params field, which is there from the start"
                    plan.complain(node.about, "unknown-after", reason, suggestion="leave it out")
                else:
                    reason = f"after= names '{name}', but there is no such step"
                    near = did_you_mean(name, [*_listed(plan), *plan.endings])
                    plan.complain(node.about, "unknown-after", reason, suggestion=near)
        node.after = tuple(names)


def _listed(plan: Plan) -> list[str]:
    return [node.name for node in plan.nodes.values() if not node.hidden]


def _by_name(plan: Plan, node: Node) -> list[Input]:
    """Links what is told or named; returns the parameters that are left for the types."""
    left: list[Input] = []
    if node.settled is not None:
        return left
    for parameter in node.inputs:
        told = node.told.get(parameter.name)
        name = parameter.name if told is None else told
        producer = plan.aliases.get(name, name)
        if told is None and name in (node.name, node.about.step):
            reason = f"parameter '{name}' has the step's own name, and a step can't take its own output"
            mend = f"say what it takes, {_inputs_line(node, name, '...')}, or rename one of them"
            plan.complain(node.about, "cycle", reason, name, mend)
        elif (producer in plan.nodes or producer in plan.fields) and name not in plan.unexported:
            node.links[parameter.name] = Link(producer, "name" if told is None else "inputs")
        elif name in plan.broken:
            continue
        elif name in plan.unexported:
            reason = f"parameter '{parameter.name}' takes the output of '{name}', but its pipeline exports no step"
            mend = "say which when it is built: pipeline(..., exports=...)"
            plan.complain(node.about, "unknown-dependency", reason, parameter.name, mend)
        elif told is not None:
            reason = f"inputs= takes '{parameter.name}' from '{told}', but there is no such step or params field"
            near = did_you_mean(told, [*plan.nodes, *plan.fields, *plan.aliases])
            plan.complain(node.about, "unknown-dependency", reason, parameter.name, near, wanted=_known(parameter))
        elif parameter.default is NO_DEFAULT and not _defaults(node):
            left.append(parameter)
    return left


def _defaults(node: Node) -> bool:
    return node.passes is not None and not node.passes.required


def _known(parameter: Input) -> object | None:
    return None if parameter.type is UNKNOWN else parameter.type


def _by_type(
    plan: Plan, settler: Settler, left: Sequence[_Open], needs: dict[str, list[str]], order: Sequence[str]
) -> None:
    candidates = Candidates(plan, settler)
    dependents = _Dependents(needs, order)
    fitting: dict[object, list[Candidate]] = {}
    for node, parameter in left:
        if parameter.type is UNKNOWN:
            continue  # its missing hint is a problem already
        key = (spell(parameter.type), node.mode, id(parameter.type))
        if key not in fitting:
            fitting[key] = [
                candidate
                for candidate in candidates.for_type(parameter.type)
                if isinstance(settler.match(candidate.output, parameter.type, node.mode, by_type=True), Match)
            ]
        fits = [
            candidate
            for candidate in fitting[key]
            if candidate.producer != node.name
            and candidate.name != node.about.step
            and not dependents.of(node.name, candidate.producer)
        ]
        if len(fits) == 1:
            node.links[parameter.name] = Link(fits[0].producer, "type")
        elif fits:
            _complain_several(plan, node, parameter, fits)
        else:
            _complain_none(plan, node, parameter)


class _Dependents:
    """Whether one node depends on another already, however far."""

    def __init__(self, needs: dict[str, list[str]], order: Sequence[str]) -> None:
        self._needs = needs
        self._place = {name: at for at, name in enumerate(order)}

    def of(self, needed: str, name: str) -> bool:
        """Whether `name` depends on `needed`."""
        first = self._place[needed]
        if self._place.get(name, -1) <= first:
            return False
        seen: set[str] = set()
        work = [name]
        while work:
            for need in self._needs[work.pop()]:
                if need == needed:
                    return True
                if need not in seen and self._place[need] > first:
                    seen.add(need)
                    work.append(need)
        return False


def _complain_none(plan: Plan, node: Node, parameter: Input) -> None:
    name = parameter.name
    known = [*_listed(plan), *plan.fields, *plan.aliases]
    reason = f"parameter '{name}' has no producer: there is no step or params field '{name}', and no output fits "
    reason += f"`{spell(parameter.type)}` by type"
    mend = did_you_mean(name, (each for each in known if each != node.name))
    mend = mend or f"add a step or params field '{name}', or say what it takes: {_inputs_line(node, name, '...')}"
    plan.complain(node.about, "unknown-dependency", reason, name, mend, wanted=parameter.type)


def _complain_several(plan: Plan, node: Node, parameter: Input, fits: Sequence[Candidate]) -> None:
    name = parameter.name
    lines = []
    for candidate in fits:
        producer = plan.nodes.get(candidate.producer)
        place = producer.about.location if producer is not None else "a params field"
        lines.append(f"\n      {candidate.name}: {spell(candidate.output.type)}" + (f"  ({place})" if place else ""))
    reason = (
        f"parameter '{name}' could take any of {len(fits)} outputs: none is called '{name}', and these fit "
        f"`{spell(parameter.type)}`:{''.join(lines)}"
    )
    mend = f"say which: {_inputs_line(node, name, fits[0].name)}"
    plan.complain(node.about, "ambiguous-dependency", reason, name, mend, wanted=parameter.type)


def _inputs_line(node: Node, parameter: str, producer: str) -> str:
    entries = ", ".join(f'"{key}": "{value}"' for key, value in {**node.told, parameter: producer}.items())
    return f"{node.about.call}, inputs={{{entries}}})"
