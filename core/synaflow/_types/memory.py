"""What this package remembers of types, and for how long.

Wiring asks the same questions over and over, so the answers are kept while a pipeline is built. They hold on to the user's
classes, and a class to all that its module or the function around it does; so they are forgotten once it is built.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

__all__ = ["forget", "remembered"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SIZE = 1 << 16
_forgetting: list[Callable[[], None]] = []


def remembered(fn: Callable[_P, _T]) -> Callable[_P, _T]:
    """The function, with a memory for its answers. Its arguments have to be hashable."""
    remembering = lru_cache(maxsize=_SIZE)(fn)
    _forgetting.append(remembering.cache_clear)
    return cast("Callable[_P, _T]", remembering)


def forget() -> None:
    """Forgets all answers. Whoever is asking meanwhile, in another thread, only has to work them out again."""
    for clear in _forgetting:
        clear()
