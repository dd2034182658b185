"""Any pipeline with an error injected at one point: a step, and the item it is at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any
from warnings import WarningMessage

from synaflow import EdgeKind, PipelineDef, StepDef

__all__ = ["Point", "Probe", "injected"]


@dataclass(frozen=True)
class Point:
    """Where an error is raised.

    Attributes:
        step: The step.
        place: At which of its items: `"call"` (of the function), `"output"` (in place of an item it gives), or the name
            of a parameter (as it asks for an item of that stream).
        number: At the how many-th of those, from 0.
    """

    step: str
    place: str
    number: int


@dataclass
class Probe:
    """Counts what a run does at each point, and raises at one of them.

    Attributes:
        at: Where to raise; None: nowhere.
        error: What to raise there.
        fired: Whether it was raised.
        seen: How often a run came past each place.
        begun: Generators that were begun, by step.
        ended: Generators that were ended, by step.
        warned: The warnings of the run.
    """

    at: Point | None = None
    error: BaseException = field(default_factory=RuntimeError)
    fired: bool = False
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    warned: list[WarningMessage] = field(default_factory=list)

    def passes(self, step: str, place: str) -> None:
        """Takes note of a run at that place; raises if that is the point."""
        number = self.seen[step, place]
        self.seen[step, place] += 1
        if self.at == Point(step, place, number):
            self.fired = True
            raise self.error


def injected(pipeline: PipelineDef, probe: Probe) -> PipelineDef:
    """The pipeline with the probe in each of its steps. The steps' own code runs as it did."""
    return replace(pipeline, steps=tuple(_probed(pipeline, step, probe) for step in pipeline.steps))


def _probed(pipeline: PipelineDef, step: StepDef, probe: Probe) -> StepDef:
    if type(step.fn).__module__.startswith("synaflow"):
        return step  # the product's own: a pipeline run per item
    name = step.name
    lazy = [edge.parameter for edge in pipeline.edges_into(name) if edge.kind in (EdgeKind.STREAM, EdgeKind.ITERATE)]

    def call(*args: Any, **arguments: Any) -> Any:
        probe.passes(name, "call")
        tapped = {key: _Tap(value, probe, name, key) if key in lazy else value for key, value in arguments.items()}
        given = step.fn(*args, **tapped)
        streams = step.flatten or (step.output.stream and not step.each)
        return _given(given, probe, name) if streams and hasattr(given, "__next__") else given

    return replace(step, fn=call)


def _given(items: Any, probe: Probe, name: str) -> Generator[object, None, object]:
    probe.begun[name] += 1
    try:
        while True:
            probe.passes(name, "output")
            try:
                item = next(items)
            except StopIteration as stop:
                value: object = stop.value
                return value
            yield item
            del item
    finally:
        probe.ended[name] += 1
        close: Callable[[], None] | None = getattr(items, "close", None)
        if close is not None:
            close()


class _Tap:
    """A stream as its consumer sees it, with the probe before each item."""

    def __init__(self, items: Any, probe: Probe, step: str, parameter: str) -> None:
        self._items = items
        self._iterator: Any = items if hasattr(items, "__next__") else None
        self._probe, self._step, self._parameter = probe, step, parameter

    def __iter__(self) -> _Tap:
        self._iterator = iter(self._items)
        return self

    def __next__(self) -> object:
        self._probe.passes(self._step, self._parameter)
        return next(self._iterator)
