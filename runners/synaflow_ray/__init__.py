"""Pipelines as actors on a Ray cluster: a step is an actor, and a stream a generator that another actor pulls."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

# Looked up, and not imported: that takes Ray half a second, and only who runs something needs it.
if find_spec("ray") is None or find_spec("tblib") is None:
    raise ImportError("synaflow_ray needs the extra `ray`: run pip install '.[ray]' in a clone of SynaFlow")

if TYPE_CHECKING:
    from synaflow_ray.explained import explain
    from synaflow_ray.runner import run

__all__ = ["explain", "run"]

_LATER: Final = {"explain": "explained", "run": "runner"}
"""What is imported when it is asked for, with its module, which can't be of the same name: it would be found in its place."""


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        if name in _LATER:
            return getattr(import_module(f"synaflow_ray.{_LATER[name]}"), name)
        raise AttributeError(f"module 'synaflow_ray' has no attribute '{name}'")
