"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["machine"]


def machine() -> str:
    """A sentence: Python, packages, processor, cores, what else it was busy with, system."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("synaflow", "greenlet"))
    system = f"{platform.system()} {platform.release()}"
    cores = f"{os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        cores += f", load {os.getloadavg()[2]:.1f}"
    return f"Python {platform.python_version()}, {packages}; {_processor()}, {cores}; {system}."


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
