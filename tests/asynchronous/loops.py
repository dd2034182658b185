"""An event loop for a test: in debug mode, and nothing of a run may be left on it."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["on_loop", "others"]

T = TypeVar("T")


def on_loop(main: Coroutine[Any, Any, T]) -> T:
    """Runs something to its end, as `asyncio.run` does in debug mode; asyncio itself must have nothing to complain of."""
    complaints: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("asyncio").addHandler(handler)

    async def watched() -> T:
        asyncio.get_running_loop().slow_callback_duration = 60  # a machine under load is slow
        try:
            return await main
        finally:
            assert others() == set()

    try:
        return asyncio.run(watched(), debug=True)
    finally:
        gc.collect()  # a future whose error nobody fetched complains when it goes
        logging.getLogger("asyncio").removeHandler(handler)
        assert complaints == []


def others() -> set[asyncio.Task[Any]]:
    """The tasks that aren't over, but for the one that asks."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
