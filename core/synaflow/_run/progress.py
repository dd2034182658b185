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

__all__ = ["Progress", "ProgressRow"]

_EVERY = 2.0
"""Seconds between two lines where progress is not shown in place."""


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """How one step stands.

    Attributes:
        step: Its name.
        state: A status, or `"running"` or `"waiting"`.
        items_in: Items it has taken, None where they aren't counted.
        items_out: Items it has given, likewise.
        running: Whether it is at work.
        buffered: Items that wait for its consumers.
    """

    step: str
    state: str
    items_in: int | None
    items_out: int | None
    running: bool
    buffered: int


class Progress:
    """Shows a run's progress on standard error while it is entered, or tells a function.

    A thread looks at the counts now and then; the run itself doesn't know of it.

    Args:
        pipeline: The pipeline's name.
        rows: Tells how the steps stand, in their order.
        tell: Is called with a line of text every two seconds and at the end; None: standard error.
    """

    def __init__(
        self, pipeline: str, rows: Callable[[], list[ProgressRow]], tell: Callable[[str], object] | None = None
    ) -> None:
        self._pipeline: Final = pipeline
        self._rows: Final = rows
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
        parts = [f"{self._pipeline}: {perf_counter() - self._started:.1f} s"]
        for row in self._rows():
            if row.state == "waiting":
                continue
            items = row.items_out if row.items_out is not None else row.items_in
            if items is None:
                parts.append(f"{row.step} {row.state}")
                continue
            per_second = self._rate(row)
            rate = f" ({per_second:,.0f}/s)" if per_second is not None else ""
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

        table = Table(title=Text(f"{self._pipeline}  {perf_counter() - self._started:.1f} s"))
        table.add_column("step")
        table.add_column("state")
        for name in ("in", "out", "items/s", "buffered"):
            table.add_column(name, justify="right")
        for row in self._rows():
            rate = self._rate(row)
            cells = (
                row.step,
                row.state,
                _count(row.items_in),
                _count(row.items_out),
                "" if rate is None else f"{rate:,.0f}",
                _count(row.buffered or None),
            )
            # Text, not str: a name is no markup.
            table.add_row(*map(Text, cells))
        return table

    def _rate(self, row: ProgressRow) -> float | None:
        items = row.items_out if row.items_out is not None else row.items_in
        return items / (perf_counter() - self._started) if items and row.running else None


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
