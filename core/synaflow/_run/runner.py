"""The `Runner` protocol and how runners and adapters are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from synaflow._errors import TargetError

if TYPE_CHECKING:
    from synaflow._model import PipelineDef
    from synaflow._run.result import RunResult

__all__ = ["TARGETS", "Runner", "load_runner", "target_names"]

TARGETS = "synaflow.targets"
"""The entry-point group. `name = "module"` or `"module:object"`; what it names is a `Runner` if it has a `run`."""


class Runner(Protocol):
    """Executes a `PipelineDef`. A module with such a `run` is one.

    Every runner takes these arguments and returns the same `RunResult`; what else it takes is its own.
    """

    def run(
        self,
        pipeline: PipelineDef,
        params: object = None,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
    ) -> RunResult:
        """Runs the pipeline to its end.

        Args:
            pipeline: What to run.
            params: A value of the pipeline's params class; may be left out when every field has a default.
            outputs: Steps whose values to keep; by default the terminal steps'. A stream is kept as a list.
            stats: Whether to count and time every step, at a cost per item.
            progress: Whether to show live progress on standard error.

        Raises:
            ParamsError: The params don't fit the params class.
            RunnerError: This runner can't run this pipeline.
            StepError: A step with `on_error="stop"` failed.
        """
        ...


def target_names() -> tuple[str, ...]:
    """The names of the targets that are installed, sorted."""
    from importlib.metadata import entry_points  # email, zipfile and more, for the command line alone

    return tuple(sorted(point.name for point in entry_points(group=TARGETS)))


def load_runner(name: str) -> Runner:
    """The runner registered under that name.

    Raises:
        TargetError: None is, it can't be imported (its extra is missing), or it is no runner.
    """
    from importlib.metadata import entry_points

    found = [point for point in entry_points(group=TARGETS) if point.name == name]
    if not found:
        raise TargetError(f"no runner '{name}'; installed: {', '.join(target_names()) or 'none'}")
    try:
        target = found[0].load()
    except ImportError as error:
        raise TargetError(f"runner '{name}' can't be loaded: {error}") from error
    if not callable(getattr(target, "run", None)):
        raise TargetError(f"target '{name}' is not a runner: {found[0].value} has no run()")
    runner: Runner = target
    return runner
