"""The layout of a pipeline on a cluster, in words: which actors, what goes between them, what shares one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from synaflow import PipelineDef, spell
from synaflow_ray.options import Options
from synaflow_ray.outlet import MOST_ITEMS, WINDOW
from synaflow_ray.plan import ActorPlan, Plan, make_plan

if TYPE_CHECKING:
    from synaflow import Edge

__all__ = ["explain"]


def explain(
    pipeline: PipelineDef,
    *,
    outputs: Sequence[str] = (),
    fuse: bool = False,
    options: Mapping[str, Mapping[str, object]] | None = None,
    replicas: Mapping[str, int] | None = None,
) -> str:
    """How `run` would lay a pipeline out: its actors, the edges between them, and what was fused. Nothing is started.

    Args:
        pipeline: The pipeline.
        outputs: As for `run`.
        fuse: As for `run`.
        options: As for `run`.
        replicas: As for `run`.

    Returns:
        Some lines of text; the same pipeline and arguments always give the same.

    Raises:
        RunnerError: As from `run`.

    Example:
        >>> from collections.abc import Iterator
        >>> from synaflow import pipeline
        >>> def numbers() -> Iterator[int]:
        ...     yield from range(5)
        >>> def even(numbers: Iterator[int]) -> Iterator[int]:
        ...     return (number for number in numbers if number % 2 == 0)
        >>> def total(even: Iterator[int]) -> int:
        ...     return sum(even)
        >>> print(explain(pipeline("sums", None, [numbers, even, total]), fuse=True), end="")
        pipeline 'sums' on Ray: 3 steps in 1 actor
        <BLANKLINE>
        actors
          total: numbers, even and total fused; its value goes to the caller
    """
    plan = make_plan(pipeline, Options(fuse, replicas or {}, options or {}), outputs)
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    pipeline = plan.pipeline
    count = len(plan.actors) + len(plan.feeds)
    processes = count + sum(actor.replicas for actor in plan.actors.values())
    more = f", {processes} processes" if processes > count else ""
    yield f"pipeline '{pipeline.name}' on Ray: {_counted(len(pipeline.steps), 'step')} in {_counted(count, 'actor')}{more}"
    yield ""
    yield "actors"
    for feed in plan.feeds.values():
        yield f"  {feed.name}: serves the stream of the params that the caller's process reads"
    for actor in plan.actors.values():
        yield f"  {actor.name}: {'; '.join(_facts(plan, actor))}"
    edges = [_edge(plan, edge) for edge in pipeline.edges if plan.home.get(edge.producer) != plan.home[edge.consumer]]
    between = [line for line in edges if line]
    if between:
        yield ""
        yield "edges between them"
        yield from (f"  {line}" for line in between)
    waits = [
        f"{actor.name} waits for the end of {_listed(actor.after)}" for actor in plan.actors.values() if actor.after
    ]
    yield from (f"  {line}" for line in waits)
    unbounded = [
        b for b in pipeline.bounds() if b.limit is None and plan.home.get(b.edge.producer) != plan.home[b.edge.consumer]
    ]
    if unbounded:
        yield ""
        yield "branches that may lag further, in the object store, which spills to disk"
        yield from (f"  {bound.edge.producer} -> {bound.edge.consumer}  {bound.reason}" for bound in unbounded)


def _facts(plan: Plan, actor: ActorPlan) -> Iterator[str]:
    if len(actor.steps) > 1:
        yield f"{_listed(actor.steps)} {'fused' if plan.fused else 'together, as an iterator is handed over whole'}"
    else:
        step = actor.step
        yield "called per item" if step.each else f"{step.function}()"
    if actor.replicas:
        yield f"{_counted(actor.replicas, 'replica')}, a process each"
    if actor.resources:
        asked = ", ".join(f"{name}={value!r}" for name, value in actor.resources.items())
        yield f"{'each asks' if actor.replicas else 'asks'} for {asked}"
    if actor.kept or (actor.wanted and actor.name in plan.outputs):
        yield f"its {'stream, as a list,' if actor.kept else 'value'} goes to the caller"


def _edge(plan: Plan, edge: Edge) -> str:
    pipeline, producer = plan.pipeline, edge.producer
    if producer not in pipeline and producer not in plan.feeds:
        return ""
    head = f"{producer} -> {edge.consumer}.{edge.parameter}: {edge.kind}, {spell(edge.produced)}"
    if not edge.binds:
        return f"{head}; an object reference"
    limit = pipeline[producer].max_in_flight if producer in pipeline else None
    if limit is not None:
        return f"{head}; a Ray generator, at most {_counted(limit, 'item')} ahead"
    return f"{head}; a Ray generator, {WINDOW} batches of up to {MOST_ITEMS:,} items ahead"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + ('es' if noun.endswith('s') else 's')}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
