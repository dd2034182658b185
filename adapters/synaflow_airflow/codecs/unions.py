"""Unions: a value is written plainly where its JSON can be no other member's, and as `{"<type>": value}` elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from synaflow_airflow.codecs.base import Misfit, Node, mismatch

__all__ = ["UnionNode"]


class UnionNode(Node):
    """One of several types."""

    def __init__(self, wanted: str, nodes: list[Node]) -> None:
        self.wanted = wanted
        self.nodes = nodes
        self.tags: dict[Node, str] = {}
        self.by_tag: dict[str, Node] = {}
        for node in nodes:
            tag, copies = node.wanted, 1
            while tag in self.by_tag:  # classes of one name, from two modules
                copies += 1
                tag = f"{node.wanted} #{copies}"
            self.tags[node] = tag
            self.by_tag[tag] = node

    @cached_property
    def owners(self) -> Mapping[type, Node]:
        """Which member's a kind of JSON is that stands without a type. Only asked for once all members are complete."""
        owners = {}
        for kind in {kind for node in self.nodes for kind in node.kinds}:
            ranked = [(node.kinds[kind], node) for node in self.nodes if kind in node.kinds]
            best = min(rank for rank, _ in ranked)
            first = [node for rank, node in ranked if rank == best]
            if len(first) == 1:
                owners[kind] = first[0]
        return owners

    @property
    def kinds(self) -> Mapping[type, int]:  # type: ignore[override]
        """Those of its members."""
        return {kind: 2 for node in self.nodes for kind in (*node.kinds, dict)}

    def takes(self, value: object) -> bool:
        """As `Node.takes`."""
        return any(node.takes(value) for node in self.nodes)

    def encode(self, value: object) -> object:
        """As `Node.encode`."""
        errors: list[Misfit] = []
        tagged: object = None
        for node in self.nodes:
            if not node.takes(value):
                continue
            try:
                json = node.encode(value)
            except Misfit as error:
                errors.append(error)
                continue
            if self.owners.get(type(json)) is node and self._tagged(json) is None:
                return json
            tagged = tagged or {self.tags[node]: json}
        if tagged is not None:
            return tagged
        if len(errors) == 1:
            raise errors[0]
        bases = [getattr(node, "cls", None) for node in self.nodes]
        base = next((base for base in bases if isinstance(base, type) and isinstance(value, base)), None)
        raise mismatch(value, self.wanted, None if errors else base)

    def decode(self, json: object) -> object:
        """As `Node.decode`."""
        tag = self._tagged(json)
        if tag is not None:
            assert isinstance(json, dict)
            return self.by_tag[tag].decode(json[tag])
        owner = self.owners.get(type(json))
        if owner is None:
            raise mismatch(json, self.wanted, stored=True)
        return owner.decode(json)

    def _tagged(self, json: object) -> str | None:
        if isinstance(json, dict) and len(json) == 1:
            (tag,) = json
            return tag if tag in self.by_tag else None
        return None
