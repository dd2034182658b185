"""`run(...)`: a pipeline from its first step to its last, as actors on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial

from synaflow import DeadLetter, PipelineDef, Progress, RunnerError, RunResult, bind_params
from synaflow_ray.cluster import connected
from synaflow_ray.execution import Execution
from synaflow_ray.layout import Layout
from synaflow_ray.options import Options
from synaflow_ray.plan import make_plan
from synaflow_ray.progress import rows
from synaflow_ray.supervisor import Supervisor

__all__ = ["run"]


def run(
    pipeline: PipelineDef,
    params: object = None,
    *,
    address: str | None = None,
    outputs: Sequence[str] = (),
    stats: bool = False,
    progress: bool | Callable[[str], object] = False,
    dead_letter: Callable[[DeadLetter], object] | None = None,
    fuse: bool = False,
    options: Mapping[str, Mapping[str, object]] | None = None,
    replicas: Mapping[str, int] | None = None,
    ordered: bool = True,
    replay: bool = True,
    linger: float = 0.05,
    place_within: float = 60.0,
    close_within: float = 5.0,
) -> RunResult:
    """Runs a pipeline to its end, on a Ray cluster: an actor for each step, their streams as Ray streaming generators.

    Results, statuses and errors are those of the local runner. What differs: items are copies (numpy arrays, Arrow tables
    and bytes come without being copied, and read-only), they travel in batches, a stream is pulled ahead of its readers by
    some batches (`max_in_flight=1` on a step makes it exact), and everything has to be picklable.

    Args:
        pipeline: What to run.
        params: A value of the pipeline's params class; may be left out when every field has a default.
        address: The cluster: `"auto"`, `"host:port"`, `"ray://host:port"`. By default the one that this process is connected
            to; else the one that RAY_ADDRESS names or that runs on this machine; else one that is started for this run.
        outputs: Steps whose values to keep; by default the terminal steps'. A stream is kept as a list.
        stats: Whether to time every step, at a cost per item. Counts are exact either way.
        progress: Whether to show live progress on standard error. A function is called with a line of text every two
            seconds and at the end instead.
        dead_letter: Called here, soon after, with every item that an `each` step with `on_error="continue"` drops.
        fuse: Whether cheap neighbours share an actor: steps of a chain, each the only reader of the one before, with the same
            options.
        options: By step, what Ray is asked for its actor, or for each of its replicas: `num_cpus`, `num_gpus`, `memory`,
            `resources`, `runtime_env`, `scheduling_strategy`, ... By default no CPU is reserved.
        replicas: By `each` step, how many processes share its items.
        ordered: Whether what comes of those items keeps their order; otherwise it comes as it is done.
        replay: Whether items that a replica had when it died are done again by another, side effects included. Otherwise
            its death fails the run.
        linger: Seconds, at most, that an item is held back on its way through all the actors so that others may travel with
            it. Streams that are slow anyway hold nothing back.
        place_within: Seconds in which all actors have to be placed and started.
        close_within: Seconds that a step has to end in when the run ends early. Then its process is ended, `finally` or not,
            and the error, or a warning, names it.

    Returns:
        The values of the outputs and what became of every step.

    Raises:
        ParamsError: The params don't fit the pipeline's params class.
        RunnerError: A name or an option doesn't fit the pipeline, a function or a param can't be pickled, the cluster can't
            be reached, or a step can't be placed on it.
        StepError: A step with `on_error="stop"` failed, a `finally` did, or its actor died. The original error is its
            `__cause__` (a copy, with the traceback's lines), what was achieved by then its `result`.

    Example:
        >>> from collections.abc import Iterator
        >>> from synaflow import pipeline
        >>> def numbers() -> Iterator[int]:
        ...     yield from range(5)
        >>> def total(numbers: Iterator[int]) -> int:
        ...     return sum(numbers)
        >>> run(pipeline("sums", None, [numbers, total]))["total"]  # doctest: +SKIP
        10
    """
    for name, seconds in (("linger", linger), ("place_within", place_within), ("close_within", close_within)):
        if not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
            raise RunnerError(f"{name}={seconds!r}: give seconds, from 0")
    plan = make_plan(pipeline, Options(fuse, replicas or {}, options or {}), outputs, linger)
    values = bind_params(pipeline, params)
    del params
    execution = Execution(plan, dead_letter)
    layout = Layout(plan, stats=stats, ordered=ordered, replay=replay, place_within=place_within)
    layout.check(values)
    with connected(address):
        supervisor = Supervisor(layout, execution, place_within=place_within, close_within=close_within)
        tell = progress if callable(progress) else None
        with Progress(pipeline.name, partial(rows, execution), tell) if progress else nullcontext():
            supervisor.run(values)
    return execution.outcome()
