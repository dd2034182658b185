"""Pipelines that are caught in the middle of a stream: the source waits there until the test lets it go on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from synaflow import pipeline, step


@dataclass
class Params:
    """Where the test and the source meet.

    Attributes:
        folder: A folder of the test's.
    """

    folder: Path


def numbers(folder: Path) -> Iterator[int]:
    """A hundred numbers; in the middle it waits."""
    try:
        for number in range(100):
            if number == 50:
                (folder / "half").write_text(str(os.getpid()))
                while not (folder / "go").exists():
                    time.sleep(0.05)
            yield number
    finally:
        (folder / "closed").touch()


async def awaited_numbers(folder: Path) -> AsyncIterator[int]:
    """The same on an event loop; it takes a moment to close."""
    try:
        for number in range(100):
            if number == 50:
                (folder / "half").write_text(str(os.getpid()))
                while not (folder / "go").exists():
                    await asyncio.sleep(0.05)
            yield number
    finally:
        await asyncio.sleep(0.05)
        (folder / "closed").touch()


def total(numbers: Iterator[int], folder: Path) -> int:
    """Fails at the number that the test has written down as disliked."""
    note = folder / "disliked"
    disliked = int(note.read_text()) if note.exists() else None
    result = 0
    for number in numbers:
        if number == disliked:
            raise ValueError(f"{number} is not to my liking")
        result += number
    return result


def largest(numbers: Iterator[int]) -> int:
    return max(numbers)


def told(total: int, largest: int) -> str:
    return f"{total}, at most {largest}"


held = pipeline("held", Params, [numbers, total, largest, told], doc="Waits in the middle of its stream.")

awaited = pipeline("awaited", Params, [step("numbers", awaited_numbers), total, largest, told])
