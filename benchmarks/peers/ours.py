"""SynaFlow itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from benchmarks import plain, work

__all__ = ["peer"]


class _SynaFlow:
    title = f"SynaFlow {version('synaflow')}"

    def values(self, made: plain.Values) -> Callable[[int], object]:
        return work.call_values(made)

    def build(self, made: plain.Values) -> Callable[[], object]:
        return partial(work.build, made.steps)

    def fork(self) -> Callable[[int], object]:
        return work.fork

    def chain(self) -> Callable[[int], object]:
        return work.chain


peer = _SynaFlow()
