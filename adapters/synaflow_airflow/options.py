"""What can be asked of a DAG, whichever way it is made; and as the command line has it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from synaflow_airflow.handoff import HANDOFF_OVER
from synaflow_airflow.literals import write
from synaflow_airflow.settings import Codecs, Settings

__all__ = ["Options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a DAG is to be; each as `to_dag` says."""

    dag_id: str | None = None
    schedule: Any = None
    join: Iterable[Sequence[str]] = ()
    defaults: Mapping[str, object] = field(default_factory=dict)
    task_options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    codecs: Codecs = field(default_factory=dict)
    handoff: str | None = None
    handoff_over: int = HANDOFF_OVER
    pickled: Sequence[str] = ()
    stats: bool = False
    dag_arguments: Mapping[str, object] = field(default_factory=dict)
    """What else Airflow's `DAG` takes."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Options:
        """From keyword arguments as `to_dag` takes them, all in one."""
        own = {each.name for each in fields(cls)} - {"dag_arguments"}
        ours = {name: value for name, value in options.items() if name in own and value is not None}
        return cls(**ours, dag_arguments={name: value for name, value in options.items() if name not in own})

    @property
    def settings(self) -> Settings:
        """What every task is told."""
        return Settings(self.codecs, self.handoff, self.handoff_over, tuple(self.pickled), self.stats)

    def command(self, target: str, output: str) -> str:
        """The arguments of `synaflow airflow generate` that ask for the same.

        Raises:
            CantWriteError: One of them can't be written down.
        """
        return shlex.join([target, "-o", output, *self._words()])

    def _words(self) -> Iterator[str]:
        if self.dag_id is not None:
            yield from ("--dag-id", self.dag_id)
        if self.schedule is not None:
            yield from ("--schedule", self.schedule if isinstance(self.schedule, str) else _line(self.schedule))
        for group in self.join:
            yield from ("--join", ",".join(group))
        for name, value in self.defaults.items():
            yield from ("--default", f"{name}={_line(value)}")
        for name, options in self.task_options.items():
            for option, value in options.items():
                yield from ("--task-option", f"{name}.{option}={_line(value)}")
        if self.codecs:
            yield from ("--codecs", self.codecs if isinstance(self.codecs, str) else _line(self.codecs))
        if self.handoff is not None:
            yield from ("--handoff", self.handoff)
        if self.handoff_over != HANDOFF_OVER:
            yield from ("--handoff-over", str(self.handoff_over))
        for name in self.pickled:
            yield from ("--pickled", name)
        if self.stats:
            yield "--stats"
        for name, value in self.dag_arguments.items():
            yield from ("--dag-option", f"{name}={_line(value)}")


def _line(value: object) -> str:
    """A value's text on one line."""
    return write(value, flat=True)
