"""The actors of a pipeline: which steps each runs, what it takes from whom, what it gives to whom. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, get_args, get_origin

from synaflow import (
    Edge,
    EdgeKind,
    FieldDef,
    Input,
    Output,
    ParamsDef,
    PipelineDef,
    Region,
    StepDef,
    TypeForm,
    check_asked,
    output_names,
    part_of,
    refuse_async,
)

if TYPE_CHECKING:
    from synaflow_ray.options import Options

__all__ = ["OUT", "ActorPlan", "FeedPlan", "Inputs", "Plan", "make_plan", "with_sink"]

OUT = "(out)"
"""The step that takes an actor's stream out of the local runner's hands. No user's step can be called that."""


@dataclass(frozen=True, eq=False)
class ActorPlan:
    """One actor.

    Attributes:
        name: Its name: that of its last step, the one whose output leaves it.
        steps: Its steps in topological order.
        part: Them as a pipeline; what comes from elsewhere are its params.
        reads: The actors and params fields whose streams it reads.
        takes: The actors whose values it takes.
        fields: The params fields that it takes, plain ones.
        after: The actors whose end it waits for.
        streams: Whether what it gives is a stream.
        readers: The actors that read its stream.
        wanted: Whether its value is needed, by other actors or by the caller.
        kept: Whether its stream is kept as a list, because the caller asked for it.
        max_in_flight: How many items its readers may be apart; None: batches decide.
        replicas: How many processes its `each` step has beside the actor's own; 0: none.
        resources: What Ray is asked for.
        linger: Seconds for which it may hold an item back for the sake of a batch.
    """

    name: str
    steps: tuple[str, ...]
    part: PipelineDef
    reads: tuple[str, ...]
    takes: tuple[str, ...]
    fields: tuple[str, ...]
    after: tuple[str, ...]
    streams: bool
    readers: tuple[str, ...]
    wanted: bool
    kept: bool
    max_in_flight: int | None
    replicas: int
    resources: Mapping[str, object]
    linger: float

    @property
    def step(self) -> StepDef:
        """The step whose output leaves it."""
        return self.part[self.name]


@dataclass(frozen=True, eq=False)
class FeedPlan:
    """A stream that is a params field: the caller's process feeds it to an actor that serves it.

    Attributes:
        name: The field.
        readers: The actors that read it.
        linger: As for `ActorPlan`.
    """

    name: str
    readers: tuple[str, ...]
    linger: float


@dataclass(frozen=True, eq=False)
class Plan:
    """All actors.

    Attributes:
        pipeline: The pipeline.
        actors: By name, in topological order.
        feeds: The streams among the params.
        home: By step, the actor that runs it.
        outputs: The steps whose values the caller gets.
        fused: Whether cheap neighbours share an actor.
    """

    pipeline: PipelineDef
    actors: Mapping[str, ActorPlan]
    feeds: Mapping[str, FeedPlan]
    home: Mapping[str, str]
    outputs: tuple[str, ...]
    fused: bool


def make_plan(pipeline: PipelineDef, options: Options, outputs: Sequence[str] = (), linger: float = 0.05) -> Plan:
    """Cuts a pipeline into actors.

    Args:
        pipeline: The pipeline.
        options: Fusion, replicas and what Ray is asked for.
        outputs: Steps whose values the caller gets; by default those of the terminal steps.
        linger: Seconds for which an item may be held back on its way from the first actor to the last.

    Raises:
        RunnerError: It is given no pipeline, an output or an option names no step or doesn't fit it, or a step needs an event loop.
    """
    check_asked(pipeline, outputs)
    refuse_async(pipeline, "Ray")
    options.check(pipeline)
    kept = output_names(pipeline, outputs)
    groups = _groups(pipeline, options, kept)
    home = {step: group[-1] for group in groups for step in group}
    streamed = {field.name for field in pipeline.fields if any(e.binds for e in pipeline.edges_out_of(field.name))}
    fields = {field.name for field in pipeline.fields} - streamed
    readers: dict[str, dict[str, None]] = {}
    for edge in pipeline.edges:
        if edge.binds and home.get(edge.producer) != home[edge.consumer]:
            readers.setdefault(edge.producer, {})[home[edge.consumer]] = None
    hop = linger / max(1, _longest_way(groups, readers))
    actors = {}
    for group in groups:
        name, inside = group[-1], set(group)
        into = [edge for step in group for edge in pipeline.edges_into(step) if edge.producer not in inside]
        after = (pipeline.resolve(before) for step in group for before in pipeline[step].after)
        step = pipeline[name]
        streams = step.output.stream
        valued = [edge for edge in pipeline.edges_out_of(name) if not edge.binds]
        actors[name] = ActorPlan(
            name,
            group,
            _bare(part_of(pipeline, group, cut_streams=True)),
            tuple(dict.fromkeys(edge.producer for edge in into if edge.binds)),
            tuple(dict.fromkeys(e.producer for e in into if not e.binds and e.producer not in fields)),
            tuple(dict.fromkeys(edge.producer for edge in into if edge.producer in fields)),
            tuple(dict.fromkeys(home[before] for before in after if before not in inside)),
            streams,
            tuple(readers.get(name, ())),
            not streams and (bool(valued) or name in kept),
            streams and name in kept,
            step.max_in_flight,
            options.replicas.get(name, 0),
            options.resources.get(name, {}),
            hop,
        )
    feeds = {name: FeedPlan(name, tuple(readers.get(name, ())), hop) for name in sorted(streamed)}
    return Plan(pipeline, actors, feeds, home, kept, options.fuse)


def with_sink(part: PipelineDef, name: str, fn: Callable[[Iterator[object]], None]) -> PipelineDef:
    """A part whose last step's stream is read by one step more, which isn't the user's: `OUT`.

    Args:
        part: The part.
        name: The step whose stream it reads.
        fn: Takes the stream, as its parameter `items`.
    """
    sink = StepDef(OUT, fn, (Input("items", Iterator),), Output(type(None), False, type(None)))
    edge = Edge(name, OUT, "items", EdgeKind.STREAM, object, object, True, "inputs")
    regions = tuple(
        Region(region.name, (*region.steps, OUT)) if name in region.steps else region for region in part.regions
    )
    return replace(
        part, steps=(*part.steps, sink), edges=(*part.edges, edge), order=(*part.order, OUT), regions=regions
    )


class Inputs(TypedDict):
    """What a part is given: which keys, its fields say."""


def _bare(part: PipelineDef) -> PipelineDef:
    """The part with params of any type, and without the types that have decided its wiring.

    What comes from another actor is checked against its annotation no more than the local runner does, and classes of a
    notebook that nobody looks at any more don't have to travel.
    """
    fields = tuple(FieldDef(field.name, _untyped(field.output)) for field in part.fields)
    steps = tuple(
        replace(
            step,
            inputs=tuple(replace(parameter, type=object) for parameter in step.inputs),
            output=replace(_untyped(step.output), type=_kind(step.output.type)),
        )
        for step in part.steps
    )
    edges = tuple(replace(edge, produced=object, wanted=_kind(edge.wanted)) for edge in part.edges)
    return replace(part, params=ParamsDef(Inputs, fields) if fields else None, steps=steps, edges=edges)


def _untyped(output: Output) -> Output:
    return Output(object, output.stream, object)


def _kind(hint: TypeForm) -> TypeForm:
    """What a runner still asks of a type: whether it is a generator that returns something, or may be a collection."""
    origin = get_origin(hint) or hint
    if origin is Generator:
        returns = get_args(hint)[2:] not in ((), (None,), (type(None),))
        return Generator[object, None, object] if returns else Generator[object, None, None]
    return Iterable if origin is Iterable else object


def _groups(pipeline: PipelineDef, options: Options, kept: Collection[str]) -> list[tuple[str, ...]]:
    """The steps of each actor, actors in topological order."""
    leader: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    awaited = {pipeline.resolve(before) for step in pipeline.steps for before in step.after}
    for name in pipeline.order:
        joined = None
        for edge in pipeline.edges_into(name):
            if edge.producer not in pipeline:
                continue
            # An iterator that is handed over as the object it is can't go anywhere else.
            whole = edge.kind is EdgeKind.VALUE and edge.from_stream
            if whole or (options.fuse and _cheap(pipeline, options, edge, kept, awaited)):
                joined = leader[edge.producer]
        if joined is None:
            joined = name
            groups[name] = []
        leader[name] = joined
        groups[joined].append(name)
    place = {name: at for at, name in enumerate(pipeline.order)}
    return sorted(map(tuple, groups.values()), key=lambda group: place[group[-1]])


def _cheap(
    pipeline: PipelineDef, options: Options, edge: Edge, kept: Collection[str], awaited: Collection[str]
) -> bool:
    """Whether two steps may share an actor: the one's stream goes to the other alone, which needs nothing else."""
    producer, consumer = edge.producer, edge.consumer
    others = [other for other in pipeline.edges_into(consumer) if other is not edge]
    return (
        edge.binds
        and len(pipeline.edges_out_of(producer)) == 1
        and not any(other.producer in pipeline or other.binds for other in others)
        and producer not in kept
        and producer not in awaited
        and not pipeline[consumer].after
        and producer not in options.replicas
        and consumer not in options.replicas
        and options.resources.get(producer, {}) == options.resources.get(consumer, {})
    )


def _longest_way(groups: Sequence[tuple[str, ...]], readers: Mapping[str, Collection[str]]) -> int:
    """The most actors that an item passes on its way, save the last."""
    hops = dict.fromkeys((group[-1] for group in groups), 0)
    for reader in (reader for name in readers if name not in hops for reader in readers[name]):
        hops[reader] = 1
    for name in hops:
        for reader in readers.get(name, ()):
            hops[reader] = max(hops[reader], hops[name] + 1)
    return max(hops.values(), default=0)
