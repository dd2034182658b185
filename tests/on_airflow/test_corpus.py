"""The corpus through Airflow: the same values, statuses and errors as `run`, or a sentence that says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from conformance.runners import LocalRunner
from conformance.twins import twin_of
from corpus import CASES, Case, run_case
from corpus.case import Outcome, Recorder
from on_airflow.dagruns import Ran, run_dag
from synaflow import PipelineDef, StepError
from synaflow_airflow import DagError, to_dag
from synaflow_airflow.codecs import converter_for, unpack

pytestmark = pytest.mark.timeout(120)


STREAMS_OF_PARAMS = {
    "a_generator_of_the_params_fails_for_1",
    "a_generator_of_the_params_fails_for_2",
    "an_iterator_of_the_params_fails_for_1",
    "an_iterator_of_the_params_fails_for_2",
    "empty_stream_field",
    "iterable_field",
    "stream_field",
}
"""What can't become a DAG: a trigger can give no stream."""

JOINED: dict[str, list[tuple[str, ...]]] = {
    "a_value_is_let_go": [("big", "first", "second")],
    "every_form_of_callable": [("bag", "bagged")],
}
"""What can, with two of its regions in one task: a value between them can't travel."""

RUNNABLE = [case for case in CASES if case.raises is None][:: 1 if version("apache-airflow") >= "3.1" else 8]
"""Ctrl-C is no matter of a task: it has no terminal. Before Airflow 3.1, `dag.test()` takes ten times as long: one in eight."""


@pytest.mark.parametrize("case", RUNNABLE, ids=str)
def test_the_same_as_run(case: Case, dags: Path) -> None:
    _compared(case, case.build(Recorder()), f"case_{case.name}", dags)


@pytest.mark.parametrize("case", RUNNABLE[::8], ids=str)
def test_asynchronous_twins(case: Case, dags: Path) -> None:
    """The same steps, every one of which awaits something."""
    _compared(case, twin_of(case.build(Recorder())), f"twin_{case.name}", dags)


def _compared(case: Case, pipeline: PipelineDef, dag_id: str, dags: Path) -> None:
    local = run_case(LocalRunner(), case)
    join = JOINED.get(case.name, [])
    if case.name in STREAMS_OF_PARAMS or join:
        said = "can't travel: .*, join=" if join else "is a stream, which no trigger can give"
        with pytest.raises(DagError, match=said):
            to_dag(pipeline, dag_id=dag_id)
    if case.name not in STREAMS_OF_PARAMS:
        ran = run_dag(dags, dag_id, lambda: to_dag(pipeline, dag_id=dag_id, join=join), _conf(case, pipeline))
        _compare(local, ran)


def _conf(case: Case, pipeline: PipelineDef) -> dict[str, object]:
    params = case.params() if case.params else None
    if params is None:
        return {}
    given = (
        params
        if isinstance(params, Mapping)
        else {field.name: getattr(params, field.name) for field in pipeline.fields}
    )
    return {
        field.name: to_jsonable_python(given[field.name])
        for field in pipeline.fields
        if not field.output.stream and field.name in given
    }


def _compare(local: Outcome, ran: Ran) -> None:
    result = local.result
    assert result is not None
    failed = isinstance(local.error, StepError)
    assert ran.state == ("failed" if failed else "success"), ran
    if failed:
        # A task counts items where a run on its own needn't, and so knows more often at which one a step failed.
        known = {*map(str, result.errors), *(_placeless(str(error)) for error in result.errors if error.index is None)}
        assert known.intersection({*ran.errors, *map(_placeless, ran.errors)}), (ran.errors, result.errors)
        return
    for name, step in result.steps.items():
        told = ran.steps[name]
        assert told["status"] == str(step.status), name
        assert told.get("dropped", 0) == step.dropped, name
    assert sorted(map(_placeless, ran.errors)) == sorted(_placeless(str(error)) for error in result.errors)
    for name in local.pipeline.terminals:
        if not local.pipeline[name].output.stream and name in result:
            _same(local.pipeline, name, result[name], ran.value(name))


def _placeless(error: str) -> str:
    return re.sub(" failed at item [0-9]+:", " failed:", error, count=1)


def _same(pipeline: PipelineDef, name: str, value: Any, envelope: Mapping[str, Any]) -> None:
    if "shown" in envelope:
        assert envelope["shown"] == repr(value)
        return
    came = unpack(converter_for(pipeline[name].output.type), dict(envelope))
    assert type(came) is type(value)
    assert came == value
