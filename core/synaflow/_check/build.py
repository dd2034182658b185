"""`pipeline(...)`: from declarations to a checked `PipelineDef`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from synaflow._check.declared import check_field_names, check_item_name, declare_step, to_step
from synaflow._check.hints import Scope
from synaflow._check.included import declare_include, dissolve_passes
from synaflow._check.nodes import Node, Plan
from synaflow._check.order import topological
from synaflow._check.params import read_params, spell_value
from synaflow._check.problems import Problems, did_you_mean
from synaflow._check.regions import find_regions
from synaflow._check.rules import check_rules
from synaflow._check.settle import Settler
from synaflow._check.wiring import needs_of, wire
from synaflow._declare.step import Step
from synaflow._model import Edge, PipelineDef, StepDef
from synaflow._types import forget

if TYPE_CHECKING:
    from synaflow._declare.include import Include

__all__ = ["pipeline"]


def pipeline(
    name: str,
    params: type | None = None,
    steps: Iterable[Step | Include | Callable[..., object]] = (),
    exports: str | None = None,
    doc: str | None = None,
) -> PipelineDef:
    """Wires steps into a pipeline by their type hints, and checks it.

    Args:
        name: The pipeline's name, for messages and for other programs.
        params: The class of the pipeline's inputs: a NamedTuple, dataclass, TypedDict or pydantic model. Any step can
            ask for any of its fields.
        steps: The steps: `step(...)`, `include(...)`, or a function, which stands for the step of its name.
        exports: The step that another pipeline sees when it includes this one. By default the only terminal step.
        doc: What the pipeline is for.

    Returns:
        The pipeline, checked and frozen.

    Raises:
        PipelineError: Anything is wrong with it; reports all that is.

    Example:
        >>> def numbers() -> list[int]:
        ...     return [1, 2, 3]
        >>> def total(numbers: list[int]) -> int:
        ...     return sum(numbers)
        >>> pipeline("sums", steps=[numbers, total])
        <PipelineDef 'sums': 2 steps, 1 edges>
    """
    scope = Scope(sys._getframe(1))
    try:
        return _build(name, params, steps, exports, doc, scope)
    finally:
        forget()


def _build(
    name: str,
    params: type | None,
    steps: Iterable[Step | Include | Callable[..., object]],
    exports: str | None,
    doc: str | None,
    scope: Scope,
) -> PipelineDef:
    problems = Problems(name if isinstance(name, str) else repr(name))
    if not isinstance(name, str) or not name.strip():
        problems.add(-1, "invalid-name", f"a pipeline's name must be a string with something in it, not {name!r}")
    plan = Plan(problems.pipeline, problems)
    params_def = read_params(params, scope, problems)
    check_field_names(plan, params_def.fields if params_def else ())
    _declare(plan, steps, scope)
    settler = Settler(plan)
    wire(plan, settler)
    dissolve_passes(plan, settler)
    check_rules(plan)
    problems.raise_any()
    order = topological(list(plan.nodes), needs_of(plan))
    edges = tuple(edge for node in plan.nodes.values() for edge in node.edges)
    exported = _exported(plan, exports, edges)
    problems.raise_any()
    defs = tuple(_step_def(node) for node in plan.nodes.values())
    after = {step.name: step.after for step in defs if step.after}
    return PipelineDef(
        name=name,
        params=params_def,
        steps=defs,
        edges=edges,
        order=tuple(order),
        regions=find_regions(list(plan.nodes), order, edges, after),
        aliases=tuple(plan.aliases.items()),
        exports=exported,
        doc=doc,
    )


def _declare(plan: Plan, steps: object, scope: Scope) -> None:
    if not isinstance(steps, Iterable) or isinstance(steps, str):
        plan.problems.add(-1, "invalid-step", f"steps must be a list of steps, not {spell_value(steps)}")
        return
    taken: dict[str, int] = {}
    for at, item in enumerate(steps):
        declared = to_step(plan, at, item)
        if declared is None or not check_item_name(plan, at, declared, taken):
            continue
        if isinstance(declared, Step):
            declare_step(plan, at, declared, scope)
        else:
            declare_include(plan, at, declared, scope)


def _exported(plan: Plan, exports: str | None, edges: Sequence[Edge]) -> str | None:
    if exports is None:
        producers = {edge.producer for edge in edges}
        terminals = [name for name in plan.nodes if name not in producers]
        return terminals[0] if len(terminals) == 1 else None
    name = plan.aliases.get(exports, exports)
    if name not in plan.nodes:
        mend = did_you_mean(str(exports), [*plan.nodes, *plan.aliases])
        plan.problems.add(
            -1, "unknown-dependency", f"exports= names {exports!r}, but there is no such step", suggestion=mend
        )
        return None
    return name


def _step_def(node: Node) -> StepDef:
    if node.settled is not None:
        return replace(node.settled, name=node.name, after=node.after)
    if node.own_output is None:  # pragma: no cover  # a node without one has a problem, which was raised
        raise AssertionError(f"step '{node.name}' was not settled")
    return StepDef(
        name=node.name,
        fn=node.fn,
        inputs=node.inputs,
        output=node.own_output,
        on_error=node.on_error,
        mode=node.mode,
        max_in_flight=node.max_in_flight,
        after=node.after,
        function=node.function,
        location=node.about.location,
        doc=node.doc,
        each=node.each,
        flatten=node.flatten,
        is_async=node.is_async,
        concurrency=node.concurrency,
        ordered=node.ordered,
        timeout=node.timeout,
        thread=node.thread,
    )
