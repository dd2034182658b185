"""`synaflow ray submit TARGET --address http://HOST:8265`: a pipeline as a job on a Ray cluster."""

# No `from __future__ import annotations`: cyclopts reads the hints.

import json
import re
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

from cyclopts import App, Parameter

from synaflow import ParamsError, TargetError
from synaflow.cli.options import options_parameter, split_target, with_signature
from synaflow.cli.params import parse_options
from synaflow.cli.report import complain, prints_to_stderr
from synaflow.cli.run import RunOptions
from synaflow.cli.target import load_target
from synaflow_ray.run_options import LayoutOptions, named
from synaflow_ray.shipment import Place, locate, pack_ourselves, read_runtime_env, with_env_vars, with_packages

__all__ = ["SubmitOptions", "command", "submit"]

command = App(name="ray", help="Submit a pipeline to a Ray cluster.", help_format="plaintext", version_flags=())

_INTERRUPTED: Final = 130

_LONGEST: Final = 120_000
"""Bytes of a command. The shell that runs it takes 128 KiB."""

_JOB_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_MISSING: Final = re.compile(r"No module named '([^']+)'")
_RUN: Final = ("python", "-m", "synaflow_ray", "run")


@Parameter(name="*", group="Options")
@dataclass(frozen=True, kw_only=True)
class SubmitOptions(LayoutOptions):
    """The options of `synaflow ray submit`. Those of `synaflow run` are for the run on the cluster."""

    runner: Annotated[str, Parameter(help="What runs it there: a runner's name.")] = "ray"
    address: Annotated[
        str | None,
        Parameter(
            help="The cluster: http://HOST:8265, the address of its dashboard. By default what RAY_API_SERVER_ADDRESS or "
            "RAY_ADDRESS says, or the cluster on this machine."
        ),
    ] = None
    working_dir: Annotated[
        str | None,
        Parameter(
            help="The folder to ship, which becomes the job's current folder. By default the current one, or that of the "
            "pipeline's file if it is elsewhere. What .gitignore or .rayignore names stays here."
        ),
    ] = None
    pip: Annotated[
        tuple[str, ...],
        Parameter(
            help="What pip is to install for the job: a requirement, or a file of them; may be repeated.",
            negative=(),
            show_default=False,
        ),
    ] = ()
    env_var: Annotated[
        tuple[str, ...],
        Parameter(
            help="An environment variable of the job, NAME=VALUE; may be repeated.", negative=(), show_default=False
        ),
    ] = ()
    runtime_env: Annotated[
        Path | None, Parameter(help="Take the job's environment, such as Ray has it, from this JSON or YAML file.")
    ] = None
    metadata: Annotated[
        tuple[str, ...],
        Parameter(help="What to note beside the job, NAME=VALUE; may be repeated.", negative=(), show_default=False),
    ] = ()
    job_id: Annotated[
        str | None, Parameter(help="The job's id. By default the pipeline's name and a random number.")
    ] = None
    wait: Annotated[
        bool,
        Parameter(help="Show the log until the job ends. Otherwise, print the job's id and leave.", show_default=False),
    ] = True
    check: Annotated[
        bool,
        Parameter(
            help="Load the pipeline and check its params here, before anything is submitted.", show_default=False
        ),
    ] = True


def submit(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]) -> int:
    """Submits the pipeline that a command line names, and sees to its end.

    Args:
        tokens: What follows `synaflow ray submit`.

    Returns:
        The exit code: the job's own, or 130 after Ctrl-C.
    """
    split = split_target(SubmitOptions, tokens)
    if split is None:
        _print_help()
        return 0
    target, rest = split
    ours, passed = _divide(rest)
    if "--no-check" in ours:
        name, options = target, _parse(ours)
    else:
        with prints_to_stderr(True):  # stdout is the job's
            pipeline = load_target(target)
        parsed = parse_options(f"synaflow ray submit {target}", SubmitOptions, pipeline, rest)
        if parsed is None:
            return 0
        name, options = pipeline.name, parsed[0]
    env = {} if options.runtime_env is None else read_runtime_env(options.runtime_env)
    folder = options.working_dir or env.get("working_dir")
    place = locate(target, None if folder is None else str(folder))
    entrypoint = _entrypoint(place, passed, options)
    env = with_packages({**env, "working_dir": place.working_dir}, options.pip)
    env = with_env_vars(env, named("--env-var", options.env_var), place)
    metadata = named("--metadata", options.metadata)
    if options.job_id is not None and not _JOB_ID.fullmatch(options.job_id):
        raise TargetError(f"--job-id {options.job_id}: write letters, digits, '_', '.' and '-'")
    job_id = options.job_id or f"{_slug(name)}-{uuid4().hex[:12]}"
    return _submit(options, job_id, entrypoint, env, metadata)


# It reads its own tokens, as `synaflow run` does: which options there are, only the pipeline can tell.
command.command(
    App(
        name="submit",
        help="Run a pipeline as a job on a Ray cluster.",
        help_flags=(),
        version_flags=(),
        end_of_options_delimiter="",
        default_command=submit,
    )
)


def _submit(
    options: SubmitOptions, job_id: str, entrypoint: str, env: dict[str, object], metadata: dict[str, str]
) -> int:
    try:
        from synaflow_ray.jobs import Job, JobError, connect
    except ImportError as error:
        raise TargetError(
            f"Ray's jobs need the extra `ray`: run pip install '.[ray]' in a clone of SynaFlow ({error})"
        ) from error

    job = Job(connect(options.address), job_id, _show)
    with tempfile.TemporaryDirectory() as folder:
        ours = pack_ourselves(Path(folder))
        others = env.get("py_modules")
        modules = [*others, *ours] if isinstance(others, list) else ours
        try:
            job.submit(entrypoint, {**env, "py_modules": modules}, metadata)
        except KeyboardInterrupt:
            # The cluster may have it by now.
            with suppress(JobError):
                job.stop()
            raise
    if not options.wait:
        print(job_id)  # noqa: T201  # the answer
        return 0
    _say(f"job '{job_id}' is submitted")
    try:
        details = job.follow()
    except KeyboardInterrupt:
        _say(f"stopping job '{job_id}'; Ctrl-C again leaves without waiting for its end")
        job.stop()
        job.follow()
        _say(f"job '{job_id}' is stopped")
        return _INTERRUPTED
    code = job.exit_code(details)
    if code == 0:
        _say(f"job '{job_id}' succeeded")
        return 0
    complain(f"job '{job_id}' failed with exit code {code}")
    missing = _MISSING.search(details.message or "")
    if missing:
        _say(
            f"If the cluster lacks '{missing[1]}': install it there, or submit with --pip; a module of your own "
            "has to be below --working-dir."
        )
    return code


def _entrypoint(place: Place, passed: Sequence[str], options: SubmitOptions) -> str:
    """The command that the job is."""
    words = [*_RUN, place.target, *passed]
    if options.runner == "ray" and "--runner" not in [word.partition("=")[0] for word in passed]:
        words += ["--runner", "ray"]
    text = shlex.join(words)
    if options.params is not None:
        # The file stays here; what it says goes with the command.
        text = f"printf %s {shlex.quote(_params(options.params))} | {text} --params /dev/stdin"
    if len(text.encode()) > _LONGEST:
        raise ParamsError(
            f"these params make a command of {len(text.encode()):,} bytes, and a cluster takes {_LONGEST:,}: put them in a "
            "file in the working directory, and make its path a param"
        )
    return text


def _params(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        return json.dumps(tomllib.loads(text) if path.suffix == ".toml" else json.loads(text), default=str)
    except (OSError, ValueError) as error:
        raise ParamsError(f"can't read {path}: {error}") from error


def _divide(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Parts the tokens of SynaFlow's options, and those that are for the run on the cluster, the pipeline's params too."""
    takes, of_run = _takes(SubmitOptions), _takes(LayoutOptions).keys() - {"--params"}
    ours: list[str] = []
    passed: list[str] = []
    position = 0
    while position < len(tokens):
        name, equals, _ = tokens[position].partition("=")
        name = name.replace("_", "-")
        end = position + 1 + (0 if equals else takes.get(name, 0))
        words = tokens[position:end]
        if name in takes:
            ours += words
        if name not in takes or name in of_run:
            passed += words
        position = end
    return ours, passed


def _takes(options: type[RunOptions]) -> dict[str, int]:
    """How many words follow each option."""
    return {
        name: 0 if argument.is_flag() else argument.token_count()[0]
        for argument in _app(options).assemble_argument_collection()
        for name in argument.names
    }


def _parse(tokens: Sequence[str]) -> SubmitOptions:
    _, bound, *_ = _app(SubmitOptions).parse_args(tokens, print_error=False, exit_on_error=False)
    options: SubmitOptions = bound.kwargs.get("options", SubmitOptions())
    return options


def _app(options: type[RunOptions]) -> App:
    return App(default_command=with_signature([options_parameter(options)]))


def _slug(name: str) -> str:
    return re.sub("[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "pipeline"


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _print_help() -> None:
    app = App(
        name="synaflow ray submit",
        usage="Usage: synaflow ray submit TARGET [--PARAM VALUE ...] [OPTIONS]",
        help="Run a pipeline as a job on a Ray cluster.\n\nTARGET is module:attribute, path/to/file.py or "
        "path/to/file.py:attribute. The pipeline's params are options too; `synaflow ray submit TARGET --help` lists them.",
        help_format="plaintext",
        version_flags=(),
        default_command=with_signature([options_parameter(SubmitOptions)]),
    )
    app["--help"].group = "Options"
    app.help_print([])
