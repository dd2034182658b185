"""What a program does in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["loaded_by"]


def loaded_by(program: str) -> set[str]:
    """The modules in memory after a program ran in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())
