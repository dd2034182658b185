"""DAGs as written by hand, with which the harness is proven: what they do is what the adapter's have to do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, get_current_context, task

with DAG("two_tasks", schedule=None, params={"count": Param(10, type="integer", minimum=1, description="How many")}):

    @task
    def numbers() -> list[int]:
        count = get_current_context()["params"]["count"]
        assert isinstance(count, int)
        return [number * number for number in range(count)]

    @task
    def total(values: list[int]) -> int:
        print(f"{len(values)} values")
        return sum(values)

    total(numbers())  # type: ignore[arg-type]


def gated(folder: Path) -> Iterator[int]:
    """Half of it, then waits for the test to let it go on."""
    try:
        for number in range(100):
            if number == 50:
                (folder / "half").write_text(str(os.getpid()))
                while not (folder / "go").exists():
                    time.sleep(0.05)
            yield number
    finally:
        (folder / "closed").touch()


with DAG("held", schedule=None, params={"folder": Param(type="string")}):

    @task(retries=1, retry_delay=timedelta(seconds=1), execution_timeout=timedelta(seconds=60))
    def reader() -> int:
        def end(number: int, frame: object) -> None:
            raise SystemExit(128 + number)

        signal.signal(signal.SIGTERM, end)
        items = gated(Path(str(get_current_context()["params"]["folder"])))
        try:
            return sum(items)
        finally:
            items.close()  # type: ignore[attr-defined]

    reader()
