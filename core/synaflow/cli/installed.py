"""Subcommands of installed runners and adapters: `synaflow airflow generate`, `synaflow ray submit`.

A target of the entry-point group `synaflow.targets` whose module has a `command`, a cyclopts App, is that subcommand,
under the entry point's name. It is imported when it is called or listed, and never otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from cyclopts import App

from synaflow._errors import TargetError
from synaflow._run.runner import TARGETS
from synaflow.cli.options import HELP

__all__ = ["mount"]


def mount(app: App, tokens: Sequence[str]) -> None:
    """Adds to the app the subcommand that is called, or, for the help text, all that there are.

    Args:
        app: The command line.
        tokens: What is written on it.

    Raises:
        TargetError: The subcommand called is a target that can't be imported: its extra is missing, say.
    """
    called = tokens[0] if tokens else HELP[0]
    for point in entry_points(group=TARGETS):
        if point.name in app:
            continue
        if point.name == called:
            command = _command(point)
        elif called in HELP:
            try:
                command = _command(point)
            except TargetError as error:
                command = App(help=f"Not available: {error}")
        else:
            continue
        if command is not None:
            app.command(command, name=point.name)


def _command(point: EntryPoint) -> App | None:
    """The subcommand of a target, None if it has none."""
    try:
        target = point.load()
    except Exception as error:
        raise TargetError(f"'{point.name}' can't be loaded: {type(error).__name__}: {error}") from error
    command = getattr(target, "command", None)
    return command if isinstance(command, App) else None
