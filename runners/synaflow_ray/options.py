"""What a run on Ray can be told of its steps, checked at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from synaflow import PipelineDef, RunnerError

__all__ = ["NO_RETRIES", "Options"]

NO_RETRIES: Final = {"max_restarts": 0, "max_task_retries": 0}
"""For every actor: Ray's own restarts and retries would splice two attempts into one stream without a word."""

_ALLOWED: Final = frozenset(
    {
        "accelerator_type",
        "label_selector",
        "memory",
        "num_cpus",
        "num_gpus",
        "resources",
        "runtime_env",
        "scheduling_strategy",
    }
)
"""Ray's options that say where an actor runs and with what."""

_OURS: Final = {
    "max_concurrency": "an actor of SynaFlow needs a thread for each stream it serves",
    "max_restarts": "a restarted actor has lost what it had streamed; replicas={...} replaces what dies",
    "max_task_retries": "a retried stream is spliced from two attempts without a word",
    "name": "an actor is named after its pipeline, run and step",
    "lifetime": "an actor ends with its run",
}
"""Those that SynaFlow decides, and why."""


@dataclass(frozen=True)
class Options:
    """How a pipeline is to be laid out on a cluster.

    Attributes:
        fuse: Whether cheap neighbours share an actor.
        replicas: By `each` step, how many processes share its items.
        resources: By step, what Ray is asked for its actor, or for each of its replicas.
    """

    fuse: bool = False
    replicas: Mapping[str, int] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def check(self, pipeline: PipelineDef) -> None:
        """Sees that they fit a pipeline.

        Raises:
            RunnerError: They name no step of it, replicas of what is no `each` step, or an option that isn't to be set.
        """
        for what, names in (("replicas", self.replicas), ("options", self.resources)):
            for name in names:
                if name not in {step.name for step in pipeline.steps}:
                    known = ", ".join(step.name for step in pipeline.steps)
                    raise RunnerError(f"{what}: pipeline '{pipeline.name}' has no step '{name}'; its steps: {known}")
        for name, count in self.replicas.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < 1:
                raise RunnerError(f"replicas={{'{name}': {count!r}}}: give a whole number from 1")
            if not pipeline[name].each:
                raise RunnerError(
                    f"replicas={{'{name}': {count}}}: only a step that is called once per item can share its items "
                    f"between processes, and '{name}' is not called per item"
                )
        for name, asked in self.resources.items():
            if not isinstance(asked, Mapping):
                raise RunnerError(f"options={{'{name}': {asked!r}}}: give a dict of Ray's options")
            for option in asked:
                if option in _OURS:
                    raise RunnerError(f"options={{'{name}': {{'{option}': ...}}}}: not to be set: {_OURS[option]}")
                if option not in _ALLOWED:
                    raise RunnerError(
                        f"options={{'{name}': {{'{option}': ...}}}}: no option of an actor; there are: {', '.join(sorted(_ALLOWED))}"
                    )
