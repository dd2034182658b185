"""Measuring in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["told_by"]


def told_by(module: str, *arguments: object) -> str:
    """What a module of the benchmarks prints when a fresh interpreter runs it with those arguments."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    root = Path(__file__).resolve().parents[1]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
