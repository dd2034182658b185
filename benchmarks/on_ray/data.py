"""The chains as Ray Data does them, row by row."""

from __future__ import annotations

import logging
from typing import Any

from benchmarks.on_ray.work import Row

__all__ = ["by_ray_data"]


def _doubled(row: Row) -> Row:
    return {"id": row["id"] * 2}


def _made(row: Row) -> Row:
    number = row["id"]
    return {"id": number, "name": f"row {number}", "amount": number / 7, "late": number % 3 == 0}


def _marked(row: Row) -> Row:
    return {**row, "paid": not row["late"]}


def by_ray_data(name: str, count: int) -> int:
    """The total of a task's chain: a data set of numbers, `map`, and a sum over batches as they come."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    data: Any = ray.data.range(count)
    mapped = data.map(_doubled) if name == "chain of ints" else data.map(_made).map(_marked)
    batches = mapped.iter_batches(batch_size=4096, batch_format="numpy")
    return sum(int(batch["id"].sum()) for batch in batches)
