"""What the runner works out once per pipeline: which streams fork, who pulls what, which tasks each region has."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import get_args, get_origin

from synaflow import (
    Edge,
    EdgeKind,
    PipelineDef,
    Region,
    RunnerError,
    StepDef,
    check_asked,
    find_async,
    known_step,
    output_names,
)

__all__ = ["BranchPlan", "Plan", "RegionPlan", "StreamPlan", "TaskKind", "TaskPlan", "plan"]

_STACK_BUDGET = 120
"""Frames of a chain on one stack before the rest of it moves to a stack of its own. The interpreter allows 1,000, of
which the caller and the steps' own calls need their share."""

_KEPT = 64
"""Plans of one pipeline that are kept: whoever asks for other outputs with every run is not to fill the memory."""


class TaskKind(Enum):
    """What a task does with the streams it pulls."""

    CALL = auto()
    """Calls a step that gives a plain value: a sink, or a step that takes no stream."""
    COLLECT = auto()
    """Makes the collection a `collect` edge asks for."""
    DRAIN = auto()
    """Exhausts a stream nobody consumes."""
    KEEP = auto()
    """Keeps a stream as a list, for `outputs=`."""
    FEED = auto()
    """Reads the inputs of an `each` step that is called for several items at once, and begins its calls."""
    HAND_OUT = auto()
    """Gives a stream's items to the caller of `stream(...)`."""


@dataclass(slots=True, eq=False)
class TaskPlan:
    """Something that pulls: it needs a turn of its own.

    Attributes:
        kind: What it does.
        step: The step it works for.
        order: Its place among the tasks: as the steps are listed.
        edge: For `COLLECT`, the edge.
        needs: The tasks that have to have ended before it begins.
    """

    kind: TaskKind
    step: str
    order: tuple[int, int]
    edge: Edge | None = None
    needs: list[TaskPlan] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class BranchPlan:
    """One consumer's view of a stream.

    Attributes:
        producer: The step or field whose stream it is.
        edge: The edge, None where the runner itself is the consumer.
        reader: Who pulls it: a task, or the fork of the stream that is made from it.
    """

    producer: str
    edge: Edge | None
    reader: TaskPlan | StreamPlan | None = None


@dataclass(slots=True, eq=False)
class StreamPlan:
    """A step's stream, or that of a params field.

    Attributes:
        name: The step or field.
        step: The step, None for a field.
        branches: Its consumers, in the order they are listed.
        forked: Whether it is pulled in lockstep by the scheduler, rather than straight by its one consumer.
        limit: How many items its branches may be apart.
        deferred: Whether its function can only be called once something else in the region has ended.
        generator: Whether calling its function gives a generator and runs nothing yet.
        returns: Whether its annotation promises a return value (`Generator[_, _, R]`).
        awaited: Whether a step waits for its end, which is in the middle of a run: a stream is begun when it is first asked for.
        simple: Whether pulling it never has to wait for anything else in the region.
        fed: Whether its step's inputs are read by a task of its own, because it is called for several items at once.
        relayed: Whether it gets a stack of its own, because the chain below it is as deep as one stack should be.
    """

    name: str
    step: StepDef | None
    branches: list[BranchPlan] = field(default_factory=list)
    forked: bool = False
    limit: int = 1
    deferred: bool = False
    generator: bool = False
    returns: bool = False
    relayed: bool = False
    fed: bool = False
    awaited: bool = False
    simple: bool = False


@dataclass(slots=True, eq=False)
class RegionPlan:
    """A stream region: its streams in topological order, its tasks as listed.

    Attributes:
        region: The region.
        streams: Its streams by name, in topological order.
        tasks: Its tasks; without forks, in an order in which each finds what it needs.
        forked: Whether a scheduler is needed.
        shallow: Whether its tasks' stacks may lie on top of each other without coming near the interpreter's limit.
        waits: By step, the tasks and forks of this region that have to end before it starts.
    """

    region: Region
    streams: dict[str, StreamPlan]
    tasks: list[TaskPlan]
    forked: bool
    shallow: bool
    waits: dict[str, list[TaskPlan | StreamPlan]]


@dataclass(slots=True, eq=False)
class Plan:
    """A pipeline as this runner executes it.

    Attributes:
        outputs: The steps whose values a run keeps.
        parts: Its regions in topological order; a plain step where one call is all there is to a region.
        uses: How often each value is taken.
        edges: The edges into each step.
        positional: By step, the parameters that have to be passed by position, where there are any.
        streaming: The steps that touch a stream: all but those that are one plain call.
        awaits: What of it takes an event loop, for people; None where nothing does.
        lenient: The streams that are annotated `Iterable`, so that a call may give a collection.
    """

    outputs: tuple[str, ...]
    parts: tuple[StepDef | RegionPlan, ...]
    uses: dict[str, int]
    edges: dict[str, tuple[Edge, ...]]
    positional: dict[str, tuple[str, ...]]
    streaming: frozenset[str]
    lenient: frozenset[str]
    awaits: str | None


def plan(
    pipeline: PipelineDef, outputs: Sequence[str] = (), hand_out: str | None = None, *, on_loop: bool = False
) -> Plan:
    """The plan of a pipeline, made once and kept as long as the pipeline is.

    Args:
        pipeline: The pipeline.
        outputs: Steps whose values to keep; by default the terminal steps that give a plain value.
        hand_out: A step whose stream goes to the caller.
        on_loop: Whether it is run on an event loop.

    Raises:
        RunnerError: An output names no step, or `hand_out` no stream.
    """
    check_asked(pipeline, outputs)
    key = (tuple(outputs), hand_out, on_loop)
    plans: dict[tuple[tuple[str, ...], str | None, bool], Plan]
    plans = pipeline.plans.setdefault(__name__, {})  # type: ignore[assignment]  # under this name there is nothing else
    found = plans.get(key)
    if found is None:
        if len(plans) >= _KEPT:
            plans.clear()
        found = plans[key] = _make_plan(pipeline, *key)
    return found


def _make_plan(pipeline: PipelineDef, outputs: tuple[str, ...], hand_out: str | None, on_loop: bool) -> Plan:
    kept = output_names(pipeline, outputs)
    if hand_out is not None:
        hand_out = known_step(pipeline, hand_out)
        if not pipeline[hand_out].output.stream or _whole(pipeline, hand_out):
            raise RunnerError(
                f"step '{hand_out}' of pipeline '{pipeline.name}' gives no stream to hand out; "
                f"take its value from run(...)['{hand_out}']"
            )
    edges = {step.name: pipeline.edges_into(step.name) for step in pipeline.steps}
    uses: dict[str, int] = {}
    for edge in pipeline.edges:
        if not edge.from_stream or edge.kind is EdgeKind.VALUE:
            uses[edge.producer] = uses.get(edge.producer, 0) + 1
    for name in kept:
        uses[name] = uses.get(name, 0) + 1
    planner = _Planner(pipeline, kept, hand_out, on_loop)
    parts = tuple(planner.part(region) for region in pipeline.regions)
    return Plan(
        kept,
        parts,
        uses,
        edges,
        {step.name: names for step in pipeline.steps if (names := _positional(step))},
        frozenset(name for part in parts if isinstance(part, RegionPlan) for name in part.region.steps),
        frozenset(step.name for step in pipeline.steps if _is_lenient(step)),
        find_async(pipeline),
    )


def _whole(pipeline: PipelineDef, name: str) -> bool:
    """Whether a stream is passed on as the object it is (a `TextIO` to a `TextIO`), so that nobody here pulls it."""
    out = pipeline.edges_out_of(name)
    return bool(out) and all(edge.kind is EdgeKind.VALUE for edge in out)


class _Planner:
    """Plans one pipeline's regions."""

    def __init__(self, pipeline: PipelineDef, kept: tuple[str, ...], hand_out: str | None, on_loop: bool) -> None:
        self._on_loop = on_loop
        self._pipeline = pipeline
        self._kept = kept
        self._hand_out = hand_out
        self._place = {step.name: place for place, step in enumerate(pipeline.steps)}

    def part(self, region: Region) -> StepDef | RegionPlan:
        """The plan of a region; the step itself where the region is one plain call."""
        if len(region.steps) == 1:
            step = self._pipeline[region.steps[0]]
            streams = step.output.stream and not _whole(self._pipeline, step.name)
            if not streams and not any(
                edge.from_stream and edge.binds for edge in self._pipeline.edges_into(step.name)
            ):
                return step
        streams_by_name = self._streams(region)
        tasks = self._tasks(region, streams_by_name)
        self._assign_readers(region, streams_by_name, tasks)
        waits = self._waits(region, streams_by_name, tasks)
        for stream in streams_by_name.values():
            stream.forked = stream.forked or len(stream.branches) > 1
            stream.deferred = stream.step is not None and bool(waits.get(stream.name))
        self._resolve_fork_readers(streams_by_name)
        self._needs(region, tasks, waits)
        self._measure(streams_by_name)
        forked = any(stream.forked for stream in streams_by_name.values())
        if not forked:
            tasks = _runnable_order(tasks)
        shallow = len(tasks) * 12 + len(streams_by_name) * 5 < 300
        return RegionPlan(region, streams_by_name, tasks, forked, shallow, waits)

    def _streams(self, region: Region) -> dict[str, StreamPlan]:
        pipeline, streams = self._pipeline, {}
        fields = {field.name: field for field in pipeline.fields}
        for name in region.steps:
            for edge in pipeline.edges_into(name):
                if edge.binds and edge.producer in fields and edge.producer not in streams:
                    streams[edge.producer] = StreamPlan(edge.producer, None)
        for name in region.steps:
            step = pipeline[name]
            if step.output.stream and not _whole(pipeline, name):
                streams[name] = StreamPlan(
                    name,
                    step,
                    limit=step.max_in_flight or 1,
                    generator=_is_generator_function(step) and not step.each,
                    returns=_promises_return(step),
                )
        return streams

    def _tasks(self, region: Region, streams: dict[str, StreamPlan]) -> list[TaskPlan]:
        pipeline, tasks = self._pipeline, []
        last = len(self._place)
        for name in sorted(region.steps, key=self._place.__getitem__):
            place = self._place[name]
            edges = pipeline.edges_into(name)
            for position, edge in enumerate(edges):
                if edge.kind is EdgeKind.COLLECT:
                    tasks.append(TaskPlan(TaskKind.COLLECT, name, (place, position), edge))
            after_inputs = (place, len(edges))
            if name not in streams:
                tasks.append(TaskPlan(TaskKind.CALL, name, after_inputs))
                continue
            if _calls_at_once(pipeline[name], self._on_loop):
                tasks.append(TaskPlan(TaskKind.FEED, name, after_inputs))
                after_inputs = (place, len(edges) + 1)
            terminal = not any(edge.binds for edge in pipeline.edges_out_of(name))
            if name in self._kept:
                tasks.append(TaskPlan(TaskKind.KEEP, name, after_inputs if terminal else (last, place)))
            if name == self._hand_out:
                tasks.append(TaskPlan(TaskKind.HAND_OUT, name, (last + 1, 0)))
            elif terminal and name not in self._kept:
                tasks.append(TaskPlan(TaskKind.DRAIN, name, after_inputs))
        return sorted(tasks, key=lambda task: task.order)

    def _assign_readers(self, region: Region, streams: dict[str, StreamPlan], tasks: list[TaskPlan]) -> None:
        pipeline = self._pipeline
        collecting = {(t.step, t.edge.parameter): t for t in tasks if t.edge is not None}
        calling = {task.step: task for task in tasks if task.kind in (TaskKind.CALL, TaskKind.FEED)}
        for name in sorted(region.steps, key=self._place.__getitem__):
            for edge in pipeline.edges_into(name):
                if edge.producer not in streams or not edge.binds:
                    continue
                reader: TaskPlan | StreamPlan
                if edge.kind is EdgeKind.COLLECT:
                    reader = collecting[name, edge.parameter]
                else:
                    reader = calling[name] if name in calling else streams[name]
                streams[edge.producer].branches.append(BranchPlan(edge.producer, edge, reader))
        for task in tasks:
            if task.kind in (TaskKind.DRAIN, TaskKind.KEEP, TaskKind.HAND_OUT):
                streams[task.step].branches.append(BranchPlan(task.step, None, task))

    def _waits(
        self, region: Region, streams: dict[str, StreamPlan], tasks: list[TaskPlan]
    ) -> dict[str, list[TaskPlan | StreamPlan]]:
        calling = {task.step: task for task in tasks if task.kind is TaskKind.CALL}
        collecting: dict[str, list[TaskPlan]] = {}
        for task in tasks:
            if task.kind is TaskKind.COLLECT:
                collecting.setdefault(task.step, []).append(task)
        waits: dict[str, list[TaskPlan | StreamPlan]] = {}
        for name in region.steps:
            found: list[TaskPlan | StreamPlan] = [*collecting.get(name, ())]
            found.extend(
                calling[edge.producer]
                for edge in self._pipeline.edges_into(name)
                if not edge.binds and edge.producer in calling
            )
            for before in map(self._pipeline.resolve, self._pipeline[name].after):
                if before in calling:
                    found.append(calling[before])
                elif before in streams:
                    # Its end has to be seen, so the scheduler pulls it even where it has one branch only.
                    streams[before].forked = streams[before].awaited = True
                    found.append(streams[before])
            if found:
                waits[name] = found
        return waits

    def _resolve_fork_readers(self, streams: dict[str, StreamPlan]) -> None:
        # Consumers come after producers, so backwards every reader that isn't a fork is already resolved.
        for stream in reversed(streams.values()):
            for branch in stream.branches:
                if isinstance(branch.reader, StreamPlan) and not branch.reader.forked:
                    branch.reader = branch.reader.branches[0].reader

    def _needs(self, region: Region, tasks: list[TaskPlan], waits: dict[str, list[TaskPlan | StreamPlan]]) -> None:
        """What each task waits for before it begins: whatever has to be there for the streams it pulls, all the way up.

        A consumer could begin earlier, and read another of its streams meanwhile. But then it would depend on the moment
        whether a step has already ended when a value fails that it depends on; so it is always skipped.
        """
        above: dict[str, dict[TaskPlan, None]] = {}
        for name in region.steps:
            above[name] = {need: None for need in waits.get(name, ()) if isinstance(need, TaskPlan)}
            for edge in self._pipeline.edges_into(name):
                if edge.binds:
                    above[name].update(above.get(edge.producer, {}))
        for task in tasks:
            task.needs = list(above.get(task.step if task.edge is None else task.edge.producer, {}))

    def _measure(self, streams: dict[str, StreamPlan]) -> None:
        """Which streams never have to wait for another task, and where a chain gets too long for one stack."""
        depth: dict[str, int] = {}
        for name, stream in streams.items():
            edges = self._pipeline.edges_into(name) if stream.step is not None else ()
            sources = [streams[edge.producer] for edge in edges if edge.binds and edge.kind is not EdgeKind.COLLECT]
            stream.fed = stream.step is not None and _calls_at_once(stream.step, self._on_loop)
            if stream.fed:
                sources = []
            stream.simple = (
                not stream.deferred
                and not stream.fed
                and all(source.simple and not source.forked for source in sources)
            )
            below = max((depth[source.name] for source in sources), default=0)
            depth[name] = below + (4 if stream.forked else 1) + (0 if stream.generator else 2)
            if depth[name] > _STACK_BUDGET:
                stream.relayed = True
                depth[name] = 0


def _calls_at_once(step: StepDef, on_loop: bool) -> bool:
    return on_loop and step.each and step.concurrency > 1


def _runnable_order(tasks: list[TaskPlan]) -> list[TaskPlan]:
    """The tasks, each after those it needs, otherwise as listed."""
    done: dict[int, TaskPlan] = {}
    for task in tasks:
        stack = [task]
        while stack:
            top = stack[-1]
            missing = [need for need in top.needs if id(need) not in done]
            if missing:
                stack.extend(reversed(missing))
            else:
                done.setdefault(id(top), stack.pop())
    return list(done.values())


def _positional(step: StepDef) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in step.inputs if parameter.positional_only)


def _is_lenient(step: StepDef) -> bool:
    return (get_origin(step.output.type) or step.output.type) in (Iterable, AsyncIterable)


def _is_generator_function(step: StepDef) -> bool:
    fn = step.fn
    inner = fn.func if isinstance(fn, partial) else fn
    called = inner if inspect.isroutine(inner) else type(inner).__call__
    return inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called)


def _promises_return(step: StepDef) -> bool:
    arguments = get_args(step.output.type)
    return get_origin(step.output.type) is Generator and arguments[2:] not in ((), (None,), (type(None),))
