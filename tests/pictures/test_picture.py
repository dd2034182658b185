"""What there is to be seen: every step, field and edge once, in the boxes of the design, told apart without colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from corpus import CASES, Case, Recorder
from pictures.reading_back import Drawn, shown
from synaflow import PipelineDef, RunResult, StepError, include, pipeline, run, step
from synaflow_graphviz import to_dot, to_svg
from synaflow_graphviz.look import AFTER, PENS, SHAPES

GOLDEN = Path(__file__).parent / "golden"
SMALL = 20_000
"""Of the longer ones it is enough that they can be drawn."""


def golden_files() -> dict[str, str]:
    """The DOT of the corpus, by module."""
    texts: dict[str, str] = {}
    for case in CASES:
        dot = to_dot(case.build(Recorder()), legend=False)
        if len(dot) < SMALL:
            module = case.build.__module__.rpartition(".")[2]
            texts[module] = texts.get(module, "") + f"// {case.name}\n{dot}\n"
    return texts


def test_golden_dot_of_the_corpus() -> None:
    """`SYNAFLOW_GOLDEN=write` writes them anew; what changes is then to be looked at."""
    for module, text in golden_files().items():
        file = GOLDEN / f"{module}.dot"
        if os.environ.get("SYNAFLOW_GOLDEN") == "write":
            file.write_text(text, encoding="utf-8")
        known = file.read_text(encoding="utf-8") if file.exists() else ""
        assert text.splitlines() == known.splitlines(), f"{file.name}: SYNAFLOW_GOLDEN=write writes it anew"


DRAWN = tuple(case for case in CASES if len(case.build(Recorder()).steps) <= 60)


@pytest.mark.parametrize("case", DRAWN, ids=str)
def test_every_pipeline_of_the_corpus(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    subject = case.build(Recorder())
    drawn = shown(to_svg(subject, legend=False))
    assert len(drawn.nodes) == len(subject.steps) + len(subject.fields)
    assert len(drawn.edges) == len(subject.edges) + sum(len(step.after) for step in subject.steps)
    for edge, line in zip(subject.edges, drawn.edges, strict=False):
        assert str(edge.kind) in line.classes
        assert edge.producer in line.tip
        assert edge.consumer in line.tip
    unbounded = [bound for bound in subject.bounds() if bound.limit is None]
    assert sum("unbounded" in line.classes for line in drawn.edges) == len(unbounded)
    regions = [r for r in subject.regions if len(r.steps) > 1 or subject[r.name].output.stream]
    assert sum("region" in box.classes for box in drawn.boxes) == len(regions)


class Params(NamedTuple):
    """What it needs.

    Attributes:
        count: How many there are.
    """

    count: int = 10  # type: ignore[assignment]  # a method of tuples


def numbers(count: int) -> Iterator[int]:
    """All of them."""
    yield from range(count)


def odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError(f"{number} is even")
    return number


def total(odds: Iterator[int]) -> int:
    return sum(odds)


def share(total: int, numbers: Iterator[int]) -> list[float]:
    return [number / total for number in numbers]


def largest(share: Iterator[float]) -> float:
    return max(share)


def every(numbers: list[int]) -> int:
    return len(numbers)


def demo() -> PipelineDef:
    return pipeline(
        "demo",
        Params,
        [
            step("numbers", numbers, max_in_flight=4),
            step("odds", odd, inputs={"number": "numbers"}, on_error="continue"),
            total,
            share,
            largest,
            step("all_of", every, after=["largest"]),
        ],
        doc="What it is for.",
    )


def test_what_a_picture_tells(graphviz_way: str) -> None:
    drawn = shown(to_svg(demo()))
    assert drawn.node("numbers").texts == ("numbers", "max in flight: 4")
    assert drawn.node("odds").texts == ("odds", "odd()", "each item", "on error: continue")
    assert drawn.node("count: int = 10").classes == {"param"}
    roles = {title: drawn.node(title).classes for title in ("numbers", "odds", "total", "share", "largest", "all_of")}
    assert roles == {
        "numbers": {"source"},
        "odds": {"each"},
        "total": {"sink"},
        "share": {"sink"},
        "largest": {"value"},
        "all_of": {"sink"},
    }
    assert drawn.node("numbers").tip == "numbers: numbers(count: int) -> Iterator[int]\n\nAll of them."
    lines = {edge.tip.partition(",")[0]: edge for edge in drawn.edges}
    collected = lines["numbers → all_of(numbers)"]
    assert [text.strip() for text in collected.texts] == ["list[int]", "∞ may buffer"]
    assert collected.classes == {"collect", "unbounded"}
    assert "Iterator[int] → list[int]" in collected.tip
    assert "unbounded" in collected.tip
    assert lines["numbers → odds(number)"].texts[0].strip() == "number: int"
    assert lines["count → numbers(count)"].texts == (), "its type stands in the field"
    assert [edge.classes for edge in drawn.edges if edge.tip == "all_of runs after largest"] == [{"after"}]
    assert [box.texts for box in drawn.boxes] == [("Params",), ("stream region: numbers",)]


def test_a_run_in_the_picture() -> None:
    subject = demo()
    result = run(subject, stats=True)
    drawn = shown(to_svg(subject, result=result))
    assert "10 in · 5 out · 5 dropped" in drawn.node("odds").texts[-1]
    assert drawn.node("odds").texts[-1].endswith("% of the time")
    lines = {edge.tip.partition(",")[0]: edge for edge in drawn.edges}
    assert lines["numbers → share(numbers)"].texts[-1].strip() == "10 items, at most 10 waited"


def failed() -> tuple[PipelineDef, RunResult]:
    def bad(count: int) -> int:
        raise ValueError("it is <b>bad</b>")

    def below(bad: int) -> int:
        return bad

    def beside(count: int) -> int:
        return count

    subject = pipeline("p", Params, [step("bad", bad, on_error="continue"), below, beside])
    return subject, run(subject)


def test_what_failed_and_what_was_skipped() -> None:
    subject, result = failed()
    drawn = shown(to_svg(subject, result=result))
    assert drawn.node("bad").classes == {"value", "failed"}
    assert drawn.node("bad").texts[-1] == "FAILED"
    assert "ValueError: it is <b>bad</b>" in drawn.node("bad").tip
    assert drawn.node("below").classes == {"value", "skipped"}
    assert drawn.node("beside").classes == {"value"}


def test_a_result_of_a_run_that_stopped() -> None:
    def bad(count: int) -> int:
        raise ValueError

    subject = pipeline("p", Params, [bad])
    with pytest.raises(StepError) as caught:
        run(subject)
    assert shown(to_svg(subject, result=caught.value.result)).node("bad").classes == {"value", "failed"}


def nested() -> PipelineDef:
    def inner_numbers(count: int) -> Iterator[int]:
        yield from range(count)

    def inner_total(inner_numbers: Iterator[int]) -> int:
        return sum(inner_numbers)

    inner = pipeline("inner", Params, [inner_numbers, inner_total], exports="inner_total")

    def label(deep: int) -> str:
        return str(deep)

    outer = pipeline("outer", Params, [include("deep", pipeline=inner), label])

    def show(wide: str) -> None:
        print(wide)

    return pipeline("whole", Params, [include("wide", pipeline=outer), show])


def boxes_of(drawn: Drawn) -> list[str]:
    return [box.texts[0] for box in drawn.boxes]


def test_includes_are_nested_boxes() -> None:
    dot = to_dot(nested(), legend=False)
    drawn = shown(to_svg(nested(), legend=False))
    assert boxes_of(drawn) == ["Params", "include: wide", "include: deep", "stream region: wide__deep__inner_numbers"]
    inside = dot[dot.index("include: wide") :]
    assert inside.index("include: deep") < inside.index("stream region") < inside.index("inner_total")
    assert drawn.node("inner_total").tip.startswith("wide__deep__inner_total: ")


def test_folded_boxes() -> None:
    drawn = shown(to_svg(nested(), folded=True))
    assert {node.texts[0] for node in drawn.nodes} == {"count: int = 10", "include: wide", "show"}
    assert drawn.node("include: wide").texts[1] == "3 steps"
    assert len(drawn.edges) == 2


def test_a_legend_of_what_is_there() -> None:
    def one() -> int:
        return 1

    dot = to_dot(pipeline("p", steps=[one]))
    assert SHAPES["value"].says in dot  # type: ignore[index]
    assert "params field" not in dot
    assert not any(pen.says in dot for pen in (*PENS.values(), AFTER))
    assert "legend" not in to_dot(pipeline("p", steps=[one]), legend=False)


def test_nothing_is_told_by_colour_alone() -> None:
    pens = [(pen.style, pen.width, pen.head) for pen in (*PENS.values(), AFTER)]
    assert len(set(pens)) == len(pens)
    shapes = [(shape.shape, shape.style, shape.peripheries) for shape in SHAPES.values()]
    assert len(set(shapes)) == len(shapes)


def test_light_and_dark() -> None:
    svg = to_svg(demo())
    assert "@media (prefers-color-scheme:dark)" in svg
    assert 'class="paper"' in svg
    assert "xlink" not in svg.replace("xmlns:xlink", "")


def test_long_types_are_cut_and_told_in_full() -> None:
    class AnExtremelyLongNameOfAClassIndeed:
        pass

    kinds = dict[str, list[tuple[AnExtremelyLongNameOfAClassIndeed, dict[str, int]]]]
    first = step("first", dict, hints={"return": kinds})
    second = step("second", lambda first: None, hints={"first": kinds, "return": None})
    (line,) = shown(to_svg(pipeline("p", steps=[first, second]))).edges
    assert [text.strip() for text in line.texts] == ["dict[str, list[tuple[…]]]"]
    assert line.tip.count("AnExtremelyLongNameOfAClassIndeed") == 2
