"""Resolving hints: strings and forward references become types, in the scope in which they were written."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType, FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from synaflow._types import TypeForm

__all__ = ["UNKNOWN", "Scope", "class_hints", "function_hints"]


@final
class _Unknown:
    """The type of `UNKNOWN`: stands for a hint that is missing or doesn't resolve. Its problem is already reported."""

    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = _Unknown()


class Scope:
    """The names that a hint may refer to besides its module's: those of the functions around it.

    A nested function keeps only the names its body uses, so a class that stands in its hints alone has to be looked
    for in the frame of the function around it, which is as a rule the one that calls `pipeline()`.
    """

    def __init__(self, caller: FrameType | None) -> None:
        self._caller = caller

    def around(self, owner: object) -> dict[str, object]:
        """The local names that `owner`, a function or a class, was written among, innermost last."""
        names: dict[str, object] = {}
        where = getattr(owner, "__qualname__", "").split(".<locals>.")[:-1]
        outer = {path.rpartition(".")[2] for path in where}
        module = getattr(owner, "__module__", None)
        frames: list[FrameType] = []
        frame = self._caller
        while frame is not None and outer:
            if frame.f_code.co_name in outer and frame.f_globals.get("__name__") == module:
                frames.append(frame)
            frame = frame.f_back
        if self._caller is not None and self._caller not in frames:
            frames.insert(0, self._caller)
        for frame in reversed(frames):
            names.update(frame.f_locals)
        if isinstance(owner, FunctionType) and owner.__closure__:
            for name, cell in zip(owner.__code__.co_freevars, owner.__closure__, strict=True):
                try:
                    names[name] = cell.cell_contents
                except ValueError:  # not yet assigned
                    continue
        for param in getattr(owner, "__type_params__", ()):
            names[param.__name__] = param
        return names

    def resolve(self, hint: TypeForm, owner: object) -> TypeForm:
        """One hint, given at a step rather than written at `owner`.

        Raises:
            Exception: It doesn't resolve; whatever evaluating it raised.
        """
        if not isinstance(hint, str):
            return type(None) if hint is None else hint
        module = sys.modules.get(getattr(owner, "__module__", None) or "")
        names = {**(vars(module) if module else {}), **(self._caller.f_globals if self._caller else {})}
        return _evaluate(hint, names, self.around(owner))


def function_hints(function: Callable[..., object], scope: Scope) -> tuple[dict[str, TypeForm], dict[str, str]]:
    """The hints of a function, and for those that don't resolve, why."""
    annotations: Mapping[str, TypeForm] = getattr(function, "__annotations__", {})
    nested = "<locals>" in getattr(function, "__qualname__", "")
    if not nested or not any(isinstance(hint, str) for hint in annotations.values()):
        with suppress(Exception):  # evaluating a user's string may raise anything; each is looked at below
            return typing.get_type_hints(function, include_extras=True), {}
    return _one_by_one(annotations, getattr(function, "__globals__", {}), scope.around(function))


def class_hints(cls: type, scope: Scope) -> tuple[dict[str, TypeForm], dict[str, str]]:
    """The hints of a class's attributes, those of its bases too, and for those that don't resolve, why."""
    if "<locals>" not in cls.__qualname__:
        with suppress(Exception):  # as above
            return typing.get_type_hints(cls, include_extras=True), {}
    hints: dict[str, TypeForm] = {}
    failed: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        module = sys.modules.get(base.__module__)
        annotations = inspect.get_annotations(base)
        found, bad = _one_by_one(annotations, vars(module) if module else {}, {**scope.around(base), **vars(base)})
        hints.update(found)
        failed = {name: why for name, why in failed.items() if name not in found} | bad
    return hints, failed


def _one_by_one(
    annotations: Mapping[str, TypeForm], names: dict[str, object], local: dict[str, object]
) -> tuple[dict[str, TypeForm], dict[str, str]]:
    hints: dict[str, TypeForm] = {}
    failed: dict[str, str] = {}
    for name, hint in annotations.items():
        try:
            hints[name] = _evaluate(hint, names, local)
        except NameError as error:
            failed[name] = f"the name '{error.name}' is not defined" if error.name else str(error)
        except Exception as error:  # noqa: BLE001  # evaluating a user's string may raise anything
            failed[name] = f"{type(error).__name__}: {error}"
    return hints, failed


def _evaluate(hint: TypeForm, names: dict[str, object], local: dict[str, object]) -> TypeForm:
    holder = SimpleNamespace(__annotations__={"hint": hint})
    resolved: TypeForm = typing.get_type_hints(holder, names, local, include_extras=True)["hint"]
    return resolved
