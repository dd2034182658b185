"""Right ways to run a pipeline and to read what comes back: clean under mypy --strict and pyright, and they run."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, assert_type

import synaflow_local
from synaflow import (
    BranchResult,
    Cancelled,
    DeadLetter,
    ParamsError,
    PipelineDef,
    PipelineError,
    Problem,
    Runner,
    RunnerError,
    RunResult,
    SpillError,
    StepError,
    StepResult,
    StepStatus,
    StreamReadError,
    SynaflowError,
    TargetError,
    bind_params,
    load_runner,
    pipeline,
    run,
    step,
    stream,
)
from synaflow_local import RunStream


class Params(NamedTuple):
    size: int = 3


class Options(TypedDict):
    size: int


def numbers(size: int) -> Iterator[int]:
    yield from range(size)


def halved(numbers: int) -> float:
    return 1 / numbers


def total(halved: list[float]) -> float:
    return sum(halved)


SUMS = pipeline("sums", Params, [numbers, step("halved", halved, on_error="continue"), total])


def forget(letter: DeadLetter) -> None: ...


def what_run_takes() -> None:
    letters: list[DeadLetter] = []

    def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    def counted(letter: DeadLetter) -> int:
        return letter.index  # as writers do; nobody asks for it

    assert_type(run(SUMS), RunResult)
    assert_type(run(SUMS, Params(2), outputs=["numbers"], stats=True, progress=False), RunResult)
    assert_type(run(SUMS, params=None, outputs=("numbers", "total"), dead_letter=keep), RunResult)
    assert_type(run(SUMS, dead_letter=letters.append, spill_after=None), RunResult)
    assert_type(run(SUMS, dead_letter=counted), RunResult)
    assert_type(run(SUMS, dead_letter=lambda letter: letters.append(letter), spill_after=1 << 20), RunResult)
    assert_type(run(SUMS, spill_to=pathlib.Path.cwd()), RunResult)
    options: Options = {"size": 2}
    assert_type(run(pipeline("typed", Options, [numbers]), options), RunResult)


def total_of(values: Mapping[str, object]) -> object:
    return values["total"]


def first_of(items: Iterator[int]) -> int:
    return next(items)


def what_run_gives() -> None:
    result = run(SUMS)
    # Which type a step's value has is not known to a type checker: it is taken at the caller's word.
    assert_type(result["total"], Any)
    value: float = result["total"]
    assert_type(value, float)
    assert_type(result.get("total"), Any | None)
    assert_type(list(result), list[str])
    assert_type(dict(result), dict[str, Any])
    assert_type(len(result), int)
    assert_type(total_of(result), object)
    assert_type(result.ok, bool)
    assert_type(result.seconds, float)
    assert_type(result.steps["total"], StepResult)
    assert_type(result.steps["total"].status, StepStatus)
    assert_type(result.steps["total"].items_in, int | None)
    assert_type(result.steps["total"].seconds, float | None)
    assert_type(result.steps["total"].dropped, int)
    assert_type(result.branches, tuple[BranchResult, ...])
    assert_type([branch.peak for branch in result.branches], list[int])
    assert_type(result.errors, tuple[StepError, ...])
    for letter in result.dead_letters:
        assert_type(letter, DeadLetter)
        assert_type(letter.step, str)
        assert_type(letter.index, int)
        assert_type(letter.items, Mapping[str, object])
        assert_type(letter.error, StepError)


def what_stream_gives() -> None:
    items = stream(SUMS, Params(), "numbers", stats=True, dead_letter=forget)
    assert_type(items, RunStream)
    assert_type(next(items), Any)
    assert_type(list(items), list[Any])
    assert_type(items.result, RunResult)
    assert_type(first_of(stream(SUMS, name="numbers")), int)
    with stream(SUMS, None, "numbers") as opened:
        assert_type(opened, RunStream)
    opened.close()


def params_at_the_door() -> None:
    assert_type(bind_params(SUMS, Params()), dict[str, object])
    assert_type(bind_params(SUMS), dict[str, object])


class Plain:
    """A runner of one's own, as the protocol has it."""

    def run(
        self,
        pipeline: PipelineDef,
        params: object = None,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
    ) -> RunResult:
        bind_params(pipeline, params)
        return RunResult(
            pipeline=pipeline.name,
            outputs={},
            steps={step.name: StepResult(step.name, StepStatus.OK) for step in pipeline.steps},
        )


class Distant:
    """One that takes more than the protocol asks for."""

    def run(
        self,
        pipeline: PipelineDef,
        params: object = None,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
        address: str | None = None,
    ) -> RunResult:
        return run(pipeline, params, outputs=outputs, stats=stats, progress=progress)


def run_by(runner: Runner) -> RunResult:
    return runner.run(SUMS, Params(), outputs=["total"])


def runners() -> None:
    assert_type(run_by(Plain()), RunResult)
    assert_type(run_by(Distant()), RunResult)
    assert_type(run_by(synaflow_local), RunResult)  # a module with such a `run` is one


def runners_by_name() -> None:  # not called: it takes an installed package
    assert_type(load_runner("local"), Runner)
    assert_type(run_by(load_runner("local")), RunResult)


def errors() -> None:
    try:
        pipeline("wrong", Params, [numbers, numbers])
    except PipelineError as error:
        assert_type(error.pipeline, str)
        assert_type(error.problems, tuple[Problem, ...])
        assert_type(error.problems[0].code, str)
        assert_type(error.problems[0].step, str | None)
        assert_type(error.problems[0].suggestion, str | None)
    try:
        run(pipeline("stops", Params, [numbers, halved]))
    except StepError as error:
        assert_type(error.step, str)
        assert_type(error.index, int | None)
        assert_type(error.reason, str)
        assert_type(error.result, RunResult | None)
    try:
        run(SUMS, Options(size=2))
    except SpillError as error:
        assert_type(error.bytes, int)
        assert_type(error.result, RunResult | None)
    except (ParamsError, RunnerError, TargetError, StreamReadError) as error:
        base: SynaflowError = error
        assert_type(str(base), str)
    except Cancelled as error:
        stop: BaseException = error  # and no `Exception`: see what may not be done
        assert_type(str(stop), str)


def main() -> None:
    what_run_takes()
    what_run_gives()
    what_stream_gives()
    params_at_the_door()
    runners()
    errors()


if __name__ == "__main__":
    main()
