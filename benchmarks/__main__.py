"""`python -m benchmarks`: measures, prints, and on demand writes the README's tables. `nox -s benchmarks` calls it."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks.imports import modules_loaded
from benchmarks.machine import machine
from benchmarks.measure import Spread
from benchmarks.rows import GROUPS, Effort, Row
from benchmarks.table import block, differences, place, sentence

_ROOT = Path(__file__).resolve().parents[1]
_README = _ROOT / "README.md"


def main() -> None:
    """Measures everything and prints it; a bar that is missed is said to be, and nothing more."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="How fast SynaFlow is.")
    parser.add_argument("--quick", action="store_true", help="little of everything: it shows that they run, no figures")
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    parser.add_argument("--check", action="store_true", help="only see whether the README's tables have this form")
    parser.add_argument("--peers", type=Path, nargs="*", default=[], help="what `benchmarks.peers` wrote")
    arguments = parser.parse_args()
    if arguments.check:
        raise SystemExit("\n".join(differences(_README.read_text(encoding="utf-8"))) or None)
    if arguments.write and (arguments.quick or not arguments.peers):
        parser.error("--write goes with full measurements, and with --peers")
    _see_that_it_is_ours()
    where = machine()
    print(where, flush=True)
    measured = list(_measured(Effort.quick() if arguments.quick else Effort()))
    missed = [row.what for row, value in measured if row.missed(value)]
    if not arguments.quick:
        print("modules that the two imports load:", *modules_loaded())
        print("bars missed:", "; ".join(missed) or "none")
    if arguments.peers:
        peers = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in arguments.peers}
        made = block(where, measured, peers)
        if not arguments.quick:
            print(made)
        if arguments.write:
            _README.write_text(place(_README.read_text(encoding="utf-8"), made), encoding="utf-8")


def _measured(effort: Effort) -> Iterator[tuple[Row, Spread]]:
    for group in GROUPS:
        for row, value in zip(group.rows, group.measure(effort), strict=True):
            print(sentence(row, value, quick=effort != Effort()), flush=True)
            yield row, value


def _see_that_it_is_ours() -> None:
    """The name on the package index belongs to another project, which these figures must not be of."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if version("synaflow") != project["version"]:
        raise SystemExit(f"synaflow {version('synaflow')} is installed, not this project's {project['version']}")


main()
