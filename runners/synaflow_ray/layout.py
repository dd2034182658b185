"""A plan brought to a cluster: what each actor is sent, checked before the first is made; the actors made, and removed."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import ray
from ray import cloudpickle
from ray.util import inspect_serializability
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from synaflow import RunnerError
from synaflow_ray.actor import FeedActor, StepActor, threads_for
from synaflow_ray.job import Job
from synaflow_ray.options import NO_RETRIES
from synaflow_ray.pool import PoolJob
from synaflow_ray.search_path import own_path

if TYPE_CHECKING:
    from synaflow_ray.plan import ActorPlan, Plan

__all__ = ["Layout"]


class Layout:
    """The actors of one run.

    Attributes:
        plan: The plan.
        run_id: What tells the names of this run's actors from those of others.
        handles: The actors, by name, feeds included.
    """

    def __init__(self, plan: Plan, *, stats: bool, ordered: bool, replay: bool, place_within: float) -> None:
        self.plan: Final = plan
        self.run_id: Final = uuid.uuid4().hex[:8]
        self.handles: Final[dict[str, Any]] = {}
        self._stats: Final = stats
        self._ordered: Final = ordered
        self._replay: Final = replay
        self._place_within: Final = place_within

    def check(self, values: Mapping[str, object]) -> None:
        """Sees that all that has to go to an actor can.

        Args:
            values: The params.

        Raises:
            RunnerError: A step's function or a param can't be pickled.
        """
        pipeline = self.plan.pipeline
        for step in pipeline.steps:
            _see_pickled(step.fn, f"step '{step.name}' of pipeline '{pipeline.name}'", "function")
        for name in values:
            if name not in self.plan.feeds:
                _see_pickled(values[name], f"param '{name}' of pipeline '{pipeline.name}'", "value")

    def make(self) -> None:
        """Makes the actors; Ray places them when it can."""
        plan = self.plan
        # Those that keep books for others are where the driver is, without which there is no run anyway. Of an actor that asks
        # for no resources, Ray takes a soft affinity for none at all.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        near = {"scheduling_strategy": here}
        for feed in plan.feeds.values():
            self.handles[feed.name] = self._actor(FeedActor, feed.name, len(feed.readers), near).remote(
                feed.name, own_path(), plan.pipeline.name, feed.readers, feed.linger
            )
        for actor in plan.actors.values():
            resources = near if actor.replicas else actor.resources
            make = self._actor(StepActor, actor.name, len(actor.readers), resources)
            self.handles[actor.name] = make.remote(actor.name, own_path(), cloudpickle.dumps(self._job(actor)))

    def remove(self) -> None:
        """Ends every actor at once."""
        for handle in self.handles.values():
            ray.kill(handle)

    def _actor(self, kind: type, name: str, readers: int, resources: Mapping[str, object]) -> Any:  # noqa: ANN401  # Ray's have no type
        return ray.remote(kind).options(
            **{"num_cpus": 0, **resources},
            **NO_RETRIES,
            name=f"{self._prefix}/{name}",
            max_concurrency=threads_for(readers),
        )

    @property
    def _prefix(self) -> str:
        return f"{self.plan.pipeline.name}/{self.run_id}"

    def _job(self, actor: ActorPlan) -> Job:
        pipeline = self.plan.pipeline
        literal = {name for name in actor.reads if name in pipeline and pipeline[name].max_in_flight is not None}
        return Job(
            actor,
            {name: self.handles[name] for name in actor.reads},
            frozenset(literal),
            self._stats,
            PoolJob(self._prefix, self._ordered, self._replay, self._place_within) if actor.replicas else None,
        )


def _see_pickled(thing: object, subject: str, what: str) -> None:
    try:
        if what == "function":
            cloudpickle.loads(cloudpickle.dumps(thing))
        else:
            # What is large in it is only looked at, and not copied: it is pickled for good when it is sent.
            cloudpickle.dumps(thing, protocol=5, buffer_callback=lambda _: None)
    except Exception as error:
        raise RunnerError(
            f"{subject} can't go to an actor: {_culprit(thing, what)} can't be pickled: {error}"
        ) from error


def _culprit(thing: object, what: str) -> str:
    """The object inside that is to blame."""
    found: set[Any]
    _, found = inspect_serializability(thing, name=what, print_file=io.StringIO())
    for one in found:
        # Of some versions of Ray it has a name, of others the path to it.
        name = getattr(one, "name", None) or next((part for part in reversed(one.path) if part), what)
        return f"'{name}', a {type(one.obj).__name__},"
    return f"its {what}"
