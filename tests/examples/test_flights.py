"""`flights.py` on the real data, whose totals are worked out here a second time, and on data that is wrong."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from synaflow import StepError, run

from .conftest import Data, Program

pytestmark = pytest.mark.timeout(180)

LINE = re.compile(r"(.+?) +([\d,]+) +([\d,]+) +(-?[\d.]+) +(-?[\d,]+)")
Line = tuple[str, int, int, str, int]


def expected(table: list[dict[str, str]], *columns: str) -> dict[tuple[str, ...], tuple[int, int, str, int]]:
    """By the values of those columns: flights, how many did not arrive, the mean delay and the longest."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in table:
        groups[tuple(row[column] for column in columns)].append(row["arr_delay"])
    result = {}
    for key, delays in groups.items():
        known = [int(delay) for delay in delays if delay != "NA"]
        result[key] = (len(delays), len(delays) - len(known), f"{sum(known) / len(known):.1f}", max(known))
    return result


def lines(printed: str) -> list[Line]:
    """The lines of numbers in what was printed."""
    found = [match.groups() for line in printed.splitlines() if (match := LINE.fullmatch(line))]
    return [
        (name, _int(flights), _int(missing), mean, _int(longest)) for name, flights, missing, mean, longest in found
    ]


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def late(table: list[dict[str, str]], minutes: int) -> list[tuple[object, ...]]:
    """The rows that the database should hold, in the order of the file."""
    return [
        (
            date(int(row["year"]), int(row["month"]), int(row["day"])).isoformat(),
            row["carrier"],
            int(row["flight"]),
            row["origin"],
            row["dest"],
            int(row["arr_delay"]),
        )
        for row in table
        if row["arr_delay"] != "NA" and int(row["arr_delay"]) > minutes
    ]


def stored(database: Path) -> list[tuple[object, ...]]:
    """The rows that it holds."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT * FROM late_flights ORDER BY rowid").fetchall()


# The real data


def test_the_script_reports_the_year(
    program: Program, script: Path, table: list[dict[str, str]], installed: Path, tmp_path: Path
) -> None:
    ran = program(script)
    assert (ran.returncode, ran.stderr) == (0, "")

    assert len(table) == 336_776
    assert sum(row["arr_delay"] == "NA" for row in table) == 9_430
    with open(installed / "airlines.csv", encoding="utf-8", newline="") as file:
        names = {row["carrier"]: row["name"] for row in csv.DictReader(file)}
    airlines = sorted((names[code], *numbers) for (code,), numbers in expected(table, "carrier").items())
    months = sorted((f"2013-{month:0>2}", *numbers) for (month,), numbers in expected(table, "month").items())
    found = lines(ran.stdout)
    assert sorted(found[:16]) == airlines
    assert found[16:] == months
    assert [float(line[3]) for line in found[:16]] == sorted(float(line[3]) for line in airlines)

    rows = late(table, 60)
    assert ran.stdout.splitlines()[-1].startswith(f"{len(rows):,} flights were more than 60 minutes late")
    assert stored(tmp_path / "late_flights.sqlite") == rows


def test_running_it_again_replaces(program: Program, script: Path, table: list[dict[str, str]], tmp_path: Path) -> None:
    database = tmp_path / "late_flights.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)")
    for _ in range(2):
        ran = program("-m", "synaflow.cli", "run", script, "--late-minutes", "120", "--no-progress")
        assert ran.returncode == 0, ran.stderr
        assert stored(database) == late(table, 120)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT * FROM mine").fetchall() == [(1,)]


def test_the_command_line_counts_the_flights(program: Program, script: Path) -> None:
    ran = program("-m", "synaflow.cli", "run", script, "--json", "--no-progress", "--output", "late")
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["ok"] is True
    assert result["outputs"] == {"late": 27_789}
    assert result["dead_letters"] == []
    assert {name: result["steps"][name]["items_in"] for name in ("flights", "carriers", "late", "months")} == {
        "flights": 336_776,
        "carriers": 336_776,
        "late": 336_776,
        "months": 336_776,
    }
    assert {branch["consumer"]: branch["peak"] for branch in result["branches"]} == {
        "carriers": 1,
        "late": 1,
        "months": 1,
    }


def test_memory_is_flat(program: Program) -> None:
    """A month, and a year that is twelve times as long."""
    ran = program(Path(__file__).parent / "memory.py", "27004", "336776")
    assert ran.returncode == 0, ran.stderr
    found = re.findall(r"^ *([\d,]+) flights: ([\d.]+) MB", ran.stdout, re.MULTILINE)
    assert [_int(flights) for flights, _ in found] == [27_004, 336_776]
    month, year = (float(megabytes) for _, megabytes in found)
    assert year - month < 8, ran.stdout


# Data that is wrong, or small

GOOD = [
    b"2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z",
    b"2013,1,1,542,540,2,923,850,61,AA,1141,N619AA,JFK,MIA,160,1089,5,40,2013-01-01T10:00:00Z",
    b"2013,2,1,NA,600,NA,NA,901,NA,XX,791,NA,LGA,DFW,NA,1389,6,0,2013-02-01T11:00:00Z",
    b"2013,2,2,554,600,-6,812,837,60,UA,461,N668DN,LGA,ATL,116,762,6,0,2013-02-02T11:00:00Z",
    b"2013,2,2,554,600,-6,812,837,-25,UA,462,N668DN,LGA,ATL,116,762,6,0,2013-02-02T11:00:00Z",
]
BAD = {
    b"2013,1": "ValueError: carrier, origin or destination is missing",
    GOOD[0].replace(b",11,", b",eleven,"): "ValueError: invalid literal for int() with base 10: 'eleven'",
    GOOD[0].replace(b",11,", b",,"): "ValueError: invalid literal for int() with base 10: ''",
    GOOD[0].replace(b"2013,1,1", b"2013,2,30"): "ValueError: day ",
    GOOD[0].replace(b"UA", b""): "ValueError: carrier, origin or destination is missing",
    GOOD[0] + b",more": "ValueError: fields without a column: ['more']",
}


def mixed() -> bytes:
    """A bad row before each good one, and one more at the end."""
    bad = list(BAD)
    return b"\n".join(line for pair in zip(bad, GOOD, strict=False) for line in pair) + b"\n" + bad[-1] + b"\n"


def test_bad_rows_are_dropped_counted_and_listed(example: ModuleType, data: Data, tmp_path: Path) -> None:
    database = tmp_path / "late.sqlite"
    result = run(example.flights, example.Params(data(mixed()), database), outputs=["late", "carriers", "summary"])
    assert result["late"] == 1
    assert {name: delays[:2] for name, delays in result["carriers"].items()} == {
        "United Air Lines Inc.": (3, 3),
        "American Airlines Inc.": (1, 1),
        "XX": (1, 0),
    }
    assert stored(database) == [("2013-01-01", "AA", 1141, "JFK", "MIA", 61)]

    assert not result.ok
    assert result.errors == ()
    assert (result.steps["flights"].items_in, result.steps["flights"].items_out) == (11, 5)
    assert result.steps["flights"].dropped == 6
    assert [(letter.step, letter.index) for letter in result.dead_letters] == [
        ("flights", 0),
        ("flights", 2),
        ("flights", 4),
        ("flights", 6),
        ("flights", 8),
        ("flights", 10),
    ]
    for letter, reason in zip(result.dead_letters, BAD.values(), strict=True):
        assert f"{type(letter.error.__cause__).__name__}: {letter.error.__cause__}".startswith(reason)
        assert f"item {letter.index}" in str(letter.error)
    row = result.dead_letters[1].items["row"]
    assert isinstance(row, dict)
    assert row["arr_delay"] == "eleven"


def test_bad_rows_on_the_command_line(program: Program, script: Path, data: Data) -> None:
    ran = program("-m", "synaflow.cli", "run", script, "--data", data(mixed()), "--no-progress")
    assert ran.returncode == 1
    assert "1 flights were more than 60 minutes late" in ran.stdout
    dropped = [line for line in ran.stderr.splitlines() if line.startswith("  dropped: ")]
    assert len(dropped) == 6
    assert "item 2" in dropped[1]
    assert "'eleven'" in dropped[1]


def test_flights_that_never_arrived_have_no_delay(example: ModuleType, data: Data, tmp_path: Path) -> None:
    folder = data(b"\n".join(GOOD[2:]) + b"\n")
    result = run(example.flights, example.Params(folder, tmp_path / "late.sqlite", 0), outputs=["carriers", "summary"])
    assert result.ok
    # 60 and -25: the flight that never arrived counts for neither the mean nor the longest.
    assert result["carriers"]["United Air Lines Inc."] == (2, 2, 35, 60)
    assert re.search(r"^XX +1 +1 +- +0$", result["summary"], re.MULTILINE)
    assert re.search(r"^2013-02 +3 +1 +17.5 +60$", result["summary"], re.MULTILINE)
    assert [row[-1] for row in stored(tmp_path / "late.sqlite")] == [60]


def test_other_minutes_replace_too(example: ModuleType, data: Data, tmp_path: Path) -> None:
    folder = data(b"\n".join(GOOD) + b"\n")
    for minutes, delays in ((-30, [11, 61, 60, -25]), (60, [61]), (61, []), (59, [61, 60])):
        result = run(example.flights, example.Params(folder, tmp_path / "late.sqlite", minutes), outputs=["late"])
        assert result["late"] == len(delays)
        assert [row[-1] for row in stored(tmp_path / "late.sqlite")] == delays


def test_a_longest_delay_may_be_negative(example: ModuleType) -> None:
    assert example.Delays().plus(None).plus(-9).plus(-3).plus(-5) == (4, 3, -17, -3)


def test_no_flights_at_all(example: ModuleType, data: Data, tmp_path: Path) -> None:
    result = run(example.flights, example.Params(data(b""), tmp_path / "late.sqlite"), outputs=["late", "carriers"])
    assert result.ok
    assert dict(result) == {"late": 0, "carriers": {}}


def test_a_run_that_fails_leaves_the_old_flights(example: ModuleType, data: Data, tmp_path: Path) -> None:
    database = tmp_path / "late.sqlite"
    good = b"\n".join(GOOD) + b"\n"
    run(example.flights, example.Params(data(good), database))
    before = stored(database)
    assert len(before) == 1
    with pytest.raises(StepError, match=r"'rows'.*UnicodeDecodeError") as failed:
        run(example.flights, example.Params(data(good * 1_000 + b"\xff\n"), database))
    assert isinstance(failed.value.__cause__, UnicodeDecodeError)
    assert stored(database) == before


def test_a_process_that_dies_leaves_the_old_flights(
    program: Program, example: ModuleType, data: Data, tmp_path: Path
) -> None:
    database = tmp_path / "late_flights.sqlite"
    folder = data(b"\n".join(GOOD) + b"\n")
    run(example.flights, example.Params(folder, database))
    before = stored(database)
    folder = data((b"\n".join(GOOD) + b"\n") * 50_000)  # so many that not all of them fit in SQLite's cache
    ran = program(
        "-c",
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(example.__file__ or '').parent)!r})\n"
        "from pathlib import Path\n"
        "import flights\n"
        "from synaflow import pipeline, run\n"
        "def die(flights: flights.Iterator[flights.Flight]) -> None:\n"
        "    for index, _ in enumerate(flights):\n"
        "        if index == 240_000: os._exit(9)\n"
        "steps = [flights.folder, flights.rows, flights.step('flights', flights.parse, inputs={'row': 'rows'})]\n"
        "dying = pipeline('dying', flights.Params, [*steps, flights.late, die])\n"
        "run(dying, flights.Params(Path('data'), late_minutes=-100))\n",
    )
    assert ran.returncode == 9, ran.stderr
    assert (tmp_path / "late_flights.sqlite-journal").exists()  # it had begun to write
    assert stored(database) == before
