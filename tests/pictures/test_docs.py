"""The README's pictures show the examples as they are."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pictures.reading_back import Drawn, shown
from synaflow import PipelineDef
from synaflow_graphviz import to_svg


@pytest.mark.parametrize("name", ["quickstart", "flights"])
def test_a_picture_of_an_example(name: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location(name, repository / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    (subject,) = [value for value in vars(module).values() if isinstance(value, PipelineDef)]
    kept = shown((repository / "docs" / f"{name}.svg").read_text(encoding="utf-8"))
    assert said(kept) == said(shown(to_svg(subject))), (
        f"draw it anew: synaflow render examples/{name}.py -o docs/{name}.svg"
    )


def said(drawn: Drawn) -> list[tuple[object, ...]]:
    """All but where things are."""
    return [(thing.id, thing.texts, thing.tip, thing.classes) for thing in (*drawn.nodes, *drawn.edges, *drawn.boxes)]
