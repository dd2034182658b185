"""What a step depends on, and what depends on it."""

from __future__ import annotations

from synaflow import PipelineDef, dependents_of

__all__ = ["above", "related"]


def above(pipeline: PipelineDef, step: str) -> set[str]:
    """The steps it depends on, or waits for."""
    found: set[str] = set()
    waiting = [step]
    while waiting:
        name = waiting.pop()
        if name in pipeline:
            producers = {*(edge.producer for edge in pipeline.edges_into(name)), *pipeline[name].after}
            waiting.extend(producers - found)
            found |= producers
    return found


def related(pipeline: PipelineDef, step: str) -> set[str]:
    """The step, what it depends on and what depends on it."""
    return {step, *above(pipeline, step), *dependents_of(pipeline, [step])}
