"""`synaflow airflow generate TARGET -o FILE` and `synaflow airflow check FILE`."""

# No `from __future__ import annotations`: cyclopts reads the hints.

import difflib
import os
import shlex
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from synaflow import TargetError
from synaflow.cli.target import is_file, split_target
from synaflow_airflow.handoff import HANDOFF_OVER
from synaflow_airflow.literals import read_literal
from synaflow_airflow.options import Options
from synaflow_airflow.source import COMMAND, dag_source, write_dag_file

__all__ = ["command"]

command = App(
    name="airflow",
    help="Write a pipeline as an Airflow DAG file, or check one.",
    help_format="plaintext",
    version_flags=(),
)

_FAILED = 1

Target = Annotated[str, Parameter(help="module:attribute, path/to/file.py or path/to/file.py:attribute.")]

_Several = Annotated[list[str], Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is asked for on the command line.

    Attributes:
        dag_id: The DAG's id, by default the pipeline's name.
        schedule: When it runs: @daily, a cron expression, "timedelta(hours=6)"; by default only when it is triggered.
        start_date: From when on, as 2026-01-31 (UTC).
        join: Steps that are to share a task, separated by commas.
        default: A param's default, FIELD=VALUE, in place of that of the params class.
        task_option: One of Airflow's arguments of a task, STEP.NAME=VALUE, for all with * as the step: late.retries=2.
        dag_option: One of Airflow's arguments of a DAG, NAME=VALUE: 'tags=["flights"]'.
        codecs: How values of types that have no JSON travel: module:NAME of a dict from types to codecs.
        handoff: A folder through which big values go: file:///... or that of an object store.
        handoff_over: How many bytes of JSON are big.
        pickled: A step whose values may go there as pickles.
        stats: Time the steps too.
    """

    dag_id: str | None = None
    schedule: str | None = None
    start_date: str | None = None
    join: _Several = field(default_factory=list)
    default: _Several = field(default_factory=list)
    task_option: _Several = field(default_factory=list)
    dag_option: _Several = field(default_factory=list)
    codecs: str | None = None
    handoff: str | None = None
    handoff_over: int = HANDOFF_OVER
    pickled: _Several = field(default_factory=list)
    stats: Annotated[bool, Parameter(negative=())] = False

    def options(self) -> Options:
        """The same as Python has it."""
        task_options: dict[str, dict[str, object]] = {}
        for name, value in map(_named, self.task_option):
            step, dot, option = name.rpartition(".")
            if not dot:
                raise TargetError(f"--task-option {name}: write STEP.NAME=VALUE, as in late.retries=2")
            task_options.setdefault(step, {})[option] = value
        dag_arguments: dict[str, object] = {} if self.start_date is None else {"start_date": _day(self.start_date)}
        dag_arguments |= dict(map(_named, self.dag_option))
        return Options(
            dag_id=self.dag_id,
            schedule=None if self.schedule is None else read_literal(self.schedule),
            join=[group.split(",") for group in self.join],
            defaults=dict(map(_named, self.default)),
            task_options=task_options,
            codecs=self.codecs or {},
            handoff=self.handoff,
            handoff_over=self.handoff_over,
            pickled=self.pickled,
            stats=self.stats,
            dag_arguments=dag_arguments,
        )


@command.command
def generate(
    target: Target,
    /,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    asked: _Asked = _Asked(),  # frozen
) -> None:
    """Write a pipeline as an Airflow DAG file.

    A VALUE is a Python literal, timedelta(...) or datetime(...); anything else is text.

    Args:
        target: The pipeline. Airflow has to be able to import it where it runs the tasks.
        output: The file, in Airflow's dags folder.
        asked: What else is asked for.
    """
    write_dag_file(target, output, asked.options())


@command.command
def check(
    file: Path,
    target: Annotated[str | None, Parameter(help="The pipeline, by default the one that it names.")] = None,
    /,
) -> int:
    """Tell whether a DAG file is still what its pipeline would give.

    Args:
        file: A file that `generate` has written.
        target: The pipeline.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"can't read {file}: {error}") from error
    named, options = _asked_for(file, text)
    found = target or _from_here(named, file)
    wanted = dag_source(found, file, options)
    if text == wanted:
        print(f"ok: {file} is up to date")  # noqa: T201  # the answer
        return 0
    print(f"{file} is stale: `synaflow airflow generate` would change it:")  # noqa: T201
    for line in difflib.unified_diff(text.splitlines(), wanted.splitlines(), "as it is", "as it would be", lineterm=""):
        print(line)  # noqa: T201
    return _FAILED


def _asked_for(file: Path, text: str) -> tuple[str, Options]:
    """What a generated file says that it was made of."""
    lines = [line.removeprefix(COMMAND) for line in text.split("\n")[:20] if line.startswith(COMMAND)]
    try:
        if len(lines) != 1:
            raise ValueError("it doesn't say how it was made")
        _, bound, _ = command.parse_args(["generate", *shlex.split(lines[0])], print_error=False, exit_on_error=False)
        asked = bound.arguments.get("asked", _Asked())
        return bound.arguments["target"], asked.options()
    except (CycloptsError, KeyError, ValueError) as error:
        raise TargetError(f"{file} is no file that `synaflow airflow generate` has written: {error}") from error


def _from_here(named: str, file: Path) -> str:
    """A target as a file names it, from there, as seen from this folder."""
    return os.fspath(file.parent / named) if is_file(split_target(named)[0]) else named


def _named(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise TargetError(f"{text!r} has no value: write NAME=VALUE")
    return name, read_literal(value)


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise TargetError(f"--start-date {text}: write it as 2026-01-31: {error}") from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
