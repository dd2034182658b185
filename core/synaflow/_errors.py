"""Every exception SynaFlow raises, and the parts that hang on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synaflow._run.result import RunResult
    from synaflow._types import TypeForm

__all__ = [
    "Cancelled",
    "ClosedStreamError",
    "ParamsError",
    "PipelineError",
    "Problem",
    "RunnerError",
    "SpillError",
    "StepError",
    "StreamReadError",
    "SynaflowError",
    "TargetError",
]


class SynaflowError(Exception):
    """Base of every error SynaFlow raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a pipeline, found when it was built.

    Attributes:
        code: What kind of problem, a short stable word (`"unknown-dependency"`, `"incompatible-types"`, ...).
        message: What is wrong: the subject, what was expected and what was found.
        step: The step it is about, None where it is about the pipeline as a whole.
        parameter: The parameter of that step, None where it is about the step as a whole.
        produced: The producer's type, where two types were compared.
        wanted: The parameter's type, where there is one.
        location: `file:line` of the step's function, None where it has none (a C function).
        suggestion: The likely mend, ready to paste where that is possible.
    """

    code: str
    message: str
    step: str | None = None
    parameter: str | None = None
    produced: TypeForm | None = None
    wanted: TypeForm | None = None
    location: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        where = f"\n    at {self.location}" if self.location else ""
        mend = f"\n    {self.suggestion}" if self.suggestion else ""
        return f"{self.message}{where}{mend}"


class PipelineError(SynaflowError):
    """A pipeline can't be built. Reports all the problems found, not the first.

    Attributes:
        pipeline: The pipeline's name.
        problems: Every problem, steps in the order they are listed.
    """

    def __init__(self, pipeline: str, problems: Sequence[Problem]) -> None:
        self.pipeline = pipeline
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(pipeline, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"pipeline '{self.pipeline}' has {count} problem{'s' if count != 1 else ''}:"
        return "\n".join([head, *(f"{number}. {problem}" for number, problem in enumerate(self.problems, 1))])


class ParamsError(SynaflowError):
    """The params given to a run don't fit the pipeline's params class."""


class RunnerError(SynaflowError):
    """A runner can't run this pipeline, or can't run it as asked."""


class TargetError(SynaflowError):
    """No such target, or one that can't be loaded."""


class StepError(SynaflowError):
    """A step's own code failed. The original error is the `__cause__`.

    Attributes:
        pipeline: The pipeline's name.
        step: The step whose code raised.
        reason: What went wrong, in words: mostly those of the original error.
        index: The item's index, from 0, in its stream; None where it isn't known.
        result: What the run had achieved by then; None until the run has ended.
    """

    def __init__(self, pipeline: str, step: str, reason: str, index: int | None = None) -> None:
        self.pipeline = pipeline
        self.step = step
        self.reason = reason
        self.index = index
        self.result: RunResult | None = None
        super().__init__(pipeline, step, reason, index)

    @classmethod
    def of(
        cls, pipeline: str, step: str, error: BaseException, index: int | None = None, *, reason: str | None = None
    ) -> StepError:
        """The failure that an error is, with that error as its cause.

        Args:
            pipeline: The pipeline's name.
            step: The step that is to blame.
            error: The original.
            index: The item's index, where it is known.
            reason: What went wrong, by default the original's class and words.

        Example:
            >>> from synaflow import StepError
            >>> print(StepError.of("sums", "total", ValueError("no number"), 3))
            step 'total' of pipeline 'sums' failed at item 3: ValueError: no number
        """
        if reason is None:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        failure = cls(pipeline, step, reason, index)
        failure.__cause__ = error
        return failure

    def __str__(self) -> str:
        at = f" at item {self.index}" if self.index is not None else ""
        return f"step '{self.step}' of pipeline '{self.pipeline}' failed{at}: {self.reason}"


class SpillError(SynaflowError):
    """Items that a branch keeps for its consumer couldn't go to disk, or not come back. The original error is the `__cause__`.

    Attributes:
        producer: The step or field whose stream it is.
        consumer: The step that lags behind.
        reason: What went wrong.
        bytes: How many bytes of the branch were on disk by then.
        directory: Where.
        result: What the run had achieved by then; None until the run has ended.
    """

    def __init__(self, producer: str, consumer: str, reason: str, size: int, directory: str) -> None:
        self.producer = producer
        self.consumer = consumer
        self.reason = reason
        self.bytes = size
        self.directory = directory
        self.result: RunResult | None = None
        super().__init__(producer, consumer, reason, size, directory)

    def __str__(self) -> str:
        return (
            f"what '{self.consumer}' has yet to read of '{self.producer}' {self.reason} ({self.bytes:,} bytes of it are "
            f"in {self.directory}); make room there, name another directory with spill_to= or TMPDIR, or allow more memory with "
            "spill_after="
        )


class StreamReadError(SynaflowError):
    """A stream was read in a way that would lose items: twice, or from another thread."""


class ClosedStreamError(StreamReadError):
    """A branch was read after the step it belongs to had ended."""


class Cancelled(BaseException):
    """Thrown into a step that is stopped because another one failed or the run was dropped.

    A `BaseException`, so that `except Exception` in a step doesn't swallow it.
    """
