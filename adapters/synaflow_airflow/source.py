"""`to_dag_file(...)`: a pipeline as a DAG file, for people to read and for Airflow to parse.

Airflow reads such a file every half minute and before each task, and takes any change of it for a new version of the DAG. So
its top level imports nothing but Airflow, and what is written depends on nothing but the pipeline and what is asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from synaflow import PipelineDef, StepDef, TargetError
from synaflow.cli.target import is_file, load_target, split_target
from synaflow_airflow.errors import DagError
from synaflow_airflow.literals import CantWriteError, Source, call, text_block, write
from synaflow_airflow.names import CLEAN_UP, function_names, variable_names
from synaflow_airflow.options import Options
from synaflow_airflow.params import REQUIRED, ParamSpec
from synaflow_airflow.plan import DagPlan, TaskPlan, plan_dag

__all__ = ["COMMAND", "dag_source", "to_dag_file", "write_dag_file"]

COMMAND: Final = "#     synaflow airflow generate "
"""How the line of a generated file begins that says how to generate it again."""

_IN_TASK: Final = "        "


def to_dag_file(
    pipeline: PipelineDef | str,
    path: str | os.PathLike[str],
    **options: Any,  # noqa: ANN401  # they are those of `to_dag`
) -> None:
    """Writes a DAG file: the same DAG that `to_dag` makes, as code.

    Args:
        pipeline: Where the pipeline is found by the tasks, `"module:attribute"` or `"path/to/file.py:attribute"`; or the
            pipeline itself, where a module has it at its top level.
        path: The file.
        options: Those of `to_dag`, as far as they can be written down: values of JSON, `datetime` in UTC and `timedelta`;
            `codecs` as `"module:NAME"`.

    Raises:
        DagError: As `to_dag` does; or an option can't be written down.
        TargetError: The pipeline can't be found by its name, or the file can't be written.
    """
    target = pipeline if isinstance(pipeline, str) else _target_of(pipeline)
    write_dag_file(target, Path(path), Options.of(options))


def write_dag_file(target: str, path: Path, options: Options) -> None:
    """As `to_dag_file`, with the options in one."""
    text = dag_source(target, path, options)
    try:
        # With this machine's line ends the same pipeline would give another file elsewhere.
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise TargetError(f"can't write {path}: {error}") from error


def dag_source(target: str, path: Path, options: Options) -> str:
    """The text of the DAG file.

    Args:
        target: Where the pipeline is found.
        path: Where the file will be: a target that is a file is told by its way from there.
        options: How the DAG is to be.
    """
    pipeline = load_target(target)
    if any(_is_file_of(step, path) for step in pipeline.steps):
        raise TargetError(f"{path} is the file of the pipeline itself, and would be overwritten")
    place, file = _seen_from(target, path, pipeline)
    plan = plan_dag(pipeline, options)
    if any(not letter.isprintable() for letter in place + path.name):
        raise TargetError(f"{place!r} and {path.name!r}: one of them has letters that can't be shown in a comment")
    try:
        defaults = {spec.name: spec.default for spec in plan.params if spec.name in options.defaults}
        command = replace(options, defaults=defaults).command(place, path.name)
        return _File(plan, place, file, options).text(COMMAND + command)
    except CantWriteError as error:
        raise DagError(pipeline.name, [f"{error}; make it in a DAG file of your own, with to_dag()"]) from error


class _File:
    def __init__(self, plan: DagPlan, place: str, file: str | None, options: Options) -> None:
        self._plan: Final = plan
        self._place: Final = place
        self._file: Final = file
        self._options: Final = options
        self._settings: Final = plan.settings.told()
        self._functions: Final = function_names([*(task.id for task in plan.tasks), CLEAN_UP])
        self._variables: Final = variable_names(self._functions.values())

    def text(self, command: str) -> str:
        parts = [self._header(command), self._imports(), self._constants(), self._docs(), self._dag()]
        return "\n".join(part for part in parts if part)

    def _header(self, command: str) -> str:
        return (
            f"# The DAG of the pipeline {self._place}, written by SynaFlow: change the pipeline, and in this folder run\n"
            f"#\n{command}\n#\n"
            "# `synaflow airflow check` with this file's name tells whether the pipeline would still give this file.\n"
        )

    def _imports(self) -> str:
        written = [self._options.schedule, self._options.dag_arguments, *(task.options for task in self._plan.tasks)]
        standard = sorted(set(_from_datetime(written)))
        lines = [f"from datetime import {', '.join(standard)}"] * bool(standard)
        lines += ["from pathlib import Path"] * (self._file is not None)
        lines += [""] * bool(lines)
        names = ["DAG", *(["Param"] if self._plan.params else []), "task"]
        return "\n".join([*lines, f"from airflow.sdk import {', '.join(names)}", ""])

    def _constants(self) -> str:
        if self._file is None:
            pipeline: str = write(self._place)
        else:
            file, _, attribute = self._place.rpartition(":")
            pipeline = f"str(Path(__file__).parent / {write(file)}) + {write(f':{attribute}')}"
        lines = [f"PIPELINE = {pipeline}"]
        if self._settings:
            lines.append(f"SETTINGS = {write(self._settings, 0, len('SETTINGS = '))}")
        return "\n".join([*lines, ""])

    def _docs(self) -> str:
        docs = {"dag": self._plan.doc, **{f"task {task.id}": task.doc for task in self._plan.tasks}}
        lines = [f"    {write(name)}: {text_block(doc)},\n" for name, doc in docs.items()]
        return f"DOCS = {{\n{''.join(lines)}}}\n"

    def _dag(self) -> str:
        plan, options = self._plan, self._options
        arguments: dict[str, object] = {"dag_display_name": plan.label} if plan.label else {}
        if plan.description:
            arguments["description"] = plan.description
        arguments["schedule"] = options.schedule
        arguments |= {"params": self._params(), "doc_md": Source('DOCS["dag"]'), **options.dag_arguments}
        if not plan.params:
            del arguments["params"]
        lines = [f"    {write(plan.id)},\n"]
        lines += [f"    {name}={write(value, 1, len(name) + 2)},\n" for name, value in arguments.items()]
        tasks = "\n".join(map(self._task, plan.tasks))
        cleaning = f"\n{self._clean_up()}" if plan.settings.handoff is not None else ""
        return f"with DAG(\n{''.join(lines)}):\n\n{tasks}{cleaning}\n{self._order()}"

    def _params(self) -> Source:
        lines = [f"        {write(spec.name)}: {_param(spec)},\n" for spec in self._plan.params]
        return Source(f"{{\n{''.join(lines)}    }}")

    def _task(self, task: TaskPlan) -> str:
        function = self._functions[task.id]
        options: dict[str, object] = {} if function == task.id else {"task_id": task.id}
        if task.label:
            options["task_display_name"] = task.label
        options |= {"doc_md": Source(f"DOCS[{write(f'task {task.id}')}]"), **task.options}
        told: dict[str, object] = {"takes": dict(task.takes)} if task.takes else {}
        if task.gives:
            told["gives"] = list(task.gives)
        settings = Source("SETTINGS") if self._settings else None
        running = call("run_task", [Source("PIPELINE"), list(task.steps)], told, 2, rest=settings)
        return (
            f"    @{call('task', [], options, 1, 1)}\n"
            f"    def {function}():\n"
            f"{_IN_TASK}from synaflow_airflow import run_task\n\n"
            f"{_IN_TASK}{running}\n"
        )

    def _clean_up(self) -> str:
        return (
            f"    @{call('task', [], {'task_id': CLEAN_UP}, 1, 1)}\n"
            f"    def {self._functions[CLEAN_UP]}():\n"
            f"{_IN_TASK}from synaflow_airflow import clean_up\n\n"
            f'{_IN_TASK}clean_up(SETTINGS["handoff"])\n'
        )

    def _order(self) -> str:
        tasks = self._plan.tasks
        lines = [f"    {self._variable(task.id)} = {self._functions[task.id]}()\n" for task in tasks]
        ordered = list(self._ordered())
        if ordered:
            lines.append("\n")
        lines += [f"    {_several(before)} >> {after}\n" for before, after in ordered]
        return "".join(lines)

    def _ordered(self) -> Iterator[tuple[list[str], str]]:
        for task in self._plan.tasks:
            if task.after:
                yield [self._variable(before) for before in task.after], self._variable(task.id)
        if self._plan.settings.handoff is not None:
            yield [*map(self._variable, self._plan.last)], f"{self._functions[CLEAN_UP]}().as_teardown()"

    def _variable(self, task: str) -> str:
        return self._variables[self._functions[task]]


def _param(spec: ParamSpec) -> Source:
    positional = [] if spec.default is REQUIRED else [spec.default]
    return call("Param", positional, spec.schema, 2, len(write(spec.name)) + 3)


def _several(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else write([Source(name) for name in names], 1, 30)


def _from_datetime(value: object) -> Iterator[str]:
    """What a value's text needs from `datetime`."""
    if isinstance(value, datetime):
        yield from ("UTC", "datetime") if value.tzinfo is not None else ("datetime",)
    elif isinstance(value, timedelta):
        yield "timedelta"
    elif isinstance(value, Mapping | list | tuple):
        inside: Iterable[object] = [*value, *value.values()] if isinstance(value, Mapping) else value
        for item in inside:
            yield from _from_datetime(item)


def _is_file_of(step: StepDef, path: Path) -> bool:
    file = (step.location or "").rpartition(":")[0]
    return bool(file) and Path(file).resolve() == path.resolve()


def _target_of(pipeline: PipelineDef) -> str:
    """Where a pipeline is found by its name."""
    for name, module in sorted(sys.modules.items()):
        for attribute, value in list(vars(module).items()) if module is not None else ():
            if value is pipeline and name != "__main__":
                return f"{name}:{attribute}"
    raise TargetError(
        f"pipeline '{pipeline.name}' is at the top level of no module that tasks could import; "
        "say where they find it, as in to_dag_file('module:attribute', path)"
    )


def _seen_from(target: str, path: Path, pipeline: PipelineDef) -> tuple[str, str | None]:
    """A target as the file names it, and the file's way to it where it is a file."""
    place, attribute = split_target(target)
    if not is_file(place):
        return target, None
    file = Path(place).resolve()
    way = Path(os.path.relpath(file, path.resolve().parent)).as_posix()
    if not attribute:
        # Said in full: the module may come to have another pipeline.
        attribute = next(
            name
            for module in list(sys.modules.values())
            if getattr(module, "__file__", None) and Path(str(module.__file__)).resolve() == file
            for name, value in vars(module).items()
            if value is pipeline
        )
    return f"{way}:{attribute}", way
