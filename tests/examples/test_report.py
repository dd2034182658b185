"""`report.py` on the real data, whose figures are worked out here a second time, and on data of the test's own."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import fmean, pstdev
from types import ModuleType
from typing import NamedTuple, TextIO

import pytest

from synaflow import StepError, run

from .conftest import Program

LINE = re.compile(r"([A-Z]{3}) (\d{4}-\d\d) +([\d.]+) +([\d.]+)")
HEADER = "origin,year,month,day,wind_speed,time_hour\n"


@pytest.fixture(scope="session")
def script(repository: Path) -> Path:
    """The example itself, in place of the flights."""
    return repository / "examples/report.py"


class Hour(NamedTuple):
    airport: str
    month: str
    day: date
    at: str
    wind: str


@pytest.fixture(scope="session")
def measured(installed: Path) -> list[Hour]:
    """Every hour of the data set that has a wind, which is rounded by way of floats."""
    with open(installed / "weather.csv", encoding="utf-8", newline="") as file:
        return [
            Hour(
                row["origin"],
                f"{row['year']}-{row['month']:0>2}",
                date(int(row["year"]), int(row["month"]), int(row["day"])),
                row["time_hour"].replace("Z", "+00:00"),
                f"{float(row['wind_speed']):.2f}",
            )
            for row in csv.DictReader(file)
            if row["wind_speed"] != "NA"
        ]


def expected(
    hours: list[Hour], deviations: float
) -> tuple[dict[tuple[str, str], tuple[float, float]], list[tuple[str, str, str]]]:
    """What is usual at each airport by month, and the hours that are not."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for hour in hours:
        groups[hour.airport, hour.month].append(float(hour.wind))
    usual = {key: (fmean(winds), round(fmean(winds) + deviations * pstdev(winds), 2)) for key, winds in groups.items()}
    unusual = [
        (hour.airport, hour.at, hour.wind) for hour in hours if float(hour.wind) > usual[hour.airport, hour.month][1]
    ]
    return usual, unusual


def stored(file: Path) -> list[tuple[str, ...]]:
    """The lines of the file that the example has written, without the first."""
    with open(file, encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == ["airport", "hour", "wind"]
    return [tuple(row) for row in rows]


def same(printed: str, usual: dict[tuple[str, str], tuple[float, float]]) -> None:
    """The lines of numbers are those, in order."""
    found = [match.groups() for line in printed.splitlines() if (match := LINE.fullmatch(line))]
    assert [(airport, month) for airport, month, _, _ in found] == sorted(usual)
    for airport, month, mean, most in found:
        assert (float(mean), float(most)) == pytest.approx(usual[airport, month], abs=0.0051)


# The real data


def test_the_script_reports_the_year(program: Program, script: Path, measured: list[Hour], tmp_path: Path) -> None:
    ran = program(script)
    assert (ran.returncode, ran.stderr) == (0, "")
    usual, unusual = expected(measured, 4)
    assert len(usual) == 36
    same(ran.stdout, usual)
    assert stored(tmp_path / "unusual_winds.csv") == unusual
    assert ran.stdout.splitlines()[-1] == (
        f"{len(unusual)} unusual hours, 1048.36 mph at EWR, 2013-02-12 08:00 UTC: see unusual_winds.csv"
    )
    assert not (tmp_path / "unusual_winds.csv.partial").exists()


def test_days_and_deviations_are_params(program: Program, script: Path, measured: list[Hour], tmp_path: Path) -> None:
    days = [hour for hour in measured if date(2013, 2, 10) <= hour.day <= date(2013, 3, 5)]
    usual, unusual = expected(days, 2.5)
    assert len(unusual) > 12
    options = ["--since", "2013-02-10", "--until", "2013-03-05", "--deviations", "2.5", "--unusual", "two.csv"]
    ran = program("-m", "synaflow.cli", "run", script, *options, "--no-progress", "--json")
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)["outputs"]["report"]
    same(report, usual)
    assert f"{len(unusual)} unusual hours" in report
    assert stored(tmp_path / "two.csv") == unusual


def test_the_two_readings_are_regions_of_their_own(example: ModuleType) -> None:
    regions = [region.steps for region in example.winds_report.regions]
    assert regions == [
        ("file",),
        ("hours", "winds"),
        ("usual",),
        ("again", "outliers", "written", "strongest"),
        ("report",),
    ]


# Data that is wrong, or small


def weather(folder: Path, *winds: str) -> Path:
    """Makes a folder like the data set's, with an hour for each of those winds."""
    lines = [f"JFK,2013,7,{day},{wind},2013-07-{day:0>2}T12:00:00Z\n" for day, wind in enumerate(winds, start=1)]
    (folder / "weather.csv").write_text(HEADER + "".join(lines))
    return folder


def test_the_figures(example: ModuleType, tmp_path: Path) -> None:
    data = weather(tmp_path, "2", "NA", "4", "4", "4", "5", "5", "7", "9")  # the textbook's: mean 5, deviation 2
    file = tmp_path / "unusual.csv"
    params = example.Params(data, unusual=file, deviations=Decimal("1.5"))
    result = run(example.winds_report, params, outputs=["usual", "strongest", "report"])
    place = example.Place("JFK", date(2013, 7, 1))
    assert result["usual"] == {place: example.Usual(Decimal("5.00"), Decimal("8.00"))}
    assert result["strongest"][::2] == (place, Decimal("9.00"))
    assert stored(file) == [("JFK", "2013-07-09T12:00:00+00:00", "9.00")]

    run(example.winds_report, params._replace(until=date(2013, 7, 8), deviations=Decimal(1)))
    assert [wind for _, _, wind in stored(file)] == ["7.00"]


@pytest.mark.parametrize("winds", [(), ("NA",), ("5.01",) * 7, ("5",)])
def test_nothing_is_unusual(winds: tuple[str, ...], example: ModuleType, tmp_path: Path) -> None:
    """Equal winds have no deviation, and are as the mean is."""
    file = tmp_path / "unusual.csv"
    result = run(
        example.winds_report, example.Params(weather(tmp_path, *winds), unusual=file), outputs=["strongest", "report"]
    )
    assert result.ok
    assert result["strongest"] is None
    assert result["report"].splitlines()[-1] == f"0 unusual hours: see {file}"
    assert stored(file) == []


def test_a_run_that_fails_leaves_the_old_file(example: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "unusual.csv"
    good = ["1"] * 20 + ["99"]
    params = example.Params(weather(tmp_path, *good), unusual=file)
    run(example.winds_report, params)
    before = stored(file)
    assert len(before) == 1
    with pytest.raises(StepError, match=r"'hours'.*InvalidOperation"):
        run(example.winds_report, params._replace(data=weather(tmp_path, *good, "strong")))
    assert stored(file) == before


def test_a_second_reading_that_fails_leaves_it_too(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It had begun to write, beside the old file."""
    file = tmp_path / "unusual.csv"
    params = example.Params(weather(tmp_path, *["1"] * 20, "99"), unusual=file)
    run(example.winds_report, params)
    before = file.read_bytes()

    class Full:
        def __init__(self, target: TextIO) -> None:
            self.target = target

        def writerow(self, row: list[object]) -> int:
            if row[0] == "JFK":
                raise OSError("no space left")
            return self.target.write("header\n")

    monkeypatch.setattr(example.csv, "writer", Full)
    with pytest.raises(StepError, match=r"'written'.*no space left"):
        run(example.winds_report, params)
    assert (tmp_path / "unusual.csv.partial").read_text() == "header\n"
    assert file.read_bytes() == before
