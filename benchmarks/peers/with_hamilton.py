"""Apache Hamilton: the functions of a module, wired by their names; a driver executes what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import count as counting
from types import ModuleType

from hamilton import ad_hoc_utils, driver  # pyright: ignore[reportMissingImports]

from benchmarks import plain

__all__ = ["peer"]

_NUMBERS = counting()


def _module(functions: Sequence[Callable[..., object]]) -> ModuleType:
    module: ModuleType = ad_hoc_utils.create_temporary_module(*functions, module_name=f"benchmarked_{next(_NUMBERS)}")
    return module


def _driver(module: ModuleType) -> driver.Driver:
    return driver.Builder().with_modules(module).build()


class _Hamilton:
    title = f"Hamilton {version('apache-hamilton')}"

    def values(self, made: plain.Values) -> Callable[[int], object]:
        built = _driver(_module(made.steps))
        return lambda count: built.execute([made.last], inputs={"length": count})[made.last]

    def build(self, made: plain.Values) -> Callable[[], object]:
        module = _module(made.steps)
        return lambda: _driver(module)

    def fork(self) -> Callable[[int], object]:
        built = _driver(_module([plain.numbers, plain.a, plain.b]))
        return lambda count: built.execute(["a", "b"], inputs={"length": count})

    def chain(self) -> Callable[[int], object]:
        built = _driver(_module([plain.numbers, plain.doubled, plain.total]))
        return lambda count: built.execute(["total"], inputs={"length": count})["total"]


peer = _Hamilton()
