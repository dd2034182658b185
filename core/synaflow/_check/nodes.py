"""What the checks work on: a `Node` per step, filled in check by check until it can become a `StepDef`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from synaflow._model import OnError, StepMode

if TYPE_CHECKING:
    from synaflow._check.problems import Problems
    from synaflow._model import Edge, FieldDef, Input, Output, StepDef
    from synaflow._types import TypeForm

__all__ = ["Link", "Node", "Plan", "Subject"]


class Subject(NamedTuple):
    """Who a problem is about: for an included pipeline's field, the include and not the step that stands for it.

    Attributes:
        at: Where the item stands in `steps`.
        step: Its name.
        call: How it is written: `step("total", fn=total`, for a line to paste.
        location: `file:line` of its function.
    """

    at: int
    step: str
    call: str
    location: str | None


class Link(NamedTuple):
    """A parameter whose producer is found.

    Attributes:
        producer: The node or field.
        found: How: `"inputs"`, `"name"` or `"type"`.
    """

    producer: str
    found: str


@dataclass(slots=True, eq=False)
class Node:
    """A step while it is being checked.

    Attributes:
        name: Its name in the graph.
        about: Who its problems are about.
        fn: What is called.
        inputs: Its parameters.
        returns: Its return hint, `UNKNOWN` where that is a problem already reported.
        declared: What its return hint says it gives; None where that can't be said.
        told: Producers by parameter, from `inputs=`.
        after: Names it waits for, as written; resolved by the wiring.
        settled: For a step of an included pipeline, what that pipeline's check made of it.
        edges: The edges into it: those of an included step from the start, the others' when they are settled.
        links: Its producers by parameter, found by the wiring.
        hidden: Whether it is never found by type, as an included step is.
        passes: For the node that stands for a params field of an included pipeline, that field.
        done: Whether it is settled.
        output: What its consumers get, once it is settled; None where that can't be said.
        own_output: What it gives itself: of an `each` step, what one call gives.
        each: Whether it is called once per item.
        flatten: Whether each call's stream is flattened into its own.
    """

    name: str
    about: Subject
    fn: Callable[..., object]
    inputs: tuple[Input, ...]
    returns: TypeForm
    declared: Output | None
    told: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    on_error: OnError = OnError.STOP
    mode: StepMode = StepMode.AUTO
    max_in_flight: int | None = None
    function: str = ""
    doc: str | None = None
    is_async: bool = False
    concurrency: int = 1
    ordered: bool = True
    timeout: float | None = None
    thread: bool = False
    settled: StepDef | None = None
    edges: tuple[Edge, ...] = ()
    links: dict[str, Link] = field(default_factory=dict)
    hidden: bool = False
    passes: FieldDef | None = None
    done: bool = False
    output: Output | None = None
    own_output: Output | None = None
    each: bool = False
    flatten: bool = False


@dataclass(slots=True, eq=False)
class Plan:
    """A pipeline while it is being checked.

    Attributes:
        name: Its name.
        problems: What is wrong so far.
        fields: Its params fields, by name.
        nodes: Its steps, by name, as listed.
        aliases: The step that stands for an include's name, by that name.
        endings: The steps that have ended when an include has, by its name.
        broken: Names of items that have problems so bad that they are no nodes; nobody is told they don't exist.
        unexported: Names of includes whose pipeline exports no step.
    """

    name: str
    problems: Problems
    fields: dict[str, FieldDef] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    endings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    unexported: set[str] = field(default_factory=set)

    def complain(
        self,
        about: Subject,
        code: str,
        message: str,
        parameter: str | None = None,
        suggestion: str | None = None,
        produced: TypeForm | None = None,
        wanted: TypeForm | None = None,
    ) -> None:
        """Adds a problem about one step."""
        word = "include" if about.call.startswith("include(") and "__" not in about.step else "step"
        self.problems.add(
            about.at,
            code,
            f"{word} '{about.step}': {message}",
            step=about.step,
            parameter=parameter,
            produced=produced,
            wanted=wanted,
            location=about.location,
            suggestion=suggestion,
        )
