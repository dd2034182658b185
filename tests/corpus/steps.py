"""The steps most cases are made of: each logs the items it meets, and its `finally`, into the recorder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from corpus.case import Recorder
from synaflow import PipelineDef, pipeline, step

__all__ = ["boom", "flow", "joined", "reads", "source", "through", "total"]


def flow(*steps: object, params: type | None = None, name: str = "case", exports: str | None = None) -> PipelineDef:
    """A pipeline of those steps."""
    return pipeline(name, params=params, steps=steps, exports=exports)  # type: ignore[arg-type]


def boom(recorder: Recorder, text: str = "boom") -> BaseException:
    """The error that steps of the corpus raise, noted in the recorder."""
    return recorder.error(ValueError(text))


def source(
    recorder: Recorder, name: str, items: int | Iterable[int], fails_at: int | None = None
) -> Callable[[], Iterator[int]]:
    """A source of those items (or that many), which may fail in place of one of them."""
    numbers = range(items) if isinstance(items, int) else items

    def source() -> Iterator[int]:
        try:
            for index, item in enumerate(numbers):
                if index == fails_at:
                    raise boom(recorder)
                recorder(name, item)
                yield item
        finally:
            recorder.closed(name)

    return source


def through(
    recorder: Recorder,
    name: str,
    make: Callable[[int], Iterable[int]] = lambda x: (x,),
    take: int | None = None,
    fails_at: int | None = None,
    logs: bool = True,
) -> Callable[[Iterator[int]], Iterator[int]]:
    """A transform: `make` gives its items for each of `xs`; it ends after `take` of those, or fails at one of them."""

    def through(xs: Iterator[int]) -> Iterator[int]:
        try:
            for index, x in enumerate(islice(xs, take)):
                if index == fails_at:
                    raise boom(recorder)
                for item in make(x):
                    if logs:
                        recorder(name, item)
                    yield item
        finally:
            recorder.closed(name)

    return through


def total(
    recorder: Recorder, name: str, take: int | None = None, fails_at: int | None = None
) -> Callable[[Iterator[int]], int]:
    """A sink: the sum of `xs`, or of its first `take` items; it may fail at one of them."""

    def total(xs: Iterator[int]) -> int:
        value = 0
        try:
            for index, x in enumerate(islice(xs, take)):
                recorder(name, x)
                if index == fails_at:
                    raise boom(recorder)
                value += x
        finally:
            recorder.closed(name)
        return value

    return total


def joined(recorder: Recorder, name: str) -> Callable[[Iterator[int], Iterator[int]], list[tuple[int, int]]]:
    """A sink of two streams, pairwise."""

    def joined(xs: Iterator[int], ys: Iterator[int]) -> list[tuple[int, int]]:
        pairs = []
        for x, y in zip(xs, ys, strict=True):
            recorder(name, x)
            recorder(name, y)
            pairs.append((x, y))
        return pairs

    return joined


def reads(name: str, fn: Callable[..., object], xs: str, **options: object) -> object:
    """A step whose parameter `xs` is fed by that producer."""
    return step(name, fn=fn, inputs={"xs": xs}, **options)  # type: ignore[arg-type]
