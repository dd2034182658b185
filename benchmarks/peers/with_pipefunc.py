"""pipefunc: functions wired by the names of their outputs. Types are checked, as by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

from pipefunc import PipeFunc, Pipeline  # pyright: ignore[reportMissingImports]

from benchmarks import plain

__all__ = ["peer"]


def _both(a: int, b: int) -> dict[str, int]:
    return {"a": a, "b": b}


def _pipeline(functions: Sequence[Callable[..., object]]) -> Pipeline:
    return Pipeline([PipeFunc(function, output_name=function.__name__.lstrip("_")) for function in functions])


def _task(pipeline: Pipeline, output: str) -> Callable[[int], object]:
    return lambda count: pipeline(output, length=count)


class _PipeFunc:
    title = f"pipefunc {version('pipefunc')}"

    def values(self, made: plain.Values) -> Callable[[int], object]:
        return _task(_pipeline(made.steps), made.last)

    def build(self, made: plain.Values) -> Callable[[], object]:
        return lambda: _pipeline(made.steps)

    def fork(self) -> Callable[[int], object]:
        return _task(_pipeline([plain.numbers, plain.a, plain.b, _both]), "both")

    def chain(self) -> Callable[[int], object]:
        return _task(_pipeline([plain.numbers, plain.doubled, plain.total]), "total")


peer = _PipeFunc()
