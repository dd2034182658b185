"""What `import synaflow` costs, in fresh processes that take turns."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.measure import Spread, interleaved, spread

__all__ = ["import_costs", "modules_loaded"]

_IMPORTS = ("import synaflow", "from synaflow import pipeline, step, run")


def import_costs(rounds: int) -> tuple[Spread, ...]:
    """The milliseconds of a bare interpreter from its start to its end, and what each import adds to that."""
    programs = ("pass", *_IMPORTS)
    taken = interleaved({program: partial(_python, program) for program in programs}, rounds)
    bare = taken["pass"]
    added = [[one - other for one, other in zip(taken[program], bare, strict=True)] for program in _IMPORTS]
    return tuple(spread([1000 * seconds for seconds in each]) for each in (bare, *added))


def modules_loaded() -> tuple[int, ...]:
    """How many modules each of the imports brings in."""
    bare = _modules("pass")
    return tuple(_modules(program) - bare for program in _IMPORTS)


def _python(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def _modules(program: str) -> int:
    command = [sys.executable, "-c", f"{program}\nimport sys\nprint(len(sys.modules))"]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
