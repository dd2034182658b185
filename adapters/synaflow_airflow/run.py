"""What runs inside a task: some steps of a pipeline, between the XComs they take and the XComs they give."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

try:
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:  # before Airflow 3.1
    from airflow.exceptions import AirflowSkipException

from synaflow import PipelineDef, RunnerError, RunResult, StepError, bind_params, dependents_of, part_of, run
from synaflow.cli import load_target, user_traceback
from synaflow_airflow.codecs import content, pack, size, unpack
from synaflow_airflow.handoff import HANDOFF_OVER, Handoff, Key, clean, read, write
from synaflow_airflow.names import SUMMARY, airflow_ids
from synaflow_airflow.params import read_params
from synaflow_airflow.settings import Codecs, Settings
from synaflow_airflow.summary import preview, summary
from synaflow_airflow.travel import way_of

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

__all__ = ["clean_up", "run_task"]

_log = logging.getLogger(__name__)

_BIG = 1024 * 1024
"""Bytes of an XCom past which the log warns: such a push has been seen to block a task's heartbeats."""


def run_task(
    pipeline: PipelineDef | str,
    steps: Sequence[str],
    *,
    takes: Mapping[str, str] | None = None,
    gives: Collection[str] = (),
    also: Collection[str] = (),
    codecs: Codecs | None = None,
    handoff: str | None = None,
    handoff_over: int = HANDOFF_OVER,
    pickled: Sequence[str] = (),
    stats: bool = False,
) -> None:
    """Runs some steps of a pipeline, in the task that is running: what the tasks of a DAG made by `to_dag` do.

    Args:
        pipeline: The pipeline, or where it is found, `module:attribute` or `path/to/file.py:attribute`.
        steps: The steps of this task.
        takes: The steps of other tasks whose values they need, each with the task that gives it.
        gives: Those among the steps whose values other tasks need.
        also: Params of the DAG that are not the pipeline's.
        codecs: As for `to_dag`.
        handoff: As for `to_dag`.
        handoff_over: As for `to_dag`.
        pickled: As for `to_dag`.
        stats: As for `to_dag`.

    Raises:
        AirflowSkipException: None of the steps can run, because a step they depend on failed and the run went on.
        ParamsError: The DAG run's params don't fit the pipeline's.
        RunnerError: The steps are not such as the DAG file was made for: it is stale.
        StepError: A step failed.
    """
    settings = Settings(codecs or {}, handoff, handoff_over, tuple(pickled), stats)
    with _ended_by_sigterm():
        task = _Task(pipeline, steps, takes or {}, gives, settings)
        context: Mapping[str, Any] = get_current_context()
        task.run(context["ti"], read_params(task.pipeline, context["params"], also))


def clean_up(handoff: str) -> None:
    """Empties the hand-off of the DAG run whose task is running.

    Args:
        handoff: The folder, as for `to_dag`.
    """
    context: Mapping[str, Any] = get_current_context()
    instance: TaskInstance = context["ti"]
    removed = clean(Handoff(handoff), instance.dag_id, instance.run_id)
    _log.info("%s handed-off values of this run removed", removed)


class _Task:
    def __init__(
        self,
        pipeline: PipelineDef | str,
        steps: Sequence[str],
        takes: Mapping[str, str],
        gives: Collection[str],
        settings: Settings,
    ) -> None:
        self.pipeline = load_target(pipeline) if isinstance(pipeline, str) else pipeline
        self._steps = tuple(steps)
        self._takes = takes
        self._gives = gives
        self._settings = settings
        self._keys = airflow_ids(step.name for step in self.pipeline.steps)
        self._see_that_it_is_current(pipeline)

    def run(self, instance: TaskInstance, params: object) -> None:
        """Takes, runs, gives."""
        inputs, missing = self._take(instance, bind_params(self.pipeline, params))
        steps = self._able(missing)
        skipped = [name for name in self._steps if name not in steps]
        if not steps:
            instance.xcom_push(key=SUMMARY, value=summary(None, skipped))
            raise AirflowSkipException(f"nothing to run: {_listed(missing)} of an earlier task gave no value")
        part = part_of(self.pipeline, steps)
        needed = {field.name: inputs[field.name] for field in part.fields}
        inputs.clear()
        try:
            result = run(
                part,
                needed or None,
                outputs=self._outputs(part),
                stats=self._settings.stats,
                progress=_log.info,
            )
        except StepError as error:
            self._tell_of(error)
            if error.result is not None:
                instance.xcom_push(key=SUMMARY, value=summary(error.result, skipped))
            raise
        self._give(instance, result)
        instance.xcom_push(key=SUMMARY, value=summary(result, skipped))
        self._tell(result, skipped)

    def _see_that_it_is_current(self, target: PipelineDef | str) -> None:
        known = set(self._keys)
        part = part_of(self.pipeline, self._steps) if known.issuperset(self._steps) else None
        others = (
            {field.name for field in part.fields} - {field.name for field in self.pipeline.fields} if part else None
        )
        if others != set(self._takes) or not set(self._steps).issuperset(self._gives):
            again = f": run `synaflow airflow generate {target}` again" if isinstance(target, str) else ""
            raise RunnerError(
                f"the pipeline '{self.pipeline.name}' is not the one that this DAG was made of: "
                f"a task of the steps {_listed(self._steps)} doesn't take the values of "
                f"{_listed(self._takes) or 'no step'} there{again}"
            )

    def _take(self, instance: TaskInstance, fields: dict[str, object]) -> tuple[dict[str, object], list[str]]:
        missing = []
        for step, task in self._takes.items():
            envelope: object = instance.xcom_pull(task_ids=task, key=self._keys[step])
            if not isinstance(envelope, dict):
                missing.append(step)
                continue
            way = way_of(self.pipeline, step, self._settings)
            if "handoff" not in envelope:
                assert way.converter is not None
                fields[step] = unpack(way.converter, envelope)
                continue
            value = read(envelope["handoff"], step, task, self._settings.store)
            fields[step] = value if way.converter is None else way.converter.decode(value)
        return fields, missing

    def _able(self, missing: Collection[str]) -> tuple[str, ...]:
        """The steps that don't depend on what is missing."""
        unable = dependents_of(self.pipeline, missing)
        return tuple(name for name in self._steps if name not in unable)

    def _outputs(self, part: PipelineDef) -> list[str]:
        """What is given to other tasks, and, for people to see, what is nobody's."""
        given = [name for name in part.order if name in self._gives]
        last = [name for name in part.terminals if not part[name].output.stream and name not in given]
        return [*given, *(name for name in last if not self.pipeline.edges_out_of(name))]

    def _give(self, instance: TaskInstance, result: RunResult) -> None:
        for name, value in result.items():
            envelope = (
                self._envelope(instance, name, value) if name in self._gives else preview(self.pipeline, name, value)
            )
            instance.xcom_push(key=self._keys[name], value=envelope)

    def _envelope(self, instance: TaskInstance, name: str, value: object) -> dict[str, object]:
        way = way_of(self.pipeline, name, self._settings)
        store = self._settings.store
        key = Key(
            instance.dag_id,
            instance.run_id,
            instance.task_id,
            instance.try_number,
            -1 if instance.map_index is None else instance.map_index,
            name,
        )
        if way.converter is None:
            assert store is not None, "no other way was found when the DAG was built"
            assert way.format is not None
            return {"handoff": write(store, key, value, way.format)}
        envelope = pack(way.converter, value)
        taken = size(envelope)
        if store is not None and taken > store.over:
            return {"handoff": write(store, key, content(envelope), "json")}
        if taken > _BIG:
            _log.warning(
                "the value of '%s' takes %s bytes of the metadata database; handoff= keeps such values out of it",
                name,
                taken,
            )
        return envelope

    def _tell_of(self, error: StepError) -> None:
        cause = f"\n{user_traceback(error.__cause__)}" if error.__cause__ is not None else ""
        _log.error("%s%s", error, cause)

    def _tell(self, result: RunResult, skipped: Collection[str]) -> None:
        for error in result.errors:
            _log.error("went on after: %s\n%s", error, user_traceback(error.__cause__ or error))
        for letter in result.dead_letters[:10]:
            _log.warning("dropped: %s", letter.error)
        if len(result.dead_letters) > 10:
            _log.warning("and %s items more were dropped", len(result.dead_letters) - 10)
        if skipped:
            _log.warning("skipped, because of a step that failed before: %s", _listed(skipped))
        _log.info("%s in %.1f s", "done" if result.ok else "done, but not all of it went well", result.seconds)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """While it is entered, SIGTERM ends what runs the way Ctrl-C does, so that generators are closed and their `finally` runs.

    That is the signal for a task that was marked, cleared or timed out, and five seconds later it is killed. Airflow's own
    handler only calls `on_kill()`, which does nothing for a plain task: it would run on until it is killed, and no `finally`
    with it. The second signal is ignored: the cleaning up that the first one has begun is not to be cut short.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can have handlers, and only in `dag.test()` is a task run elsewhere
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        _log.warning("told to end (SIGTERM): the steps are stopped and closed")
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
