"""Names for what tests are parametrized with."""

from __future__ import annotations

import re

__all__ = ["stable"]


def stable(value: object) -> str:
    """As the value is written, but for where it lies in memory: a test has the same name in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
