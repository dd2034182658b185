"""`to_dag(...)`: a pipeline as a DAG, for a file in the dags folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import DAG, Param, task

from synaflow_airflow.errors import DagError
from synaflow_airflow.handoff import HANDOFF_OVER
from synaflow_airflow.names import CLEAN_UP
from synaflow_airflow.options import Options
from synaflow_airflow.params import REQUIRED, ParamSpec
from synaflow_airflow.plan import TaskPlan, plan_dag
from synaflow_airflow.run import clean_up, run_task

if TYPE_CHECKING:
    from synaflow import PipelineDef
    from synaflow_airflow.settings import Codecs, Settings

__all__ = ["to_dag"]


def to_dag(
    pipeline: PipelineDef,
    *,
    dag_id: str | None = None,
    schedule: object = None,
    join: Iterable[Sequence[str]] = (),
    defaults: Mapping[str, object] | None = None,
    task_options: Mapping[str, Mapping[str, object]] | None = None,
    codecs: Codecs | None = None,
    handoff: str | None = None,
    handoff_over: int = HANDOFF_OVER,
    pickled: Sequence[str] = (),
    stats: bool = False,
    **dag_arguments: Any,  # noqa: ANN401  # they are Airflow's
) -> DAG:
    """Makes a DAG of a pipeline: a task for each stream region, an XCom for each value that goes from one to another.

    Call it at the top level of a file in the dags folder. The pipeline's module is imported whenever Airflow reads that file;
    where that takes long, generate a file instead: `synaflow airflow generate`.

    Args:
        pipeline: The pipeline.
        dag_id: The DAG's id, by default the pipeline's name.
        schedule: Airflow's own. With one, every param needs a default.
        join: Groups of steps that are to share a task, as in `[("parse", "report")]`; whole regions are united, and what
            lies between them too.
        defaults: Defaults of params, in place of those of the params class.
        task_options: Airflow's arguments of a task (`retries`, `pool`, `queue`, `execution_timeout`, `executor_config`, ...),
            by step or task; those under `"*"` are for all.
        codecs: How values of types that have no JSON travel, `{type: Codec(encode, decode)}`; or `"module:NAME"`.
        handoff: A folder through which big values go, and such as have no JSON (numpy, pandas, arrow): `"file:///..."`, or of
            an object store. It is emptied at the end of each run.
        handoff_over: How many bytes of JSON are big.
        pickled: Steps whose values may go there as pickles.
        stats: Whether a task times its steps too, at a cost for each item; they are counted anyway.
        dag_arguments: What else Airflow's `DAG` takes: `start_date`, `catchup`, `tags`, `default_args`, ...

    Returns:
        An `airflow.sdk.DAG`.

    Raises:
        DagError: With everything that is in the way of that: a value that can't travel, a param without a default, ...
    """
    options = Options(
        dag_id=dag_id,
        schedule=schedule,
        join=join,
        defaults=defaults or {},
        task_options=task_options or {},
        codecs=codecs or {},
        handoff=handoff,
        handoff_over=handoff_over,
        pickled=pickled,
        stats=stats,
    )
    plan = plan_dag(pipeline, options)
    own: Mapping[str, Any] = dag_arguments.pop("params", None) or {}
    if taken := sorted({spec.name for spec in plan.params}.intersection(own)):
        raise DagError(pipeline.name, [f"params has {taken}, which the pipeline has too; give those as defaults="])
    arguments: dict[str, Any] = {"doc_md": plan.doc}
    arguments |= {"dag_display_name": plan.label} if plan.label else {}
    arguments |= {"description": plan.description} if plan.description else {}
    with DAG(
        dag_id=plan.id,
        schedule=cast("Any", schedule),
        params={**own, **{spec.name: _param(spec) for spec in plan.params}},
        **{**arguments, **dag_arguments},
    ) as dag:
        made: dict[str, Any] = {}
        for each in plan.tasks:
            made[each.id] = _task(each, _running(pipeline, each, tuple(own), plan.settings))
            for before in each.after:
                made[before] >> made[each.id]
        if handoff is not None:
            [made[each] for each in plan.last] >> task(_cleaning(handoff), task_id=CLEAN_UP)().as_teardown()
    return dag


def _param(spec: ParamSpec) -> Param:
    schema: Mapping[str, Any] = spec.schema
    return Param(**schema) if spec.default is REQUIRED else Param(spec.default, **schema)


def _task(plan: TaskPlan, do: Callable[[], None]) -> object:
    do.__name__ = do.__qualname__ = plan.id
    options: dict[str, Any] = {"task_display_name": plan.label} if plan.label else {}
    make = cast("Any", task)
    return make(do, task_id=plan.id, doc_md=plan.doc, **options, **plan.options)()


def _running(pipeline: PipelineDef, plan: TaskPlan, also: Sequence[str], settings: Settings) -> Callable[[], None]:
    told: dict[str, Any] = settings.told()

    def do() -> None:
        run_task(pipeline, plan.steps, takes=plan.takes, gives=plan.gives, also=also, **told)

    return do


def _cleaning(handoff: str) -> Callable[[], None]:
    def do() -> None:
        clean_up(handoff)

    return do
