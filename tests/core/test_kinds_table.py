"""The tables of edge kinds, pair by pair, as a user meets them: the kind of an edge, or what is wrong with a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import pytest

from core.building import build, edge, gives, problem_of, takes
from core.kinds_modes import BY_TYPE, ITEMS, MODES
from core.kinds_table import TABLE, UNION_WITH_A_STREAM, Entry
from core.kinds_types import AMBIGUOUS, COLLECT, EACH, ITERATE, STREAM, VALUE
from synaflow import PipelineDef, PipelineError, StepMode, spell, step

T = TypeVar("T")

LINES = [(section, line) for section, lines in TABLE.items() for line in lines]
IDS = [f"{section}: {spell(given)}" for section, (given, _) in LINES]
KINDS = (VALUE, STREAM, COLLECT, EACH, ITERATE)


def answer_of(build_it: Callable[[], PipelineDef], wanted: object, parameter: str = "made") -> str:
    """The kind of the edge into 'use', or the code of the problem that is there instead."""
    try:
        found = edge(build_it(), "use", parameter)
    except PipelineError as error:
        (problem,) = error.problems
        assert problem.step == "use"
        assert problem.code not in KINDS
        assert problem.suggestion is not None or problem.code != AMBIGUOUS
        return problem.code
    assert found.wanted == (type(None) if wanted is None else wanted)
    assert (found.collector is not None) is (found.kind == COLLECT)
    return str(found.kind)


def differences(line: Entry, build_it: Callable[[object, object], PipelineDef]) -> dict[str, str]:
    """The parameters of a line that get another answer than it says."""
    given, answers = line
    found = {}
    for answer, parameters in answers.items():
        for wanted in parameters:
            actual = answer_of(lambda: build_it(given, wanted), wanted)  # noqa: B023  # called at once
            if actual != answer:
                found[spell(wanted)] = f"{actual}, not {answer}"
    return found


def from_a_step(given: object, wanted: object) -> PipelineDef:
    return build(step("made", gives(given)), step("use", takes(wanted)))


def from_a_field(given: object, wanted: object) -> PipelineDef:
    return build(step("use", takes(wanted)), params=NamedTuple("Params", [("made", given)]))  # type: ignore[arg-type]


def with_hints_at_the_step(given: object, wanted: object) -> PipelineDef:
    def use(made): ...  # type: ignore[no-untyped-def]

    made = step("made", fn=dict, hints={"return": given})
    return build(made, step("use", fn=use, hints={"made": wanted, "return": None}))


@pytest.mark.parametrize(("section", "line"), LINES, ids=IDS)
def test_the_table(section: str, line: Entry) -> None:
    assert differences(line, from_a_step) == {}


@pytest.mark.parametrize("build_it", [from_a_field, with_hints_at_the_step])
@pytest.mark.parametrize(("section", "line"), LINES, ids=IDS)
def test_it_holds_of_params_fields_and_of_hints_at_the_step(
    section: str, line: Entry, build_it: Callable[[object, object], PipelineDef]
) -> None:
    given, answers = line
    assert differences((given, {answer: wanted[:2] for answer, wanted in answers.items()}), build_it) == {}


def test_the_table_is_large_and_has_no_pair_twice() -> None:
    pairs = [
        (repr(given), repr(wanted)) for _, (given, answers) in LINES for some in answers.values() for wanted in some
    ]
    assert len(pairs) >= 1_000
    twice = {pair for pair in pairs if pairs.count(pair) > 1}
    assert twice == set()


@pytest.mark.parametrize(("section", "line"), LINES, ids=IDS)
def test_what_is_a_stream(section: str, line: Entry) -> None:
    given, answers = line
    built = build(step("made", gives(given)))
    is_stream = "stream" in section or "iterators" in section
    assert built["made"].output.stream is is_stream
    for answer in (STREAM, COLLECT, EACH):
        for wanted in answers.get(answer, ()):
            assert edge(from_a_step(given, wanted), "use", "made").from_stream is is_stream


@pytest.mark.parametrize("given", UNION_WITH_A_STREAM, ids=spell)
@pytest.mark.parametrize("wanted", [int, object, Iterator[int], list[int]], ids=spell)
def test_a_union_with_a_stream_in_it_is_refused_at_its_producer(given: object, wanted: object) -> None:
    problem = problem_of(step("made", gives(given)), step("use", takes(wanted)))
    assert (problem.code, problem.step) == ("unsupported-type", "made")
    assert "union with a stream" in problem.message


@pytest.mark.parametrize("mode", ["auto", "each", "all"])
@pytest.mark.parametrize("row", MODES, ids=lambda row: f"{spell(row[0])} to {spell(row[1])}")
def test_a_mode_says_which_rows_are_tried(row: tuple[object, object, str, str, str], mode: str) -> None:
    given, wanted, auto, each, whole = row
    built = lambda: build(step("made", gives(given)), step("use", takes(wanted), mode=StepMode(mode)))  # noqa: E731
    assert answer_of(built, wanted) == {"auto": auto, "each": each, "all": whole}[mode]


@pytest.mark.parametrize(("given", "wanted", "answer"), BY_TYPE, ids=spell)
def test_by_type(given: object, wanted: object, answer: str) -> None:
    def use(other: object) -> None: ...

    use.__annotations__["other"] = wanted
    assert answer_of(lambda: build(step("made", gives(given)), use), wanted, "other") == answer


@pytest.mark.parametrize(("given", "item"), ITEMS, ids=spell)
def test_items(given: object, item: object) -> None:
    def use(made: Iterator[T]) -> T: ...

    assert build(step("made", gives(given)), use)["use"].output.type == item
