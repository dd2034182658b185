"""The command line: `synaflow run`, `check`, `explain`, `export`, and what installed targets add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow.cli.frames import user_traceback
from synaflow.cli.target import load_target

if TYPE_CHECKING:
    from synaflow.cli.app import main

__all__ = ["load_target", "main", "user_traceback"]


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        # Programs that only look a pipeline up, an Airflow task for one, need no options parsed.
        if name == "main":
            from synaflow.cli.app import main

            return main
        raise AttributeError(f"module 'synaflow.cli' has no attribute '{name}'")
