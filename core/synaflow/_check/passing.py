"""Functions of the steps that an inclusion adds. Classes of a module, so that runners can pickle them by reference."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synaflow._check.params import field_default

if TYPE_CHECKING:
    from synaflow._model import PipelineDef

__all__ = ["FieldDefault", "FieldOf", "PassOn", "SubPipeline"]


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
            return synaflow.stream(self.pipeline, params, self.export)
        result = synaflow.run(self.pipeline, params, outputs=[self.export] if self.export else [])
        if self.export is None:
            return None
        if self.export not in result and result.errors:
            raise result.errors[0]
        return result[self.export]


def _iterator(value: object) -> object:
    if isinstance(value, AsyncIterable):
        return aiter(value)
    return iter(value) if isinstance(value, Iterable) else value
