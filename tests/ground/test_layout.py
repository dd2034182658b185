"""The packages on disk are those that are built, checked and kept apart."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("core", "runners", "adapters")
PACKAGES = {init.parent.name: init.parent for role in ROLES for init in sorted(ROOT.glob(f"{role}/*/__init__.py"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The packages a module imports, and whether it does so only for the type checker."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], id(node) in for_types
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], id(node) in for_types


def test_there_are_packages() -> None:
    assert {"synaflow", "synaflow_local"} <= set(PACKAGES)


def test_the_wheel_holds_every_package() -> None:
    built = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(built) == sorted(str(path.relative_to(ROOT)) for path in PACKAGES.values())


def test_import_linter_watches_every_package() -> None:
    assert sorted(PROJECT["tool"]["importlinter"]["root_packages"]) == sorted(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(package: str) -> None:
    assert (PACKAGES[package] / "py.typed").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_another_but_the_definition(package: str) -> None:
    others = set(PACKAGES) - {package, "synaflow"}
    facade = PACKAGES["synaflow"] / "__init__.py"
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in PACKAGES[package].rglob("*.py")
        for name, _ in imports(path)
        if name in others and not (path == facade and name == "synaflow_local")
    }
    assert found == set()


def test_the_facade_imports_the_runner_only_when_asked() -> None:
    tree = ast.parse((PACKAGES["synaflow"] / "__init__.py").read_text(encoding="utf-8"))
    at_import = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [line for line in at_import if "synaflow_local" in line] == []
