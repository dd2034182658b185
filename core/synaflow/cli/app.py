"""The commands, and the one place where failures become exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from synaflow._errors import ParamsError, PipelineError, RunnerError, SynaflowError, TargetError
from synaflow.cli.as_json import problem_as_json
from synaflow.cli.installed import mount
from synaflow.cli.report import complain, prints_to_stderr, write_json
from synaflow.cli.run import run_command
from synaflow.cli.target import load_target

__all__ = ["main"]

FAILED = 1
USAGE = 2
INTERRUPTED = 130

Target = Annotated[str, Parameter(help="module:attribute, path/to/file.py or path/to/file.py:attribute.")]
AllTokens = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line.

    Args:
        argv: The arguments, by default the process's.

    Returns:
        The exit code: 0 if all went well, 1 if the pipeline failed, 2 if the command was wrong, 130 after Ctrl-C.
    """
    tokens = list(sys.argv[1:] if argv is None else argv)
    app = _app()
    try:
        mount(app, tokens)
        code = app(tokens, print_error=False, exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (CycloptsError, ParamsError, PipelineError, RunnerError, TargetError) as error:
        complain(str(error))
        return USAGE
    except SynaflowError as error:
        complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has left, as `head` does; the interpreter would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _app() -> App:
    app = App(
        name="synaflow",
        help="Run, check and describe pipelines of typed Python functions.",
        help_format="plaintext",
        version=f"synaflow {_version()}",
        suppress_keyboard_interrupt=False,
    )
    # `run` reads its own tokens: which options there are, only the pipeline can tell.
    app.command(
        App(
            name="run",
            help="Run a pipeline.",
            help_flags=(),
            version_flags=(),
            end_of_options_delimiter="",
            default_command=run,
        )
    )
    app.command(check)
    app.command(explain)
    app.command(export)
    return app


def run(*tokens: AllTokens) -> int:
    return run_command(tokens)


def check(target: Target, /, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Build a pipeline and report every problem it has.

    Args:
        target: The pipeline.
        json: Write the outcome, with the problems as data, to stdout as JSON.
    """
    try:
        with prints_to_stderr(json):
            pipeline = load_target(target)
    except (PipelineError, TargetError) as error:
        if not json:
            raise
        problems = error.problems if isinstance(error, PipelineError) else ()
        name = error.pipeline if isinstance(error, PipelineError) else None
        write_json(
            {"ok": False, "pipeline": name, "error": str(error), "problems": [problem_as_json(p) for p in problems]}
        )
        return USAGE
    counts = {"steps": len(pipeline.steps), "edges": len(pipeline.edges), "regions": len(pipeline.regions)}
    if json:
        write_json({"ok": True, "pipeline": pipeline.name, **counts, "problems": []})
    else:
        counted = ", ".join(
            f"{count} {noun if count != 1 else noun.removesuffix('s')}" for noun, count in counts.items()
        )
        print(f"ok: pipeline '{pipeline.name}': {counted}")
    return 0


def explain(target: Target, /) -> None:
    """Print the plan in words.

    That is: each edge, its kind and why, each region, and how far the branches of each stream may drift apart.

    Args:
        target: The pipeline.
    """
    print(load_target(target).explain().rstrip())


def export(
    target: Target,
    /,
    *,
    full: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
) -> None:
    """Print the pipeline as JSON.

    Args:
        target: The pipeline.
        full: The fuller, versioned form, from which another program could build a runner.
        output: Write it to this file.
    """
    pipeline = load_target(target)
    text = json.dumps(pipeline.to_contract() if full else pipeline.to_dict(), indent=2)
    if output is None:
        print(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise TargetError(f"can't write {output}: {error}") from error


def _version() -> str:
    try:
        return version("synaflow")
    except PackageNotFoundError:
        return "of a source tree that isn't installed"
