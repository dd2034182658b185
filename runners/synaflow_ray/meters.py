"""What Ray's own metrics are told: items given and items waiting, by pipeline and step."""

from __future__ import annotations

from typing import Final

from ray.util.metrics import Counter, Gauge

__all__ = ["Meters"]

_TAGS: Final = ("pipeline", "step")


class Meters:
    """The metrics of one actor: `synaflow_items` and `synaflow_buffered_items`."""

    def __init__(self, pipeline: str, step: str) -> None:
        tags = {"pipeline": pipeline, "step": step}
        self._items: Final = Counter("synaflow_items", "Items that a step's stream has given.", tag_keys=_TAGS)
        self._items.set_default_tags(tags)
        self._buffered: Final = Gauge(
            "synaflow_buffered_items", "Items of a step's stream that wait for its readers.", tag_keys=_TAGS
        )
        self._buffered.set_default_tags(tags)

    def gave(self, items: int) -> None:
        """So many items more."""
        self._items.inc(items)

    def shows(self, waiting: int) -> None:
        """So many are waiting now."""
        self._buffered.set(waiting)
