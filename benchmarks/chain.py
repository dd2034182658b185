"""The chain against the same by hand, `python -m benchmarks.chain ITEMS ROUNDS`, in several processes.

How a process happens to lay its memory out moves this quotient by up to four hundredths either way, for its whole life
and the same code: one process is one sample, however many rounds it makes.
"""

from __future__ import annotations

import sys
from functools import partial

from benchmarks import plain, work
from benchmarks.apart import told_by
from benchmarks.measure import Spread, agreed, interleaved, quotients, spread

__all__ = ["over_processes"]


def over_processes(processes: int, rounds: int, items: int) -> Spread:
    """How many times as long the pipeline takes as the generators wired by hand: the spread of the processes' medians."""
    return spread([float(told_by("benchmarks.chain", items, rounds)) for _ in range(processes)])


def _median(items: int, rounds: int) -> float:
    variants = {"by hand": partial(plain.chained, items), "run": partial(work.chain, items)}
    agreed(variants)
    return quotients(interleaved(variants, rounds), "run", "by hand").median


if __name__ == "__main__":
    print(_median(int(sys.argv[1]), int(sys.argv[2])))
