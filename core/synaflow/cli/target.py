"""Finds the pipeline a TARGET names: `module:attribute`, `path/to/file.py` or `file.py:attribute`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from synaflow._errors import PipelineError, TargetError
from synaflow._model import PipelineDef
from synaflow.cli.frames import user_traceback

__all__ = ["is_file", "load_target", "split_target"]


def load_target(target: str) -> PipelineDef:
    """The pipeline a TARGET names. Its module is imported, as `import` would: once, and without its `__main__` part.

    Args:
        target: `module:attribute`, `path/to/file.py` or `path/to/file.py:attribute`. Without an attribute, the one
            pipeline of the module.

    Raises:
        TargetError: There is no such module or pipeline, or the module doesn't import.
        PipelineError: Building the pipeline found problems.
    """
    place, attribute = split_target(target)
    if is_file(place):
        module = _import(place, lambda: _load_file(Path(place)))
    else:
        module = _import(place, lambda: _load_module(place))
    return _named(module, place, attribute) if attribute else _only(module, place)


def is_file(place: str) -> bool:
    """Whether the place that a TARGET names is a file, and not a module."""
    return place.endswith(".py") or "/" in place or os.sep in place


def split_target(target: str) -> tuple[str, str]:
    """The module or file, and the attribute, empty where none is given.

    Raises:
        TargetError: It has neither form.
    """
    place, colon, attribute = target.rpartition(":")
    if not colon or attribute.endswith(".py"):  # a colon may belong to the path: C:\jobs\flow.py
        return target, ""
    if not place or not attribute:
        raise TargetError(
            f"'{target}' is no target: write module:attribute, path/to/file.py or path/to/file.py:attribute"
        )
    return place, attribute


class _MissingError(Exception):
    """The target itself is missing, as opposed to something that it imports."""


def _import(place: str, load: Callable[[], ModuleType]) -> ModuleType:
    """Runs an import of the user's code and puts its failures in the user's terms."""
    try:
        return load()
    except _MissingError as error:
        raise TargetError(str(error)) from None
    except PipelineError:
        raise
    except SystemExit as error:
        raise TargetError(f"{place} doesn't import: it ends the program (exit code {error.code})") from error
    except Exception as error:
        raise TargetError(f"{place} doesn't import:\n{user_traceback(error)}") from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        likely = path.with_name(f"{path.name}.py")
        hint = f"; did you mean {likely}?" if likely.is_file() else ""
        raise _MissingError(f"{path} is a folder{hint}" if path.is_dir() else f"no file {path}{hint}")
    path = path.resolve()
    _put_on_path(path.parent)
    loaded = sys.modules.get(path.stem)
    if loaded is None and path.stem.isidentifier():
        # The plain way first: functions are then found again by name, which is what pickling needs.
        importlib.invalidate_caches()
        spec = importlib.util.find_spec(path.stem)
        if spec and spec.origin and Path(spec.origin).resolve() == path:
            return importlib.import_module(path.stem)
    elif loaded is not None and _is_from(loaded, path):
        return loaded
    # Its name belongs to another module, as `json.py`'s does, or is none, as `my-flow.py`'s.
    return _load_as(f"synaflow_file_{path.stem.replace('.', '_')}", path)


def _load_as(name: str, path: Path) -> ModuleType:
    loaded = sys.modules.get(name)
    if loaded is not None and _is_from(loaded, path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _MissingError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load_module(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise _MissingError(f"'{name}' is no module's name")
    _put_on_path(Path.cwd())
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only the target's own name, or a package on the way to it; a module that it imports is the user's to see.
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _MissingError(f"no module '{name}' here or among the installed ones") from None
        raise


def _put_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _is_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path


def _named(module: ModuleType, place: str, attribute: str) -> PipelineDef:
    found: object = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            pipelines = _pipelines(module)
            close = get_close_matches(attribute, pipelines, 1)
            mend = f"; did you mean '{close[0]}'?" if close else f"; pipelines there: {_listed(pipelines)}"
            raise TargetError(f"{place} has no '{attribute}'{mend}") from None
    if not isinstance(found, PipelineDef):
        there = _listed(_pipelines(module))
        raise TargetError(
            f"{place}:{attribute} is not a pipeline, its type is {type(found).__name__}; pipelines there: {there}"
        )
    return found


def _only(module: ModuleType, place: str) -> PipelineDef:
    found = _pipelines(module)
    if not found:
        raise TargetError(f"{place} holds no pipeline: nothing at its top level is what pipeline(...) returns")
    if len({id(pipeline) for pipeline in found.values()}) > 1:
        choices = "".join(f"\n    {place}:{name}" for name in found)
        raise TargetError(f"{place} holds {len(found)} pipelines; say which:{choices}")
    return next(iter(found.values()))


def _pipelines(module: ModuleType) -> dict[str, PipelineDef]:
    return {name: value for name, value in vars(module).items() if isinstance(value, PipelineDef)}


def _listed(pipelines: dict[str, PipelineDef]) -> str:
    return ", ".join(f"'{name}'" for name in pipelines) or "none"
