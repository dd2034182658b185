"""What every task of a DAG is told, beside its steps."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from synaflow import RunnerError
from synaflow_airflow.handoff import HANDOFF_OVER, Handoff

if TYPE_CHECKING:
    from synaflow_airflow.codecs import Codec

__all__ = ["Codecs", "Settings"]

Codecs = Mapping[Any, "Codec[Any]"] | str
"""How values of types that have no JSON travel; or where such a mapping is found, `"module:NAME"`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every task is told.

    Attributes:
        codecs: How values of types that have no JSON travel.
        handoff: The folder of the object store through which big values go, a URL; None for none.
        handoff_over: Bytes of JSON past which a value goes there, although it could be an XCom.
        pickled: The steps whose values may go there as pickles.
        stats: Whether items are timed too, and not only counted.
    """

    codecs: Codecs = field(default_factory=dict)
    handoff: str | None = None
    handoff_over: int = HANDOFF_OVER
    pickled: tuple[str, ...] = ()
    stats: bool = False

    def told(self) -> dict[str, object]:
        """Those that aren't as they are by default, by name."""
        default = Settings()
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != getattr(default, each.name)
        }

    @property
    def store(self) -> Handoff | None:
        """The hand-off, where there is one."""
        return None if self.handoff is None else Handoff(self.handoff, self.handoff_over, frozenset(self.pickled))

    def own_codecs(self) -> Mapping[Any, Codec[Any]]:
        """The user's codecs, imported where they are given by name.

        Raises:
            RunnerError: There are none under that name.
        """
        if not isinstance(self.codecs, str):
            return self.codecs
        module, _, name = self.codecs.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise RunnerError(
                f"codecs={self.codecs!r}: write module:NAME, where NAME is a dict of codecs: {error}"
            ) from error
        if not isinstance(found, Mapping):
            raise RunnerError(f"codecs={self.codecs!r} is a {type(found).__name__}, not a dict from types to codecs")
        return found
