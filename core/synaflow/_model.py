"""`PipelineDef` and its parts: frozen data, the one thing every runner and adapter reads.

It neither builds, runs nor draws itself: `_check` makes it, runners execute it, `_describe` puts it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    import networkx as nx

    from synaflow._describe.bounds import Bound
    from synaflow._describe.export import Entry
    from synaflow._types import TypeForm

__all__ = [
    "NO_DEFAULT",
    "Collector",
    "Edge",
    "EdgeKind",
    "FieldDef",
    "Input",
    "OnError",
    "Output",
    "ParamsDef",
    "PipelineDef",
    "Region",
    "StepDef",
    "StepMode",
]

Collector = Callable[[Iterator[object]], object]
"""Makes a collection of a stream: what a `collect` edge calls, with an iterator over the items."""


@final
class _NoDefault:
    """The type of `NO_DEFAULT`: None is a default like any other, so its absence needs a value of its own."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"

    def __reduce__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final = _NoDefault()


class EdgeKind(StrEnum):
    """What an edge does with what its producer gives."""

    VALUE = "value"
    STREAM = "stream"
    COLLECT = "collect"
    EACH = "each"
    ITERATE = "iterate"


class StepMode(StrEnum):
    """How a step takes streams and collections: by the table, item by item, or whole."""

    AUTO = "auto"
    EACH = "each"
    ALL = "all"


class OnError(StrEnum):
    """What a step's failure does to the run."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter of a step's function.

    Attributes:
        name: The parameter's name.
        type: Its resolved annotation.
        default: Its default, `NO_DEFAULT` where it has none.
        positional_only: Whether it must be passed by position.
    """

    name: str
    type: TypeForm
    default: object = NO_DEFAULT
    positional_only: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """What a step or a params field gives its consumers.

    Attributes:
        type: The annotation, its TypeVars solved: `Iterator[int]`, `int`. For an `each` step, what one call gives.
        stream: Whether consumers get a stream: the annotation is one, or the step is an `each` step.
        item: The type of the stream's items; for a plain value, `type` again.
    """

    type: TypeForm
    stream: bool
    item: TypeForm


@dataclass(frozen=True, slots=True, eq=False)
class StepDef:
    """A named function, its inputs and output resolved.

    Attributes:
        name: The step's name, unique in its pipeline.
        fn: The function, as given.
        inputs: Its parameters, in the order they are written.
        output: What it gives its consumers.
        on_error: What its failure does to the run.
        mode: As declared; what it came to is seen on the edges.
        max_in_flight: How many items its branches may be apart; None lets the runner choose.
        after: Names of the steps it waits for without taking anything from them.
        function: The function's name, for people (of a partial, the inner function's).
        location: `file:line` of the function, None where it has none.
        doc: The function's docstring, cleaned.
        each: Whether it is called once per item.
        flatten: Whether it is called once per item and each call's stream is flattened into its own.
        is_async: Whether calling it gives an awaitable or an asynchronous stream.
        concurrency: How many of its calls may be under way at once.
        ordered: Whether it then gives their results in the order of its items.
        timeout: After how many seconds a call of it, or its next item, has failed; None for never.
        thread: Whether it blocks, and is to be called in a thread where there is an event loop.
    """

    name: str
    fn: Callable[..., object]
    inputs: tuple[Input, ...]
    output: Output
    on_error: OnError = OnError.STOP
    mode: StepMode = StepMode.AUTO
    max_in_flight: int | None = None
    after: tuple[str, ...] = ()
    function: str = ""
    location: str | None = None
    doc: str | None = None
    each: bool = False
    flatten: bool = False
    is_async: bool = False
    concurrency: int = 1
    ordered: bool = True
    timeout: float | None = None
    thread: bool = False


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of the params class: an input of the pipeline.

    Attributes:
        name: The field's name.
        output: What it gives its consumers.
        default: Its default, `NO_DEFAULT` where it has none. A default factory is called anew for each run and not shown here.
        required: Whether a run has to be given it.
        doc: What the params class's docstring says of it.
    """

    name: str
    output: Output
    default: object = NO_DEFAULT
    required: bool = True
    doc: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ParamsDef:
    """The params class and its fields.

    Attributes:
        type: The class: a `NamedTuple`, dataclass, `TypedDict` or pydantic model.
        fields: Its fields, in the order they are written.
    """

    type: type
    fields: tuple[FieldDef, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """Producer to consumer, for one parameter of the consumer.

    Attributes:
        producer: Name of the step or params field.
        consumer: Name of the step.
        parameter: The consumer's parameter.
        kind: What is done with what the producer gives.
        produced: The producer's type, as annotated (for an `each` producer, a stream's).
        wanted: The parameter's type, as annotated.
        from_stream: Whether it leaves a stream (`stream` and `collect` always do, `each` may, `value` only for an
            iterator passed as its own class).
        found: How the producer was found: `"inputs"`, `"name"` or `"type"`.
        collector: For a `collect` edge, what makes the collection.
        one_shot: For a `stream` or `iterate` edge, whether the parameter asks for `Iterable`, whose second `iter()` must raise.
        is_async: For a `stream` edge, whether the parameter asks for an asynchronous one.
    """

    producer: str
    consumer: str
    parameter: str
    kind: EdgeKind
    produced: TypeForm
    wanted: TypeForm
    from_stream: bool
    found: str
    collector: Collector | None = None
    one_shot: bool = False
    is_async: bool = False

    @property
    def binds(self) -> bool:
        """Whether it holds its two steps in one stream region."""
        return self.kind in (EdgeKind.STREAM, EdgeKind.COLLECT) or (self.kind is EdgeKind.EACH and self.from_stream)


@dataclass(frozen=True, slots=True)
class Region:
    """A stream region: steps that have to run in one process, in lockstep.

    Attributes:
        name: The name of its first step in topological order, so unique and stable.
        steps: Its steps in topological order, ties as listed.
    """

    name: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PipelineDef:
    """A checked pipeline: what `pipeline(...)` returns. Frozen; it can't be built by hand in a wrong state usefully.

    Attributes:
        name: The pipeline's name.
        params: The params class and its fields; None for a pipeline without params.
        steps: The steps in the order they are listed, those of included pipelines in place of the `include`.
        edges: All edges: consumers in the order of `steps`, parameters in the order they are written.
        order: The steps' names in topological order, ties as listed.
        regions: The stream regions in topological order, ties as listed. Every step is in exactly one.
        aliases: Names that stand for a step: an included pipeline's name for the step it exports.
        exports: The step that an including pipeline sees under the include's name, None where that isn't decided.
        doc: What the pipeline is for, from `pipeline(..., doc=...)`.
        plans: Where runners keep what they have worked out about it, by a key of their own. No part of the definition; it
            hangs here so that it lives exactly as long. A copy starts without.
    """

    name: str
    params: ParamsDef | None
    steps: tuple[StepDef, ...]
    edges: tuple[Edge, ...]
    order: tuple[str, ...]
    regions: tuple[Region, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    exports: str | None = None
    doc: str | None = None
    plans: dict[object, object] = field(init=False, repr=False, default_factory=dict)
    _graph: nx.DiGraph[str] | None = field(init=False, repr=False, default=None)
    _steps: dict[str, StepDef] = field(init=False, repr=False)
    _into: dict[str, tuple[Edge, ...]] = field(init=False, repr=False)
    _out_of: dict[str, tuple[Edge, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        into: dict[str, list[Edge]] = {}
        out_of: dict[str, list[Edge]] = {}
        for edge in self.edges:
            into.setdefault(edge.consumer, []).append(edge)
            out_of.setdefault(edge.producer, []).append(edge)
        object.__setattr__(self, "_steps", {step.name: step for step in self.steps})
        object.__setattr__(self, "_into", {name: tuple(edges) for name, edges in into.items()})
        object.__setattr__(self, "_out_of", {name: tuple(edges) for name, edges in out_of.items()})

    def __getstate__(self) -> dict[str, object]:
        made = ("plans", "_graph")
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in made}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in {**state, "plans": {}, "_graph": None}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<PipelineDef '{self.name}': {len(self.steps)} steps, {len(self.edges)} edges>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: its picture, where the extra `graphviz` is installed, else the plan in words."""
        from synaflow._describe.notebook import show_pipeline

        return show_pipeline(self)

    @property
    def graph(self) -> nx.DiGraph[str]:
        """A frozen DiGraph of steps and params, made when first asked for.

        Nodes are names and carry `step` or `field`; edges carry `edges`, a tuple of `Edge` (empty where only `after` orders
        the two), and `after`.
        """
        graph = self._graph
        if graph is None:  # networkx takes longer to import than all of SynaFlow, and few ask for it
            from synaflow._describe.graph import to_graph

            graph = to_graph(self)
            object.__setattr__(self, "_graph", graph)
        return graph

    @property
    def fields(self) -> tuple[FieldDef, ...]:
        """The params class's fields, empty for a pipeline without params."""
        return self.params.fields if self.params else ()

    @property
    def terminals(self) -> tuple[str, ...]:
        """The steps nobody takes anything from, as listed."""
        return tuple(step.name for step in self.steps if step.name not in self._out_of)

    def __contains__(self, name: object) -> bool:
        return name in self._steps

    def __getitem__(self, name: str) -> StepDef:
        """The step of that name, or the one an alias stands for.

        Raises:
            KeyError: No step has that name.
        """
        return self._steps[self.resolve(name)]

    def resolve(self, name: str) -> str:
        """The name itself, or of the step that it is an alias for."""
        return name if name in self._steps else dict(self.aliases).get(name, name)

    def edges_into(self, name: str) -> tuple[Edge, ...]:
        """The edges whose consumer is that step, parameters in the order they are written."""
        return self._into.get(name, ())

    def edges_out_of(self, name: str) -> tuple[Edge, ...]:
        """The edges whose producer is that step or field, consumers as listed."""
        return self._out_of.get(name, ())

    def to_dict(self) -> dict[str, Entry]:
        """The pipeline as the page shows it: `{name: {deps, output, fn, on_error, needs_materialize}}`."""
        from synaflow._describe.export import to_dict

        return to_dict(self)

    def to_contract(self) -> dict[str, object]:
        """The fuller, versioned form, from which another program could build a runner."""
        from synaflow._describe.contract import to_contract

        return to_contract(self)

    def bounds(self) -> tuple[Bound, ...]:
        """How many items may wait in each branch, in the order of the edges."""
        from synaflow._describe.bounds import bounds

        return bounds(self)

    def explain(self) -> str:
        """The plan in words: each edge, its kind and why, each region, and the bound of every branch."""
        from synaflow._describe.explain import explain

        return explain(self)
