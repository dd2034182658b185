"""Including one pipeline in another: its steps become steps of the outer one, or one step that runs it per item."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from synaflow._check.declared import read_step
from synaflow._check.hints import UNKNOWN, Scope
from synaflow._check.nodes import Link, Node, Plan, Subject
from synaflow._check.params import spell_value
from synaflow._check.passing import FieldDefault, FieldOf, PassOn, SubPipeline
from synaflow._check.problems import did_you_mean, quoted
from synaflow._check.settle import seen_by_consumers
from synaflow._declare.include import Include
from synaflow._declare.step import Step
from synaflow._model import NO_DEFAULT, Edge, EdgeKind, Input, OnError, PipelineDef, StepMode
from synaflow._types import collection_item, is_assignable, spell, stream_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synaflow._model import FieldDef
    from synaflow._types import TypeForm

__all__ = ["declare_include", "dissolve_passes"]


def declare_include(plan: Plan, at: int, item: Include, scope: Scope) -> None:
    """Takes an inclusion into the plan."""
    raise NotImplementedError


def dissolve_passes(plan: Plan, order: Sequence[str]) -> list[str]:
    return list(order)
