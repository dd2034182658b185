"""The README's figures stand in the form that the benchmarks' `--write` gives them. What they say is not tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "module",
    [
        "benchmarks",
        "benchmarks.on_airflow",
        "benchmarks.on_ray",
    ],
)
def test_the_readme_has_the_tables_in_the_form_they_are_written(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


@pytest.mark.usefixtures("_importable")
@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_each_block_is_put_where_its_mark_is(order: tuple[str, str]) -> None:
    from benchmarks.table import marked, place

    marks = {name: f"<!-- written by `{name}` -->" for name in order}
    text = "\n".join(f"before {name}\n\n{marked(mark, 'old', 'table')}\nafter" for name, mark in marks.items())
    for name, mark in marks.items():
        made = marked(mark, f"new of {name}", "table")
        text = place(text, made, mark)
        assert f"before {name}\n\n{made}\nafter" in text
    assert "old" not in text
    assert text.count("before") == text.count("after") == 2


@pytest.mark.usefixtures("_importable")
def test_a_block_that_does_not_end_swallows_no_other() -> None:
    from benchmarks.table import START, marked, place

    other = "<!-- written by `other` -->"
    text = f"{other}\nno end\n{marked(START, 'machine', 'table')}"
    with pytest.raises(ValueError, match="followed by"):
        place(text, marked(other, "machine", "table"), other)


@pytest.mark.usefixtures("_importable")
def test_what_is_made_of_figures_is_recognised() -> None:
    from benchmarks.measure import Spread
    from benchmarks.on_airflow.rows import ROWS
    from benchmarks.table import marked, table, unlike

    machine = "Python 3.11.7, synaflow 1.0.0; a CPU, 2 cores, load 1.3; Linux 6. Apache Airflow 3.3.2 on SQLite."
    mark = "<!-- written by `it` -->"
    made = marked(mark, machine, table((row, Spread(-1.5, 1.2, 1300)) for row in ROWS))
    assert unlike(f"before\n{made}after\n", mark, ROWS) == []
    assert unlike(made.replace("1.20x", "fast"), mark, ROWS)[0].startswith("no figure: fast")
    assert unlike(made, mark, ROWS[1:])[0].startswith("the rows: ")
    assert unlike(made.replace(machine, "mine"), mark, ROWS) == ["no machine: mine"]
    assert unlike(made, "<!-- written by `another` -->", ROWS) != []
