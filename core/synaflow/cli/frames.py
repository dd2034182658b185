"""Tracebacks as the person who wrote the pipeline wants them: only frames of their own code and what it called."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException

from synaflow._run.runner import TARGETS

__all__ = ["user_traceback"]


def user_traceback(error: BaseException) -> str:
    """The traceback of an error and of its causes, without the frames of SynaFlow and of the import machinery."""
    report = TracebackException.from_exception(error)
    ours = _our_folders()
    _strip(report, ours)
    lines = "".join(report.format()).splitlines()
    return "\n".join(line for line in lines if line.strip() != "Traceback (most recent call last):")


def _strip(report: TracebackException, ours: tuple[Path, ...]) -> None:
    report.stack = StackSummary.from_list([frame for frame in report.stack if not _is_ours(frame, ours)])
    for other in (report.__cause__, report.__context__, *(report.exceptions or ())):
        if other is not None:
            _strip(other, ours)


def _is_ours(frame: FrameSummary, ours: tuple[Path, ...]) -> bool:
    if frame.filename.startswith("<frozen importlib"):
        return True
    return any(folder in Path(frame.filename).parents for folder in ours)


def _our_folders() -> tuple[Path, ...]:
    """Where SynaFlow, the installed targets and `importlib` live, of those that are loaded."""
    names = {"synaflow", "importlib", *(point.module.partition(".")[0] for point in entry_points(group=TARGETS))}
    files = [getattr(sys.modules.get(name), "__file__", None) for name in sorted(names)]
    return tuple(Path(file).parent for file in files if file)
