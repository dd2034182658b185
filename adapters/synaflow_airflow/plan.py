"""From a pipeline to the tasks of a DAG: plain data, which the factory and the generated file both read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synaflow import OnError, PipelineDef, dependents_of
from synaflow_airflow.docs import dag_doc, first_line, storable, task_doc
from synaflow_airflow.errors import DagError
from synaflow_airflow.names import airflow_id, airflow_ids, is_airflow_id
from synaflow_airflow.params import ParamSpec, param_specs
from synaflow_airflow.travel import travellers

if TYPE_CHECKING:
    import networkx as nx

    from synaflow_airflow.options import Options
    from synaflow_airflow.settings import Settings

__all__ = ["DagPlan", "TaskPlan", "plan_dag"]

_OWN: Collection[str] = frozenset(
    {"dag", "doc", "doc_md", "multiple_outputs", "python_callable", "task_display_name", "task_id"}
)
"""Arguments of a task that are not a user's to set, because they follow from the pipeline."""

ALL = "*"
"""In `task_options`, every task."""


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of the DAG.

    Attributes:
        id: Its `task_id`.
        label: What the UI calls it, empty where that is its id.
        steps: The steps it runs, in topological order.
        takes: The steps of other tasks whose values it needs, each with the id of the task that gives it.
        gives: Its steps whose values other tasks need.
        after: The ids of the tasks it comes directly after.
        doc: Its `doc_md`.
        options: Airflow's own arguments, as the user has set them.
    """

    id: str
    label: str
    steps: tuple[str, ...]
    takes: Mapping[str, str]
    gives: tuple[str, ...]
    after: tuple[str, ...]
    doc: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DagPlan:
    """A DAG.

    Attributes:
        id: Its `dag_id`.
        label: What the UI calls it, empty where that is its id.
        description: What it is for, in a line; empty where nobody has said.
        doc: Its `doc_md`.
        params: Its params.
        tasks: Its tasks, in topological order.
        settings: What every task is told.
    """

    id: str
    label: str
    description: str
    doc: str
    params: tuple[ParamSpec, ...]
    tasks: tuple[TaskPlan, ...]
    settings: Settings

    @property
    def last(self) -> tuple[str, ...]:
        """The ids of the tasks that no other comes after."""
        followed = {before for task in self.tasks for before in task.after}
        return tuple(task.id for task in self.tasks if task.id not in followed)


def plan_dag(pipeline: PipelineDef, options: Options) -> DagPlan:
    """Takes a pipeline apart into tasks, and sees that all of it can be a DAG.

    Raises:
        DagError: With everything that is in the way.
    """
    problems: list[str] = []
    settings, dag_id = options.settings, options.dag_id
    groups = _groups(pipeline, options.join, problems)
    ids = airflow_ids(group[0] for group in groups)
    home = {step: ids[group[0]] for group in groups for step in group}
    problems += travellers(pipeline, home, settings)
    try:
        params = param_specs(pipeline, options.defaults, scheduled=options.schedule is not None)
    except DagError as error:
        problems += error.problems
        params = ()
    task_options = _options(pipeline, home, options.task_options, problems)
    if dag_id is not None and not is_airflow_id(dag_id):
        problems.append(f"dag_id={dag_id!r} is no id for Airflow: '{airflow_id(dag_id)}' would be")
    if problems:
        raise DagError(pipeline.name, problems)
    lacking = _lacking(pipeline)
    tasks: list[TaskPlan] = []
    for group in groups:
        task = ids[group[0]]
        takes, after = _around(pipeline, group, home)
        told = {**task_options[ALL], **task_options[task]}
        if any(lacking.issuperset(other.steps) for other in tasks if other.id in after):
            # What it comes after may be skipped; what it lacks then, and whether it can do without, it finds out itself.
            told.setdefault("trigger_rule", "none_failed")
        gives = tuple(
            name for name in group if any(home[edge.consumer] != task for edge in pipeline.edges_out_of(name))
        )
        label = _label(pipeline, group)
        tasks.append(
            TaskPlan(
                task,
                "" if label == task else label,
                group,
                takes,
                gives,
                after,
                task_doc(pipeline, group, takes, gives),
                told,
            )
        )
    made = dag_id or airflow_id(pipeline.name)
    label = "" if made == pipeline.name or dag_id is not None else storable(pipeline.name)
    return DagPlan(made, label, first_line(pipeline.doc), dag_doc(pipeline), params, tuple(tasks), settings)


# Which steps share a task


def _groups(pipeline: PipelineDef, join: Iterable[Sequence[str]], problems: list[str]) -> list[tuple[str, ...]]:
    """The steps of each task, both in topological order.

    A region is a task. What is joined becomes one, and so does every region on a way between two that are: else the one
    task would come both before and after theirs.
    """
    import networkx as nx  # it takes longer to import than all of SynaFlow, and a task that runs needs no plan

    region_of = {step: at for at, region in enumerate(pipeline.regions) for step in region.steps}
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(pipeline.regions)))
    graph.add_edges_from(
        (region_of[before], region_of[step]) for step in region_of for before in _directly_before(pipeline, step)
    )
    for names in join:
        joined = [region_of[name] for name in _steps(pipeline, names, "join", problems)]
        nx.add_path(graph, joined)
        nx.add_path(graph, joined[::-1])
    whole = nx.condensation(graph)  # strongly connected components: nothing can come both before and after itself
    place = {name: at for at, name in enumerate(pipeline.order)}
    groups = {
        node: sorted((step for at in data["members"] for step in pipeline.regions[at].steps), key=place.__getitem__)
        for node, data in whole.nodes(data=True)
    }
    ordered = nx.lexicographical_topological_sort(whole, key=lambda node: place[groups[node][0]])
    return [tuple(groups[node]) for node in ordered]


def _directly_before(pipeline: PipelineDef, step: str) -> list[str]:
    taken = [edge.producer for edge in pipeline.edges_into(step) if edge.producer in pipeline]
    return taken + [pipeline.resolve(name) for name in pipeline[step].after]


def _around(
    pipeline: PipelineDef, group: tuple[str, ...], home: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a task takes from others, and the tasks it comes directly after, in topological order."""
    own = home[group[0]]
    takes: dict[str, str] = {}
    before: set[str] = set()
    for step in group:
        for edge in pipeline.edges_into(step):
            if edge.producer in home and home[edge.producer] != own:
                takes[edge.producer] = home[edge.producer]
        before.update(home[name] for name in _directly_before(pipeline, step))
    ordered = dict.fromkeys(home[name] for name in pipeline.order)
    return takes, tuple(task for task in ordered if task in before and task != own)


def _lacking(pipeline: PipelineDef) -> frozenset[str]:
    """The steps that may give nothing without a task failing: what goes on after an error, and all that depends on it."""
    going_on = {step.name for step in pipeline.steps if step.on_error is OnError.CONTINUE and not step.output.stream}
    return dependents_of(pipeline, going_on) | going_on


def _label(pipeline: PipelineDef, group: tuple[str, ...]) -> str:
    """A task's steps, from the first ones to the last ones."""
    if len(group) == 1:
        return group[0]
    inside = set(group)
    first = [name for name in group if not any(edge.producer in inside for edge in pipeline.edges_into(name))]
    last = [name for name in group if not any(edge.consumer in inside for edge in pipeline.edges_out_of(name))]
    return f"{', '.join(first)} → {', '.join(last)}"


# What the user has asked for


def _steps(pipeline: PipelineDef, names: object, what: str, problems: list[str]) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Collection):
        problems.append(f"{what}={names!r}: give names of steps, as in [('a', 'b')]")
        return []
    found = []
    for name in names:
        if isinstance(name, str) and pipeline.resolve(name) in pipeline:
            found.append(pipeline.resolve(name))
        else:
            problems.append(f"{what} names {name!r}, and there is no such step; there are {_listed(pipeline)}")
    return found


def _options(
    pipeline: PipelineDef,
    home: Mapping[str, str],
    task_options: Mapping[str, Mapping[str, object]],
    problems: list[str],
) -> dict[str, dict[str, object]]:
    """Airflow's arguments for each task."""
    told: dict[str, dict[str, object]] = {ALL: {}, **{task: {} for task in home.values()}}
    for name, options in task_options.items():
        task = ALL if name == ALL else home.get(pipeline.resolve(name))
        if task is None:
            problems.append(f"task_options has {name!r}, and there is no such step; there are {_listed(pipeline)}")
            continue
        for option, value in options.items():
            if option in _OWN:
                problems.append(f"task_options[{name!r}] sets {option!r}, which follows from the pipeline")
            elif option in told[task] and told[task][option] != value:
                problems.append(
                    f"task_options sets {option!r} twice for the task '{task}': {told[task][option]!r} and, for "
                    f"{name!r}, {value!r}"
                )
            told[task][option] = value
    return told


def _listed(pipeline: PipelineDef) -> str:
    return ", ".join(f"'{step.name}'" for step in pipeline.steps)
