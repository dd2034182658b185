"""How things look: a shape for each role, a pen for each kind of edge, and colours for light and dark.

Nothing is told by colour alone: shapes, dashes, widths and arrowheads differ too, so that a picture can be printed in grey.
The colours are Okabe and Ito's, which people see apart whatever their colour vision (https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from synaflow import EdgeKind
from synaflow_graphviz.picture import BoxKind, Role

__all__ = ["AFTER", "ALL_PENS", "BOXES", "FONT", "INK", "PAPER", "PENS", "SHAPES", "Pen", "Shape", "stylesheet"]

FONT: Final = "Helvetica,Arial,sans-serif"
PAPER: Final = ("#ffffff", "#16191d")
INK: Final = ("#1b1f24", "#e6e8eb")
FAINT: Final = ("#59626d", "#a4adb8")
FAILED: Final = ("#fde3dc", "#4a1f16")
_FRAME: Final = ("#8a939d", "#7c8691")


@dataclass(frozen=True, slots=True)
class Shape:
    """How nodes of a role look.

    Attributes:
        shape: Graphviz's name of it.
        fill: Its filling, in light and in dark.
        says: What the legend says of it.
        style: Graphviz's styles.
        peripheries: How many outlines it has.
    """

    shape: str
    fill: tuple[str, str]
    says: str
    style: str = "filled"
    peripheries: int = 1


@dataclass(frozen=True, slots=True)
class Pen:
    """How edges of a kind look.

    Attributes:
        colour: Of the line, in light and in dark.
        style: Graphviz's style of the line.
        width: Its width in points.
        head: Graphviz's name of the arrowhead.
        says: What the legend says of it.
    """

    colour: tuple[str, str]
    style: str
    width: float
    head: str
    says: str


SHAPES: Final[Mapping[Role, Shape]] = {
    Role.PARAM: Shape("note", ("#f6f7f8", "#23282e"), "params field"),
    Role.SOURCE: Shape("cylinder", ("#dcecf7", "#123a54"), "source: gives a stream"),
    Role.TRANSFORM: Shape("box", ("#eaf3fa", "#1c3442"), "transform: stream to stream"),
    Role.EACH: Shape("box", ("#f7e8f1", "#43293a"), "each: called once per item", peripheries=2),
    Role.SINK: Shape("invtrapezium", ("#fdf0d5", "#453412"), "sink: stream to one value"),
    Role.VALUE: Shape("box", ("#eceef0", "#2b3138"), "value: called once", style="rounded,filled"),
    Role.FOLDED: Shape("tab", ("#e4eef0", "#24363a"), "a box, folded up"),
}

PENS: Final[Mapping[EdgeKind, Pen]] = {
    EdgeKind.STREAM: Pen(("#0072b2", "#56b4e9"), "solid", 2.4, "normal", "stream: lazily, item by item"),
    EdgeKind.COLLECT: Pen(("#b34700", "#f0a35e"), "solid", 2.4, "box", "collect: all of the stream at once"),
    EdgeKind.EACH: Pen(("#a3478a", "#e39bc8"), "dashed", 2.4, "normal", "each: one call per item"),
    EdgeKind.ITERATE: Pen(("#00795a", "#3fd0a4"), "dashed", 1.2, "onormal", "iterate: over a collection"),
    EdgeKind.VALUE: Pen(FAINT, "solid", 1.2, "vee", "value: the object itself"),
}
AFTER: Final = Pen(FAINT, "dotted", 1.2, "tee", "after: order alone")
ALL_PENS: Final[Mapping[str, Pen]] = {**{str(kind): pen for kind, pen in PENS.items()}, "after": AFTER}
"""By the class that a line has in the picture."""

BOXES: Final[Mapping[BoxKind, tuple[str, tuple[str, str], tuple[str, str]]]] = {
    BoxKind.PARAMS: ("rounded,dotted", ("#ffffff", "#16191d"), _FRAME),
    BoxKind.REGION: ("rounded,filled", ("#f5f9fc", "#1b2127"), ("#0072b2", "#56b4e9")),
    BoxKind.INCLUDE: ("rounded,dashed", ("#ffffff", "#16191d"), _FRAME),
}
"""By kind of box: Graphviz's style, the filling and the frame, in light and in dark."""


def stylesheet() -> str:
    """The colours of the dark, for an SVG whose attributes have those of the light."""
    shapes = ":is(polygon,path,ellipse,polyline)"
    filled = f'{shapes}:not([fill="none"])'
    rules = [
        f".paper{{fill:{PAPER[1]}}}",
        f"text{{fill:{INK[1]}}}",
        f'text[fill="{FAINT[0]}"]{{fill:{FAINT[1]}}}',
        f".node {shapes}{{stroke:{INK[1]}}}",
    ]
    rules += [f".node.{role} {filled}{{fill:{shape.fill[1]}}}" for role, shape in SHAPES.items()]
    rules.append(f".node.failed {filled}{{fill:{FAILED[1]}}}")
    for kind, pen in ALL_PENS.items():
        rules.append(f".edge.{kind} {shapes}{{stroke:{pen.colour[1]}}}")
        rules.append(f".edge.{kind} {filled}{{fill:{pen.colour[1]}}}")
    for box, (_, fill, frame) in BOXES.items():
        rules.append(f".cluster.{box} {shapes}{{fill:{fill[1]};stroke:{frame[1]}}}")
    rules.append(f".cluster.legend {shapes}{{fill:{PAPER[1]};stroke:{FAINT[1]}}}")
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
