"""The tables: made from what was measured, put into the README between two marks, and recognised there.

A block begins with a mark of its own, and all of them end with the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benchmarks.measure import Spread
from benchmarks.rows import GROUPS, MILLISECONDS, TIMES, Row, Unit

__all__ = ["END", "START", "Peers", "block", "differences", "line", "marked", "place", "sentence", "table", "unlike"]

START: Final = "<!-- written by `nox -s benchmarks -- --write` -->"
END: Final = "<!-- end of what it writes -->"

Peers = Mapping[str, Mapping[str, object]]
"""What `benchmarks.peers` wrote, by module."""

_HEAD: Final = ("what", "against", "measured", "bar")
_TASKS: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("values", "20 value steps, one run, against plain calls", TIMES),
    ("build", "building 1,000 value steps", MILLISECONDS),
    ("fork", "a generator read by two sinks, against a loop that calls each accumulator", TIMES),
    ("chain", "a chain of generators, against the same by hand", TIMES),
)
_NUMBER: Final = r"\d[\d,]*(?:\.\d+)?"
_FIGURE: Final = re.compile(rf"-?{_NUMBER}(?:x| ns| ms| MB)(?: \(-?{_NUMBER} to -?{_NUMBER}\))?")
_BAR: Final = re.compile(rf"{_NUMBER}(?:x| ns| ms| MB)(?:, \*\*missed\*\*)?")
_WRONG: Final = re.compile(r"wrong: `.+`")
_MARK: Final = re.compile(r"^<!-- written by ", re.MULTILINE)
_MACHINE: Final = re.compile(r"Python \d+\.\d+\.\d+, .+; .+, \d+ cores(?:, load \d+\.\d)?; .+\.")


def number(value: float) -> str:
    """A number with as many digits as it deserves."""
    if abs(value) >= 100:
        digits = len(str(round(abs(value)))) - 3
        return f"{round(value, -digits):,.0f}"
    digits = 0 if abs(value) >= 20 else 1 if abs(value) >= 5 else 2 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f}"


def figure(value: Spread, unit: Unit) -> str:
    """A median with its quartiles, or the one value there is."""
    shown = f"{number(value.median)}{unit.gap}{unit.sign}"
    low, high = number(value.low), number(value.high)
    return shown if value.low == value.high else f"{shown} ({low} to {high})"


def line(row: Row, measured: Spread) -> tuple[str, str, str, str]:
    """The cells of a row."""
    missed = ", **missed**" if row.missed(measured) else ""
    bar = "" if row.bar is None else f"{row.bar:g}{row.unit.gap}{row.unit.sign}{missed}"
    return row.what, row.against, figure(measured, row.unit), bar


def sentence(row: Row, measured: Spread, *, quick: bool) -> str:
    """A row as a line of text; of a quick measurement no more than that it ran."""
    what, against, shown, bar = line(row, measured)
    if quick:
        shown, bar = "ran", ""
    return f"{what}{f', against {against}' if against else ''}: {shown}{f'; bar {bar}' if bar else ''}"


def block(machine: str, measured: Iterable[tuple[Row, Spread]], peers: Peers) -> str:
    """What stands in the README, marks included."""
    titles = [str(peer["title"]) for peer in peers.values()]
    others = _table(
        ("what", *titles),
        ((what, *(_told(peer[task], unit) for peer in peers.values())) for task, what, unit in _TASKS),
    )
    return marked(START, machine, table(measured), others)


def table(measured: Iterable[tuple[Row, Spread]]) -> str:
    """The table of what was measured."""
    return _table(_HEAD, (line(row, value) for row, value in measured))


def marked(start: str, *parts: str) -> str:
    """A block: its mark, a machine, tables, and the mark of its end."""
    inside = "\n\n".join(parts)
    return f"{start}\n{inside}\n{END}\n"


def place(text: str, made: str, start: str = START) -> str:
    """The text with the block in place of the one it has with that mark."""
    before, begun, rest = text.partition(f"{start}\n")
    inside, end, after = rest.partition(f"{END}\n")
    if not (begun and end) or _MARK.search(inside):
        raise ValueError(f"there is no line {start} followed by one {END}")
    return before + made + after


def differences(text: str) -> list[str]:
    """Where the block in a text doesn't have the form that `block` gives it, whatever its numbers."""
    rows = [row for group in GROUPS for row in group.rows]
    parts = _parts(text, START)
    if len(parts) != 3:
        return ["there is no block of a machine and two tables between the marks"]
    machine, own, others = parts
    found = _unlike_rows(machine, own, rows)
    _, cells = _cells(others)
    found += _unlike("the tasks of the peers", [line[0] for line in cells], [what for _, what, _ in _TASKS])
    found += [
        f"no figure: {cell}"
        for line in cells
        for cell in line[1:]
        if not (_FIGURE.fullmatch(cell) or _WRONG.fullmatch(cell))
    ]
    return found


def unlike(text: str, start: str, rows: Sequence[Row]) -> list[str]:
    """Where a block of one table doesn't have those rows, or not in the form that `table` gives them, whatever its numbers."""
    parts = _parts(text, start)
    if len(parts) != 2:
        return ["there is no block of a machine and a table between the marks"]
    machine, own = parts
    return _unlike_rows(machine, own, rows)


def _parts(text: str, start: str) -> list[str]:
    _, begun, rest = text.partition(f"{start}\n")
    inside, end, _ = rest.partition(f"\n{END}\n")
    return inside.split("\n\n") if begun and end else []


def _unlike_rows(machine: str, own: str, rows: Sequence[Row]) -> list[str]:
    found = [] if _MACHINE.fullmatch(machine) else [f"no machine: {machine}"]
    head, cells = _cells(own)
    found += _unlike("the head", head, list(_HEAD))
    found += _unlike("the rows", [line[:2] for line in cells], [[row.what, row.against] for row in rows])
    found += [f"no figure: {line[2]}" for line in cells if not _FIGURE.fullmatch(line[2])]
    found += _unlike(
        "the bars",
        [line[3].partition(",")[0] for line in cells],
        ["" if row.bar is None else f"{row.bar:g}{row.unit.gap}{row.unit.sign}" for row in rows],
    )
    found += [f"no bar: {line[3]}" for line in cells if line[3] and not _BAR.fullmatch(line[3])]
    return found


def _told(value: object, unit: Unit) -> str:
    if isinstance(value, str):
        verdict, _, given = value.partition(" ")
        return f"{verdict} `{given}`"
    assert isinstance(value, Sequence)
    return figure(Spread(*value), unit)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(table: str) -> tuple[list[str], list[list[str]]]:
    lines = [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]
    return lines[0], lines[2:]


def _unlike(what: str, here: object, made: object) -> list[str]:
    return [] if here == made else [f"{what}: {here}, not {made}"]
