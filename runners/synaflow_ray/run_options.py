"""What `synaflow run --runner ray` takes beside the options of every run: the arguments of `synaflow_ray.run`."""

# No `from __future__ import annotations`: cyclopts reads the hints.

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from synaflow import RunnerError, TargetError
from synaflow.cli.run import RunOptions

__all__ = ["LayoutOptions", "RayRunOptions", "named"]

_Seconds = Annotated[float | None, Parameter(show_default=False)]
_Several = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]


@Parameter(name="*", group="Options")
@dataclass(frozen=True, kw_only=True)
class LayoutOptions(RunOptions):
    """How the pipeline is laid out on the cluster.

    Attributes:
        fuse: Cheap neighbours share an actor.
        replicas: STEP=N: so many processes share the items of that `each` step; may be repeated.
        options: STEP=JSON: what Ray is asked for that step's actor, '{"num_gpus": 1}' say; may be repeated.
        ordered: What comes of a replicated step's items keeps their order. With --no-ordered, it comes as it is done.
        replay: Items that a replica had when it died are done again. With --no-replay, its death fails the run.
        linger: Seconds that an item may be held back on its whole way, so that others may travel with it.
        place_within: Seconds in which the actors have to be placed and started.
        close_within: Seconds that a step has to end in, when the run ends early.
    """

    fuse: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    replicas: _Several = ()
    options: _Several = ()
    ordered: Annotated[bool, Parameter(show_default=False)] = True
    replay: Annotated[bool, Parameter(show_default=False)] = True
    linger: _Seconds = None
    place_within: _Seconds = None
    close_within: _Seconds = None

    def arguments(self) -> dict[str, object]:
        """As arguments of `synaflow_ray.run`."""
        seconds = {name: getattr(self, name) for name in ("linger", "place_within", "close_within")}
        return {
            **super().arguments(),
            "fuse": self.fuse,
            "replicas": {step: _count(step, text) for step, text in named("--replicas", self.replicas, "STEP").items()},
            "options": {step: _asked(step, text) for step, text in named("--options", self.options, "STEP").items()},
            "ordered": self.ordered,
            "replay": self.replay,
            **{name: value for name, value in seconds.items() if value is not None},
        }


@Parameter(name="*", group="Options")
@dataclass(frozen=True, kw_only=True)
class RayRunOptions(LayoutOptions):
    """The options of a run from here.

    Attributes:
        address: The cluster: auto, host:port or ray://host:port. By default the one that RAY_ADDRESS names or that runs on
            this machine, else one that is started for the run.
    """

    address: str | None = None

    def arguments(self) -> dict[str, object]:
        """As arguments of `synaflow_ray.run`."""
        return {**super().arguments(), "address": self.address}


def named(option: str, texts: Sequence[str], name: str = "NAME") -> dict[str, str]:
    """Values by name, as an option that may be repeated has them.

    Args:
        option: The option, for the error.
        texts: What was written: `NAME=VALUE`.
        name: What the names are of, for the error.

    Raises:
        TargetError: There is no name, or no `=`.
    """
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise TargetError(f"{option} {text}: write {name}=VALUE")
        found[key] = value
    return found


def _count(step: str, text: str) -> int:
    if not text.isdecimal():
        raise RunnerError(f"--replicas {step}={text}: write a whole number from 1")
    return int(text)


def _asked(step: str, text: str) -> Mapping[str, object]:
    try:
        asked = json.loads(text)
    except ValueError as error:
        raise RunnerError(f"--options {step}={text}: not JSON: {error}") from error
    if not isinstance(asked, dict):
        raise RunnerError(f"--options {step}={text}: write a JSON object, '{{\"num_cpus\": 1}}' say")
    return asked
