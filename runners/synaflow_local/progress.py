"""Live progress: steps, items, rate and what is buffered, in place on a terminal, as lines elsewhere, or to a function."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

    from rich.live import Live
    from rich.table import Table

    from synaflow_local.execution import Execution

__all__ = ["Progress"]

_EVERY = 2.0
"""Seconds between two lines where progress is not shown in place."""


@dataclass(frozen=True, slots=True)
class _Row:
    step: str
    state: str
    items_in: int | None
    items_out: int | None
    rate: float | None
    buffered: int


class Progress:
    """Shows a run's progress on standard error while it is entered, or tells a function.

    A thread looks at the counts now and then; the run itself doesn't know of it.
    """

    def __init__(self, execution: Execution, tell: Callable[[str], object] | None = None) -> None:
        self._execution: Final = execution
        self._tell: Final = tell
        self._started: Final = perf_counter()
        self._done: Final = threading.Event()
        self._live: Live | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        if self._tell is None and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                get_renderable=self._table,
                console=Console(stderr=True),
                refresh_per_second=5,
                # What the steps print stays above the table, but only if it goes to the same screen.
                redirect_stdout=sys.stdout.isatty(),
                redirect_stderr=True,
            )
            self._live.start()
        else:
            self._thread = threading.Thread(target=self._print_lines, name="synaflow-progress", daemon=True)
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        if self._live is not None:
            self._live.stop()
        if self._thread is not None:
            self._thread.join()
            self._print_line()

    def _print_lines(self) -> None:
        while not self._done.wait(_EVERY):
            self._print_line()

    def _print_line(self) -> None:
        parts = [f"{self._execution.pipeline.name}: {perf_counter() - self._started:.1f} s"]
        for row in self._rows():
            if row.state == "waiting":
                continue
            items = row.items_out if row.items_out is not None else row.items_in
            if items is None:
                parts.append(f"{row.step} {row.state}")
                continue
            rate = f" ({row.rate:,.0f}/s)" if row.rate is not None else ""
            buffered = f", {row.buffered:,} buffered" if row.buffered else ""
            parts.append(f"{row.step} {items:,}{rate}{buffered}")
        line = " | ".join(parts)
        if self._tell is not None:
            self._tell(line)
            return
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(f"{self._execution.pipeline.name}  {perf_counter() - self._started:.1f} s"))
        table.add_column("step")
        table.add_column("state")
        for name in ("in", "out", "items/s", "buffered"):
            table.add_column(name, justify="right")
        for row in self._rows():
            rate = f"{row.rate:,.0f}" if row.rate is not None else ""
            cells = (
                row.step,
                row.state,
                _count(row.items_in),
                _count(row.items_out),
                rate,
                _count(row.buffered or None),
            )
            # Text, not str: a name is no markup.
            table.add_row(*map(Text, cells))
        return table

    def _rows(self) -> list[_Row]:
        execution, elapsed = self._execution, perf_counter() - self._started
        region = execution.region
        running = set(region.plan.region.steps) if region is not None else set()
        rows = []
        for step in execution.pipeline.steps:
            name = step.name
            taken, given, buffered = execution.items_in.get(name), execution.items_out.get(name), 0
            status = execution.statuses.get(name)
            if region is not None and name in running:
                taken, given, buffered = region.counts(name)
            state = str(status) if status is not None else "running" if name in running else "waiting"
            items = given if given is not None else taken
            rate = items / elapsed if items and name in running else None
            rows.append(_Row(name, state, taken, given, rate, buffered))
        return rows


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
