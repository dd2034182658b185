"""Where an actor looks for modules: also where the process that made it does.

Functions and classes of a module travel by name. Ray brings the script's folder and the current one into its processes; not
what was put on the path besides, as `synaflow run path/to/file.py` does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["extend_path", "own_path"]


def own_path() -> tuple[str, ...]:
    """This process's path, in a form that holds in any folder."""
    return tuple(os.path.abspath(folder) for folder in sys.path)


def extend_path(folders: Sequence[str]) -> None:
    """Adds those that are there on this machine and not yet on its path."""
    sys.path.extend(folder for folder in folders if folder not in sys.path and os.path.exists(folder))
