"""What is measured of the Airflow adapter, against what, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.measure import Spread
from benchmarks.on_airflow.home import Files
from benchmarks.on_airflow.parse import first_times, parsed_again
from benchmarks.on_airflow.whole import whole_runs
from benchmarks.rows import MILLISECONDS, TIMES, Effort, Row

__all__ = ["ROWS", "measured"]

_GROUPS: Final[tuple[tuple[tuple[Row, ...], Callable[[Files, Effort], tuple[Spread, ...]]], ...]] = (
    (
        (
            Row("a TaskFlow DAG file of 5 tasks, by hand, parsed again", "", MILLISECONDS),
            Row("a generated file, parsed again", "the one by hand", TIMES, 1.1),
            Row("the same in a folder where nothing compiled is kept", "the one by hand", TIMES, 1.1),
            Row("a file that calls `to_dag`, parsed again", "the one by hand", TIMES),
            Row("a generated file, parsed again and serialized for the database", "the one by hand", TIMES),
        ),
        lambda files, effort: parsed_again(files, effort.rounds),
    ),
    (
        (
            Row("the file by hand, parsed in a process forked for it", "", MILLISECONDS),
            Row("that takes longer for the generated file by", "", MILLISECONDS),
            Row("and for the one that calls `to_dag`, with all it imports, by", "", MILLISECONDS),
            Row("what each task of a generated file imports", "", MILLISECONDS),
        ),
        lambda files, effort: first_times(files, effort.rounds),
    ),
    (
        (
            Row("a run by `dag.test()` of a generated file, a year of weather", "the one by hand", TIMES),
            Row("a day of it: each task takes longer than the one by hand by", "", MILLISECONDS),
        ),
        lambda files, effort: whole_runs(files, effort.long_rounds),
    ),
)

ROWS: Final = tuple(row for rows, _ in _GROUPS for row in rows)
"""All of them, in the order of the table."""


def measured(files: Files, effort: Effort) -> Iterator[tuple[Row, Spread]]:
    """Measures them, one group after the other."""
    for rows, measure in _GROUPS:
        yield from zip(rows, measure(files, effort), strict=True)
