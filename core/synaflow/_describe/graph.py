"""The pipeline as a networkx graph, for whoever wants to ask it something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

    from synaflow._model import Edge, PipelineDef

__all__ = ["to_graph"]


def to_graph(pipeline: PipelineDef) -> nx.DiGraph[str]:
    """A frozen DiGraph of steps and params, made anew: see `PipelineDef.graph`."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((step.name, {"step": step}) for step in pipeline.steps)
    graph.add_nodes_from((field.name, {"field": field}) for field in pipeline.fields)
    between: dict[tuple[str, str], list[Edge]] = {}
    for edge in pipeline.edges:
        between.setdefault((edge.producer, edge.consumer), []).append(edge)
    ordered = {(name, step.name): None for step in pipeline.steps for name in step.after}
    graph.add_edges_from(
        (*pair, {"edges": tuple(between.get(pair, ())), "after": pair in ordered})
        for pair in {**dict.fromkeys(between), **ordered}
    )
    nx.freeze(graph)
    return graph
