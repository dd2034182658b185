"""A small pipeline to be run in all sorts of places: a fork, on the stacks of two consumers, and a branch that runs ahead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from synaflow import PipelineDef, RunResult, pipeline, step

__all__ = ["INNER", "RIGHT", "build", "outputs"]

RIGHT = {"squares": 285 + 45}


def build(log: list[str] | None = None) -> PipelineDef:
    """Makes it; `log` is told when its source is closed."""

    def source() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            if log is not None:
                log.append("closed")

    def total(source: Iterator[int]) -> int:
        return sum(source)

    def squares(source: Iterator[int], total: int) -> int:
        return total + sum(number * number for number in source)

    return pipeline("inner", steps=[source, step("total", total), step("squares", squares)])


def outputs(result: RunResult) -> dict[str, Any]:
    assert result.ok
    return dict(result)


INNER = build()
