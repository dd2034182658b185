"""SynaFlow: typed Python functions, wired by their hints into one checked pipeline that runs anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow._check.build import pipeline
from synaflow._check.collectors import register_collector
from synaflow._check.outputs import find_async
from synaflow._declare.include import include
from synaflow._declare.step import step
from synaflow._describe.bounds import Bound
from synaflow._describe.values import spell_value
from synaflow._errors import (
    Cancelled,
    ClosedStreamError,
    ParamsError,
    PipelineError,
    Problem,
    RunnerError,
    SpillError,
    StepError,
    StreamReadError,
    SynaflowError,
    TargetError,
)
from synaflow._model import (
    NO_DEFAULT,
    Edge,
    EdgeKind,
    FieldDef,
    Input,
    OnError,
    Output,
    ParamsDef,
    PipelineDef,
    Region,
    StepDef,
    StepMode,
)
from synaflow._run.asked import check_asked, check_dead_letter, known_step, output_names, refuse_async
from synaflow._run.params import bind_params
from synaflow._run.part import dependents_of, part_of
from synaflow._run.progress import Progress, ProgressRow
from synaflow._run.result import BranchResult, DeadLetter, RunResult, StepResult, StepStatus
from synaflow._run.runner import Runner, load_runner
from synaflow._types import TypeForm, spell

if TYPE_CHECKING:
    from synaflow_local import async_run, async_stream, run, stream

__all__ = [
    "NO_DEFAULT",
    "Bound",
    "BranchResult",
    "Cancelled",
    "ClosedStreamError",
    "DeadLetter",
    "Edge",
    "EdgeKind",
    "FieldDef",
    "Input",
    "OnError",
    "Output",
    "ParamsDef",
    "ParamsError",
    "PipelineDef",
    "PipelineError",
    "Problem",
    "Progress",
    "ProgressRow",
    "Region",
    "RunResult",
    "Runner",
    "RunnerError",
    "SpillError",
    "StepDef",
    "StepError",
    "StepMode",
    "StepResult",
    "StepStatus",
    "StreamReadError",
    "SynaflowError",
    "TargetError",
    "TypeForm",
    "async_run",
    "async_stream",
    "bind_params",
    "check_asked",
    "check_dead_letter",
    "dependents_of",
    "find_async",
    "include",
    "known_step",
    "load_runner",
    "output_names",
    "part_of",
    "pipeline",
    "refuse_async",
    "register_collector",
    "run",
    "spell",
    "spell_value",
    "step",
    "stream",
]

_LOCAL = frozenset({"async_run", "async_stream", "run", "stream"})


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        # An eager import would be circular: `import synaflow_local` imports this package first.
        if name in _LOCAL:
            import synaflow_local

            return getattr(synaflow_local, name)
        raise AttributeError(f"module 'synaflow' has no attribute '{name}'")
