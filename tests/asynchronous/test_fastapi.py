"""In a FastAPI application, behind a real server: several requests at once, and streams that go out as they are made."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import NamedTuple, TypeVar

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from asynchronous.loops import on_loop, others
from synaflow import RunnerError, async_run, async_stream, pipeline, run

T = TypeVar("T")
Log = list[str]


class Asked(NamedTuple):
    upto: int


async def numbers(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        await asyncio.sleep(0)
        yield number


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


def largest(numbers: Iterator[int]) -> int:
    return max(numbers)


SUMS = pipeline("sums", Asked, [numbers, total, largest])


def served(app: FastAPI, use: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    """Uses an application by way of a server and a client, all on one loop, where nothing may be left afterwards."""

    async def main() -> T:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(server.serve([listening]))
            host, port = listening.getsockname()
            try:
                async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=50) as client:
                    return await use(client)
            finally:
                server.should_exit = True
                await serving
                while others():
                    await asyncio.sleep(0)

    return on_loop(main())


def test_several_at_once() -> None:
    """Runs on one loop know nothing of each other, and all go on while one of them waits."""
    app = FastAPI()
    together = asyncio.Barrier(8)

    async def numbers(upto: int) -> AsyncIterator[int]:
        for number in range(upto):
            await asyncio.sleep(0)
            yield number
        await together.wait()  # all have to have come so far

    sums = pipeline("sums", Asked, [numbers, total, largest])

    @app.get("/sums")
    async def answer(upto: int) -> dict[str, int]:
        return dict(await async_run(sums, Asked(upto)))

    async def use(client: httpx.AsyncClient) -> list[object]:
        answers = await asyncio.gather(*(client.get("/sums", params={"upto": upto}) for upto in range(1, 9)))
        return [answer.json() for answer in answers]

    expected = [{"total": sum(range(upto)), "largest": upto - 1} for upto in range(1, 9)]
    assert served(app, use) == expected


def test_where_a_loop_runs_the_error_says_what_to_write() -> None:
    app = FastAPI()

    @app.get("/on-the-loop")
    async def on_the_loop() -> str:
        with pytest.raises(RunnerError, match=r"write `await async_run\(pipeline, \.\.\.\)`"):
            run(SUMS, Asked(3))
        return "said"

    @app.get("/in-a-thread")
    def in_a_thread() -> dict[str, int]:  # FastAPI calls plain handlers in threads, where none runs
        return dict(run(SUMS, Asked(3)))

    async def use(client: httpx.AsyncClient) -> list[object]:
        return [(await client.get(path)).json() for path in ("/on-the-loop", "/in-a-thread")]

    assert served(app, use) == ["said", {"total": 3, "largest": 2}]


def test_a_stream_goes_out_as_it_is_made() -> None:
    app = FastAPI()
    go_on = asyncio.Event()

    async def lines() -> AsyncIterator[str]:
        yield "first\n"
        await go_on.wait()  # until the client has it
        yield "second\n"

    @app.get("/lines")
    async def answer() -> StreamingResponse:
        return StreamingResponse(async_stream(pipeline("lines", steps=[lines]), None, "lines"))

    async def use(client: httpx.AsyncClient) -> list[str]:
        found = []
        async with client.stream("GET", "/lines") as response:
            async for line in response.aiter_lines():
                found.append(line)
                go_on.set()
        return found

    assert served(app, use) == ["first", "second"]


def test_a_client_that_leaves_ends_the_run() -> None:
    """What serves FastAPI's streams cancels them again and again until they have ended; a `finally` may await all the same."""
    app = FastAPI()
    log: Log = []

    async def endless() -> AsyncIterator[int]:
        log.append("begun")
        try:
            while True:
                await asyncio.sleep(0.001)
                yield 1
        finally:
            for _ in range(5):
                await asyncio.sleep(0.001)
            log.append("source closed")

    def lines(endless: Iterator[int]) -> Iterator[str]:
        try:
            for number in endless:
                yield f"{number}\n"
        finally:
            log.append("lines closed")

    async def sink(endless: AsyncIterator[int]) -> None:
        try:
            async for _ in endless:
                pass
        finally:
            await asyncio.sleep(0)
            log.append("sink closed")

    @app.get("/lines")
    async def answer() -> StreamingResponse:
        async def sent() -> AsyncIterator[str]:
            made = pipeline("lines", steps=[endless, lines, sink])
            async with async_stream(made, None, "lines") as items:
                async for item in items:
                    yield item

        return StreamingResponse(sent())

    async def use(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/lines") as response:
            async for _ in response.aiter_lines():
                break

    served(app, use)
    assert sorted(log) == ["begun", "lines closed", "sink closed", "source closed"]
