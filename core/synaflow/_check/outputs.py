"""What a step or field gives its consumers, told from its annotation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from synaflow._model import Output
from synaflow._types import UndecidableTypeError, members, spell, stream_item

if TYPE_CHECKING:
    from synaflow._model import PipelineDef
    from synaflow._types import TypeForm

__all__ = ["describe_output", "find_async", "seen_by_consumers"]


def describe_output(hint: TypeForm) -> Output | str:
    """What a function or field with that hint gives, or why it can give no such thing."""
    try:
        parts = members(hint)
        streams = [stream_item(part) for part in parts]
    except UndecidableTypeError as error:
        return str(error)
    if len(parts) > 1 and any(stream is not None for stream in streams):
        return f"{spell(hint)} is a union with a stream in it, and a stream can't be one alternative of several"
    stream = streams[0]
    return Output(hint, stream=False, item=hint) if stream is None else Output(hint, stream=True, item=stream.item)


def seen_by_consumers(own: Output, *, each: bool, is_async: bool) -> Output:
    """What consumers get: of an `each` step, a stream of what its calls give.

    Args:
        own: What the step gives itself, or one call of it; a stream if each call's is flattened.
        each: Whether it is called once per item.
        is_async: Whether calling it gives an awaitable or an asynchronous stream.
    """
    if not each:
        return own
    stream: TypeForm = AsyncIterator[own.item] if is_async else Iterator[own.item]  # type: ignore[name-defined]
    return Output(stream, True, own.item)


def find_async(pipeline: PipelineDef) -> str | None:
    """What of a pipeline takes an event loop, for people; None where nothing does.

    Example:
        >>> from synaflow import pipeline
        >>> async def one() -> int:
        ...     return 1
        >>> find_async(pipeline("count", None, [one]))
        "step 'one' (one)"
    """
    for step in pipeline.steps:
        if step.is_async:
            return f"step '{step.name}' ({step.function})"
    for field in pipeline.fields:
        stream = stream_item(field.output.type) if field.output.stream else None
        if stream is not None and stream.is_async:
            return f"params field '{field.name}'"
    return None
