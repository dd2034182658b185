"""The asynchronous twin of a pipeline: the same steps, every one of which awaits something."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import wraps
from typing import Any, get_args, get_origin

from synaflow import PipelineDef, StepDef

__all__ = ["twin_of"]


def twin_of(pipeline: PipelineDef) -> PipelineDef:
    """The same pipeline with `async def` for every step of which there is an asynchronous form.

    There is none of a generator with a return value, nor of what gives an iterator without being a generator function.
    """
    return replace(pipeline, steps=tuple(map(_twin, pipeline.steps)))


def _twin(step: StepDef) -> StepDef:
    if step.is_async:
        return step
    streams = step.flatten if step.each else step.output.stream
    if not streams:
        return replace(step, fn=_awaiting(step.fn), is_async=True)
    if not inspect.isgeneratorfunction(step.fn) or _returns(step):
        return step
    return replace(step, fn=_awaiting_each(step.fn), is_async=True)


def _returns(step: StepDef) -> bool:
    arguments = get_args(step.output.type)
    return get_origin(step.output.type) is Generator and arguments[2:] not in ((), (None,), (type(None),))


def _awaiting(fn: Callable[..., object]) -> Callable[..., object]:
    @wraps(fn)
    async def twin(*args: Any, **kwargs: Any) -> object:
        await asyncio.sleep(0)
        return fn(*args, **kwargs)

    return twin


def _awaiting_each(fn: Callable[..., Any]) -> Callable[..., AsyncIterator[object]]:
    @wraps(fn)
    async def twin(*args: Any, **kwargs: Any) -> AsyncIterator[object]:
        items: Iterator[object] = fn(*args, **kwargs)
        with closing(items):  # type: ignore[type-var]  # a generator
            for item in items:
                yield item
                await asyncio.sleep(0)

    return twin
