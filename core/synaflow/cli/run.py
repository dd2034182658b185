"""`synaflow run`: a pipeline, its params from the command line, and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from synaflow._errors import StepError
from synaflow._run.runner import Runner, load_runner
from synaflow.cli.as_json import failure_as_json, result_as_json
from synaflow.cli.options import SharedOptions, options_parameter, split_target, with_signature
from synaflow.cli.params import parse_options
from synaflow.cli.report import prints_to_stderr, report_failure, report_result, write_json
from synaflow.cli.target import load_target

if TYPE_CHECKING:
    from synaflow._run.result import RunResult

__all__ = ["RunOptions", "run_command"]


@Parameter(name="*", group="Options")
@dataclass(frozen=True, kw_only=True)
class RunOptions(SharedOptions):
    """The options of `synaflow run` itself.

    A runner that takes more arguments has a subclass of this as its `run_options`, with those arguments in `arguments()`.
    """

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

    def arguments(self) -> dict[str, object]:
        """What the runner's `run` is given beside the pipeline and its params."""
        progress = sys.stderr.isatty() if self.progress is None else self.progress
        return {"outputs": self.output, "stats": self.stats, "progress": progress}


def run_command(tokens: Sequence[str]) -> int:
    """Runs the pipeline that a command line names.

    Args:
        tokens: What follows `synaflow run`.

    Returns:
        The exit code: 0 if all went well, 1 if the pipeline failed.
    """
    with prints_to_stderr("--json" in tokens):
        runner = load_runner(_runner_name(tokens))
        run_options = _options_of(runner)
        split = split_target(run_options, tokens)
        if split is None:
            _print_help(run_options)
            return 0
        target, rest = split
        pipeline = load_target(target)
        parsed = parse_options(f"synaflow run {target}", run_options, pipeline, rest)
        if parsed is None:
            return 0
        options, params = parsed
        run: Callable[..., RunResult] = runner.run
        try:
            result = run(pipeline, params, **options.arguments())
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


def _runner_name(tokens: Sequence[str]) -> str:
    """The runner that a command line names: which options it has, only the runner can tell."""
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        name, equals, value = token.partition("=")
        if name == "--runner":
            return value if equals else following
    return RunOptions.runner


def _options_of(runner: Runner) -> type[RunOptions]:
    found = getattr(runner, "run_options", RunOptions)
    return found if isinstance(found, type) and issubclass(found, RunOptions) else RunOptions


def _print_help(options: type[RunOptions]) -> None:
    app = App(
        name="synaflow run",
        usage="Usage: synaflow run TARGET [--PARAM VALUE ...] [OPTIONS]",
        help="Run a pipeline.\n\nTARGET is module:attribute, path/to/file.py or path/to/file.py:attribute. "
        "The pipeline's params are options too; `synaflow run TARGET --help` lists them.",
        help_format="plaintext",
        version_flags=(),
        default_command=with_signature([options_parameter(options)]),
    )
    app["--help"].group = "Options"
    app.help_print([])
