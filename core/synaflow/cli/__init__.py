"""The command line: `synaflow run`, `check`, `explain`, `export`, and what installed targets add."""

from __future__ import annotations

from synaflow.cli.app import main
from synaflow.cli.frames import user_traceback
from synaflow.cli.target import load_target

__all__ = ["load_target", "main", "user_traceback"]
