"""Building pipelines for tests, right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from synaflow import Edge, PipelineDef, PipelineError, Problem, pipeline


def build(*steps: object, params: type | None = None, **options: str) -> PipelineDef:
    """A pipeline of these steps."""
    return pipeline("test", params, steps, **options)  # type: ignore[arg-type]  # some tests list what is no step


def problems_of(*steps: object, params: type | None = None, **options: str) -> tuple[Problem, ...]:
    """What is wrong with a pipeline of these steps; something has to be."""
    with pytest.raises(PipelineError) as caught:
        build(*steps, params=params, **options)
    return caught.value.problems


def problem_of(*steps: object, params: type | None = None, **options: str) -> Problem:
    """The one thing that is wrong with a pipeline of these steps."""
    found = problems_of(*steps, params=params, **options)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def edge(built: PipelineDef, consumer: str, parameter: str) -> Edge:
    """The edge into one parameter."""
    (found,) = (edge for edge in built.edges_into(consumer) if edge.parameter == parameter)
    return found


def wires(built: PipelineDef) -> set[tuple[str, str, str, str]]:
    """Every edge as producer, consumer, parameter and kind."""
    return {(edge.producer, edge.consumer, edge.parameter, str(edge.kind)) for edge in built.edges}


def gives(kind: object) -> Callable[[], object]:
    """A function that returns what is annotated so."""
    made: Callable[[], object] = lambda: None  # noqa: E731
    made.__annotations__ = {"return": kind}
    return made


def takes(kind: object) -> Callable[..., object]:
    """A function with one parameter, `made`, annotated so."""
    use: Callable[..., object] = lambda made: None  # noqa: E731
    use.__annotations__ = {"made": kind, "return": None}
    return use
