"""What is in the built wheel and source distribution. Run by `nox -s wheel`, which builds them."""

from __future__ import annotations

import os
import tarfile
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

DIST = Path(os.environ["SYNAFLOW_DIST"])
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    Path(package)
    for package in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]["packages"]
]


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    """The wheel: one, for any platform."""
    (path,) = DIST.glob("*.whl")
    assert path.name.endswith("-py3-none-any.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def source() -> set[str]:
    """The names in the source distribution, without its own folder's."""
    (path,) = DIST.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {package.name for package in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_wheel_holds_every_file_of_a_package(wheel: zipfile.ZipFile, package: Path) -> None:
    there = {name for name in wheel.namelist() if name.startswith(f"{package.name}/")}
    on_disk = {
        str(path.relative_to(ROOT / package.parent))
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there == on_disk
    assert f"{package.name}/py.typed" in there


def test_the_wheel_holds_the_schema_of_the_contract(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if name.startswith("synaflow/") and name.endswith(".schema.json")] != []


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    fields = message_from_string(wheel.read(metadata).decode())
    assert fields["Name"] == "synaflow"
    assert fields["License-Expression"] == "MIT"
    assert fields["Requires-Python"] == ">=3.11"
    assert "Private :: Do Not Upload" in fields.get_all("Classifier", [])
    required = [line for line in fields.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [line for line in required if line.startswith("synaflow")]


def test_the_wheel_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    (licence,) = (name for name in wheel.namelist() if name.endswith("/licenses/LICENSE"))
    assert "The SynaFlow authors" in wheel.read(licence).decode()


def test_the_source_distribution_can_be_tested(source: set[str]) -> None:
    assert {"pyproject.toml", "noxfile.py", "README.md", "LICENSE", ".ci/run", "tests/conftest.py"} <= source


def test_the_source_distribution_holds_no_leftovers(source: set[str]) -> None:
    assert [name for name in source if "__pycache__" in name or name.endswith(".pyc")] == []
