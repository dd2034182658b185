"""Lets the tests of the codecs share modules; `tests/airflow` is no package, which would hide Airflow itself."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
