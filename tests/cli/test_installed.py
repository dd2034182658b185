"""Subcommands of installed targets: found by entry point, loaded only when asked for, and no danger to the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from .conftest import Run, Write

DRAWS = """
    from cyclopts import App

    command = App(help="Draws a pipeline.")

    @command.command
    def svg(target: str) -> int:
        from synaflow.cli import load_target

        print("svg of", load_target(target).name)
        return 0

    @command.command
    def fail() -> int:
        return 1
"""

Install = Callable[..., None]


@pytest.fixture
def install(write: Write, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Install:
    """Registers targets, by the names of modules in the current folder."""
    monkeypatch.syspath_prepend(folder)

    def install(**modules: str) -> None:
        points = [EntryPoint(name, module, "synaflow.targets") for name, module in modules.items()]
        for module in ("synaflow.cli.installed", "importlib.metadata"):
            monkeypatch.setattr(f"{module}.entry_points", lambda group: points)

    return install


def test_a_subcommand_runs(write: Write, install: Install, synaflow: Run, counting: Path) -> None:
    write("target_draws.py", DRAWS)
    install(draw="target_draws")
    ran = synaflow("draw", "svg", "counting.py")
    assert (ran.code, ran.out, ran.err) == (0, "svg of counting\n", "")
    assert synaflow("draw", "fail").code == 1


def test_a_subcommands_failures_are_reported_like_ours(write: Write, install: Install, synaflow: Run) -> None:
    write("target_draws.py", DRAWS)
    install(draw="target_draws")
    assert (synaflow("draw", "svg", "nope.py").code, synaflow("draw", "svg", "nope.py").err) == (
        2,
        "error: no file nope.py\n",
    )
    assert synaflow("draw", "svg").code == 2


def test_help_lists_it(write: Write, install: Install, synaflow: Run) -> None:
    write("target_draws.py", DRAWS)
    install(draw="target_draws")
    assert "draw         Draws a pipeline." in synaflow("--help").out
    assert "svg" in synaflow("draw", "--help").out


def test_it_is_not_loaded_for_another_command(write: Write, install: Install, synaflow: Run, counting: Path) -> None:
    write("target_draws.py", DRAWS)
    install(draw="target_draws")
    assert synaflow("check", "counting.py").code == 0
    assert synaflow("--version").code == 0
    assert synaflow("nope").code == 2
    assert "target_draws" not in sys.modules


def test_a_target_without_a_command_adds_none(write: Write, install: Install, synaflow: Run) -> None:
    write("target_runs.py", "def run(pipeline, params=None, **options): ...\ncommand = 'not an App'\n")
    install(plain="target_runs")
    assert "│ plain" not in synaflow("--help").out
    assert synaflow("plain").err.startswith('error: Unknown command "plain".')


def test_a_broken_target_does_not_break_the_rest(write: Write, install: Install, synaflow: Run, counting: Path) -> None:
    write("target_broken.py", "raise ImportError('this needs [red]: install the extra')\n")
    write("target_draws.py", DRAWS)
    install(broken="target_broken", draw="target_draws", gone="no_such_module_at_all")
    assert synaflow("check", "counting.py").code == 0
    assert synaflow("draw", "svg", "counting.py").code == 0
    listed = " ".join(line.strip("│ ") for line in synaflow("--help").out.splitlines())
    assert "Not available: 'broken' can't be loaded: ImportError: this needs [red]: install the extra" in listed
    ran = synaflow("broken", "generate")
    text = "error: 'broken' can't be loaded: ImportError: this needs [red]: install the extra\n"
    assert (ran.code, ran.out, ran.err) == (2, "", text)


def test_no_target_can_take_a_commands_name(write: Write, install: Install, synaflow: Run, counting: Path) -> None:
    write("target_draws.py", DRAWS)
    install(check="target_draws", run="target_draws")
    assert synaflow("check", "counting.py").out.startswith("ok: ")
    assert "Draws" not in synaflow("--help").out
