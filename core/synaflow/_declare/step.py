"""`step(...)`: a function with a name and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from synaflow._model import OnError, StepMode

if TYPE_CHECKING:
    from synaflow._types import TypeForm

__all__ = ["Step", "step"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step as declared. `pipeline(...)` checks it; see `step` for what the attributes mean."""

    name: str
    fn: Callable[..., object]
    on_error: str = OnError.STOP
    mode: str = StepMode.AUTO
    max_in_flight: int | None = None
    inputs: Mapping[str, str] | None = None
    after: Sequence[str] = ()
    hints: Mapping[str, TypeForm] | None = None
    concurrency: int = 1
    ordered: bool = True
    timeout: float | None = None
    thread: bool = False


def step(
    name: str,
    fn: Callable[..., object],
    on_error: OnError | Literal["stop", "continue"] = "stop",
    mode: StepMode | Literal["auto", "each", "all"] = "auto",
    max_in_flight: int | None = None,
    inputs: Mapping[str, str] | None = None,
    after: Sequence[str] = (),
    hints: Mapping[str, TypeForm] | None = None,
    concurrency: int = 1,
    ordered: bool = True,
    timeout: float | None = None,
    thread: bool = False,
) -> Step:
    """Names a function as a step of a pipeline.

    Args:
        name: The step's name: an identifier without `__`. Parameters of other steps refer to it.
        fn: The function: its parameters are the step's inputs, its return annotation the step's output.
        on_error: `"stop"` ends the run when the step fails; `"continue"` drops the item that failed (`each` steps), ends
            the stream with what it had (streams), or skips what depends on the step (values).
        mode: `"auto"` lets the types decide; `"each"` calls the step once per item; `"all"` never does.
        max_in_flight: How many items the branches of this step's stream may be apart. None lets the runner choose (the
            local runner: 1, exact lockstep).
        inputs: Producers by parameter, where a name alone doesn't find them: `{"values": "odds"}`.
        after: Steps that have to end before this one starts, without passing it anything.
        hints: Types by parameter, and under `"return"` the output's, for a function that carries none of its own.
        concurrency: Of an `each` step, how many calls may be under way at once: awaited together if it is asynchronous, in
            as many threads if it isn't. So far is its stream pulled ahead of whoever reads what it gives. What a call
            yields, where it gives a stream, is kept until the call has ended.
        ordered: Whether it then gives its results in the order of its items. False: as they come.
        timeout: Seconds after which an asynchronous step has failed, with a TimeoutError: a call of a value, a sink or an
            `each` step, or of a stream each next item. None: never.
        thread: Whether `async_run` calls a plain function in a thread of its own, because it blocks. Of a stream, every
            item is made there. The function takes no live stream then. `run`, which has nothing else to do meanwhile, calls
            it as it would any other.

    Returns:
        The declaration, for the `steps` of `pipeline(...)`, which checks it.

    Example:
        >>> step("size", fn=len, hints={"obj": list[int], "return": int}).name
        'size'
    """
    return Step(name, fn, on_error, mode, max_in_flight, inputs, after, hints, concurrency, ordered, timeout, thread)
