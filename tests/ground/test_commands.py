"""The commands in the README are what continuous integration runs, and install what they say they install."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest


def readme_commands(repository: Path) -> list[str]:
    """The shell blocks of the README."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_ci_runs_the_readmes_test_command(repository: Path) -> None:
    script = [line.strip() for line in (repository / ".ci/run").read_text(encoding="utf-8").splitlines()]
    commands = [command for command in readme_commands(repository) if "nox -s tests" in command]
    assert len(commands) == 1
    assert commands[0] in script


def test_ci_stops_at_the_first_failure(repository: Path) -> None:
    script = (repository / ".ci/run").read_text(encoding="utf-8")
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script


def test_the_readmes_first_commands_need_only_python_and_pip(repository: Path) -> None:
    for command in readme_commands(repository)[:2]:
        first, *rest = command.split(" && ")
        assert first == "python3 -m venv .venv"
        assert all(part.startswith((".venv/bin/", "examples/")) for part in rest), command


def tracked_text(repository: Path) -> dict[str, str]:
    """What is written in the repository, by path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git repository: there is no list of its files")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = repository / name
        if path.is_file() and path != Path(__file__):
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def test_nothing_installs_the_namesake(repository: Path) -> None:
    """The name `synaflow` on the package index is somebody else's."""
    by_name = re.compile(
        r"\b(?:pip|uv|uv pip|pipx|poetry|conda|uvx)\s+(?:install|add|run)\b[^\n]*?(?<![\w./-])synaflow(?![\w./-])"
    )
    found = {name: match[0] for name, text in tracked_text(repository).items() if (match := by_name.search(text))}
    assert found == {}


def test_no_requirement_resolves_to_the_namesake(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {})
    lists = [project["project"]["dependencies"], *extras.values(), *project["dependency-groups"].values()]
    ours = [item for items in lists for item in items if isinstance(item, str) and re.match(r"synaflow\b", item)]
    assert ours == []
