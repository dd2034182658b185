"""A stream region in execution: its streams opened, its tasks run, everything closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from synaflow import BranchResult, Edge, EdgeKind, OnError, StepDef, StepStatus
from synaflow_local.forks import Branch, Fork
from synaflow_local.plan import BranchPlan, RegionPlan, StreamPlan, TaskPlan
from synaflow_local.scheduler import Scheduler
from synaflow_local.streams import (
    EachInputs,
    OneShot,
    Opened,
    Relay,
    Tally,
    called,
    counted,
    each,
    forgiving,
    metered,
    passed,
    pooled,
)
from synaflow_local.tasks import Task

if TYPE_CHECKING:
    from synaflow_local.execution import Execution

__all__ = ["RegionRun", "RegionScheduler"]


class RegionScheduler(Protocol):
    """Gives a region's tasks their turns."""

    def run(self) -> None:
        """Runs all tasks to their end, or stops them all when one of them stops the run."""

    def halt(self) -> None:
        """Lets nobody go on after the step that is running."""

    def read(self, branch: Branch) -> Iterator[object]:
        """What the consumer of a branch iterates over."""
        raise NotImplementedError

    def closed(self, fork: Fork) -> None:
        """Takes note that a fork was closed because nobody reads it any more."""


class RegionRun:
    """One region of one run.

    Attributes:
        execution: The run.
        plan: The region's plan.
        collected: The collections made for `collect` edges, until their consumers take them.
        forks: The region's forks, by stream.
        given: Items given, by stream, where they are counted on their way.
        taken: Items taken, by `each` step.
    """

    def __init__(self, execution: Execution, plan: RegionPlan) -> None:
        self.execution: Final = execution
        self.plan: Final = plan
        self.collected: dict[Edge, object] = {}
        self.forks: dict[str, Fork] = {}
        self.given: dict[str, Tally] = {}
        self.taken: dict[str, Tally] = {}
        self._tasks: dict[TaskPlan, Task] = {task: Task(task, self) for task in plan.tasks}
        self._streams: dict[Edge | TaskPlan, Iterator[object]] = {}
        self._generators: dict[str, Iterator[object]] = {}
        self._branches: list[tuple[BranchPlan, Branch]] = []
        self._scheduler: RegionScheduler | None = None

    def run(self) -> None:
        """Runs the region to its end, or until the run is stopped."""
        execution, tasks = self.execution, list(self._tasks.values())
        self._prepare_forks()
        try:
            scheduler = self._scheduler = self._schedule(tasks)
            self._open()
            if scheduler is not None:
                scheduler.run()
            else:
                for task in tasks:
                    if execution.stopped:
                        break
                    task.run()
        except BaseException as error:
            # Ctrl-C between two steps: it belongs to none of them.
            execution.abort(error)
        finally:
            for task in tasks:
                self.close(task)
            for fork in self.forks.values():
                self.close(fork)
            self._account()
            self._let_go()

    def stop(self) -> None:
        """Lets nobody go on after the step that is running."""
        if self._scheduler is not None:
            self._scheduler.halt()

    def call(self, task: Task) -> None:
        """Calls the step of a task that gives a plain value."""
        execution = self.execution
        step = execution.pipeline[task.step]
        for need in self.plan.waits.get(step.name, ()):
            task.wait(self._runtime(need))
        arguments = self._arguments(step)
        if execution.stats:
            execution.clock.turn(step.name)
        try:
            execution.give(step.name, execution.call(step, arguments))
        finally:
            if execution.stats:
                execution.clock.turn("")

    def stream_of(self, task: Task) -> Iterator[object]:
        """The stream a task pulls on the runner's behalf."""
        return self._streams.pop(task.plan if task.plan.edge is None else task.plan.edge)

    def task_of(self, plan: TaskPlan) -> Task:
        """The task with that plan."""
        return self._tasks[plan]

    def close(self, reader: Task | Fork) -> None:
        """Closes what was opened for a reader, consumers before producers, and every fork nobody is left to read.

        A loop and not a recursion: forks can be nested deeper than the interpreter's stack.
        """
        readers = [reader]
        while readers:
            current = readers.pop()
            if isinstance(current, Fork) and current.end is not None and current.end.error is not None:
                # Of an iterator that isn't a generator no traceback tells; but it came out of this fork's source.
                error = current.end.error
                self.execution.at(error, self.execution.blame(error, current.name), None)
            while current.opened:
                close = current.opened.pop().close
                abandoned = self._close_for(current, close)
                if abandoned is not None:
                    readers.append(abandoned)
                    if self._scheduler is not None:
                        self._scheduler.closed(abandoned)

    def index_of(self, step: str) -> int | None:
        """The index of the item that a step is at: of a stream, the one it would give next; of a sink, its last."""
        fork = self.forks.get(step)
        if fork is not None:
            return fork.count
        if step in self.given:
            return self.given[step].n
        sources = [edge for edge in self.execution.plan.edges.get(step, ()) if edge.kind is EdgeKind.STREAM]
        if step in self.plan.streams or len(sources) != 1:
            return None
        taken = self._items_through(sources[0])
        return taken - 1 if taken else None

    def counts(self, step: str) -> tuple[int | None, int | None, int]:
        """Items a step has taken and given so far, where they are counted, and how many wait for its consumers."""
        fork = self.forks.get(step)
        given = self._items_out(step) if step in self.plan.streams else None
        buffered = sum(branch.lag() for branch in fork.branches) if fork is not None else 0
        return self._items_in(step), given, buffered

    def _schedule(self, tasks: list[Task]) -> RegionScheduler | None:
        """Who gives the tasks their turns; None where they run one after the other."""
        if not self.plan.forked:
            return None
        return Scheduler(tasks, list(self.forks.values()), self.close, self.execution.abort, shallow=self.plan.shallow)

    def _close_for(self, reader: Task | Fork, close: Callable[[], Fork | None]) -> Fork | None:
        return reader.context.run(close) if isinstance(reader, Fork) else close()

    # Opening

    def _prepare_forks(self) -> None:
        forked = [stream for stream in self.plan.streams.values() if stream.forked]
        downstream: dict[str, frozenset[str]] = {}
        for stream in reversed(forked):
            direct = [b.reader for b in stream.branches if isinstance(b.reader, StreamPlan)]
            downstream[stream.name] = frozenset(
                name for reader in direct for name in (reader.name, *downstream[reader.name])
            )
        for stream in forked:
            self.forks[stream.name] = Fork(stream.name, stream.limit, self.execution.spilling, downstream[stream.name])
            self.forks[stream.name].alone = stream.simple and not stream.awaited and len(forked) == 1

    def _open(self) -> None:
        """Opens all streams, producers first. Nothing of the user's runs yet but generator functions' first call."""
        for stream in self.plan.streams.values():
            fork = self.forks.get(stream.name)
            reader = fork if fork is not None else self._reader(stream.branches[0])
            source = self._source(stream, reader)
            self._generators[stream.name] = source
            if fork is None:
                branch = stream.branches[0]
                self._hand(branch, self._measured(source, stream.name, self._consumer(branch)))
                continue
            fork.feed(self._measured(source, stream.name, ""), stream.returns)
            for plan in stream.branches:
                self._open_branch(fork, plan)
            fork.arrange()
        for plan, opened in self._branches:
            opened.downstream = self._downstream(plan)

    def _open_branch(self, fork: Fork, plan: BranchPlan) -> None:
        assert self._scheduler is not None
        reader = self._reader(plan)
        branch = Branch(fork, plan.edge, self._consumer(plan), reader)
        fork.branches.append(branch)
        reader.opened.append(branch)
        if isinstance(reader, Task):
            reader.branches.append(branch)
        self._branches.append((plan, branch))
        as_generator = self.plan.streams[fork.name].returns or (plan.edge is not None and wants_generator(plan.edge))
        self._hand(plan, self._measured(branch.open(self._scheduler.read(branch), as_generator), "", branch.consumer))

    def _source(self, stream: StreamPlan, reader: Task | Fork) -> Iterator[object]:
        execution, step = self.execution, stream.step
        if step is None:
            source = execution.iterator_of(execution.values.pop(stream.name))
            if hasattr(source, "send"):
                reader.opened.append(Opened(execution, stream.name, source))
            elif self._forgives(stream):
                source = passed(source)
            execution.watch(stream.name, source)
        elif step.name in execution.skipped:
            source = iter(())
        elif step.each:
            source = self._each(step, stream, reader)
        elif stream.generator and not stream.deferred:
            source = execution.iterator(step, execution.call(step, self._arguments(step)))
        else:
            source = called(execution, step, partial(self._start, step, reader))
        if step is not None:
            execution.watch(step.name, source)
            reader.opened.append(Opened(execution, step.name, source))
            if step.on_error is OnError.CONTINUE:
                tally = self.given.setdefault(step.name, Tally())
                source = forgiving(execution, step, source, Tally() if step.each else tally)
                reader.opened.append(Opened(execution, step.name, source))
        if stream.relayed:
            relay = Relay(source, reader)
            reader.opened.append(relay)
            source = relay.items()
        return source

    def _each(self, step: StepDef, stream: StreamPlan, reader: Task | Fork) -> Iterator[object]:
        given, taken = self._tallies(step)
        prepare = partial(self._each_inputs, step, reader)
        if step.concurrency > 1:
            return pooled(self.execution, step, prepare, given, taken)
        return each(self.execution, step, prepare, given, taken)

    def _tallies(self, step: StepDef) -> tuple[Tally, Tally]:
        self.given[step.name], self.taken[step.name] = Tally(), Tally()
        return self.given[step.name], self.taken[step.name]

    def _forgives(self, stream: StreamPlan) -> bool:
        """Whether the only consumer of a params field goes on after its own errors: then the field's have to be told apart."""
        edge = None if stream.forked else stream.branches[0].edge
        return edge is not None and self.execution.pipeline[edge.consumer].on_error is OnError.CONTINUE

    def _start(self, step: StepDef, reader: Task | Fork) -> Iterator[object]:
        self._wait_for_needs(step, reader)
        return self.execution.iterator(step, self.execution.call(step, self._arguments(step)))

    def _each_inputs(self, step: StepDef, reader: Task | Fork) -> EachInputs:
        self._wait_for_needs(step, reader)
        inputs = EachInputs({}, {}, {})
        for edge in self.execution.plan.edges[step.name]:
            if edge.kind is EdgeKind.EACH:
                inputs.streams[edge.parameter] = (
                    self._streams.pop(edge) if edge.from_stream else iter(self._collection(edge))
                )
            elif edge.kind is EdgeKind.ITERATE:
                inputs.fresh[edge.parameter] = self._collection(edge)
            else:
                inputs.fixed[edge.parameter] = self._argument(edge)
        return inputs

    def _wait_for_needs(self, step: StepDef, reader: Task | Fork) -> None:
        for need in self.plan.waits.get(step.name, ()):
            task = reader.puller
            assert task is not None, "a stream is started by the task that asks for its first item"
            task.wait(self._runtime(need))

    def _arguments(self, step: StepDef) -> dict[str, object]:
        return {edge.parameter: self._argument(edge) for edge in self.execution.plan.edges[step.name]}

    def _argument(self, edge: Edge) -> object:
        if edge.kind is EdgeKind.COLLECT:
            return self.collected.pop(edge)
        if edge.kind is EdgeKind.VALUE:
            return self.execution.take(edge.producer)
        source = self._streams.pop(edge) if edge.kind is EdgeKind.STREAM else iter(self._collection(edge))
        if edge.is_async:
            return self._for_async(edge, source)
        return OneShot(source, edge.consumer, edge.parameter) if edge.one_shot else source

    def _for_async(self, edge: Edge, source: Iterator[object]) -> object:
        raise NotImplementedError("without an event loop there are no asynchronous steps")

    def feed(self, task: Task) -> None:
        """Reads the inputs of an `each` step that is called for several items at once."""
        raise NotImplementedError("without an event loop, the reader of its stream does")

    def _collection(self, edge: Edge) -> Iterable[object]:
        collection: Iterable[object] = self.execution.take(edge.producer)  # type: ignore[assignment]  # its type says so
        return collection

    def _hand(self, branch: BranchPlan, source: Iterator[object]) -> None:
        if branch.edge is not None:
            self._streams[branch.edge] = source
        else:
            assert isinstance(branch.reader, TaskPlan)
            self._streams[branch.reader] = source

    def _measured(self, source: Iterator[object], inside: str, outside: str) -> Iterator[object]:
        uncounted = bool(inside) and inside not in self.given  # what is forgiven or called per item is counted already
        if self.execution.stats:
            tally = Tally()
            if uncounted:
                self.given[inside] = tally
            return metered(self.execution, inside, source, outside, tally)
        if self.execution.counts and uncounted and inside not in self.forks:  # a fork counts by itself
            tally = self.given[inside] = Tally()
            return counted(source, tally)
        return source

    def _reader(self, branch: BranchPlan) -> Task | Fork:
        assert branch.reader is not None, "the plan has given every branch its reader"
        return self._runtime(branch.reader)

    def _runtime(self, plan: TaskPlan | StreamPlan) -> Task | Fork:
        return self._tasks[plan] if isinstance(plan, TaskPlan) else self.forks[plan.name]

    def _consumer(self, branch: BranchPlan) -> str:
        return branch.edge.consumer if branch.edge is not None else branch.producer

    def _downstream(self, branch: BranchPlan) -> list[Iterator[object]]:
        """The streams between a branch and its reader."""
        found: list[Iterator[object]] = []
        while branch.edge is not None and branch.edge.kind is not EdgeKind.COLLECT:
            stream = self.plan.streams.get(branch.edge.consumer)
            if stream is None or stream.forked:
                break
            found.append(self._generators[stream.name])
            branch = stream.branches[0]
        return found

    def _let_go(self) -> None:
        """Cuts the circles in which its parts know each other, so that what a run has held is freed as soon as it ends."""
        for task in self._tasks.values():
            task.let_go()
        for fork in self.forks.values():
            fork.let_go()
        self._tasks.clear()
        self._streams.clear()
        self._branches.clear()
        self._scheduler = None

    # The account

    def _account(self) -> None:
        execution = self.execution
        for name in self.plan.streams:
            given = self._items_out(name)
            if given is not None:
                execution.items_out[name] = given
            # What was closed while it could still have gone on has its status; of the rest, only what reads something that
            # was stopped was stopped with it.
            sources = [edge.producer for edge in execution.plan.edges.get(name, ()) if edge.binds]
            stopped = (StepStatus.CANCELLED, StepStatus.FAILED) if execution.stopped else ()
            if name not in execution.skipped:
                cut = any(execution.statuses.get(source) in stopped for source in sources)
                execution.statuses.setdefault(name, StepStatus.CANCELLED if cut else StepStatus.OK)
        for name in self.plan.region.steps:
            taken = self._items_in(name)
            if taken is not None:
                execution.items_in[name] = taken
        for plan, branch in self._branches:
            parameter = plan.edge.parameter if plan.edge is not None else ""
            kept = branch.backlog
            spilled = (kept.spilled, kept.written, kept.unpicklable) if kept is not None else ()
            execution.branches.append(
                BranchResult(plan.producer, branch.consumer, parameter, branch.items_taken(), branch.peak, *spilled)
            )
        execution.watch_ends(self.forks.values())

    def _items_out(self, name: str) -> int | None:
        if name in self.forks:
            return self.forks[name].count
        if name in self.given:
            return self.given[name].n
        branch = self.plan.streams[name].branches[0]
        if branch.edge is not None and branch.edge.kind is EdgeKind.EACH and branch.edge.consumer in self.taken:
            return self.taken[branch.edge.consumer].n
        if isinstance(branch.reader, TaskPlan) and (branch.edge is None or branch.edge.kind is EdgeKind.COLLECT):
            task = self._tasks.get(branch.reader)  # none when live progress looks at a region that has just ended
            return task.taken if task is not None else None
        return None

    def _items_in(self, step: str) -> int | None:
        if step in self.taken:
            return self.taken[step].n
        counts = [self._items_through(edge) for edge in self.execution.plan.edges[step] if edge.binds]
        return sum(filter(None, counts)) if counts and None not in counts else None

    def _items_through(self, edge: Edge) -> int | None:
        if edge.producer not in self.forks:
            return self._items_out(edge.producer)
        return next(
            (branch.items_taken() for branch in self.forks[edge.producer].branches if branch.edge is edge), None
        )


def wants_generator(edge: Edge) -> bool:
    """Whether the consumer asks for a generator, and not just for an iterator."""
    wanted = getattr(edge.wanted, "__origin__", edge.wanted)
    return getattr(wanted, "__name__", "") in ("Generator", "AsyncGenerator")
