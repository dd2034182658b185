"""`include(...)`: one pipeline inside another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from synaflow._model import OnError

if TYPE_CHECKING:
    from synaflow._model import PipelineDef
    from synaflow._types import TypeForm

__all__ = ["Include", "include"]


@dataclass(frozen=True, slots=True, eq=False)
class Include:
    """An inclusion as declared. `pipeline(...)` checks it; see `include` for what the attributes mean."""

    name: str
    pipeline: PipelineDef
    fn: Callable[..., object] | None = None
    on_error: str = OnError.STOP
    inputs: Mapping[str, str] | None = None
    after: Sequence[str] = ()
    hints: Mapping[str, TypeForm] | None = None


def include(
    name: str,
    pipeline: PipelineDef,
    fn: Callable[..., object] | None = None,
    on_error: OnError | Literal["stop", "continue"] = "stop",
    inputs: Mapping[str, str] | None = None,
    after: Sequence[str] = (),
    hints: Mapping[str, TypeForm] | None = None,
) -> Include:
    """Puts a pipeline inside another.

    Without `fn`, the fields of the sub-pipeline's params are wired like parameters. With an `fn` that returns one
    params value, that step is `<name>__params`. Either way the sub-pipeline's steps become steps of the outer one, named
    `<name>__<step>`. With an `fn` that returns a stream or collection of params, `<name>` is one `each` step that runs the
    sub-pipeline once per item; an exported stream is flattened into its own.

    Args:
        name: What the outer pipeline calls it; as an input, it stands for the step the sub-pipeline exports.
        pipeline: The sub-pipeline, already built.
        fn: Makes the sub-pipeline's params out of the outer pipeline's steps and fields.
        on_error: As for `step`, for the `each` form; the steps of the other forms keep their own.
        inputs: Producers by parameter of `fn`, or by params field where there is no `fn`.
        after: Steps that have to end before the sub-pipeline starts.
        hints: Types for an `fn` that carries none of its own.

    Returns:
        The declaration, for the `steps` of `pipeline(...)`, which checks it.
    """
    return Include(name, pipeline, fn, on_error, inputs, after, hints)
