"""What `pipeline(...)` returns: frozen, ordered, a graph, in regions (DESIGN 7)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Iterator
from typing import NamedTuple

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.building import build, edge
from synaflow import PipelineDef, run, step

SIZE = {"obj": str, "return": int}


class P(NamedTuple):
    n: int
    rows: Iterator[int]


def gives(kind: object) -> Callable[[], object]:
    made: Callable[[], object] = lambda: None  # noqa: E731
    made.__annotations__ = {"return": kind}
    return made


def source(n: int) -> Iterator[int]: ...


def total(source: Iterator[int]) -> int: ...


def listed(source: list[int]) -> list[int]: ...


def mean(total: int, listed: list[int]) -> float: ...


def regions(built: PipelineDef) -> list[tuple[str, ...]]:
    return [region.steps for region in built.regions]


def test_it_is_frozen() -> None:
    built = build(source, total, params=P)
    with pytest.raises(dataclasses.FrozenInstanceError):
        built.name = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        built.steps[0].name = "other"  # type: ignore[misc]
    with pytest.raises(nx.NetworkXError, match=r"[Ff]rozen"):
        built.graph.add_edge("a", "b")


def test_the_graph_has_steps_and_fields_and_edges_with_their_parts() -> None:
    built = build(source, total, step("late", gives(int), after=["total"]), params=P)
    graph = built.graph
    assert isinstance(graph, nx.DiGraph)
    assert list(graph.nodes) == ["source", "total", "late", "n", "rows"]
    assert graph.nodes["source"] == {"step": built["source"]}
    assert graph.nodes["n"] == {"field": built.fields[0]}
    assert graph.edges["source", "total"] == {"edges": (edge(built, "total", "source"),), "after": False}
    assert graph.edges["total", "late"] == {"edges": (), "after": True}
    assert nx.is_directed_acyclic_graph(graph)


def test_two_parameters_on_one_producer_are_one_edge_of_the_graph() -> None:
    def both(a: Iterator[int], b: Iterator[int]) -> None: ...

    built = build(source, step("both", both, inputs={"a": "source", "b": "source"}), params=P)
    assert [found.parameter for found in built.graph.edges["source", "both"]["edges"]] == ["a", "b"]


def test_the_order_is_topological_with_ties_as_listed() -> None:
    built = build(step("z", gives(int)), mean, listed, step("a", gives(int)), total, source, params=P)
    assert built.order == ("z", "a", "source", "listed", "total", "mean")


def test_what_can_be_asked_of_it() -> None:
    built = build(source, total, listed, params=P)
    assert repr(built) == "<PipelineDef 'test': 3 steps, 3 edges>"
    assert "total" in built
    assert "n" not in built
    assert built["total"].name == "total"
    with pytest.raises(KeyError):
        built["nobody"]
    assert [found.consumer for found in built.edges_out_of("source")] == ["total", "listed"]
    assert [found.parameter for found in built.edges_into("total")] == ["source"]
    assert built.edges_into("nobody") == ()
    assert built.terminals == ("total", "listed")


def test_an_empty_pipeline() -> None:
    built = build()
    assert (built.steps, built.regions, built.fields, built.terminals) == ((), (), (), ())


def test_the_graph_is_made_once() -> None:
    built = build(source, total, params=P)
    assert built.graph is built.graph


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda built: pickle.loads(pickle.dumps(built))])
def test_a_copy_is_as_good_and_starts_without_what_was_worked_out_before(
    again: Callable[[PipelineDef], PipelineDef],
) -> None:
    built = build(step("word", fn=str, hints={"return": str}), step("size", fn=len, inputs={"obj": "word"}, hints=SIZE))
    built.plans["a runner's"] = lambda: None
    copied = again(built)
    assert copied.plans == {}
    assert built.plans
    assert copied.graph is not built.graph
    assert list(copied.graph.edges) == list(built.graph.edges) == [("word", "size")]
    assert copied.to_contract() == built.to_contract()
    assert run(copied)["size"] == 0


# Regions


def test_streams_bind_and_values_do_not() -> None:
    built = build(source, total, listed, mean, params=P)
    assert regions(built) == [("source", "total", "listed"), ("mean",)]
    assert [region.name for region in built.regions] == ["source", "mean"]


def test_a_step_that_touches_no_stream_is_a_region_alone() -> None:
    built = build(step("a", gives(int)), step("b", gives(list[int])))
    assert regions(built) == [("a",), ("b",)]


def test_each_binds_from_a_stream_and_not_from_a_collection() -> None:
    def double(x: int) -> int: ...

    built = build(
        source,
        step("of_stream", double, inputs={"x": "source"}),
        step("many", gives(list[int])),
        step("of_list", double, inputs={"x": "many"}),
        params=P,
    )
    assert regions(built) == [("source", "of_stream"), ("many",), ("of_list",)]


def test_iterate_and_after_do_not_bind() -> None:
    built = build(
        step("many", gives(list[int])),
        step("read", total, inputs={"source": "many"}),
        step("late", gives(int), after=["read"]),
    )
    assert regions(built) == [("many",), ("read",), ("late",)]


def test_a_value_path_back_into_a_region_merges_what_it_would_tie_into_a_cycle() -> None:
    def doubled(total: int) -> int: ...

    def join(source: Iterator[int], doubled: int) -> None: ...

    built = build(source, total, doubled, join, params=P)
    assert regions(built) == [("source", "total", "doubled", "join")]


def test_an_ordering_back_into_a_region_does_too() -> None:
    built = build(
        source, total, step("between", gives(int), after=["total"]), step("last", total, after=["between"]), params=P
    )
    assert regions(built) == [("source", "total", "between", "last")]


def test_a_stream_that_is_a_field_belongs_to_its_consumers() -> None:
    one, two = step("one", total, inputs={"source": "rows"}), step("two", total, inputs={"source": "rows"})
    assert regions(build(one, two, step("other", gives(int)), params=P)) == [("one", "two"), ("other",)]


def test_regions_are_in_topological_order_with_ties_as_listed() -> None:
    def late(total: int) -> int: ...

    built = build(step("z", gives(int)), late, step("a", gives(int)), total, source, params=P)
    assert regions(built) == [("z",), ("a",), ("source", "total"), ("late",)]


KINDS = (int, Iterator[int], list[int])


@st.composite
def pipelines(draw: st.DrawFn) -> PipelineDef:
    """A random pipeline: each step takes from earlier ones what fits, and may wait for others."""
    steps = []
    given: list[object] = []
    for at in range(draw(st.integers(1, 9))):
        annotations: dict[str, object] = {}
        for source in draw(st.lists(st.integers(0, at - 1), unique=True, max_size=3)) if at else []:
            name = f"s{source}"
            wants: dict[object, list[object]] = {int: [int]}
            annotations[name] = draw(st.sampled_from(wants.get(given[source], [Iterator[int], list[int]])))
        kind = draw(st.sampled_from(KINDS))
        given.append(kind)
        fn = eval(f"lambda {', '.join(annotations)}: None")
        fn.__annotations__ = {**annotations, "return": kind}
        after = [f"s{other}" for other in draw(st.lists(st.integers(0, at - 1), unique=True, max_size=1))] if at else []
        steps.append(step(f"s{at}", fn, after=after))
    return build(*draw(st.permutations(steps)))


@given(pipelines())
def test_every_step_is_in_exactly_one_region_and_they_form_no_cycle(built: PipelineDef) -> None:
    of = {name: at for at, region in enumerate(built.regions) for name in region.steps}
    assert sorted(name for region in built.regions for name in region.steps) == sorted(
        step.name for step in built.steps
    )
    for found in built.edges:
        assert of[found.producer] <= of[found.consumer]
        assert not found.binds or of[found.producer] == of[found.consumer]
    for made in built.steps:
        assert all(of[name] <= of[made.name] for name in made.after)


@given(pipelines())
def test_regions_are_merged_no_further_than_they_have_to_be(built: PipelineDef) -> None:
    """As defined: components over the edges that bind, then strongly connected components of their quotient."""
    bound: nx.Graph[str] = nx.Graph()
    bound.add_nodes_from(made.name for made in built.steps)
    bound.add_edges_from((found.producer, found.consumer) for found in built.edges if found.binds)
    of = {name: at for at, names in enumerate(nx.connected_components(bound)) for name in names}
    quotient: nx.DiGraph[int] = nx.DiGraph()
    quotient.add_nodes_from(of.values())
    quotient.add_edges_from((of[found.producer], of[found.consumer]) for found in built.edges)
    quotient.add_edges_from((of[name], of[made.name]) for made in built.steps for name in made.after)
    parts = list(nx.strongly_connected_components(quotient))
    assert {frozenset(region.steps) for region in built.regions} == {
        frozenset(name for name, at in of.items() if at in part) for part in parts
    }
    place = {name: at for at, name in enumerate(built.order)}
    for region in built.regions:
        assert list(region.steps) == sorted(region.steps, key=place.__getitem__)
        assert region.name == region.steps[0]
