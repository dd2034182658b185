"""Texts kept in files: what is printed has to stay what it was, letter for letter."""

from __future__ import annotations

import os
import re
from pathlib import Path

HERE = Path(__file__).parent


def check_golden(name: str, text: str) -> None:
    """Compares with `golden/<name>`; `UPDATE_GOLDEN=1` writes it instead. Folders and line numbers are left out."""
    text = re.sub(r"[^\s(]*?([\w.]+\.py):\d+", r"\1:LINE", text).rstrip("\n") + "\n"
    path = HERE / "golden" / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
