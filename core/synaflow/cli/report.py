"""What a person reads: the summary of a run and the errors, on stderr. Stdout is the pipeline's, or `--json`'s."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from synaflow._run.result import BranchResult, RunResult, StepResult, StepStatus
from synaflow.cli.as_json import safe_repr
from synaflow.cli.frames import user_traceback

if TYPE_CHECKING:
    from synaflow._errors import StepError

__all__ = ["complain", "prints_to_stderr", "report_failure", "report_result", "write_json"]

_COLOURS = {
    StepStatus.OK: "green",
    StepStatus.FAILED: "red",
    StepStatus.SKIPPED: "yellow",
    StepStatus.CANCELLED: "yellow",
}
_SHOWN = 10
"""Errors and values listed before "and N more"."""


def complain(text: str) -> None:
    """Says on stderr what is wrong. The text is shown as it is: nothing in it is markup."""
    _console().print(Text.assemble(("error: ", "bold red"), _plain(text)))


def report_failure(error: StepError) -> None:
    """Says which step failed, at which item, and where in the user's code."""
    complain(str(error))
    if error.__cause__ is not None:
        _console().print(Text(_plain(user_traceback(error.__cause__))))


def report_result(result: RunResult) -> None:
    """Shows what became of each step, the values, and what was dropped."""
    console = _console()
    verdict, colour = ("ok", "green") if result.ok else ("failed", "red")
    console.print(
        Text.assemble(
            "pipeline '", (_plain(result.pipeline), "bold"), "': ", (verdict, colour), f" in {_time(result.seconds)}"
        )
    )
    console.print(_steps(tuple(result.steps.values())))
    for branch in result.branches:
        if branch.peak > 1:
            console.print(Text(f"  {_lag(branch)}"))
    _list(console, [f"{name} = {_one_line(value)}" for name, value in result.items() if value is not None])
    _list(console, [f"dropped: {letter.error}" for letter in result.dead_letters])
    _list(console, [f"went on after: {error}" for error in result.errors if error.result is None])


def write_json(value: object) -> None:
    """Writes a value to stdout as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


@contextmanager
def prints_to_stderr(wanted: bool) -> Iterator[None]:
    """While a program reads stdout, sends what the pipeline prints, and what its subprocesses print, to stderr."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _console() -> Console:
    # What goes into a file or a pipe is not cut to the width of a terminal that isn't there.
    width = None if sys.stderr.isatty() else 10_000
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def _lag(branch: BranchResult) -> str:
    text = f"'{branch.consumer}' lagged up to {branch.peak:,} items behind '{branch.producer}'"
    if branch.spilled:
        text += f"; {branch.spilled:,} items went to disk and back, {branch.spilled_bytes / 2**20:,.1f} MiB"
    if branch.unpicklable:
        text += f"; {branch.unpicklable:,} stayed in memory, as they can't be pickled"
    return text


def _steps(steps: Sequence[StepResult]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  step", overflow="fold")
    table.add_column("status")
    for heading in ("in", "out", "time"):
        table.add_column(heading, justify="right")
    dropped = any(step.dropped for step in steps)
    if dropped:
        table.add_column("dropped", justify="right")
    for step in steps:
        cells: list[RenderableType] = [
            Text(f"  {step.name}"),
            Text(step.status, style=_COLOURS[step.status]),
            _count(step.items_in),
            _count(step.items_out),
            "-" if step.seconds is None else _time(step.seconds),
        ]
        table.add_row(*cells, *([_count(step.dropped)] if dropped else []))
    return table


def _list(console: Console, lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        console.print(Text(f"  {_plain(line)}"))
    if len(lines) > _SHOWN:
        console.print(Text(f"  and {len(lines) - _SHOWN:,} more"))


def _count(items: int | None) -> str:
    return "-" if items is None else f"{items:,}"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _one_line(value: object) -> str:
    text = " ".join(safe_repr(value).split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def _plain(text: str) -> str:
    """Without control characters: a terminal obeys them, whoever wrote them."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
