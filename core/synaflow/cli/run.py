"""`synaflow run`: a pipeline, its params from the command line, and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import App, Parameter

from synaflow._errors import StepError
from synaflow._run.runner import load_runner
from synaflow.cli.as_json import failure_as_json, result_as_json
from synaflow.cli.options import SharedOptions, options_parameter, split_target, with_signature
from synaflow.cli.params import parse_options
from synaflow.cli.report import prints_to_stderr, report_failure, report_result, write_json
from synaflow.cli.target import load_target

__all__ = ["RunOptions", "run_command"]


@Parameter(name="*", group="Options")
@dataclass(frozen=True, kw_only=True)
class RunOptions(SharedOptions):
    """The options of `synaflow run` itself."""

    output: Annotated[
        tuple[str, ...],
        Parameter(
            help="Keep this step's value; may be repeated. By default, the terminal steps'.",
            negative=(),
            show_default=False,
        ),
    ] = ()
    stats: Annotated[
        bool, Parameter(help="Count and time every step, at a cost per item.", negative=(), show_default=False)
    ] = False
    progress: Annotated[bool | None, Parameter(help="Show live progress. By default, where stderr is a terminal.")] = (
        None
    )
    runner: Annotated[str, Parameter(help="What runs it: a runner's name.")] = "local"
    json: Annotated[
        bool,
        Parameter(
            help="Write the result to stdout as JSON; what the pipeline prints then goes to stderr.",
            negative=(),
            show_default=False,
        ),
    ] = False


def run_command(tokens: Sequence[str]) -> int:
    """Runs the pipeline that a command line names.

    Args:
        tokens: What follows `synaflow run`.

    Returns:
        The exit code: 0 if all went well, 1 if the pipeline failed.
    """
    split = split_target(RunOptions, tokens)
    if split is None:
        _print_help()
        return 0
    target, rest = split
    with prints_to_stderr("--json" in rest):
        pipeline = load_target(target)
        parsed = parse_options(f"synaflow run {target}", RunOptions, pipeline, rest)
        if parsed is None:
            return 0
        options, params = parsed
        runner = load_runner(options.runner)
        progress = sys.stderr.isatty() if options.progress is None else options.progress
        try:
            result = runner.run(pipeline, params, outputs=options.output, stats=options.stats, progress=progress)
        except StepError as error:
            if error.result is not None:
                report_result(error.result)
            report_failure(error)
            outcome = failure_as_json(error)
        else:
            report_result(result)
            outcome = result_as_json(result)
    if options.json:
        write_json(outcome)
    return 0 if outcome["ok"] else 1


def _print_help() -> None:
    app = App(
        name="synaflow run",
        usage="Usage: synaflow run TARGET [--PARAM VALUE ...] [OPTIONS]",
        help="Run a pipeline.\n\nTARGET is module:attribute, path/to/file.py or path/to/file.py:attribute. "
        "The pipeline's params are options too; `synaflow run TARGET --help` lists them.",
        help_format="plaintext",
        version_flags=(),
        default_command=with_signature([options_parameter(RunOptions)]),
    )
    app["--help"].group = "Options"
    app.help_print([])
