"""Pipelines as DAGs, from the factory and from a generated file: the same tasks, run by a real Airflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from on_airflow import fetched, reports
from on_airflow.dagruns import Ran, run_dag, run_file
from synaflow import PipelineDef, pipeline, run, step
from synaflow_airflow import DagError, to_dag, to_dag_file
from synaflow_airflow.codecs import converter_for, unpack

pytestmark = pytest.mark.timeout(120)


def by_factory(dags: Path, subject: PipelineDef, conf: Mapping[str, object], **options: Any) -> Ran:
    return run_dag(dags, options["dag_id"], lambda: to_dag(subject, **options), conf)


def by_file(dags: Path, subject: PipelineDef, conf: Mapping[str, object], **options: Any) -> Ran:
    file = dags / f"{options['dag_id']}.py"
    to_dag_file(subject, file, **options)
    try:
        return run_file(file, options["dag_id"], conf)
    finally:
        file.unlink()


@pytest.fixture(params=[by_factory, by_file])
def run_it(request: pytest.FixtureRequest) -> Any:
    return request.param


def value_of(ran: Ran, subject: PipelineDef, name: str) -> object:
    return unpack(converter_for(subject[name].output.type), ran.value(name))


def test_values_come_as_they_went(run_it: Any, dags: Path) -> None:
    """Through XComs and params: NamedTuples, dates, Decimals, tuples of them."""
    conf = {"day": "2026-02-01", "orders": 9, "floor": "0.50"}
    ran = run_it(dags, reports.report, conf, dag_id="report")
    expected = run(reports.report, reports.Params(date(2026, 2, 1), 9, Decimal("0.50")))
    assert ran.state == "success"
    assert ran.tasks == dict.fromkeys(["read", "mean", "again", "told"], "success")
    assert value_of(ran, reports.report, "told") == expected["told"] == "01.02.2026: 7 orders, 8.75, 3 above the mean"
    totals = value_of(ran, reports.report, "totals")
    assert type(totals) is reports.Totals
    assert totals == reports.Totals(date(2026, 2, 1), 7, Decimal("8.75"))
    assert ran.steps["read"] | {"seconds": 0} == {"status": "ok", "items_out": 9, "seconds": 0}
    assert ran.steps["totals"]["items_in"] == 9
    assert "seconds" not in ran.steps["totals"]


def test_asynchronous_steps_run_in_a_task_too(run_it: Any, dags: Path) -> None:
    """On an event loop of the task's own, region by region."""
    ran = run_it(dags, fetched.fetches, {"upto": 7}, dag_id="fetches")
    expected = run(fetched.fetches, fetched.Params(7))
    assert ran.state == "success"
    assert ran.tasks == dict.fromkeys(["numbers", "told"], "success")
    assert value_of(ran, fetched.fetches, "told") == expected["told"]
    assert expected["told"] == "36 letters: page 0, page 1, page 2, page 3, page 5, page 6"
    assert ran.steps["fetched"]["dropped"] == 1
    assert ran.steps["listed"]["items_in"] == 6


def test_params_keep_their_defaults(run_it: Any, dags: Path) -> None:
    ran = run_it(dags, reports.report, {}, dag_id="report_by_default")
    assert value_of(ran, reports.report, "told") == run(reports.report)["told"]


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"shop": "x"}, "'shop'"),
        ({"floor": "a lot"}, "'floor'"),
    ],
)
def test_bad_params_fail_the_task(
    conf: dict[str, object], said: str, dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Airflow lets through: unknown keys, and text that is no Decimal."""
    ran = by_factory(dags, reports.report, conf, dag_id="report_with_bad_params")
    assert ran.state == "failed"
    assert ran.tasks["read"] == "failed"
    told = "".join(capsys.readouterr())
    assert said in told
    assert "ParamsError" in told


def test_joined_regions_share_a_task(run_it: Any, dags: Path) -> None:
    """And what lies between them is in it too: `mean` can't come both before and after the one task."""
    ran = run_it(dags, reports.report, {}, dag_id="joined", join=[("totals", "above")])
    assert ran.state == "success"
    assert ran.tasks == {"read": "success", "told": "success"}
    assert set(ran.steps) == {"read", "totals", "mean", "again", "above", "told"}


@pytest.mark.parametrize("join", [[("totals", "above")], [("told", "read")]])
def test_tasks_are_no_cycle(join: list[tuple[str, str]]) -> None:
    dag = to_dag(reports.report, dag_id="acyclic", join=join)
    assert len(dag.tasks) < 4
    for task in dag.tasks:
        assert task.task_id not in task.get_flat_relative_ids(upstream=True)


def test_values_are_handed_over(run_it: Any, dags: Path, tmp_path: Path) -> None:
    """What is big, and what may be pickled; and nothing is left of it when the run has ended."""
    ran = run_it(
        dags,
        reports.handed,
        {},
        dag_id="handed",
        handoff=tmp_path.as_uri(),
        handoff_over=1000,
        pickled=["odd"],
    )
    assert ran.state == "success"
    assert ran.tasks == dict.fromkeys(["big", "odd", "count", "clean-up"], "success")
    big, odd = (ran.value(name)["handoff"] for name in ("big", "odd"))
    assert (big["format"], odd["format"]) == ("json", "pickle")
    assert big["path"].endswith("/big/try-1/big.json")
    assert ran.value("count") == {"value": 100_000}
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("named", [False, True])
def test_types_without_json_travel_too(named: bool, dags: Path, tmp_path: Path) -> None:
    """By a codec of the user's, which a file knows by its name; and arrays through the hand-off."""
    with pytest.raises(DagError) as caught:
        to_dag(reports.own_types)
    assert [problem.partition(",")[0] for problem in caught.value.problems] == [
        "the value of 'price'",
        "the value of 'grid'",
    ]
    make = by_file if named else by_factory
    codecs = "on_airflow.reports:CODECS" if named else reports.CODECS
    ran = make(dags, reports.own_types, {}, dag_id="own_types", codecs=codecs, handoff=tmp_path.as_uri())
    assert ran.state == "success"
    assert ran.value("price") == {"value": "110 ct"}
    assert ran.value("grid")["handoff"]["format"] == "numpy"
    assert ran.value("counted") == {"value": "110 ndarray int16 [[0, 1, 2], [3, 4, 5]]"}


def test_the_hand_off_is_emptied_after_a_failure_too(dags: Path, tmp_path: Path) -> None:
    def big() -> list[int]:
        return list(range(100_000))

    def fails(big: list[int]) -> int:
        raise ValueError(len(big))

    ran = by_factory(dags, pipeline("p", None, [big, fails]), {}, dag_id="fails", handoff=tmp_path.as_uri())
    assert ran.state == "failed"
    assert ran.tasks == {"big": "success", "fails": "failed", "clean-up": "success"}
    assert list(tmp_path.rglob("*")) == []


def test_what_depends_on_a_failed_value_is_skipped(run_it: Any, dags: Path) -> None:
    """A task of such steps only is skipped; of another, the rest runs. The same as in a run of the whole."""
    ran = run_it(dags, reports.going_on, {}, dag_id="going_on")
    result = run(reports.going_on)
    assert ran.state == "success"
    assert ran.tasks == {
        "fails": "success",
        "uses": "skipped",
        "other": "success",
        "both": "skipped",
        "numbers": "success",
        "afterwards": "success",
    }
    assert {name: told["status"] for name, told in ran.steps.items()} == {
        name: str(told.status) for name, told in result.steps.items()
    }
    assert ran.value("total") == {"value": 3}
    assert ran.value("afterwards") == {"value": "done"}
    assert ran.errors == [str(error) for error in result.errors]


def test_airflows_own_arguments_go_through() -> None:
    dag = to_dag(
        reports.report,
        dag_id="options",
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        tags=["sales"],
        max_active_runs=1,
        default_args={"owner": "sales", "retries": 4},
        params={"region": "north"},
        task_options={
            "*": {"pool": "reports"},
            "totals": {"retries": 2, "execution_timeout": timedelta(minutes=5)},
            "told": {"queue": "small"},
        },
    )
    assert (dag.schedule, dag.max_active_runs, dag.tags) == ("@daily", 1, {"sales"})
    read, mean, _, told = (dag.get_task(name) for name in ("read", "mean", "again", "told"))
    assert (read.retries, read.execution_timeout, mean.retries) == (2, timedelta(minutes=5), 4)
    assert {task.pool for task in dag.tasks} == {"reports"}
    assert (told.queue, told.owner) == ("small", "sales")
    assert set(dag.params) == {"region", "day", "orders", "floor"}
    assert dag.doc_md is not None
    assert "What was sold on a day" in dag.doc_md


def test_params_of_the_dag_that_are_not_the_pipelines(dags: Path) -> None:
    ran = by_factory(dags, reports.report, {"region": "south"}, dag_id="own_params", params={"region": "north"})
    assert ran.state == "success"


def unnamed() -> Iterator[int]:
    yield 1


def takes(value: object) -> int:
    return 1


def gives() -> object:
    return object()


@pytest.mark.parametrize(
    ("subject", "options", "said"),
    [
        (reports.report, {"task_options": {"sums": {}}}, "task_options has 'sums', and there is no such step"),
        (
            reports.report,
            {"task_options": {"read": {"task_id": "x"}}},
            "sets 'task_id', which follows from the pipeline",
        ),
        (
            reports.report,
            {"task_options": {"read": {"retries": 1}, "totals": {"retries": 2}}},
            "task_options sets 'retries' twice for the task 'read': 1 and, for 'totals', 2",
        ),
        (reports.report, {"join": ["read"]}, r"join='read': give names of steps, as in \[\('a', 'b'\)\]"),
        (reports.report, {"join": [("read", "sums")]}, "join names 'sums', and there is no such step"),
        (
            reports.report,
            {"dag_id": "daily report"},
            "dag_id='daily report' is no id for Airflow: 'daily_report' would be",
        ),
        (reports.report, {"params": {"day": "2026-01-01"}}, r"params has \['day'\], which the pipeline has too"),
        (reports.handed, {"pickled": ["odd"]}, "needs a hand-off, such as handoff='file:///"),
        (
            pipeline("p", None, [step("value", gives), takes]),
            {},
            r"the value of 'value', which 'takes' in another task takes, can't travel: object: .*the ways out: run both in one "
            r"task, join=\[\('value', 'takes'\)\]; give a codec for the type, .*; or hand it over through an object store, ",
        ),
    ],
)
def test_what_is_refused_when_the_dag_is_made(subject: PipelineDef, options: dict[str, Any], said: str) -> None:
    with pytest.raises(DagError, match=said):
        to_dag(subject, **options)


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(DagError) as caught:
        to_dag(reports.handed, dag_id="a b", join=[("big", "x")])
    assert len(caught.value.problems) == 3
    assert str(caught.value).startswith("pipeline 'handed' can't become a DAG:\n  - ")


def test_what_no_database_takes_is_shown_otherwise(dags: Path) -> None:
    """An error's text and a value that is only shown may hold a NUL or half a character; the task doesn't fail of it."""

    def odd() -> object:
        return "a\0b"

    def fails() -> int:
        raise ValueError("no\0thing, \ud800")

    subject = pipeline("odd", None, [odd, step("fails", fails, on_error="continue")])
    ran = by_factory(dags, subject, {}, dag_id="odd_texts")
    assert ran.state == "success"
    assert ran.errors == ["step 'fails' of pipeline 'odd' failed: ValueError: no\ufffdthing, \\ud800"]
    assert ran.value("odd") == {"shown": r"'a\x00b'"}
