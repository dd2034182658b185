"""What there is to be seen of a pipeline: its nodes, lines and boxes, as plain texts. How they look is `dot`'s business.

The texts are the user's, as they are: whatever writes them into a format escapes them there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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
)

__all__ = ["Box", "BoxKind", "Line", "Node", "Picture", "Role", "picture", "signature"]

_LEFT_OUT: Final = "\0"

SHORT: Final = 28
"""How many characters of a type a line shows; its tool tip has all."""


class Role(StrEnum):
    """What a node is, which its shape tells."""

    PARAM = "param"
    SOURCE = "source"
    TRANSFORM = "transform"
    EACH = "each"
    SINK = "sink"
    VALUE = "value"
    FOLDED = "folded"


class BoxKind(StrEnum):
    """What holds the nodes of a box together."""

    PARAMS = "params"
    REGION = "region"
    INCLUDE = "include"


@dataclass(slots=True)
class Node:
    """A step, a params field, or a box that is folded up.

    Attributes:
        name: Its full name in the pipeline; of a folded box, its title.
        role: What it is.
        title: The name it is shown under.
        notes: Lines below the title.
        tip: What a tool tip says.
        ran: What a run told of it.
        status: What became of it, where there is a result and it isn't `ok`.
        steps: The steps it stands for.
    """

    name: str
    role: Role
    title: str
    notes: list[str] = field(default_factory=list)
    tip: str = ""
    ran: list[str] = field(default_factory=list)
    status: StepStatus | None = None
    steps: tuple[str, ...] = ()


@dataclass(slots=True)
class Line:
    """An edge, or several where their ends are folded up.

    Attributes:
        producer: The node it leaves.
        consumer: The node it enters.
        kind: Its kind; None where `after` orders the two and nothing is passed.
        label: Lines of its label.
        tip: What a tool tip says.
        unbounded: Whether its branch may buffer without bound.
    """

    producer: Node
    consumer: Node
    kind: EdgeKind | None
    label: list[str] = field(default_factory=list)
    tip: str = ""
    unbounded: bool = False


@dataclass(slots=True)
class Box:
    """Nodes that belong together, and boxes among them.

    Attributes:
        kind: What holds them together.
        title: What it is called.
        tip: What a tool tip says.
        nodes: The nodes that are in none of its boxes.
        boxes: The boxes in it.
    """

    kind: BoxKind
    title: str
    tip: str = ""
    nodes: list[Node] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def all_nodes(self) -> Iterator[Node]:
        """Its nodes and those of its boxes."""
        yield from self.nodes
        for box in self.boxes:
            yield from box.all_nodes()


@dataclass(slots=True)
class Picture:
    """A pipeline as it is to be drawn.

    Attributes:
        title: Its name, and what became of it where there is a result.
        tip: What it is for.
        nodes: The nodes that are in no box.
        boxes: The outermost boxes.
        lines: All lines.
        ran: Whether it tells of a run.
    """

    title: str
    tip: str = ""
    nodes: list[Node] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    ran: bool = False

    def all_nodes(self) -> Iterator[Node]:
        """Every node, in boxes or not."""
        yield from self.nodes
        for box in self.boxes:
            yield from box.all_nodes()


def picture(
    pipeline: PipelineDef, result: RunResult | None = None, folded: bool = False, only: Sequence[str] | None = None
) -> Picture:
    """What there is to be seen of a pipeline.

    Args:
        pipeline: The pipeline.
        result: What a run of it gave, to be told as well.
        folded: Whether every outermost box of steps is one node.
        only: Steps to which to keep: those, what they take from and what takes from them.
    """
    return _Drawing(pipeline, result).picture(folded, only)


class _Drawing:
    def __init__(self, pipeline: PipelineDef, result: RunResult | None) -> None:
        self._pipeline: Final = pipeline
        self._result: Final = result
        self._bounds: Final[Mapping[Edge, Bound]] = {bound.edge: bound for bound in pipeline.bounds()}
        self._seconds: Final = sum(step.seconds or 0.0 for step in result.steps.values()) if result is not None else 0.0

    def picture(self, folded: bool, only: Sequence[str] | None) -> Picture:
        pipeline, result = self._pipeline, self._result
        title = pipeline.name
        if result is not None:
            title += f": {'ok' if result.ok else 'failed'} in {_time(result.seconds)}"
        drawn = Picture(title, pipeline.doc or "", ran=result is not None)
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
            _fold(drawn)
        return drawn

    # Nodes

    def _field(self, given: FieldDef) -> Node:
        text = f"{given.name}: {_short(spell(given.output.type))}"
        full = f"{given.name}: {spell(given.output.type)}"
        if given.default is not NO_DEFAULT:
            text += f" = {_cut(_value(given.default))}"
            full += f" = {_value(given.default)}"
        elif not given.required:
            text, full = f"{text} = …", f"{full} = …"
        return Node(given.name, Role.PARAM, text, tip=_lines(full, given.doc))

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
        node.tip = _lines(f"{step.name}: {signature(step)}", step.doc)
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
            node.tip = _lines(node.tip, *errors)

    # Lines

    def _line(self, edge: Edge, nodes: Mapping[str, Node]) -> Line:
        producer, consumer = nodes[edge.producer], nodes[edge.consumer]
        line = Line(producer, consumer, edge.kind)
        if producer.role is not Role.PARAM:
            text = _short(spell(self._passed(edge)))
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
        for branch in self._result.branches if self._result is not None else ():
            if (branch.producer, branch.consumer, branch.parameter) == (edge.producer, edge.consumer, edge.parameter):
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


def signature(step: StepDef) -> str:
    """The step's function as it is written: `parse(row: dict[str, str]) -> Flight`."""
    given = [
        f"{parameter.name}: {spell(parameter.type)}"
        + (f" = {_value(parameter.default)}" if parameter.default is not NO_DEFAULT else "")
        for parameter in step.inputs
    ]
    return f"{step.function}({', '.join(given)}) -> {spell(step.output.type)}"


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


def _fold(drawn: Picture) -> None:
    """Makes one node of every outermost box of more than one step, and one line of those between the same two."""
    stands: dict[int, Node] = {}
    for box in [box for box in drawn.boxes if box.kind is not BoxKind.PARAMS]:
        inside = list(box.all_nodes())
        if len(inside) < 2:
            continue
        node = Node(box.title, Role.FOLDED, box.title, [f"{len(inside)} steps"], box.tip)
        node.steps = tuple(name for member in inside for name in member.steps)
        node.status = next((member.status for member in inside if member.status is not None), None)
        if node.status is not None:
            node.notes.append(node.status.upper())
        stands |= dict.fromkeys(map(id, inside), node)
        drawn.boxes.remove(box)
        drawn.nodes.append(node)
    merged: dict[tuple[int, int, EdgeKind | None], list[Line]] = {}
    for line in drawn.lines:
        line.producer = stands.get(id(line.producer), line.producer)
        line.consumer = stands.get(id(line.consumer), line.consumer)
        if line.producer is not line.consumer:
            merged.setdefault((id(line.producer), id(line.consumer), line.kind), []).append(line)
    drawn.lines = [_merge(lines) for lines in merged.values()]


def _merge(lines: Sequence[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    first = lines[0]
    tip = "\n".join(line.tip for line in lines)
    return Line(
        first.producer, first.consumer, first.kind, [f"{len(lines)} edges"], tip, any(line.unbounded for line in lines)
    )


def _short(text: str) -> str:
    """A type in few characters: of the innermost brackets, what is in them is left out until it fits."""
    while len(text) > SHORT:
        shorter = re.sub(r"\[[^\[\]]*\]", _LEFT_OUT, text)
        if shorter == text:
            break
        text = shorter
    return _cut(text.replace(_LEFT_OUT, "[…]"))


def _cut(text: str, length: int = SHORT) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _value(value: object) -> str:
    text = repr(value)
    return f"a {type(value).__name__}" if " at 0x" in text else text  # where it lies changes from run to run


def _lines(*texts: str | None) -> str:
    return "\n\n".join(text for text in texts if text)


def _time(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"
