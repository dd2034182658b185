"""What there is to be seen of a pipeline, and of a run of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from synaflow import (
    NO_DEFAULT,
    Bound,
    Edge,
    EdgeKind,
    FieldDef,
    OnError,
    PipelineDef,
    RunResult,
    StepDef,
    StepMode,
    StepStatus,
    TypeForm,
    spell,
    spell_value,
)
from synaflow_graphviz.fold import fold
from synaflow_graphviz.picture import Box, BoxKind, Line, Node, Picture, Role
from synaflow_graphviz.words import cut, paragraphs, short, signature, time_of

__all__ = ["Composer"]


class Composer:
    """Composes pictures of one pipeline, and of one run of it: of all of it, or of parts."""

    def __init__(self, pipeline: PipelineDef, result: RunResult | None = None) -> None:
        """Asks once what all its pictures tell.

        Args:
            pipeline: The pipeline.
            result: What a run of it gave, to be told as well.
        """
        self._pipeline: Final = pipeline
        self._result: Final = result
        self._bounds: Final[Mapping[Edge, Bound]] = {bound.edge: bound for bound in pipeline.bounds()}
        self._branches: Final = {
            (branch.producer, branch.consumer, branch.parameter): branch
            for branch in (result.branches if result is not None else ())
        }
        self._seconds: Final = sum(step.seconds or 0.0 for step in result.steps.values()) if result is not None else 0.0

    def picture(self, *, folded: bool = False, only: Sequence[str] | None = None) -> Picture:
        """What there is to be seen.

        Args:
            folded: Whether every outermost box of steps is one node.
            only: Steps to which to keep: those, what they take from and what takes from them.
        """
        pipeline, result = self._pipeline, self._result
        title = pipeline.name
        if result is not None:
            title += f": {'ok' if result.ok else 'failed'} in {time_of(result.seconds)}"
        drawn = Picture(title, pipeline.doc or "")
        nodes = {field.name: self._field(field) for field in pipeline.fields}
        nodes |= {step.name: self._step(step) for step in pipeline.steps}
        lines = [self._line(edge, nodes) for edge in pipeline.edges]
        lines += [
            Line(nodes[before], nodes[step.name], None, tip=f"{step.name} runs after {before}")
            for step in pipeline.steps
            for before in step.after
        ]
        if only is not None:
            kept = set(only)
            lines = [line for line in lines if line.producer.name in kept or line.consumer.name in kept]
            kept |= {node.name for line in lines for node in (line.producer, line.consumer)}
            nodes = {name: node for name, node in nodes.items() if name in kept}
        self._place(drawn, nodes)
        drawn.lines = lines
        if folded:
            fold(drawn)
        return drawn

    # Nodes

    def _field(self, given: FieldDef) -> Node:
        text = f"{given.name}: {short(spell(given.output.type))}"
        full = f"{given.name}: {spell(given.output.type)}"
        if given.default is not NO_DEFAULT:
            text += f" = {cut(spell_value(given.default))}"
            full += f" = {spell_value(given.default)}"
        elif not given.required:
            text, full = f"{text} = …", f"{full} = …"
        return Node(given.name, Role.PARAM, text, tip=paragraphs(full, given.doc))

    def _step(self, step: StepDef) -> Node:
        notes: list[str] = []
        last = step.name.rpartition("__")[2]
        if step.function not in (step.name, last):
            notes.append(f"{step.function}()")
        if step.each:
            notes.append("each item, flattened" if step.flatten else "each item")
        if step.is_async:
            notes.append("async")
        if step.mode is StepMode.ALL:
            notes.append("mode: all")
        if step.on_error is not OnError.STOP:
            notes.append(f"on error: {step.on_error}")
        if step.max_in_flight is not None:
            notes.append(f"max in flight: {step.max_in_flight:,}")
        node = Node(step.name, _role(self._pipeline, step), last, notes, steps=(step.name,))
        node.tip = paragraphs(f"{step.name}: {signature(step)}", step.doc)
        if self._result is not None and step.name in self._result.steps:
            self._tell(node, self._result)
        return node

    def _tell(self, node: Node, result: RunResult) -> None:
        step = result.steps[node.name]
        counts = [f"{n:,} {way}" for n, way in ((step.items_in, "in"), (step.items_out, "out")) if n is not None]
        if step.dropped:
            counts.append(f"{step.dropped:,} dropped")
        if step.seconds is not None and self._seconds:
            counts.append(f"{step.seconds / self._seconds:.0%} of the time")
        node.ran = [str(step.status), *counts]
        if counts:
            node.notes.append(" · ".join(counts))
        if step.status is not StepStatus.OK:
            node.status = step.status
            node.notes.append(step.status.upper())
            errors = [str(error) for error in result.errors if error.step == node.name]
            node.ran += errors
            node.tip = paragraphs(node.tip, *errors)

    # Lines

    def _line(self, edge: Edge, nodes: Mapping[str, Node]) -> Line:
        producer, consumer = nodes[edge.producer], nodes[edge.consumer]
        line = Line(producer, consumer, edge.kind)
        if producer.role is not Role.PARAM:
            text = short(spell(self._passed(edge)))
            line.label.append(text if edge.parameter == edge.producer else f"{edge.parameter}: {text}")
        elif edge.parameter != edge.producer:
            line.label.append(edge.parameter)
        line.tip = f"{edge.producer} → {edge.consumer}({edge.parameter}), {edge.kind}: {spell(edge.produced)} → {spell(edge.wanted)}"
        bound = self._bounds.get(edge)
        if bound is not None:
            line.unbounded = bound.limit is None
            line.tip += f"\n{bound.reason}"
            if line.unbounded:
                line.label.append("∞ may buffer")
        branch = self._branches.get((edge.producer, edge.consumer, edge.parameter))
        if branch is not None:
            line.label.append(f"{branch.items:,} items, at most {branch.peak:,} waited")
        return line

    def _passed(self, edge: Edge) -> TypeForm:
        """The type of what goes along a line: of a stream's items, as the line itself says that it is one."""
        if edge.kind is EdgeKind.COLLECT:
            return edge.wanted
        if not edge.from_stream or edge.kind is EdgeKind.VALUE:
            return edge.produced
        if edge.producer in self._pipeline:
            return self._pipeline[edge.producer].output.item
        (given,) = [field for field in self._pipeline.fields if field.name == edge.producer]
        return given.output.item

    # Boxes

    def _place(self, drawn: Picture, nodes: Mapping[str, Node]) -> None:
        """Puts each node into its boxes: its region's, and those of the includes it comes from, the wider outside."""
        pipeline = self._pipeline
        fields = [nodes[field.name] for field in pipeline.fields if field.name in nodes]
        if fields and pipeline.params is not None:
            drawn.boxes.append(Box(BoxKind.PARAMS, pipeline.params.type.__name__, "the pipeline's params", fields))
        for region in pipeline.regions:
            members = [nodes[name] for name in region.steps if name in nodes]
            if not members:
                continue
            holder: Picture | Box = drawn
            outside: tuple[str, ...] = ()
            if len(region.steps) > 1 or pipeline[region.name].output.stream:
                outside = _common([_path(name) for name in region.steps])
                box = Box(
                    BoxKind.REGION,
                    f"stream region: {region.name}",
                    "one process, one pass, its streams in lockstep: " + ", ".join(region.steps),
                )
                self._include(drawn, outside).boxes.append(box)
                holder = box
            for node in members:
                self._include(holder, _path(node.name)[len(outside) :]).nodes.append(node)

    def _include(self, holder: Picture | Box, path: Sequence[str]) -> Picture | Box:
        """The box in it that holds the steps of that include, which is made where there is none."""
        for name in path:
            title = f"include: {name}"
            found = [box for box in holder.boxes if box.kind is BoxKind.INCLUDE and box.title == title]
            if not found:
                found = [Box(BoxKind.INCLUDE, title, "the steps of an included pipeline")]
                holder.boxes.extend(found)
            holder = found[0]
        return holder


def _role(pipeline: PipelineDef, step: StepDef) -> Role:
    takes = any(edge.from_stream for edge in pipeline.edges_into(step.name))
    if step.each:
        return Role.EACH
    if step.output.stream:
        return Role.TRANSFORM if takes else Role.SOURCE
    return Role.SINK if takes else Role.VALUE


def _path(name: str) -> tuple[str, ...]:
    """The includes that a step comes from, the outermost first."""
    return tuple(name.split("__")[:-1])


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    common: list[str] = []
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return tuple(common)
