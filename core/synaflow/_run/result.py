"""`RunResult`: what a run gives back, the same from every runner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synaflow._errors import StepError
    from synaflow._model import PipelineDef

__all__ = ["BranchResult", "DeadLetter", "RunResult", "StepResult", "StepStatus"]


class StepStatus(StrEnum):
    """How a step ended."""

    OK = "ok"
    """It ran to its end, or was closed by consumers that had enough."""
    FAILED = "failed"
    """Its own code raised."""
    SKIPPED = "skipped"
    """It never ran, or was ended, because a step it depends on failed."""
    CANCELLED = "cancelled"
    """It was stopped, or never started, because the run ended early."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step.

    Attributes:
        name: The step's name.
        status: How it ended.
        items_in: Items it took from all its streams; None where they weren't counted.
        items_out: Items its stream gave, whoever took them; None for a plain value, or where they weren't counted.
        seconds: Time spent in its own code; None where it wasn't measured (a stream, without `stats=True`).
        dropped: Items dropped by `on_error="continue"`.
    """

    name: str
    status: StepStatus
    items_in: int | None = None
    items_out: int | None = None
    seconds: float | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class BranchResult:
    """How one branch of a fork went.

    Attributes:
        producer: The step or field whose stream it is.
        consumer: The step that read it (for the caller's own branch of `stream(...)` and those of `outputs`, the producer again).
        parameter: The parameter it was read through, empty for the caller's own.
        items: Items the consumer took from it.
        peak: The most items that were ever waiting in it.
        spilled: How many of them went to disk and back, past the bound of memory.
        spilled_bytes: How many bytes those took there.
        unpicklable: How many should have gone there and stayed in memory, because they can't be pickled.
    """

    producer: str
    consumer: str
    parameter: str
    items: int
    peak: int
    spilled: int = 0
    spilled_bytes: int = 0
    unpicklable: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that an `each` step with `on_error="continue"` dropped.

    Attributes:
        step: The step that failed on it.
        index: The item's index, from 0, in the step's stream.
        items: What the step was called with, by `each` parameter.
        error: What it raised; the original is its `__cause__`.
    """

    step: str
    index: int
    items: Mapping[str, object]
    error: StepError


@dataclass(frozen=True, slots=True, eq=False)
class RunResult(Mapping[str, Any]):
    """What a run gave: a mapping from the names of its outputs to their values.

    To a type checker `result["total"]` is `Any`: which step a name stands for, and so its type, is only known when the
    pipeline is built, and a cast at every use would check nothing. `outputs` has the same values as `object`, for code that
    is to find out what it was given.

    Attributes:
        pipeline: The pipeline's name.
        outputs: The values of the terminal steps, or of the steps named in `outputs=`.
        steps: What became of each step, by name, as listed.
        branches: How each branch of each fork went.
        errors: The errors, first to last. With `on_error="stop"`, one.
        dead_letters: The items dropped by `on_error="continue"`.
        seconds: Wall time of the run.
        aliases: Names that stand for a step.
        definition: The pipeline that was run, None where the runner doesn't say.
    """

    pipeline: str
    outputs: Mapping[str, object]
    steps: Mapping[str, StepResult]
    branches: tuple[BranchResult, ...] = ()
    errors: tuple[StepError, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    seconds: float = 0.0
    aliases: Mapping[str, str] = field(default_factory=dict)
    definition: PipelineDef | None = field(default=None, repr=False)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: a table, and, where the extra `graphviz` is installed, the picture of the run."""
        from synaflow._describe.notebook import show_result

        return show_result(self)

    @property
    def ok(self) -> bool:
        """Whether every step did what it was asked to: nothing failed, nothing was dropped."""
        return not self.errors and not self.dead_letters and all(s.status is StepStatus.OK for s in self.steps.values())

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  # the step's type isn't known to the type checker
        """The value of that output.

        Raises:
            KeyError: The run kept no value under that name.
        """
        name = self.aliases.get(name, name)
        try:
            return self.outputs[name]
        except KeyError:
            kept = ", ".join(self.outputs) or "none"
            if name in self.steps:
                reason = f"'{name}' is not among the outputs of this run ({kept}); ask for it with outputs=['{name}']"
            else:
                reason = f"no step '{name}'; outputs of this run: {kept}"
            raise KeyError(reason) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)
