r"""A picture as DOT, Graphviz's language.

Every name and text in it is the user's and stays text: nodes have ids of ours, labels are written by `_label`, tool tips by
`_plain`. In DOT a label that starts with `<` is markup, `A:x` as a node's name has a port, a backslash begins an escape
(`\N`, the node's name), and `&amp;` is an entity: none of that is left to chance.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from itertools import count, zip_longest
from typing import Final

from graphviz import Digraph, nohtml

from synaflow import EdgeKind, PipelineDef, RunResult, StepStatus
from synaflow_graphviz.compose import Composer
from synaflow_graphviz.look import ALL_PENS, BOXES, FAILED, FAINT, FONT, INK, PAPER, SHAPES, Pen
from synaflow_graphviz.picture import Box, BoxKind, Line, Node, Picture, Role
from synaflow_graphviz.words import cut

__all__ = ["draw", "to_dot"]

_TIP: Final = 1_200
"""How many characters a tool tip has at most; the page shows the whole docstring."""

_LINE: Final = 200
"""How many characters a line of a label has at most: of nodes wider than some 65,000 points, `dot` refuses to draw any."""


def to_dot(pipeline: PipelineDef, *, result: RunResult | None = None, folded: bool = False, legend: bool = True) -> str:
    """The pipeline's diagram in DOT. The same pipeline always gives the same text.

    Args:
        pipeline: What to draw.
        result: What a run of it gave: counts, times, how far branches lagged, what failed.
        folded: Whether every stream region and every included pipeline is one node.
        legend: Whether shapes and lines are explained.

    Example:
        >>> from collections.abc import Iterator
        >>> from synaflow import pipeline
        >>> def numbers() -> Iterator[int]:
        ...     yield 1
        >>> def total(numbers: Iterator[int]) -> int:
        ...     return sum(numbers)
        >>> print(to_dot(pipeline("sums", steps=[numbers, total]), legend=False).splitlines()[0])
        digraph {
    """
    return draw(Composer(pipeline, result).picture(folded=folded), legend)


def draw(drawn: Picture, legend: bool = True) -> str:
    """That picture in DOT."""
    return _Dot(drawn, legend).source()


class _Dot:
    def __init__(self, drawn: Picture, legend: bool) -> None:
        self._drawn: Final = drawn
        self._legend: Final = legend
        self._ids: Final = drawn.ids()
        self._boxes: Final = count()

    def source(self) -> str:
        drawn = self._drawn
        dot = Digraph(
            graph_attr={
                "label": _label([drawn.title], []),
                "tooltip": _plain(drawn.tip or drawn.title),
                "labelloc": "t",
                "fontname": FONT,
                "fontsize": "16",
                "fontcolor": INK[0],
                "bgcolor": PAPER[0],
                "pad": "0.2",
                "nodesep": "0.3",
                "ranksep": "0.45",
                "newrank": "true",
            },
            node_attr={"fontname": FONT, "fontsize": "12", "fontcolor": INK[0], "color": INK[0], "margin": "0.14,0.07"},
            edge_attr={"fontname": FONT, "fontsize": "10", "fontcolor": INK[0]},
        )
        self._fill(dot, drawn)
        for at, line in enumerate(drawn.lines):
            self._line(dot, line, at)
        if self._legend:
            self._explain(dot)
        source: str = dot.source
        return source

    def _fill(self, dot: Digraph, holder: Picture | Box) -> None:
        for node in holder.nodes:
            self._node(dot, node)
        for box in holder.boxes:
            at = next(self._boxes)
            style, fill, frame = BOXES[box.kind]
            inside = Digraph(f"cluster_{at}")
            inside.attr(
                id=f"box{at}",
                label=_label([box.title], [], faint=True),
                tooltip=_plain(box.tip),
                labeljust="l",
                labelloc="t",
                fontsize="11",
                style=style,
                color=frame[0],
                fillcolor=fill[0],
                bgcolor=fill[0],
                margin="10",
                **{"class": str(box.kind)},
            )
            if box.kind is BoxKind.PARAMS:
                inside.attr(rank="same")
            self._fill(inside, box)
            dot.subgraph(inside)

    def _node(self, dot: Digraph, node: Node) -> None:
        shape = SHAPES[node.role]
        name = self._ids[id(node)]
        style, fill, width, classes = shape.style, shape.fill[0], "1", str(node.role)
        if node.status is not None:
            classes += f" {node.status}"
            if node.status is StepStatus.FAILED:
                fill, width = FAILED[0], "3"
            else:
                style += ",dashed"
        bold = node.role is not Role.PARAM
        dot.node(
            name,
            label=_label([node.title], node.notes, bold),
            id=name,
            tooltip=_plain(node.tip or node.name),
            shape=shape.shape,
            style=style,
            fillcolor=fill,
            peripheries=str(shape.peripheries),
            penwidth=width,
            **({"margin": "0.02,0.05"} if node.role is Role.SINK else {}),
            **{"class": classes},
        )

    def _line(self, dot: Digraph, line: Line, at: int) -> None:
        name = _name(line)
        label = {"label": _label([], line.label, beside=True)} if line.label else {}
        tip = _plain(line.tip)
        dot.edge(
            self._ids[id(line.producer)],
            self._ids[id(line.consumer)],
            id=f"e{at}",
            tooltip=tip,
            labeltooltip=tip,
            **_strokes(ALL_PENS[name]),
            **label,
            **{"class": f"{name} unbounded" if line.unbounded else name},
        )

    def _explain(self, dot: Digraph) -> None:
        """The legend: what is in this picture, and no more."""
        roles = [role for role in Role if any(node.role is role for node in self._drawn.all_nodes())]
        drawn = {_name(line) for line in self._drawn.lines}
        kinds = [name for name in (*EdgeKind, "after") if name in drawn]
        legend = Digraph("cluster_legend")
        legend.attr(
            id="legend",
            label=_label(["legend"], [], faint=True),
            tooltip="legend",
            labeljust="l",
            fontsize="11",
            style="rounded",
            color=FAINT[0],
            margin="10",
            **{"class": "legend"},
        )
        columns: dict[str, str] = {}
        for role, kind in zip_longest(roles, kinds):
            row = Digraph(graph_attr={"rank": "same"})
            if role is not None:
                self._sample(row, role)
                _below(legend, columns, "role", f"legend_{role}")
            if kind is not None:
                name = f"legend_{kind}"
                _sample_line(row, name, kind)
                _below(legend, columns, "from", f"{name}_from")
                _below(legend, columns, "says", f"{name}_says")
                if role is not None:
                    row.edge(f"legend_{role}", f"{name}_from", style="invis")
            legend.subgraph(row)
        dot.subgraph(legend)

    def _sample(self, row: Digraph, role: Role) -> None:
        shape = SHAPES[role]
        row.node(
            f"legend_{role}",
            label=_label([], [shape.says]),
            tooltip=shape.says,
            shape=shape.shape,
            style=shape.style,
            fillcolor=shape.fill[0],
            peripheries=str(shape.peripheries),
            margin="0.01,0.02" if role is Role.SINK else "0.08,0.03",
            height="0.3",
            **{"class": str(role)},
        )


def _name(line: Line) -> str:
    """What its kind is called, which is its class in the picture."""
    return str(line.kind or "after")


def _sample_line(row: Digraph, name: str, kind: str) -> None:
    """A line of that kind, and what it means to the right of it."""
    pen = ALL_PENS[kind]
    for end in ("from", "to"):
        row.node(f"{name}_{end}", label="", shape="point", width="0.02", style="invis")
    row.node(
        f"{name}_says", label=_label([], [pen.says]), tooltip=pen.says, shape="plaintext", margin="0", height="0.2"
    )
    row.edge(
        f"{name}_from",
        f"{name}_to",
        tooltip=pen.says,
        minlen="2",
        **_strokes(pen),
        **{"class": kind},
    )
    row.edge(f"{name}_to", f"{name}_says", style="invis")


def _below(legend: Digraph, columns: dict[str, str], column: str, name: str) -> None:
    """Puts a node of the legend under the one before it in its column."""
    if column in columns:
        legend.edge(columns[column], name, style="invis", weight="10")
    columns[column] = name


def _strokes(pen: Pen) -> Mapping[str, str]:
    return {"color": pen.colour[0], "style": pen.style, "penwidth": str(pen.width), "arrowhead": pen.head}


def _label(
    titles: Iterable[str], notes: Iterable[str], bold: bool = True, faint: bool = False, beside: bool = False
) -> str:
    """A label in Graphviz's markup: titles, and smaller lines below. `beside`: at some distance from a line to its left."""
    before = "&#160;&#160;" if beside else ""
    lines = [f"<B>{_markup(title)}</B>" if bold and not faint else _markup(title) for title in titles]
    lines += [f'<FONT POINT-SIZE="10" COLOR="{FAINT[0]}">{before}{_markup(note)}</FONT>' for note in notes]
    text = "<BR/>".join(lines)
    return f'<<FONT COLOR="{FAINT[0]}">{text}</FONT>>' if faint else f"<{text}>"


def _markup(text: str) -> str:
    """A text within markup. A space, where there is none: Graphviz takes no empty element."""
    return html.escape(_printable(cut(text, _LINE), "").replace("\\", "\\\\")) or " "


def _plain(text: str) -> str:
    """A text outside of markup: backslashes and entities would be read as such there too."""
    # One in angle brackets would be taken for markup but for `nohtml`; a tool tip's backslashes are read twice.
    plain: str = nohtml(_printable(cut(text, _TIP), "\n").replace("\\", "\\" * 4).replace("&", "&amp;"))
    return plain


def _printable(text: str, allowed: str) -> str:
    """Without what neither DOT nor XML can hold: control characters and lone surrogates are shown by their numbers."""
    return "".join(char if char.isprintable() or char in allowed else _number(char) for char in text)


def _number(char: str) -> str:
    if char in "\n\t\r\u2028\u2029" or char.isspace():
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
