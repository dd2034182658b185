"""Wrong ways to run a pipeline and to read what comes back. Each marker says which error is due."""

# ruff: noqa: B018  # nothing here is ever run
from __future__ import annotations

from collections.abc import Sequence

import synaflow
from synaflow import (
    Cancelled,
    DeadLetter,
    PipelineDef,
    PipelineError,
    Runner,
    RunResult,
    StepError,
    StepResult,
    StepStatus,
    bind_params,
    load_runner,
    pipeline,
    run,
    stream,
)


def numbers() -> list[int]:
    return [1, 2, 3]


SUMS = pipeline("sums", steps=[numbers])


def what_run_takes() -> None:
    run()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    run("sums")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run([numbers])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, None, ["numbers"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    run(SUMS, size=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    run(SUMS, outputs=[numbers])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    run(SUMS, outputs=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, stats="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, spill_after="1 GB")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, spill_to=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    bind_params(numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    load_runner(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def dead_letters() -> None:
    def text(letter: str) -> None: ...

    def nothing() -> None: ...

    def two(letter: DeadLetter, step: str) -> None: ...

    run(SUMS, dead_letter=text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, dead_letter=nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, dead_letter=two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run(SUMS, dead_letter=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(SUMS, None, "numbers", dead_letter=text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def what_run_gives(letter: DeadLetter) -> None:
    result = run(SUMS)
    result.numbers  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    result[0]  # type: ignore[index]  # pyright: ignore[reportArgumentType]
    result["numbers"] = 3  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    del result["numbers"]  # type: ignore[attr-defined]  # pyright: ignore[reportIndexIssue]
    result.ok = True  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    result.ok()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    result.outputs["numbers"] + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    result.steps["numbers"].items_in + 1  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
    result.steps["numbers"].status = StepStatus.OK  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    result.steps["numbers"].seconds.hex()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    result.errors.append(letter.error)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    letter.items["number"] + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    letter.items["number"] = 3  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    StepResult("numbers", "ok")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    RunResult("sums")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def what_stream_gives() -> None:
    stream()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream(SUMS, None, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(SUMS, None, "numbers", outputs=["numbers"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream(SUMS, None, "numbers")[0]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    len(stream(SUMS, None, "numbers"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(SUMS, None, "numbers").result()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    with run(SUMS):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


class NoOptions:
    """No runner: it doesn't take what every runner takes."""

    def run(self, pipeline: PipelineDef, params: object = None) -> RunResult:
        return run(pipeline, params)


class OwnResult:
    """No runner: it gives something else."""

    def run(
        self,
        pipeline: PipelineDef,
        params: object = None,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
    ) -> dict[str, object]:
        return dict(run(pipeline, params))


class ParamsNeeded:
    """No runner: params may be left out."""

    def run(
        self,
        pipeline: PipelineDef,
        params: object,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
    ) -> RunResult:
        return run(pipeline, params)


class Asynchronous:
    """No runner: it gives the result later."""

    async def run(
        self,
        pipeline: PipelineDef,
        params: object = None,
        *,
        outputs: Sequence[str] = (),
        stats: bool = False,
        progress: bool = False,
    ) -> RunResult:
        return run(pipeline, params)


def runners() -> None:
    def by(runner: Runner) -> None: ...

    by(NoOptions())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    by(OwnResult())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    by(ParamsNeeded())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    by(Asynchronous())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    by(run)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    load_runner("local").run(SUMS, dead_letter=print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    load_runner("local").run(SUMS, None, ["numbers"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def errors() -> None:
    try:
        run(SUMS)
    except PipelineError as error:
        error.step  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        error.problems[0].code = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
        error.problems[0].location.upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    except StepError as error:
        error.index + 1  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
        error.result.ok  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    stopped: Exception = Cancelled()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    raise stopped


def names() -> None:
    synaflow.Pipeline  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    from synaflow import Step  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

    Step(name="numbers", fn=numbers)
