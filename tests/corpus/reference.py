"""A slow, obviously right reference for pipelines of pure steps.

It has no forks: each consumer of a stream gets the producer's generator run again from the start, and with it everything
above, and pulls as far as it likes. Nothing is remembered. So what a step computes can't depend on who else reads the same
stream, which is what a runner promises.

Steps have to be pure: called again with equal inputs, a step gives, and fails, the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from synaflow import Edge, EdgeKind, OnError, PipelineDef, StepDef, StreamReadError

__all__ = ["Expected", "Skipped", "expect", "items_of"]


class Skipped(BaseException):
    """A step that depends on one that failed. A `BaseException`, so that no step's handler can catch it."""


@dataclass
class Expected:
    """What a run of the pipeline has to give.

    Attributes:
        values: Of the value steps that got to their end, and the streams asked for, as lists.
        counts: Items of the terminal streams.
        failed: Steps whose own failure is covered by `on_error="continue"`; not those that only dropped items.
        skipped: Steps that depend on those of them that give a value.
        dropped: (step, index) of items dropped by each steps.
        errors: Steps whose failure has to end the run. Which of several is reported is the runner's.
        taken: By (producer, consumer, parameter): the most items that any replay of the consumer took.
        given: The most items that anyone took of each stream.
    """

    values: dict[str, object] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    dropped: set[tuple[str, int]] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    taken: dict[tuple[str, str, str], int] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)


def expect(
    pipeline: PipelineDef,
    outputs: Sequence[str] = (),
    fields: Mapping[str, Callable[[], Iterator[object]]] | None = None,
) -> Expected:
    """Evaluates every value step and drains every terminal stream, each from scratch.

    Args:
        pipeline: The pipeline.
        outputs: The streams whose items are asked for.
        fields: What makes the streams that are params fields, again for each replay.
    """
    replay = _Replay(pipeline, fields or {})
    expected = replay.expected
    for step in pipeline.steps:
        stream = step.output.stream
        if stream and step.name in pipeline.terminals and step.name not in outputs:
            with _Attempt(replay):
                expected.counts[step.name] = sum(1 for _ in replay.stream(step.name))
        elif not stream:
            with _Attempt(replay):
                expected.values[step.name] = replay.value(step.name)
    for name in outputs:
        if pipeline[name].output.stream:
            with _Attempt(replay):
                expected.values[name] = list(replay.stream(name))
    # Not every step was asked for: what depends on a failed value is skipped, whoever would have asked.
    unable = [*(name for name in expected.failed if not pipeline[name].output.stream), *expected.skipped]
    while unable:
        for edge in pipeline.edges_out_of(unable.pop()):
            if edge.consumer not in expected.skipped:
                expected.skipped.add(edge.consumer)
                unable.append(edge.consumer)
    return expected


def items_of(
    pipeline: PipelineDef, name: str, fields: Mapping[str, Callable[[], Iterator[object]]] | None = None
) -> list[object]:
    """The items of a stream, as far as it gets."""
    items: list[object] = []
    replay = _Replay(pipeline, fields or {})
    with _Attempt(replay):
        items.extend(replay.stream(name))
    return items


class _Attempt:
    """Notes how an evaluation failed instead of raising."""

    def __init__(self, replay: _Replay) -> None:
        self._replay = replay

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Exception):
            self._replay.expected.errors |= {self._replay.origin(error, ""), *self._replay.met}
        self._replay.met.clear()
        return isinstance(error, Exception | Skipped)


class _Once:
    """A stream for a consumer that asks for `Iterable`."""

    def __init__(self, items: Iterator[object]) -> None:
        self._items: Iterator[object] | None = items

    def __iter__(self) -> Iterator[object]:
        items, self._items = self._items, None
        if items is None:
            raise StreamReadError("a stream is read once")
        return items


class _PerItemError(Exception):
    """A pipeline that was run for one item has failed."""


class _Replay:
    def __init__(
        self, pipeline: PipelineDef, fields: Mapping[str, Callable[[], Iterator[object]]], params: object = None
    ) -> None:
        self.pipeline = pipeline
        self.fields = fields
        self.params = params
        self.expected = Expected()
        self.met: set[str] = set()

    def value(self, name: str) -> object:
        """Calls the step, with everything above it run for this call alone."""
        if name not in self.pipeline:
            return getattr(self.params, name)
        step = self.pipeline[name]
        arguments = self._arguments(step)
        try:
            return self._call(step, arguments)
        except Exception as error:
            if self._covers(step, error):
                self.expected.failed.add(name)
                raise Skipped from None
            raise

    def _call(self, step: StepDef, arguments: dict[str, object]) -> object:
        inner: PipelineDef | None = getattr(step.fn, "pipeline", None)
        if inner is not None:
            (params,) = arguments.values()
            replay = _Replay(inner, {}, params)
            assert inner.exports is not None
            return _whole_run(replay, inner.exports) if step.flatten else replay.run(inner.exports)
        by_position = [arguments.pop(parameter.name) for parameter in step.inputs if parameter.positional_only]
        return step.fn(*by_position, **arguments)

    def run(self, name: str) -> object:
        """The value of a step of a pipeline that is run for one item."""
        try:
            return self.value(name)
        except Exception as error:
            raise _PerItemError from error

    def stream(self, name: str) -> Iterator[object]:
        """The step's stream, from its start, counting what is taken."""
        if name in self.fields:
            return self._counted(name, self.fields[name]())
        step = self.pipeline[name]
        items = self._each(step) if step.each else self._whole(step)
        return self._counted(name, items)

    def _whole(self, step: StepDef) -> Iterator[object]:
        # The arguments are made at the call, not at the first item: a step that is skipped doesn't begin.
        return self._items(step, self._arguments(step))

    def _items(self, step: StepDef, arguments: dict[str, object]) -> Generator[object, None, object]:
        try:
            items: Generator[object, None, object] = self._call(step, arguments)  # type: ignore[assignment]
            return (yield from items)
        except Exception as error:
            if not self._covers(step, error):
                raise
            self.expected.failed.add(step.name)
            return None

    def _each(self, step: StepDef) -> Iterator[object]:
        edges = self.pipeline.edges_into(step.name)
        arguments = self._arguments(step)
        running = {edge.parameter: arguments[edge.parameter] for edge in edges if edge.kind is EdgeKind.EACH}
        fresh = [edge for edge in edges if edge.kind is EdgeKind.ITERATE]
        same = {name: value for name, value in arguments.items() if name not in running}
        return self._calls(step, running, same, fresh)

    def _calls(
        self, step: StepDef, running: dict[str, object], same: dict[str, object], fresh: list[Edge]
    ) -> Iterator[object]:
        try:
            for index, items in enumerate(zip(*running.values(), strict=True)):
                arguments = {**dict(zip(running, items, strict=True)), **same}
                arguments |= {edge.parameter: self._argument(edge) for edge in fresh}
                try:
                    given = self._call(step, arguments)
                    if step.flatten:
                        yield from given  # type: ignore[misc]
                    else:
                        yield given
                except Exception as error:
                    if not self._covers(step, error):
                        raise
                    self.expected.dropped.add((step.name, index))
        except Exception as error:
            # Those that don't end together are the step's failure, and its policy covers it.
            if not self._covers(step, error):
                raise
            self.expected.failed.add(step.name)

    def _arguments(self, step: StepDef) -> dict[str, object]:
        arguments: dict[str, object] = {}
        first: Exception | None = None
        for edge in self.pipeline.edges_into(step.name):
            try:
                arguments[edge.parameter] = self._argument(edge)
            except Skipped:
                self.expected.skipped.add(step.name)
                raise
            except Exception as error:
                # Which of several arguments is made first, and so which of their errors is met, is the runner's.
                self.met.add(self.origin(error, ""))
                first = first or error
        if first is not None:
            raise first
        return arguments

    def _argument(self, edge: Edge) -> object:
        if edge.kind is EdgeKind.VALUE:
            return self.value(edge.producer)
        items = self._iterated(edge)
        if edge.kind is EdgeKind.COLLECT:
            assert edge.collector is not None
            return edge.collector(items)
        return _Once(items) if edge.one_shot else items

    def _iterated(self, edge: Edge) -> Iterator[object]:
        if not edge.from_stream:
            return iter(self.value(edge.producer))  # type: ignore[call-overload, no-any-return]
        return self._counted((edge.producer, edge.consumer, edge.parameter), self.stream(edge.producer))

    def _counted(self, key: str | tuple[str, str, str], items: Iterator[object]) -> Generator[object, None, object]:
        counts: dict[object, int] = self.expected.given if isinstance(key, str) else self.expected.taken  # type: ignore[assignment]
        counts.setdefault(key, 0)
        number = 0
        while True:
            try:
                item = next(items)
            except StopIteration as stop:
                value: object = stop.value
                return value
            number += 1
            counts[key] = max(counts[key], number)
            yield item

    def _covers(self, step: StepDef, error: Exception) -> bool:
        return self.origin(error, step.name) == step.name and step.on_error is OnError.CONTINUE

    def origin(self, error: Exception, step: str) -> str:
        """The step whose code raised the error: the first that is asked about it."""
        if not hasattr(error, "raised_by"):
            error.raised_by = step  # type: ignore[attr-defined]
        return error.raised_by  # type: ignore[attr-defined, no-any-return]


def _whole_run(replay: _Replay, name: str) -> Iterator[object]:
    """The stream of a step of a pipeline that is run for one item."""
    try:
        yield from replay.stream(name)
    except Exception as error:
        raise _PerItemError from error
