"""In a notebook, where an event loop runs already."""

from __future__ import annotations

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import v4

CELL = """
import asyncio
from collections.abc import AsyncIterator, Iterator
from synaflow import async_run, async_stream, pipeline, run

async def numbers() -> AsyncIterator[int]:
    for number in range(5):
        await asyncio.sleep(0)
        yield number

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

sums = pipeline("sums", steps=[numbers, total])
"""


def executed(*cells: str) -> list[str]:
    """What each cell shows, of its last line."""
    made = [v4.new_code_cell(cell) for cell in (CELL, *cells)]  # type: ignore[no-untyped-call]
    notebook = v4.new_notebook(cells=made)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=50, kernel_name="python3").execute()
    return ["".join(out["data"]["text/plain"] for out in cell["outputs"]) for cell in notebook.cells[1:]]


def test_in_a_notebook_it_is_awaited() -> None:
    shown = executed(
        'result = await async_run(sums)\nresult["total"]',
        'async with async_stream(sums, None, "numbers") as items:\n    found = [item async for item in items]\nfound',
    )
    assert shown == ["10", "[0, 1, 2, 3, 4]"]
    with pytest.raises(CellExecutionError, match=r"write `await async_run\(pipeline, \.\.\.\)`"):
        executed("run(sums)")
