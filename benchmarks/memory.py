"""Peak memory: each figure in a process of its own, `python -m benchmarks.memory TASK ITEMS`, which prints the bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.apart import told_by
from benchmarks.work import Params, chain, fork
from synaflow import PipelineDef, pipeline, run, step

__all__ = ["BLOCK", "peak"]

BLOCK: Final = 1_000_000
"""The bytes of an item of `blocks`."""


def _blocks(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield number.to_bytes(8, "big") * (BLOCK // 8)


def _rows(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {"id": number, "name": f"row {number}", "amount": number / 7, "late": number % 3 == 0}


def _one_after_the_other(one: Iterator[object], other: Iterator[object]) -> int:
    """Drains one branch before it touches the other, so that all of that waits."""
    return sum(1 for _ in one) + sum(1 for _ in other)


def _ahead(source: Callable[..., object]) -> PipelineDef:
    drain = step("drain", _one_after_the_other, inputs={"one": "source", "other": "source"})
    return pipeline("ahead", Params, [step("source", source), drain])


def _run_ahead(source: Callable[..., object], count: int, *, bound: bool) -> None:
    built = _ahead(source)
    result = run(built, Params(count)) if bound else run(built, Params(count), spill_after=None)
    assert result["drain"] == 2 * count
    spilled = sum(branch.spilled for branch in result.branches)
    assert bound == bool(spilled), f"{spilled} items went to disk"


TASKS: Final[dict[str, Callable[[int], object]]] = {
    "nothing": lambda _: None,
    "chain": chain,
    "fork": fork,
    "blocks": lambda count: _run_ahead(_blocks, count, bound=True),
    "blocks in memory": lambda count: _run_ahead(_blocks, count, bound=False),
    "rows": lambda count: _run_ahead(_rows, count, bound=True),
    "rows in memory": lambda count: _run_ahead(_rows, count, bound=False),
}
"""What can be measured, by name."""


def peak(task: str, count: int) -> float:
    """The megabytes that a fresh process had in memory at the most while it did that, all told."""
    return int(told_by("benchmarks.memory", task, count)) / 1e6


def _own_peak() -> int:
    try:
        # What the kernel counts for `getrusage` may be of the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    TASKS[sys.argv[1]](int(sys.argv[2]))
    print(_own_peak())
