"""One run: its values, its errors, whose fault they are, and the result that is made of them."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, ClassVar

from synaflow import (
    BranchResult,
    Cancelled,
    DeadLetter,
    OnError,
    PipelineDef,
    RunResult,
    StepDef,
    StepError,
    StepStatus,
    check_dead_letter,
    dependents_of,
)
from synaflow_local.results import StepResults
from synaflow_local.stats import Clock

if TYPE_CHECKING:
    from synaflow_local.forks import Fork
    from synaflow_local.plan import Plan
    from synaflow_local.region import RegionRun
    from synaflow_local.spill import Spilling

__all__ = ["Execution", "nobody"]

_OK = StepStatus.OK
_ONE_LOOP = (
    "an event loop runs in this thread already: the caller's, or that of another step, which reads its stream inside "
    "asyncio.run(); a thread runs one at a time: call asyncio.run() for each item or batch rather than around the loop "
    "over the stream, or run it in a thread of its own"
)


class Execution:
    """What a run knows, from its first step to its last.

    Attributes:
        pipeline: What is run.
        plan: How.
        values: The values there are, by step or field.
        skipped: The steps that can't run, because something they depend on has failed.
        stats: Whether the items of every stream are counted and timed.
        counts: Whether they are counted.
        spilling: When and where branches that run ahead spill to disk.
        stopped: Whether the run is to end.
        fatal: An exception that is not an error (`KeyboardInterrupt`, ...), to be raised as it is.
        items_in: Items taken, by step, where they were counted.
        items_out: Items given, by step, where they were counted.
        branches: How the branches of the forks went.
        regions: The regions that are running.
        on_loop: Whether it runs on an event loop.
    """

    on_loop: ClassVar[bool] = False

    def __init__(
        self,
        pipeline: PipelineDef,
        plan: Plan,
        values: dict[str, object],
        stats: bool,
        dead_letter: Callable[[DeadLetter], object] | None,
        spilling: Spilling,
        *,
        counts: bool = False,
    ) -> None:
        check_dead_letter(dead_letter, on_loop=self.on_loop)
        self.pipeline = pipeline
        self.plan = plan
        self.values = values
        self.stats = stats
        self.counts = counts
        self.spilling = spilling
        self._clock = Clock()
        self.regions: list[RegionRun] = []
        self.skipped: set[str] = set()
        self.stopped = False
        self.fatal: BaseException | None = None
        self.first: StepError | None = None
        self.items_in: dict[str, int | None] = {}
        self.items_out: dict[str, int] = {}
        self.branches: list[BranchResult] = []
        self.seconds: dict[str, float] = {}
        self.statuses: dict[str, StepStatus] = {}
        self.hand_out: Callable[[Iterator[object]], None] = nobody
        self._uses = plan.uses.copy()
        self._kept: dict[str, object] = {}
        self._errors: list[StepError] = []
        self._dead_letters: list[DeadLetter] = []
        self._handler = dead_letter
        self._frames: dict[int, tuple[CodeType, str]] = {}
        self._origins: dict[int, tuple[BaseException, str, int | None]] = {}
        self._started = time.perf_counter()

    @property
    def clock(self) -> Clock:
        """Who spends how long, where that is measured, in the code that runs now."""
        return self._clock

    # Values

    def take(self, name: str) -> object:
        """A value for one consumer; the last one to take it takes it out."""
        left = self._uses[name] = self._uses[name] - 1
        return self.values[name] if left else self.values.pop(name)

    def pass_over(self, step: str) -> None:
        """Lets go of what a step that is skipped would have taken last."""
        for edge in self.plan.edges[step]:
            self._uses[edge.producer] -= 1
            if not self._uses[edge.producer]:
                self.values.pop(edge.producer, None)  # what it was skipped for gave nothing

    def give(self, name: str, value: object) -> None:
        """Keeps a step's value for its consumers, if it has any."""
        self.statuses[name] = _OK
        if name in self._uses:
            self.values[name] = value

    def keep(self, name: str, value: object) -> None:
        """Keeps a stream's items as an output."""
        self._kept[name] = value

    def call_plainly(self, step: StepDef, arguments: dict[str, object]) -> object:
        """Calls a step's function."""
        if step.name not in self.plan.positional:
            return step.fn(**arguments)
        positional = self.plan.positional[step.name]
        defaults = {parameter.name: parameter.default for parameter in step.inputs}
        passed = [name for name in positional if name in arguments]
        # One that takes its default has to be passed after all where a later one is.
        by_position = positional[: positional.index(passed[-1]) + 1] if passed else ()
        given = [arguments.pop(name, defaults[name]) for name in by_position]
        return step.fn(*given, **arguments)

    call = call_plainly

    def iterator_of(self, given: object) -> Iterator[object]:
        """The iterator over a stream that came with the params."""
        items: Iterable[object] = given  # type: ignore[assignment]  # its type says so
        return iter(items)

    def iterator(self, step: StepDef, source: object) -> Iterator[object]:
        """The iterator that a step annotated as a stream has returned.

        Raises:
            TypeError: It has returned something else.
        """
        if hasattr(type(source), "__next__"):
            iterator: Iterator[object] = source  # type: ignore[assignment]  # as just seen
            return iterator
        if step.name in self.plan.lenient and isinstance(source, Iterable):
            return iter(source)
        raise TypeError(
            f"{step.function}() is annotated as a stream but returned {type(source).__name__}, which is no iterator"
        )

    # Errors

    def watch(self, step: str, source: object) -> None:
        """Takes note of a generator's frame: an error is the fault of the innermost step in its traceback."""
        frame = getattr(source, "gi_frame", None)
        if frame is not None:
            # Its id and not the frame, which would keep the generator's variables alive after its end.
            self._frames[id(frame)] = (frame.f_code, step)

    def at(self, error: BaseException, step: str, index: int | None) -> None:
        """Takes note of where an error came from, where that is known better than from its traceback."""
        # By its id, which is its own as long as it is kept here: an error's class may have an equality of its own.
        self._origins.setdefault(id(error), (error, step, index))

    def blame(self, error: BaseException, step: str) -> str:
        """The step whose own code raised an error that came out of a step: that one, or one whose stream it reads."""
        if (origin := self._origins.get(id(error))) is not None:
            return origin[1]
        traceback: TracebackType | None = error.__traceback__
        while traceback is not None:
            watched = self._frames.get(id(traceback.tb_frame))
            # The frame may be another's: of a generator that ended long ago only the id is left, which may be in use again.
            if watched is not None and watched[0] is traceback.tb_frame.f_code and self._reads(step, watched[1]):
                step = watched[1]
            traceback = traceback.tb_next
        return step

    def _reads(self, step: str, stream: str) -> bool:
        """Whether a step reads a stream, or one that is made of it."""
        ahead, seen = [step], {step}
        while ahead:
            for edge in self.plan.edges.get(ahead.pop(), ()):
                if edge.binds and edge.producer not in seen:
                    seen.add(edge.producer)
                    ahead.append(edge.producer)
        return stream in seen

    def fail(self, step: str, error: BaseException, where: Callable[[str], int | None]) -> None:
        """Takes note that an exception came out of a step: its own, one of a producer's, or that it was stopped.

        Args:
            step: The step it came out of.
            error: The exception.
            where: Gives the index of the item that a step is at, where that is known.
        """
        if isinstance(error, Cancelled):
            self.statuses.setdefault(step, StepStatus.SKIPPED if step in self.skipped else StepStatus.CANCELLED)
            if self.spilling.failure is not None:
                self.abort(self.spilling.failure)
            elif (given := self.blame(error, step)) not in self.pipeline:
                # It came with a stream of the params: whoever gives that has stopped, and nothing here.
                self.statuses.setdefault(given, StepStatus.CANCELLED)
                self.stopped = True
            return
        if not isinstance(error, Exception):
            self.abort(error)
            return
        culprit = self.blame(error, step)
        if culprit != step:
            self.statuses.setdefault(step, StepStatus.CANCELLED)
        self.record(culprit, error, where(culprit))

    def record(self, step: str, error: Exception, index: int | None = None) -> None:
        """Takes note of a step's failure, and stops the run unless the step says otherwise."""
        if any(known.__cause__ is error for known in self._errors):
            return
        failure = self._failure(step, error, index)
        # Not a step: a params field, whose stream failed.
        definition = self.pipeline[step] if step in self.pipeline else None  # noqa: SIM401  # it has no get()
        self.statuses[step] = StepStatus.FAILED
        if self.first is not None:
            self._errors.append(failure)
            self._follow(self.first, failure)
            return
        self._errors.append(failure)
        if definition is None or definition.on_error is OnError.STOP:
            self.first = failure
            self.stopped = True
        elif not definition.output.stream:
            self.skipped |= dependents_of(self.pipeline, [step])

    def _follow(self, first: StepError, failure: StepError) -> None:
        """Takes note of a failure after the first."""
        first.add_note(f"afterwards: {failure}")

    def drop(self, step: str, index: int, items: Mapping[str, object], error: Exception) -> None:
        """Drops an item that an `each` step has failed on."""
        failure = self._failure(step, error, index)
        # Done with: the same object may be raised again, at another item.
        self._origins.pop(id(error), None)
        letter = DeadLetter(step, index, dict(items), failure)
        self._dead_letters.append(letter)
        if self._handler is not None:
            self._tell(self._handler, letter)

    def _tell(self, handler: Callable[[DeadLetter], object], letter: DeadLetter) -> None:
        handler(letter)

    def closing(self, step: str, source: object, close: Callable[[], object], index: int | None = None) -> None:
        """Closes something of a step's, or of one of its items; an error of its `finally` fails a run that was fine."""
        if self.stopped and getattr(source, "gi_frame", None) is not None:
            self.statuses.setdefault(step, StepStatus.CANCELLED)
        try:
            close()
        except Cancelled:
            self.statuses.setdefault(step, StepStatus.CANCELLED)
        except Exception as error:
            if index is not None:
                self.at(error, step, index)
            self.record(self.blame(error, step), error)
        except BaseException as error:
            self.abort(error)

    def abort(self, error: BaseException) -> None:
        """Ends the run with something that is no step's failure; the first such error is raised as it is."""
        self.fatal = self.fatal or error
        self.stopped = True

    def watch_ends(self, forks: Iterable[Fork]) -> None:
        """Warns of errors that no consumer reached, where a source was pulled further than any of them read."""
        for fork in forks:
            error = fork.unreached()
            if error is not None and not self.stopped:
                warnings.warn(
                    f"step '{self.blame(error, fork.name)}' of pipeline '{self.pipeline.name}' failed after "
                    f"{fork.count} items of '{fork.name}', where no consumer had asked for more: {error!r}",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _failure(self, step: str, error: Exception, index: int | None) -> StepError:
        if (origin := self._origins.get(id(error))) is not None and origin[2] is not None:
            index = origin[2]
        failure = StepError.of(self.pipeline.name, step, error, index)
        if isinstance(error, RuntimeError) and "loop" in str(error) and _loop_runs():
            failure.add_note(_ONE_LOOP)
        return failure

    # The result

    def result(self) -> RunResult:
        """What has come of the run."""
        pipeline = self.pipeline
        values = {
            name: self._kept[name] if name in self._kept else self.values[name]
            for name in self.plan.outputs
            if name in self._kept or name in self.values
        }
        self._frames.clear()
        self._origins.clear()
        if self.stats:
            self.seconds = {**self._spent(), **self.seconds}
        dead_letters = tuple(self._dead_letters)
        steps = StepResults(
            tuple(self.plan.edges),
            self.plan.streaming,
            self.statuses,
            self.skipped,
            self.seconds,
            self.items_in,
            self.items_out,
            dead_letters,
        )
        return RunResult(
            pipeline.name,
            values,
            steps,
            tuple(self.branches),
            tuple(self._errors),
            dead_letters,
            time.perf_counter() - self._started,
            dict(pipeline.aliases),
            pipeline,
        )

    def _spent(self) -> dict[str, float]:
        """Seconds by step."""
        self._clock.turn("")
        return self._clock.seconds

    def let_go(self) -> None:
        """Forgets what the result has by now: what was forgiven knows the run in turn, by its traceback."""
        self.values.clear()
        self._kept.clear()
        self._errors.clear()
        self._dead_letters.clear()


def _loop_runs() -> bool:
    """Whether an event loop runs in this thread; without importing asyncio, where nobody has."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # not an error where there is none


def nobody(source: Iterator[object]) -> None:
    """Stands where there is no caller to hand items out to."""
    raise AssertionError("only a run made by stream() hands items out")
