"""A picture: nodes, lines and boxes, as plain texts. How they look is `dot`'s business.

The texts are the user's, as they are: whatever writes them into a format escapes them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synaflow import EdgeKind, StepStatus

__all__ = ["Box", "BoxKind", "Line", "Node", "Picture", "Role"]


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
    """

    title: str
    tip: str = ""
    nodes: list[Node] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def all_nodes(self) -> Iterator[Node]:
        """Every node, in boxes or not."""
        yield from self.nodes
        for box in self.boxes:
            yield from box.all_nodes()

    def ids(self) -> dict[int, str]:
        """The id that each node has in every form of the picture, by `id(node)`: a name of ours, whatever the user's is."""
        return {id(node): f"n{at}" for at, node in enumerate(self.all_nodes())}
