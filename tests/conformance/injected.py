"""Any pipeline with an error injected at one point: a step, and the item it is at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

from synaflow import EdgeKind, PipelineDef, StepDef

__all__ = ["Point", "Probe", "injected"]


@dataclass(frozen=True)
class Point:
    """Where an error is raised.

    Attributes:
        step: The step; of a pipeline that is run per item, `outer/inner`.
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
        begun: Generators that were begun, and calls, by step.
        ended: Generators and calls that were ended, by step.
        entered: How often the step's own code was begun, by step.
    """

    at: Point | None = None
    error: BaseException = field(default_factory=RuntimeError)
    fired: bool = False
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)

    def passes(self, step: str, place: str) -> None:
        """Takes note of a run at that place; raises if that is the point."""
        number = self.seen[step, place]
        self.seen[step, place] += 1
        if self.at == Point(step, place, number):
            self.fired = True
            raise self.error

    def points(self, most: int) -> list[Point]:
        """The points a run came past: of each place the first ones, one in the middle and the last; `most` of them all."""
        every = [
            Point(*place, number)
            for place, count in self.seen.items()
            for number in sorted({*range(min(count, 8)), count // 2, count - 1})
        ]
        if len(every) <= most:
            return every
        return [every[at * (len(every) - 1) // (most - 1)] for at in range(most)]


def injected(pipeline: PipelineDef, probe: Probe, within: str = "") -> PipelineDef:
    """The pipeline with the probe in each of its steps. The steps' own code runs as it did."""
    return replace(pipeline, steps=tuple(_probed(pipeline, step, probe, within) for step in pipeline.steps))


def _probed(pipeline: PipelineDef, step: StepDef, probe: Probe, within: str) -> StepDef:
    name = within + step.name
    if type(step.fn).__module__.startswith("synaflow"):
        fn: Any = step.fn  # the product's own: what hands a params field on, or runs a pipeline per item
        if hasattr(fn, "pipeline"):
            fn = replace(fn, pipeline=injected(fn.pipeline, probe, f"{name}/"))
        return replace(step, fn=fn)
    lazy = {
        edge.parameter for edge in pipeline.edges_into(step.name) if edge.kind in (EdgeKind.STREAM, EdgeKind.ITERATE)
    }
    streams = step.flatten or (step.output.stream and not step.each)

    def call(*args: Any, **arguments: Any) -> Any:
        probe.begun[name] += 1
        try:
            probe.passes(name, "call")
            taps = {key: _Tap(value, probe, name, key) for key, value in arguments.items() if key in lazy}
            if not streams:
                probe.entered[name] += 1
            given = step.fn(*args, **{**arguments, **taps})
            if streams and hasattr(given, "__next__"):
                return _given(given, probe, name)
            for tap in taps.values():
                tap.over = True
            return given
        finally:
            probe.ended[name] += 1

    return replace(step, fn=call)


def _given(items: Any, probe: Probe, name: str) -> Generator[object, None, object]:
    probe.begun[name] += 1
    try:
        probe.passes(name, "output")
        probe.entered[name] += 1
        while True:
            try:
                item = next(items)
            except StopIteration as stop:
                value: object = stop.value
                return value
            yield item
            del item
            probe.passes(name, "output")
    finally:
        probe.ended[name] += 1
        close: Callable[[], None] | None = getattr(items, "close", None)
        if close is not None:
            close()


class _Tap:
    """A stream as its consumer sees it, with the probe before each item while the consumer runs."""

    over = False

    def __init__(self, items: Any, probe: Probe, step: str, parameter: str) -> None:
        self._items = items
        self._iterator: Any = items if hasattr(items, "__next__") else None
        self._probe, self._step, self._parameter = probe, step, parameter

    def __iter__(self) -> _Tap:
        self._iterator = iter(self._items)
        return self

    def __next__(self) -> object:
        if not self.over:
            self._probe.passes(self._step, self._parameter)
        return next(self._iterator)
