"""Including one pipeline in another: its steps become steps of the outer one, or one step that runs it per item.

A params field of the included pipeline is a node of its own while the outer pipeline is wired, so that it is found,
checked and reported like a parameter. Where it would only hand something on, it is dissolved at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from synaflow._check.declared import read_after, read_choice, read_step, read_told
from synaflow._check.hints import UNKNOWN, Scope
from synaflow._check.nodes import Link, Node, Plan, Subject
from synaflow._check.outputs import find_async, seen_by_consumers
from synaflow._check.params import spell_value
from synaflow._check.passing import AsyncSubPipeline, FieldDefault, FieldOf, PassOn, SubPipeline
from synaflow._check.problems import did_you_mean, quoted
from synaflow._declare.step import Step
from synaflow._model import EdgeKind, Input, OnError, Output, PipelineDef, StepMode
from synaflow._types import UndecidableTypeError, collection_item, is_assignable, spell, stream_item

if TYPE_CHECKING:
    from synaflow._check.settle import Settler
    from synaflow._declare.include import Include
    from synaflow._model import Edge, ParamsDef, StepDef
    from synaflow._types import TypeForm

__all__ = ["declare_include", "dissolve_passes"]


def declare_include(plan: Plan, at: int, item: Include, scope: Scope) -> None:
    """Takes an inclusion into the plan."""
    sub = item.pipeline
    if not isinstance(sub, PipelineDef):
        reason = f"include '{item.name}': pipeline= must be what pipeline(...) returns, not {spell_value(sub)}"
        plan.problems.add(at, "invalid-include", reason, step=item.name)
        plan.broken.add(item.name)
        return
    about = Subject(at, item.name, f'include("{item.name}", pipeline=...', None)
    told = read_told(plan, at, item.name, item.inputs)
    item = replace(item, inputs=told, after=read_after(plan, about, item.after))
    on_error = read_choice(plan, about, "on_error", item.on_error, OnError, OnError.STOP)
    if item.fn is None:
        _check_field_inputs(plan, about, item, told)
        if sub.params is not None:
            _declare_fields(plan, about, item, sub.params, told)
    else:
        maker = _declare_maker(plan, about, item, item.fn, scope)
        if maker is None:
            plan.broken.add(item.name)
            return
        if not is_assignable(maker.returns, maker.params.type):
            _declare_per_item(plan, about, item, maker, on_error)
            return
        _declare_getters(plan, item, maker)
    if on_error is not OnError.STOP:
        reason = (
            f'on_error="{on_error}" has nothing to drop: the included pipeline runs once, and its steps keep their own'
        )
        plan.complain(about, "invalid-include", reason, suggestion="leave on_error= out")
    _declare_steps(plan, about, item)


def _declare_steps(plan: Plan, about: Subject, item: Include) -> None:
    """The included pipeline's steps, with the types and edges they were checked with."""
    sub, prefix = item.pipeline, f"{item.name}__"
    for step in sub.steps:
        edges = tuple(
            replace(edge, producer=prefix + edge.producer, consumer=prefix + edge.consumer)
            for edge in sub.edges_into(step.name)
        )
        after = tuple(prefix + name for name in step.after)
        if not after and not any(edge.producer in sub for edge in sub.edges_into(step.name)):
            after = tuple(item.after)
        _add(
            plan,
            Node(
                name=prefix + step.name,
                about=Subject(about.at, prefix + step.name, about.call, step.location),
                fn=step.fn,
                inputs=step.inputs,
                returns=step.output.type,
                declared=step.output,
                after=after,
                on_error=step.on_error,
                settled=step,
                edges=edges,
                links={edge.parameter: Link(edge.producer, edge.found) for edge in edges},
                hidden=True,
                done=True,
                output=_seen(step),
                own_output=step.output,
                each=step.each,
                flatten=step.flatten,
            ),
        )
    for alias, target in sub.aliases:
        plan.aliases[prefix + alias] = prefix + target
    if sub.exports is None:
        plan.unexported.add(item.name)
    else:
        plan.aliases[item.name] = prefix + sub.exports
    ends = [*sub.terminals, *([sub.exports] if sub.exports else [])]
    plan.endings[item.name] = tuple(dict.fromkeys(prefix + name for name in ends))


def _seen(step: StepDef) -> Output:
    own = replace(step.output, stream=step.flatten) if step.each else step.output
    return seen_by_consumers(own, each=step.each, is_async=step.is_async)


def _check_field_inputs(plan: Plan, about: Subject, item: Include, told: Mapping[str, str]) -> None:
    names = [field.name for field in item.pipeline.fields]
    for name in told:
        if name not in names:
            reason = f"inputs= names the field '{name}', but the params of the included pipeline have "
            reason += quoted(names) or "no fields"
            plan.complain(about, "unknown-parameter", reason, name, did_you_mean(name, names))
    if item.hints:
        plan.complain(about, "unknown-hint", "hints= is for fn=, and there is none", suggestion="leave hints= out")


def _declare_fields(plan: Plan, about: Subject, item: Include, params: ParamsDef, told: Mapping[str, str]) -> None:
    """Without an `fn`: the included pipeline's params fields are wired like parameters."""
    for field in params.fields:
        _add(
            plan,
            Node(
                name=f"{item.name}__{field.name}",
                about=about,
                fn=PassOn(params.type, field.output.stream),
                inputs=(Input(field.name, field.output.type, positional_only=True),),
                returns=field.output.type,
                declared=field.output,
                told={field.name: told[field.name]} if field.name in told else {},
                after=tuple(item.after),
                mode=StepMode.ALL,
                function=field.name,
                doc=field.doc,
                hidden=True,
                passes=field,
            ),
        )


class _Maker(NamedTuple):
    """The step that makes the included pipeline's params."""

    node: Node
    params: ParamsDef
    returns: TypeForm


def _declare_maker(plan: Plan, about: Subject, item: Include, fn: Callable[..., object], scope: Scope) -> _Maker | None:
    sub = item.pipeline
    made = Step(item.name, fn, inputs=item.inputs, after=item.after, hints=item.hints)
    maker = read_step(plan, about.at, made, scope)
    if maker is None:
        return None
    call = f"{about.call}, fn={maker.function if maker.function.isidentifier() else '...'}"
    maker.about = Subject(about.at, item.name, call, maker.about.location)
    maker.name, maker.hidden = f"{item.name}__params", True
    _add(plan, maker)
    if sub.params is None:
        reason = f"fn= makes params, but pipeline '{sub.name}' takes none"
        plan.complain(maker.about, "invalid-include", reason, suggestion="leave fn= out")
        return None
    if maker.returns is UNKNOWN:
        return None
    try:
        of = stream_item(maker.returns) or collection_item(maker.returns)
        for given in (maker.returns, of.item if of is not None else None):
            if given is not None and is_assignable(given, sub.params.type):
                return _Maker(maker, sub.params, maker.returns)
    except UndecidableTypeError:
        pass
    name = sub.params.type.__name__
    reason = f"fn= gives `{spell(maker.returns)}`, but pipeline '{sub.name}' takes `{name}`"
    mend = f"return `{name}` to run it once, `Iterator[{name}]` or `list[{name}]` to run it once per item"
    plan.complain(maker.about, "invalid-include", reason, None, mend, maker.returns, sub.params.type)
    return None


def _declare_getters(plan: Plan, item: Include, maker: _Maker) -> None:
    """A step per params field that is used, which takes it out of the params value."""
    for field in item.pipeline.fields:
        if not item.pipeline.edges_out_of(field.name):
            continue
        _add(
            plan,
            Node(
                name=f"{item.name}__{field.name}",
                about=maker.node.about,
                fn=FieldOf(field.name, field.output.stream),
                inputs=(Input(maker.node.name, maker.returns, positional_only=True),),
                returns=field.output.type,
                declared=field.output,
                mode=StepMode.ALL,
                function=field.name,
                doc=field.doc,
                hidden=True,
            ),
        )


def _declare_per_item(plan: Plan, about: Subject, item: Include, maker: _Maker, on_error: OnError) -> None:
    """One `each` step that runs the included pipeline for every params value."""
    sub = item.pipeline
    is_async = find_async(sub) is not None
    output = Output(type(None), stream=False, item=type(None))
    if sub.exports is None:
        plan.unexported.add(item.name)
    else:
        output = _seen(sub[sub.exports])
        if output.stream:
            output = seen_by_consumers(output, each=True, is_async=is_async)  # one stream, whatever it is inside
    _add(
        plan,
        Node(
            name=item.name,
            about=about._replace(location=maker.node.about.location),
            fn=(AsyncSubPipeline if is_async else SubPipeline)(sub, sub.exports, output.stream),
            inputs=(Input(maker.node.name, maker.params.type, positional_only=True),),
            returns=output.type,
            declared=output,
            on_error=on_error,
            mode=StepMode.EACH,
            is_async=is_async,
            function=sub.name,
            doc=sub.doc,
        ),
    )
    plan.endings[item.name] = (item.name,)


def _add(plan: Plan, node: Node) -> None:
    if node.name in plan.nodes:
        reason = f"two of its steps would be called '{node.name}'"
        mend = "rename the step or params field of the included pipeline that is called 'params'"
        about = node.about._replace(step=node.name.partition("__")[0])
        plan.complain(about, "name-clash", reason, suggestion=mend)
    else:
        plan.nodes[node.name] = node


def dissolve_passes(plan: Plan, settler: Settler) -> None:
    """Takes out the nodes that would only hand a params field on, and makes steps of those that do more.

    A value or stream goes from its producer straight to the included steps. What is materialised or iterated for the
    field, and its default, is made once, by a step.
    """
    passes = [node for node in plan.nodes.values() if node.passes is not None]
    if not passes:
        return
    takers: dict[str, list[Node]] = {}
    for node in plan.nodes.values():
        for edge in node.edges:
            takers.setdefault(edge.producer, []).append(node)
    for node in passes:
        if node.name not in takers:
            del plan.nodes[node.name]
        elif not node.links and isinstance(node.fn, PassOn):
            node.fn = FieldDefault(node.fn.params, node.inputs[0].name, node.fn.stream)
            node.inputs = ()
        elif node.edges and _hands_on(node, settler):
            del plan.nodes[node.name]
            for taker in dict.fromkeys(takers[node.name]):
                taker.edges = tuple(_rewire(edge, node) for edge in taker.edges)
                taker.links = {edge.parameter: Link(edge.producer, edge.found) for edge in taker.edges}


def _hands_on(node: Node, settler: Settler) -> bool:
    edge, output = node.edges[0], node.output
    produced = settler.output_of(edge.producer)
    same = produced is not None and output is not None and produced.stream == output.stream
    return same and edge.kind in (EdgeKind.VALUE, EdgeKind.STREAM)


def _rewire(edge: Edge, node: Node) -> Edge:
    if edge.producer != node.name:
        return edge
    source = node.edges[0]
    return replace(edge, producer=source.producer, produced=source.produced, found=source.found)
