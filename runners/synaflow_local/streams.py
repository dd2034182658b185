"""Streams: from a step's function to the iterator its consumer gets.

A generator function's generator is passed on as it is: between it and its consumer there is no frame of ours. The
generators below stand in between only where something has to happen that the step's own generator can't do: its function
has to be called later, its errors are to be forgiven, it is called once per item.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import greenlet

from synaflow import StepDef, StreamReadError

if TYPE_CHECKING:
    from synaflow_local.execution import Execution
    from synaflow_local.forks import Fork
    from synaflow_local.pullers import Puller

__all__ = [
    "EachInputs",
    "Once",
    "OneShot",
    "Opened",
    "Relay",
    "Tally",
    "abreast",
    "arguments_of",
    "called",
    "counted",
    "each",
    "forgiving",
    "metered",
    "passed",
]

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Tally:
    """A count that others may look at while it grows."""

    n: int = 0


class Once(Generic[_T]):
    """Something that can be had once.

    A plain iterator would give itself again, exhausted, so that `count` then `sum` over it would be silently wrong.
    """

    def __init__(self, source: _T, step: str, parameter: str) -> None:
        self._source: _T | None = source
        self._step: Final = step
        self._parameter: Final = parameter

    def take(self) -> _T:
        """It, the first time.

        Raises:
            StreamReadError: It isn't the first time.
        """
        source, self._source = self._source, None
        if source is None:
            raise StreamReadError(
                f"step '{self._step}' iterates twice over '{self._parameter}', which is a stream and can be read once; "
                "to read it again, ask for `list`"
            )
        return source


class OneShot(Once[Iterator[object]]):
    """A stream for a consumer that asks for `Iterable`: it can be iterated over once."""

    def __iter__(self) -> Iterator[object]:
        return self.take()


@dataclass(slots=True, eq=False)
class Opened:
    """Something of a step's that has to be closed when nobody reads it any more.

    Attributes:
        execution: The run.
        step: The step.
        source: What is to be closed.
        index: The item it was made of, where that is one.
    """

    execution: Execution
    step: str
    source: object
    index: int | None = None

    def close(self) -> None:
        """Closes it; an error of its `finally` is the step's."""
        close = getattr(self.source, "close", None)
        if close is not None:
            self.execution.closing(self.step, self.source, close, self.index)


@dataclass(slots=True, eq=False)
class EachInputs:
    """What an `each` step is called with.

    Attributes:
        streams: By parameter, what it is called with one item of at a time.
        fixed: By parameter, what is the same on every call.
        fresh: By parameter, a collection that every call gets a new iterator of.
    """

    streams: dict[str, Iterator[object]]
    fixed: dict[str, object]
    fresh: dict[str, Iterable[object]]


def called(
    execution: Execution, step: StepDef, start: Callable[[], Iterator[object]]
) -> Generator[object, None, object]:
    """A stream whose function is called when it is first asked for an item."""
    source = start()
    execution.watch(step.name, source)
    try:
        return (yield from source)  # type: ignore[func-returns-value]  # a generator's return value
    finally:
        Opened(execution, step.name, source).close()


def passed(source: Iterator[object]) -> Generator[object, None, object]:
    """An iterator that is no generator as one, so that its errors can be told from its consumer's."""
    return (yield from source)  # type: ignore[func-returns-value]  # a generator's return value


def forgiving(
    execution: Execution, step: StepDef, source: Iterator[object], tally: Tally
) -> Generator[object, None, object]:
    """The stream of a step with `on_error="continue"`: where the step's own code fails, it ends."""
    while True:
        try:
            item = next(source)
        except StopIteration as stop:
            return stop.value
        except Exception as error:
            if execution.blame(error, step.name) != step.name:
                raise
            execution.record(step.name, error, tally.n)
            return None
        tally.n += 1
        yield item


def counted(source: Iterator[object], tally: Tally) -> Generator[object, None, object]:
    """Counts a stream's items, at a fraction of what it costs to time them too."""
    while True:
        try:
            item = next(source)
        except StopIteration as stop:
            return stop.value
        tally.n += 1
        yield item


def metered(
    execution: Execution, inside: str, source: Iterator[object], outside: str, tally: Tally
) -> Generator[object, None, object]:
    """Counts a stream's items and charges the time spent inside to the step that makes them."""
    clock = execution.clock
    while True:
        clock.turn(inside)
        try:
            item = next(source)
        except StopIteration as stop:
            return stop.value
        finally:
            clock.turn(outside)
        tally.n += 1
        yield item


def each(
    execution: Execution,
    step: StepDef,
    prepare: Callable[[], EachInputs],
    tally: Tally,
    taken: Tally,
) -> Generator[object, None, None]:
    """The stream of an `each` step: what it gives for one item after the other, streams flattened into it."""
    inputs = prepare()
    lenient = step.on_error == "continue"
    for index, items in enumerate(abreast(step, inputs.streams)):
        taken.n = index + 1
        arguments = arguments_of(inputs, items)
        try:
            if not step.flatten:
                given = execution.call(step, arguments)
            else:
                part = execution.iterator(step, execution.call(step, arguments))
                try:
                    for item in part:
                        tally.n += 1
                        yield item
                finally:
                    Opened(execution, step.name, part, index).close()
                continue
        except Exception as error:
            execution.at(error, step.name, index)
            if not lenient:
                raise
            execution.drop(step.name, index, items, error)
            continue
        tally.n += 1
        yield given


def pooled(
    execution: Execution,
    step: StepDef,
    prepare: Callable[[], EachInputs],
    tally: Tally,
    taken: Tally,
) -> Generator[object, None, None]:
    """As `each`, with several calls under way in threads. What is ready is given before the next item is asked for."""
    from synaflow_local.threads import CallsInThreads  # most runs need none, and what they take loads much

    inputs = prepare()
    with CallsInThreads(execution, step) as calls:
        for index, items in enumerate(abreast(step, inputs.streams)):
            taken.n = index + 1
            calls.begin(index, items, arguments_of(inputs, items))
            yield from calls.results(tally, room=True)
        yield from calls.results(tally, room=False)


def arguments_of(inputs: EachInputs, items: Mapping[str, object]) -> dict[str, object]:
    """What an `each` step is called with for one item, or one of each of its streams."""
    fresh = {parameter: iter(collection) for parameter, collection in inputs.fresh.items()}
    return {**inputs.fixed, **items, **fresh}


def abreast(step: StepDef, streams: Mapping[str, Iterator[object]]) -> Iterator[dict[str, object]]:
    """The items of several streams side by side. They have to end together."""
    if len(streams) == 1:
        ((parameter, stream),) = streams.items()
        for item in stream:
            yield {parameter: item}
        return
    for index in count():
        items: dict[str, object] = {}
        ended: list[str] = []
        for parameter, stream in streams.items():
            try:
                items[parameter] = next(stream)
            except StopIteration:
                ended.append(parameter)
        if not items:
            return
        if ended:
            raise ValueError(
                f"the streams of '{step.name}' don't end together: after {index} items "
                f"{_listed(ended)} ended, {_listed(list(items))} went on"
            )
        yield items


def _listed(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)


class Relay:
    """Cuts a long chain of generators: what is above it runs on a stack of its own.

    1,100 generators, each reading the one before it, are 1,100 nested calls, more than the interpreter allows. Every so
    many, one is read through a relay: its greenlet was entered before the run, at no depth, and does nothing but pull the
    generator and hand each item back.
    """

    def __init__(self, source: Iterator[object], reader: Puller | Fork) -> None:
        self._source: Final = source
        self._reader: Final = reader
        self._greenlet: Final = greenlet.greenlet(self._serve)
        self._back = greenlet.getcurrent()
        self._error: BaseException | None = None
        self._closed = False
        # A stack has a context object from the first use of one on.
        contextvars.copy_context()
        self._greenlet.switch()

    def items(self) -> Generator[object, None, object]:
        """What the reader iterates over."""
        while not self._closed:
            # While it pulls, it is here that the reader waits. A fork without a puller never has to.
            task = self._reader.puller
            below = getattr(task, "stack", None)
            if task is not None:
                task.stack = self._greenlet
            self._back = greenlet.getcurrent()
            # What is above sees the context it would see without the relay.
            self._greenlet.gr_context = self._back.gr_context
            try:
                item = self._greenlet.switch()
            except greenlet.error:
                raise StreamReadError(
                    "a stream was read from a thread of its own; "
                    "read it in the thread that runs the pipeline, and hand the items to the other thread"
                ) from None
            finally:
                if task is not None and below is not None:
                    task.stack = below
            if isinstance(self._error, StopIteration):
                return self._error.value
            if self._error is not None:
                raise self._error
            yield item
        return None  # read when its step is over, it has ended like any closed generator

    def close(self) -> None:
        """Ends its greenlet."""
        self._closed = True
        if not self._greenlet.dead:
            # It returns to its parent when it dies.
            self._greenlet.parent = greenlet.getcurrent()
            self._greenlet.throw(greenlet.GreenletExit)
        self._error = None

    def _serve(self) -> None:
        self._back.switch()
        while self._error is None:
            item = None
            try:
                item = next(self._source)
            except BaseException as error:
                self._error = error
            self._back.switch(item)
