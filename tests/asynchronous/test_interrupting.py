"""Ctrl-C, for real."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

from synaflow import pipeline, run

SCRIPT = """
import asyncio, os, signal, sys
from collections.abc import AsyncIterator, Iterator
from synaflow import async_run, pipeline, run, stream

def say(text: str) -> None:
    print(text, flush=True)

async def numbers() -> AsyncIterator[int]:
    number = 0
    try:
        while True:
            await asyncio.sleep(0)
            yield number
            number += 1
            if number == 1000:
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        await asyncio.sleep(0)
        say("numbers closed")

def total(numbers: Iterator[int]) -> int:
    try:
        return sum(numbers)
    finally:
        say("total closed")

async def count(numbers: AsyncIterator[int]) -> int:
    try:
        return len([number async for number in numbers])
    finally:
        await asyncio.sleep(0)
        say("count closed")

endless = pipeline("endless", steps=[numbers, total, count])
try:
    if sys.argv[1] == "run":
        run(endless)
    elif sys.argv[1] == "stream":
        for item in stream(endless, None, "numbers"):
            pass
    else:
        asyncio.run(async_run(endless))
except KeyboardInterrupt as error:
    say("interrupted")
"""


@pytest.mark.parametrize("way", ["run", "stream", "async_run"])
def test_every_finally_runs_when_the_user_interrupts(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, way],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.split()
    assert sorted(done.stdout.split("\n")[:-2]) == ["count closed", "numbers closed", "total closed"], lines
    assert lines[-1] == "interrupted"


def test_what_runs_on_nobodys_loop_leaves_none() -> None:
    async def one() -> int:
        return 1

    assert run(pipeline("one", steps=[one]))["one"] == 1
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()
