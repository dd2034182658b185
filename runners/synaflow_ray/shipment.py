"""What travels with a job: the project's code, what it needs to be installed, and SynaFlow itself."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Final

from synaflow import TargetError
from synaflow.cli.target import is_file, split_target

__all__ = [
    "Place",
    "locate",
    "our_requirements",
    "pack_ourselves",
    "read_runtime_env",
    "with_env_vars",
    "with_packages",
]

_TARGETS: Final = "synaflow.targets"
_NEEDED: Final = ("synaflow", "synaflow_local", "synaflow_ray")
_PATH: Final = "PYTHONPATH"


@dataclass(frozen=True)
class Place:
    """Where a pipeline is, as the job sees it.

    Attributes:
        target: Its TARGET, from the working directory.
        working_dir: The folder here, or the URI of an archive, that becomes the job's current folder.
        folder: The folder that its file is in, from the working directory: the steps' processes import it from there.
    """

    target: str
    working_dir: str
    folder: str = "."


def locate(target: str, working_dir: str | None) -> Place:
    """Finds what to ship so that a TARGET is found on the cluster as it is here.

    Args:
        target: `module:attribute`, `path/to/file.py` or `path/to/file.py:attribute`.
        working_dir: The folder to ship, or the URI of an archive that is somewhere already. By default the current folder;
            for a file that isn't below it, the file's.

    Raises:
        TargetError: There is no such folder, or the file isn't in it.
    """
    place, attribute = split_target(target)
    if working_dir is not None and "://" in working_dir:
        return Place(target, working_dir, _folder_of(PurePath(place)) if is_file(place) else ".")
    folder = Path.cwd() if working_dir is None else Path(working_dir).resolve()
    if not folder.is_dir():
        raise TargetError(f"--working-dir {working_dir}: there is no such folder")
    if not is_file(place):
        return Place(target, str(folder))
    path = Path(place).resolve()
    if not path.is_relative_to(folder):
        if working_dir is not None:
            raise TargetError(f"{place} is not below --working-dir {working_dir}, so it would not travel with it")
        folder = path.parent
    inside = path.relative_to(folder)
    named = inside.as_posix() + (f":{attribute}" if attribute else "")
    return Place(f"./{named}" if named.startswith("-") else named, str(folder), _folder_of(inside))


def _folder_of(path: PurePath) -> str:
    return path.parent.as_posix()


def read_runtime_env(path: Path) -> dict[str, object]:
    """The runtime environment in a JSON or YAML file.

    Raises:
        TargetError: It can't be read, or is something else.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        found: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"can't read {path}: {error}") from error
    except yaml.YAMLError as error:
        raise TargetError(f"{path} is neither valid JSON nor YAML: {error}") from error
    if not isinstance(found, dict):
        raise TargetError(f"{path} must hold a runtime environment, an object, not a {type(found).__name__}")
    return found


def with_packages(env: Mapping[str, object], wanted: Sequence[str]) -> dict[str, object]:
    """The environment with packages that pip is to install in it, and with those that SynaFlow itself needs, once pip runs.

    Args:
        env: The runtime environment so far.
        wanted: Requirements, or paths of files of requirements.

    Raises:
        TargetError: Such a file can't be read, or one way to install things excludes the other.
    """
    lines = [line for each in wanted for line in _requirements(each)]
    found = env.get("pip")
    if found is None and not lines:
        return dict(env)
    for other in ("conda", "uv"):
        if env.get(other) is not None:
            raise TargetError(f"--pip doesn't go with a runtime environment that has {other}: add the packages there")
    options = dict(found) if isinstance(found, Mapping) else {}
    packages = options.get("packages", found)
    if isinstance(packages, str):
        packages = _requirements(packages)
    there = [str(package) for package in packages] if isinstance(packages, Sequence) else []
    return {**env, "pip": {**options, "packages": [*there, *lines, *our_requirements()]}}


def _requirements(wanted: str) -> list[str]:
    path = Path(wanted)
    if not (wanted.endswith(".txt") or path.is_file()) or path.suffix == ".whl":
        return [wanted]
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"--pip {wanted}: can't read it: {error}") from error
    for line in lines:
        if re.match(r"\s*(-r|-c|-e|--requirement|--constraint|--editable)\b", line):
            raise TargetError(
                f"--pip {wanted}: '{line.strip()}' names a file that would not travel; name it with --pip too"
            )
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def our_requirements() -> list[str]:
    """What SynaFlow and its Ray runner need, but for Ray, which is what the cluster is made of."""
    try:
        lines = distribution("synaflow").requires or []
    except PackageNotFoundError:
        return []
    ours = [(line.partition(";")[0].strip(), line.partition(";")[2]) for line in lines]
    return [
        need for need, marker in ours if ("extra" not in marker or '"ray"' in marker) and not re.match(r"ray\b", need)
    ]


def with_env_vars(env: Mapping[str, object], given: Mapping[str, str], place: Place) -> dict[str, object]:
    """The environment with variables: those given, and what the job itself needs where nothing else is said."""
    found = env.get("env_vars")
    variables: dict[str, str] = {
        # Ctrl-C there as here: `finally` runs, and there is time for it.
        "RAY_JOB_STOP_SIGNAL": "SIGINT",
        "RAY_JOB_STOP_WAIT_TIME_S": "30",
        **(found if isinstance(found, Mapping) else {}),
        **given,
    }
    if place.folder != ".":
        # Processes start in the working directory, so this is found from there.
        variables[_PATH] = os.pathsep.join(filter(None, [place.folder, variables.get(_PATH)]))
    return {**env, "env_vars": variables}


def pack_ourselves(into: Path) -> list[str]:
    """Copies the packages of SynaFlow, such as they are imported here, for a cluster that may have none or another.

    Args:
        into: An empty folder.

    Returns:
        The folders to ship. One of them is what tells the command line there which runners there are.
    """
    for name in sorted({*_NEEDED, *(_package(point) for point in _our_targets())}):
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            source = Path(spec.submodule_search_locations[0])
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    info = into / f"synaflow-{_version()}.dist-info"
    info.mkdir()
    targets = {point.name: point.value for point in _our_targets()}
    lines = [f"{name} = {value}" for name, value in sorted(targets.items())]
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: synaflow\nVersion: {_version()}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("\n".join([f"[{_TARGETS}]", *lines, ""]), encoding="utf-8")
    return [str(folder) for folder in sorted(into.iterdir())]


def _our_targets() -> list[EntryPoint]:
    """The runners and adapters of SynaFlow's own that are installed here, and these two at least."""
    found = {"local": "synaflow_local", "ray": "synaflow_ray.target"}
    installed = [
        point
        for point in entry_points(group=_TARGETS)
        if point.dist is not None and point.dist.name == "synaflow" and point.name not in found
    ]
    return [*(EntryPoint(name, value, _TARGETS) for name, value in found.items()), *installed]


def _package(point: EntryPoint) -> str:
    return point.module.partition(".")[0]


def _version() -> str:
    try:
        return distribution("synaflow").version
    except PackageNotFoundError:
        return "0"
