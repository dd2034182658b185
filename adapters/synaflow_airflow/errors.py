"""What goes wrong between a pipeline and Airflow."""

from __future__ import annotations

from collections.abc import Sequence

from synaflow import RunnerError

__all__ = ["DagError", "HandoffError", "ValueTravelError"]


class DagError(RunnerError):
    """A pipeline can't become a DAG as asked. Reports all that is in the way, not the first.

    Attributes:
        pipeline: The pipeline's name.
        problems: A sentence each: the subject, what is wrong with it, and the ways out.
    """

    def __init__(self, pipeline: str, problems: Sequence[str]) -> None:
        self.pipeline = pipeline
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(pipeline, self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return f"pipeline '{self.pipeline}' can't become a DAG: {self.problems[0]}"
        return "\n".join(
            [f"pipeline '{self.pipeline}' can't become a DAG:", *(f"  - {each}" for each in self.problems)]
        )


class ValueTravelError(RunnerError):
    """A value can't go from one task to another: it is not of the type that its step is annotated with, or wouldn't come back equal."""


class HandoffError(RunnerError):
    """A value that went through the object store isn't there any more, or only half of it is."""
