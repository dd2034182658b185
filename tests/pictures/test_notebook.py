"""What a notebook shows: pictures where they can be drawn, the same in words where they can't."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest
from nbclient import NotebookClient
from nbformat import v4

from synaflow import PipelineDef, pipeline, run
from synaflow_graphviz.notebook import show

CELL = """
from collections.abc import Iterator
from synaflow import pipeline, run

def numbers() -> Iterator[int]:
    yield from range(5)

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

sums = pipeline("sums", steps=[numbers, total])
"""


def numbers() -> Iterator[int]:
    yield from range(5)


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


def sums() -> PipelineDef:
    return pipeline("sums", steps=[numbers, total])


def installed(monkeypatch: pytest.MonkeyPatch, *points: importlib.metadata.EntryPoint) -> None:
    """As if these and no others were offered by what is installed."""
    monkeypatch.setattr("synaflow._describe.notebook.entry_points", lambda group: points)


def point(value: str) -> importlib.metadata.EntryPoint:
    return importlib.metadata.EntryPoint("graphviz", value, "synaflow.notebook")


def test_a_pipeline_is_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, point("synaflow_graphviz.notebook:show"))
    bundle = sums()._repr_mimebundle_()
    assert bundle == {"text/plain": sums().explain().rstrip(), "image/svg+xml": show(sums(), None)}
    assert bundle["image/svg+xml"].startswith("<svg")


def test_a_result_is_its_table_and_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, point("synaflow_graphviz.notebook:show"))
    bundle = run(sums(), stats=True)._repr_mimebundle_()
    page = bundle["text/html"]
    assert "<td>total</td><td>ok</td><td>5</td>" in page
    assert "<li>total = 10</li>" in page
    assert "<svg" in page


@pytest.mark.parametrize("points", [(), (point("a_package_that_is_not_there:show"),)], ids=["none", "no extra"])
def test_without_the_extra_it_is_text(
    points: tuple[importlib.metadata.EntryPoint, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, *points)
    assert sums()._repr_mimebundle_() == {"text/plain": sums().explain().rstrip()}
    bundle = run(sums(), stats=True)._repr_mimebundle_()
    assert bundle.keys() == {"text/plain"}
    lines = bundle["text/plain"].splitlines()
    assert lines[0].startswith("pipeline 'sums': ok in ")
    assert [line.split()[:4] for line in lines[1:4]] == [
        ["step", "status", "in", "out"],
        ["numbers", "ok", "-", "5"],
        ["total", "ok", "5", "-"],
    ]
    assert lines[4] == "  total = 10"


def test_in_a_notebook() -> None:
    """A real one: a kernel runs its cells."""
    cells = [v4.new_code_cell(source) for source in (CELL, "sums", "run(sums, stats=True)")]  # type: ignore[no-untyped-call]
    notebook = v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    _, shown, ran = notebook.cells
    (output,) = shown.outputs
    assert "<svg" in "".join(output.data["image/svg+xml"])
    (output,) = ran.outputs
    assert "<table>" in "".join(output.data["text/html"])
