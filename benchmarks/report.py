"""The command line of a target's benchmarks: measures, prints, and on demand writes its table into the README."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.machine import machine
from benchmarks.measure import Spread
from benchmarks.rows import Row
from benchmarks.table import marked, place, sentence, table, unlike

__all__ = ["report"]

_README: Final = Path(__file__).resolve().parents[1] / "README.md"


def report(
    module: str,
    description: str,
    session: str,
    beside: Callable[[], str],
    rows: Sequence[Row],
    measured: Callable[[bool], Iterator[tuple[Row, Spread]]],
) -> None:
    """Measures everything and prints it; a bar that is missed is said to be, and nothing more.

    Args:
        module: What `python -m` is given.
        description: What is measured, for the help text.
        session: The nox session that writes the table.
        beside: Tells what else the figures depend on, a sentence that goes behind the machine; not asked where nothing is
            measured, as the target may not be installed there.
        rows: All rows of the table.
        measured: Measures them, one after the other; of little, if it is given true.
    """
    start = f"<!-- written by `nox -s {session} -- --write` -->"
    parser = argparse.ArgumentParser(prog=module, description=description)
    parser.add_argument("--quick", action="store_true", help="little of everything: it shows that they run, no figures")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("--check", action="store_true", help="only see whether the README's table has this form")
    arguments = parser.parse_args()
    if arguments.check:
        raise SystemExit("\n".join(unlike(_README.read_text(encoding="utf-8"), start, rows)) or None)
    if arguments.write and arguments.quick:
        parser.error("--write goes with full measurements")
    where = f"{machine()} {beside()}"
    print(where, flush=True)
    found = []
    for row, value in measured(arguments.quick):
        found.append((row, value))
        print(sentence(row, value, quick=arguments.quick), flush=True)
    if arguments.quick:
        return
    missed = [f"{row.what} ({row.against})" if row.against else row.what for row, value in found if row.missed(value)]
    print("bars missed:", "; ".join(missed) or "none")
    made = marked(start, where, table(found))
    print(made)
    if arguments.write:
        _README.write_text(place(_README.read_text(encoding="utf-8"), made, start), encoding="utf-8")
