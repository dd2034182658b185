"""SynaFlow: typed Python functions, wired by their hints into one checked pipeline that runs anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow._check.build import pipeline
from synaflow._check.collectors import register_collector
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
from synaflow._run.params import bind_params
from synaflow._run.part import dependents_of, part_of
from synaflow._run.result import BranchResult, DeadLetter, RunResult, StepResult, StepStatus
from synaflow._run.runner import Runner, load_runner
from synaflow._types import TypeForm, spell

if TYPE_CHECKING:
    from synaflow_local import run, stream

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
    "bind_params",
    "dependents_of",
    "include",
    "load_runner",
    "part_of",
    "pipeline",
    "register_collector",
    "run",
    "spell",
    "spell_value",
    "step",
    "stream",
]

_LOCAL = frozenset({"run", "stream"})


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        # An eager import would be circular: `import synaflow_local` imports this package first.
        if name in _LOCAL:
            import synaflow_local

            return getattr(synaflow_local, name)
        raise AttributeError(f"module 'synaflow' has no attribute '{name}'")
