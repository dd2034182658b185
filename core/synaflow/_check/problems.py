"""Collecting what is wrong: every check adds to one `Problems`, so that all are reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from synaflow._errors import PipelineError, Problem

if TYPE_CHECKING:
    from synaflow._types import TypeForm

__all__ = ["Problems", "did_you_mean", "quoted"]


class Problems:
    """The problems of one pipeline, added in any order, reported with the steps as listed."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self._found: list[tuple[int, Problem]] = []

    def add(
        self,
        at: int,
        code: str,
        message: str,
        *,
        step: str | None = None,
        parameter: str | None = None,
        produced: TypeForm | None = None,
        wanted: TypeForm | None = None,
        location: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Adds one. `at` is where the item it is about stands in `steps`, -1 for the pipeline as a whole."""
        problem = Problem(code, message, step, parameter, produced, wanted, location, suggestion)
        self._found.append((at, problem))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_any(self) -> None:
        """Raises them all, if there are any.

        Raises:
            PipelineError: There are.
        """
        if self._found:
            found = sorted(self._found, key=lambda entry: entry[0])
            raise PipelineError(self.pipeline, [problem for _, problem in found])


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The question that names the nearest known name, None where nothing is near."""
    from difflib import get_close_matches  # of no use to a pipeline without mistakes

    near = get_close_matches(name, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else None


def quoted(names: Iterable[str]) -> str:
    """Names for a sentence: `'a', 'b' and 'c'`."""
    words = [f"'{name}'" for name in names]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
