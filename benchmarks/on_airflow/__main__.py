"""`python -m benchmarks.on_airflow`: measures, prints, and on demand writes the README's table."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.machine import machine
from benchmarks.on_airflow.home import home
from benchmarks.on_airflow.rows import ROWS, measured
from benchmarks.rows import Effort
from benchmarks.table import marked, place, sentence, table, unlike

_README: Final = Path(__file__).resolve().parents[2] / "README.md"
_START: Final = "<!-- written by `nox -s airflow-benchmarks -- --write` -->"


def main() -> None:
    """Measures everything and prints it; a bar that is missed is said to be, and nothing more."""
    parser = argparse.ArgumentParser(prog="benchmarks.on_airflow", description="What the Airflow adapter costs.")
    parser.add_argument("--quick", action="store_true", help="little of everything: it shows that they run, no figures")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("--check", action="store_true", help="only see whether the README's table has this form")
    arguments = parser.parse_args()
    if arguments.check:
        raise SystemExit("\n".join(unlike(_README.read_text(encoding="utf-8"), _START, ROWS)) or None)
    if arguments.write and arguments.quick:
        parser.error("--write goes with full measurements")
    where = f"{machine()} Apache Airflow {version('apache-airflow')} on SQLite."
    print(where, flush=True)
    found = []
    with home() as files:
        for row, value in measured(files, Effort.quick() if arguments.quick else Effort()):
            found.append((row, value))
            print(sentence(row, value, quick=arguments.quick), flush=True)
    if arguments.quick:
        return
    print("bars missed:", "; ".join(row.what for row, value in found if row.missed(value)) or "none")
    made = marked(_START, where, table(found))
    print(made)
    if arguments.write:
        _README.write_text(place(_README.read_text(encoding="utf-8"), made, _START), encoding="utf-8")


main()
