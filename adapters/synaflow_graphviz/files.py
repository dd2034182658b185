"""Where what was drawn is written to."""

from __future__ import annotations

import os
from pathlib import Path

from synaflow import TargetError

__all__ = ["write"]


def write(path: str | os.PathLike[str], drawn: bytes) -> None:
    """Writes a file.

    Raises:
        TargetError: It can't be written.
    """
    try:
        Path(path).write_bytes(drawn)
    except OSError as error:
        raise TargetError(f"can't write {os.fspath(path)!r}: {error}") from error
