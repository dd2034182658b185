"""`synaflow render TARGET -o FILE`, as installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TARGET = """
from collections.abc import Iterator
from synaflow import pipeline

def numbers() -> Iterator[int]:
    yield from range(5)

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

sums = pipeline("sums", steps=[numbers, total])
"""

STARTS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph {", "html": b"<!doctype html>"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text(TARGET)
    return tmp_path


def synaflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["synaflow", *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", STARTS)
def test_each_form(folder: Path, form: str) -> None:
    done = synaflow(folder, "render", "sums.py", "-o", f"out.{form.upper() if form == 'svg' else form}")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (drawn,) = folder.glob("out.*")
    assert drawn.read_bytes().startswith(STARTS[form])


def test_options(folder: Path) -> None:
    assert synaflow(folder, "render", "sums.py", "--output", "a.dot", "--no-legend", "--folded").returncode == 0
    text = (folder / "a.dot").read_text()
    assert "legend" not in text
    assert "2 steps" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sums.py", "-o", "out.jpg"), "error: can't draw into 'out.jpg': its name has to end in one of .svg, .png, .pdf, .dot, .html\n"),
        (("sums.py", "-o", "no/out.svg"), "error: can't write 'no/out.svg': [Errno 2] No such file or directory: 'no/out.svg'\n"),
        (("sums.py", "-o", "no/out.html"), "error: can't write 'no/out.html': [Errno 2] No such file or directory: 'no/out.html'\n"),
        (("nowhere.py", "-o", "out.svg"), None),
        (("sums.py",), None),
    ],
)  # fmt: skip
def test_what_is_refused(folder: Path, arguments: tuple[str, ...], said: str | None) -> None:
    done = synaflow(folder, "render", *arguments)
    assert done.returncode == 2
    # What Graphviz's libraries have to say of this machine's fonts is theirs.
    ours = "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith("Fontconfig "))
    assert ours == said if said else ours.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_it_is_listed(folder: Path) -> None:
    assert "render" in synaflow(folder, "--help").stdout
    assert "--folded" in synaflow(folder, "render", "--help").stdout
