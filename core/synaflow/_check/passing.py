"""Functions of the steps that an inclusion adds. Classes of a module, so that runners can pickle them by reference."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from synaflow._check.params import field_default

if TYPE_CHECKING:
    from synaflow._model import PipelineDef
    from synaflow._run.result import RunResult

__all__ = ["AsyncSubPipeline", "FieldDefault", "FieldOf", "PassOn", "SubPipeline"]


@dataclass(frozen=True, slots=True)
class PassOn:
    """Gives what it is given, as a params field of an included pipeline.

    Attributes:
        params: The params class.
        stream: Whether the field is a stream, and so what it gives an iterator.
    """

    params: type
    stream: bool

    def __call__(self, value: object, /) -> object:
        """The value, or an iterator over it."""
        return _iterator(value) if self.stream else value


@dataclass(frozen=True, slots=True)
class FieldDefault:
    """Gives the default of a params field, made anew each time where it has a factory.

    Attributes:
        params: The params class.
        field: The field's name.
        stream: Whether the field is a stream.
    """

    params: type
    field: str
    stream: bool

    def __call__(self) -> object:
        """The default."""
        value = field_default(self.params, self.field)
        return _iterator(value) if self.stream else value


@dataclass(frozen=True, slots=True)
class FieldOf:
    """Gives one field of a params value.

    Attributes:
        field: The field's name.
        stream: Whether the field is a stream.
    """

    field: str
    stream: bool

    def __call__(self, params: object, /) -> object:
        """The field's value, or an iterator over it."""
        value = params[self.field] if isinstance(params, Mapping) else getattr(params, self.field)
        return _iterator(value) if self.stream else value


class _Items(Protocol):
    """A stream that a run hands out."""

    def __iter__(self) -> Iterator[object]: ...

    @property
    def result(self) -> RunResult: ...


@dataclass(frozen=True, slots=True)
class SubPipeline:
    """Runs a pipeline, by the local runner, and gives what it exports.

    Attributes:
        pipeline: The pipeline.
        export: The step whose value or stream is wanted, None if none is.
        flatten: Whether that is a stream.
    """

    pipeline: PipelineDef
    export: str | None
    flatten: bool

    def __call__(self, params: object, /) -> object:
        """Runs it for one params value."""
        import synaflow  # by now it is imported; at the top it would be circular

        if self.export is not None and self.flatten:
            return self._stream(synaflow.stream(self.pipeline, params, self.export))
        return self._exported(synaflow.run(self.pipeline, params, outputs=[self.export] if self.export else []))

    def _exported(self, result: RunResult) -> object:
        if self.export is not None and self.export not in result and result.errors:
            raise result.errors[0]
        self._report(result)
        return result[self.export] if self.export is not None else None

    def _stream(self, items: _Items) -> Iterator[object]:
        yield from items
        self._report(items.result)

    def _report(self, result: RunResult) -> None:
        """Says what the included run forgave: the outer run's result has no place for it."""
        if result.dead_letters or result.errors:
            failures = [*result.errors, *(letter.error for letter in result.dead_letters)]
            warnings.warn(
                f"the included pipeline '{self.pipeline.name}' went on after {len(failures)} "
                f"error{'s' if len(failures) != 1 else ''}, the first: {failures[0]}",
                RuntimeWarning,
                stacklevel=3,
            )


@dataclass(frozen=True, slots=True)
class AsyncSubPipeline(SubPipeline):
    """Runs a pipeline with asynchronous steps, by the local runner, on the event loop that runs."""

    def __call__(self, params: object, /) -> object:
        """Runs it for one params value: gives an awaitable, or an asynchronous stream."""
        if self.export is not None and self.flatten:
            return self._items(params, self.export)
        return self._value(params)

    async def _value(self, params: object) -> object:
        import synaflow

        outputs = [self.export] if self.export else []
        return self._exported(await synaflow.async_run(self.pipeline, params, outputs=outputs))

    async def _items(self, params: object, export: str) -> AsyncIterator[object]:
        import synaflow

        async with synaflow.async_stream(self.pipeline, params, export) as items:
            async for item in items:
                yield item
        self._report(items.result)


def _iterator(value: object) -> object:
    if isinstance(value, AsyncIterable):
        return aiter(value)
    return iter(value) if isinstance(value, Iterable) else value
