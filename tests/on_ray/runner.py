"""`synaflow_ray.run` as the corpus sees it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import synaflow_ray
from corpus import Case, Recorder
from on_ray.warm import Pool
from synaflow import PipelineDef, RunResult
from synaflow_ray.options import Options
from synaflow_ray.plan import make_plan

__all__ = ["RayRunner"]


class RayRunner:
    """Actors on a cluster, one a step, or with neighbours fused."""

    exact_order = False
    in_process = False
    pulls_ahead = True
    options = frozenset(inspect.signature(synaflow_ray.run).parameters) - {"pipeline", "params"}

    def __init__(self, *, fuse: bool = False, pool: Pool | None = None) -> None:
        self.name = "ray-fused" if fuse else "ray"
        self._fuse = fuse
        self.pool = pool

    def run(self, pipeline: PipelineDef, params: object, options: Mapping[str, Any]) -> RunResult:
        """Runs it to its end."""
        if self.pool is None:
            return synaflow_ray.run(pipeline, params, fuse=self._fuse, **options)
        with self.pool.used():
            return synaflow_ray.run(pipeline, params, fuse=self._fuse, **options)

    def actors(self, case: Case) -> int:
        """How many actors it makes of a case."""
        recorder = Recorder()
        options = case.options(recorder) if callable(case.options) else case.options
        outputs: Any = options.get("outputs", ())
        pipeline = case.build(recorder)
        return len(self.groups(pipeline, outputs)) + sum(field.output.stream for field in pipeline.fields)

    def groups(self, pipeline: PipelineDef, outputs: Sequence[str] = ()) -> list[tuple[str, ...]]:
        """The steps of each actor."""
        return [actor.steps for actor in make_plan(pipeline, Options(self._fuse, {}, {}), outputs).actors.values()]
