"""The namesake: the project that the name `synaflow` on the package index belongs to, in the last release it has there.

Its import package has the name of ours, so this runs only where ours is not installed, and is read by no type checker of
ours. A run gives nothing back: the steps keep what they come to.
"""

# mypy: ignore-errors
# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib.metadata import version
from itertools import count as counting
from typing import NamedTuple

from benchmarks import plain
from synaflow import PipelineRegistry, pipeline, run, step

__all__ = ["peer"]

_NUMBERS = counting()


class _Params(NamedTuple):
    length: int


class _Namesake:
    title = f"the namesake {version('synaflow')}"

    def __init__(self) -> None:
        self._kept: dict[str, object] = {}

    def values(self, made: plain.Values) -> Callable[[int], object]:
        return self._task([*made.steps[:-1], self._keeping(made.steps[-1])], lambda kept: kept[made.last])

    def build(self, made: plain.Values) -> Callable[[], object]:
        return lambda: _compiled(made.steps)

    def fork(self) -> Callable[[int], object]:
        return self._task([plain.numbers, self._keeping(plain.a), self._keeping(plain.b)], dict)

    def chain(self) -> Callable[[int], object]:
        return self._task([plain.numbers, plain.doubled, self._keeping(plain.total)], lambda kept: kept["total"])

    def _keeping(self, function: Callable[..., object]) -> Callable[..., object]:
        @wraps(function)
        def keeping(*args: Iterator[int], **inputs: Iterator[int]) -> object:
            result = self._kept[function.__name__] = function(*args, **inputs)
            return result

        return keeping

    def _task(
        self, functions: Sequence[Callable[..., object]], answer: Callable[[dict[str, object]], object]
    ) -> Callable[[int], object]:
        compiled = _compiled(functions)

        def call(count: int) -> object:
            self._kept.clear()
            run(compiled, _Params(count))
            return answer(self._kept)

        return call


def _compiled(functions: Sequence[Callable[..., object]]) -> object:
    name = f"benchmarked_{next(_NUMBERS)}"
    registry = PipelineRegistry()
    registry.add(pipeline(name, _Params, [step(function.__name__, function) for function in functions]))
    return registry.get_dag(name)


peer = _Namesake()
