"""Each package can be the first to be imported, and imports no more than it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

import synaflow
import synaflow_local

PACKAGES = ("synaflow", "synaflow.cli", "synaflow_graphviz", "synaflow_local")


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in memory after a statement ran in a fresh interpreter, warnings being errors."""
    program = (
        f"import sys, json; {statement}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_can_come_first(package: str) -> None:
    assert package.partition(".")[0] in loaded_by(f"import {package}")


def test_the_definition_brings_in_no_runner_and_no_command_line() -> None:
    assert loaded_by("import synaflow").isdisjoint({"synaflow_local", "greenlet", "cyclopts", "rich"})


def test_asking_for_run_brings_in_the_local_runner() -> None:
    assert "synaflow_local" in loaded_by("from synaflow import run")


def test_the_facade_offers_the_local_runners_own_functions() -> None:
    assert synaflow.run is synaflow_local.run
    assert synaflow.stream is synaflow_local.stream


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_lists_is_there_and_sorted(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__, key=_constants_first) == list(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_offers_is_listed(package: str) -> None:
    module = import_module(package)
    offered = {name for name, value in vars(module).items() if not name.startswith("_") and not _is_plumbing(value)}
    assert offered - set(module.__all__) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'synaflow' has no attribute 'nope'"):
        _ = synaflow.nope  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def _constants_first(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _is_plumbing(value: object) -> bool:
    """Submodules, and what `from __future__` and `typing` leave behind."""
    return type(value).__name__ in ("module", "_Feature") or value is True or value is False
