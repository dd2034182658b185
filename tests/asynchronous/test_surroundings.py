"""Where an event loop runs already: in a notebook, in a server that answers several at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import v4

from asynchronous.loops import on_loop
from synaflow import async_run, pipeline

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


def test_a_server_answers_several_at_once() -> None:
    """Runs on one loop know nothing of each other, and all go on while one of them waits."""
    together = asyncio.Barrier(8)

    async def numbers() -> AsyncIterator[int]:
        for number in range(5):
            await asyncio.sleep(0)
            yield number
        await together.wait()  # all have to have come so far

    def total(numbers: Iterator[int]) -> int:
        return sum(numbers)

    def largest(numbers: Iterator[int]) -> int:
        return max(numbers)

    sums = pipeline("sums", steps=[numbers, total, largest])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        result = await async_run(sums)
        writer.write(f"{asked.decode().strip()}: {result['total']}, {result['largest']}\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def ask(port: int, number: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{number}\n".encode())
        answered = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answered.decode()

    async def main() -> list[str]:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            answers = await asyncio.gather(*(ask(port, number) for number in range(8)))
        for _ in range(20):
            await asyncio.sleep(0)  # the server's own tasks end
        return answers

    assert on_loop(main()) == [f"{number}: 10, 4\n" for number in range(8)]
