"""What a run is asked for, checked at the door: the same words from every runner."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from synaflow._check.outputs import find_async
from synaflow._errors import RunnerError
from synaflow._model import PipelineDef

__all__ = ["check_asked", "check_dead_letter", "known_step", "output_names", "refuse_async"]


def check_asked(pipeline: object, outputs: object) -> None:
    """Sees that a run is given a pipeline, and outputs that are no single string.

    Raises:
        RunnerError: It isn't.
    """
    if not isinstance(pipeline, PipelineDef):
        raise RunnerError(f"{pipeline!r} is no pipeline: give what pipeline(...) returns")
    if isinstance(outputs, str):
        raise RunnerError(f"outputs={outputs!r}: give a list of names, outputs=[{outputs!r}]")


def check_dead_letter(handler: object, *, on_loop: bool = False) -> None:
    """Sees that what is to be called with dropped items can be.

    Args:
        handler: What is to be called.
        on_loop: Whether somebody can await it.

    Raises:
        RunnerError: It can't, or somebody would have to await it.
    """
    if handler is not None and not callable(handler):
        raise RunnerError(f"dead_letter={handler!r}: give a function that takes a DeadLetter")
    if inspect.iscoroutinefunction(handler) and not on_loop:
        raise RunnerError(f"dead_letter={handler!r}: nobody awaits it; give a function that is not asynchronous")


def known_step(pipeline: PipelineDef, name: str) -> str:
    """The step of that name, or the one an alias stands for.

    Raises:
        RunnerError: There is none.
    """
    resolved = pipeline.resolve(name)
    if resolved not in pipeline:
        known = ", ".join(step.name for step in pipeline.steps)
        raise RunnerError(f"pipeline '{pipeline.name}' has no step '{name}' to give; its steps: {known}")
    return resolved


def output_names(pipeline: PipelineDef, outputs: Sequence[str]) -> tuple[str, ...]:
    """The steps whose values a run keeps: those asked for, by default the terminal ones that give a plain value.

    Raises:
        RunnerError: A name is no step's.

    Example:
        >>> from synaflow import output_names, pipeline
        >>> def one() -> int:
        ...     return 1
        >>> output_names(pipeline("count", None, [one]), ())
        ('one',)
    """
    if not outputs:
        return tuple(name for name in pipeline.terminals if not pipeline[name].output.stream)
    return tuple(dict.fromkeys(known_step(pipeline, name) for name in outputs))


def refuse_async(pipeline: PipelineDef, runner: str) -> None:
    """Sees that a runner without an event loop needs none.

    Args:
        pipeline: The pipeline.
        runner: The runner, for the error: `"local"`.

    Raises:
        RunnerError: A step is asynchronous.
    """
    found = find_async(pipeline)
    if found is not None:
        raise RunnerError(
            f"{found} of pipeline '{pipeline.name}' is asynchronous; the {runner} runner calls plain functions and generators"
        )
