# ruff: noqa: UP006, UP007, UP035, UP045  # old spellings of types are met in hints too
"""Types decide the kind of edge: the table of DESIGN 5, row by row, and the paragraphs below it."""

# mypy: disable-error-code="empty-body, valid-type, misc"
# pyright: reportGeneralTypeIssues=false
from __future__ import annotations

import collections
import io
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from typing import (
    IO,
    Annotated,
    Any,
    Deque,
    Dict,
    FrozenSet,
    Generic,
    NamedTuple,
    NewType,
    Optional,
    TextIO,
    TypeVar,
    Union,
)

import pytest

from core.building import build, edge, gives, problem_of, problems_of, takes
from ids import stable
from synaflow import Edge, EdgeKind, Problem, register_collector, step

T = TypeVar("T")
UserId = NewType("UserId", int)


class Row(NamedTuple):
    name: str
    size: int


class Rows(Iterator[int]):
    """An iterator with a class of its own."""

    def __next__(self) -> int: ...


class Shelf:
    """A collection with a class of its own."""

    def __iter__(self) -> Iterator[int]: ...


class Bag(Generic[T]):
    """A collection that streams can be materialised into, once it is registered."""


class Table:
    """Another, which is not generic."""


class Sized:
    """A third, made by a class."""

    def __init__(self, items): ...  # type: ignore[no-untyped-def]


def bag_of(items: Iterable[T]) -> Bag[T]: ...


def table_of(rows: Iterable[Row]) -> Table: ...


register_collector(Bag, bag_of)
register_collector(Table, table_of)
register_collector(Sized, Sized)


def connected(given: object, wanted: object, mode: str = "auto") -> Edge:
    """The edge from an output of one type to a parameter of another."""
    return edge(build(step("made", gives(given)), step("use", takes(wanted), mode=mode)), "use", "made")  # type: ignore[arg-type]


def refused(given: object, wanted: object, mode: str = "auto") -> Problem:
    """Why they can't be connected."""
    return problem_of(step("made", gives(given)), step("use", takes(wanted), mode=mode))  # type: ignore[arg-type]


V, S, C, E, I = EdgeKind.VALUE, EdgeKind.STREAM, EdgeKind.COLLECT, EdgeKind.EACH, EdgeKind.ITERATE  # noqa: E741


@pytest.mark.parametrize(("given", "wanted"), [(int, Iterator[int]), (int, list[int])], ids=str)
def test_a_plain_value_is_never_wrapped_and_the_message_says_what_to_do(given: object, wanted: object) -> None:
    problem = refused(given, wanted)
    assert "nothing is wrapped" in problem.message
    assert problem.suggestion is not None
    assert "return `list[int]`" in problem.suggestion


# Ambiguous


@pytest.mark.parametrize("wanted", [Any, object, T, Union[Any, None], Union[T, int], Optional[object]], ids=str)
def test_a_stream_into_what_takes_anything(wanted: object) -> None:
    problem = refused(Iterator[int], wanted)
    assert problem.code == "ambiguous-stream"
    assert problem.suggestion is not None
    for way in ("`Iterator[int]`", "`list[int]`", "`int`"):
        assert way in problem.suggestion


@pytest.mark.parametrize("given", [Iterator[Any], Iterator, Generator[Any, None, None]], ids=str)
@pytest.mark.parametrize("wanted", [list[int], list, dict[str, int], Sequence[str], Bag[int]], ids=str)
def test_a_stream_of_anything_into_a_collection(given: object, wanted: object) -> None:
    problem = refused(given, wanted)
    assert problem.code == "ambiguous-stream"
    assert problem.suggestion is not None
    for way in ('mode="all"', 'mode="each"', "items a type"):
        assert way in problem.suggestion


def test_a_mode_decides_what_is_ambiguous() -> None:
    assert connected(Iterator[Any], list[int], "all").kind is C
    assert connected(Iterator[Any], list[int], "each").kind is E
    assert connected(Iterator[int], object, "each").kind is E


def test_a_stream_as_one_alternative_of_a_producer() -> None:
    problem = problem_of(step("made", gives(Union[Iterator[int], None])))
    assert (problem.code, problem.step) == ("unsupported-type", "made")
    assert "union with a stream" in problem.message


def test_of_two_members_in_one_row_the_first_written_counts() -> None:
    assert connected(Iterator[int], Union[list[int], set[int]]).collector is list
    assert connected(Iterator[int], Union[set[int], list[int]]).collector is set


# Collectors


@pytest.mark.parametrize(
    ("wanted", "collector"),
    [
        (list[int], list),
        (set[int], set),
        (frozenset[int], frozenset),
        (FrozenSet[int], frozenset),
        (tuple[int, ...], tuple),
        (Sequence[int], list),
        (Collection[int], list),
        (Set[int], set),
        (deque[int], deque),
        (Deque[int], deque),
        (Bag[int], bag_of),
        (Sized, Sized),
    ],
    ids=stable,
)
def test_what_a_stream_is_materialised_by(wanted: object, collector: object) -> None:
    assert connected(Iterator[int], wanted).collector is collector


@pytest.mark.parametrize("wanted", [dict[str, int], Dict[str, int], Mapping[str, int]], ids=str)
def test_a_mapping_takes_pairs_and_the_last_of_a_key_wins(wanted: object) -> None:
    collector = connected(Iterator[tuple[str, int]], wanted).collector
    assert collector is dict
    assert collector(iter([("a", 1), ("b", 2), ("a", 3)])) == {"a": 3, "b": 2}


def test_only_collect_edges_have_a_collector() -> None:
    assert [connected(Iterator[int], wanted).collector for wanted in (Iterator[int], int)] == [None, None]


def test_register_collector_checks_what_it_is_given() -> None:
    with pytest.raises(TypeError, match="class first"):
        register_collector("Bag", bag_of)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="callable second"):
        register_collector(Bag, 3)  # type: ignore[arg-type]


def test_a_later_registration_replaces_an_earlier_one() -> None:
    class Twice: ...

    def first(items: Iterable[int]) -> Twice: ...

    def second(items: Iterable[int]) -> Twice: ...

    register_collector(Twice, first)
    register_collector(Twice, second)
    assert connected(Iterator[int], Twice).collector is second


def test_without_a_collector_a_class_takes_no_stream() -> None:
    assert refused(Iterator[tuple[str, int]], collections.OrderedDict[str, int]).code == "incompatible-types"


# Iterable, Generator, and an iterator's own class


@pytest.mark.parametrize("given", [Iterator[int], Generator[int, None, None], Iterable[int]], ids=str)
def test_iterable_is_one_shot_and_iterator_is_not(given: object) -> None:
    assert connected(given, Iterable[int]).one_shot
    assert not connected(given, Iterator[int]).one_shot
    assert connected(AsyncIterator[int], AsyncIterable[int]).one_shot


@pytest.mark.parametrize("wanted", [Generator[int, str, None], AsyncGenerator[int, str]], ids=str)
def test_a_consumer_can_not_send(wanted: object) -> None:
    problem = refused(Iterator[int], wanted)
    assert problem.code == "unsupported-type"
    assert "can't send" in problem.message
    assert problem.suggestion is not None
    assert "Iterator[int]" in problem.suggestion


def test_a_producer_that_could_be_sent_to_is_a_stream_like_any_other() -> None:
    assert connected(Generator[int, str, None], Iterator[int]).kind is S


@pytest.mark.parametrize(("given", "wanted"), [(TextIO, TextIO), (TextIO, IO[str]), (Rows, Rows)], ids=str)
def test_an_iterator_passed_as_its_own_class_is_a_value(given: object, wanted: object) -> None:
    found = connected(given, wanted)
    assert (found.kind, found.from_stream, found.binds) == (V, True, False)


def test_an_iterator_passed_as_its_own_class_has_exactly_one_consumer() -> None:
    steps = step("made", gives(TextIO)), step("use", takes(TextIO)), step("read", takes(Iterator[str]))
    problem = problem_of(*steps)
    assert (problem.code, problem.step, problem.parameter) == ("shared-iterator", "use", "made")
    assert "'use' and 'read'" in problem.message


def test_the_same_object_goes_to_both_parameters_of_a_step_is_refused_too() -> None:
    def twice(a: io.StringIO, b: io.StringIO) -> None: ...

    problem = problem_of(step("made", gives(io.StringIO)), step("twice", twice, inputs={"a": "made", "b": "made"}))
    assert problem.code == "shared-iterator"


# Two parameters, one producer


def test_two_parameters_of_one_step_each_get_their_edge() -> None:
    def both(a: Iterator[int], b: list[int]) -> None: ...

    built = build(step("made", gives(Iterator[int])), step("both", both, inputs={"a": "made", "b": "made"}))
    assert [(found.parameter, found.kind) for found in built.edges_out_of("made")] == [("a", S), ("b", C)]


# Each


def doubled(made: int) -> int: ...


def spread(made: int) -> Iterator[str]: ...


def test_the_outputs_of_an_each_step_are_a_stream() -> None:
    built = build(
        step("made", gives(Iterator[int])), doubled, step("use", takes(list[int]), inputs={"made": "doubled"})
    )
    made = built["doubled"]
    assert (made.each, made.flatten, made.output.type, made.output.stream, made.output.item) == (
        True,
        False,
        int,
        True,
        int,
    )
    found = edge(built, "use", "made")
    assert (found.kind, found.produced) == (C, Iterator[int])


def test_an_output_annotated_as_a_stream_is_flattened() -> None:
    built = build(step("made", gives(list[int])), spread, step("use", takes(str), inputs={"made": "spread"}))
    made = built["spread"]
    assert (made.each, made.flatten, made.output.type, made.output.item) == (True, True, Iterator[str], str)
    assert edge(built, "use", "made").kind is E


def test_an_each_step_takes_values_collections_and_iterators_besides() -> None:
    def scale(made: int, by: int, table: list[str], rest: Iterator[float]) -> int: ...

    built = build(
        step("made", gives(Iterator[int])),
        step("by", gives(int)),
        step("table", gives(Iterator[str])),
        step("rest", gives(list[float])),
        scale,
    )
    assert [str(found.kind) for found in built.edges_into("scale")] == ["each", "value", "collect", "iterate"]


def test_an_each_step_can_not_take_a_live_stream() -> None:
    def scale(made: int, others: Iterator[str]) -> int: ...

    problem = problem_of(step("made", gives(Iterator[int])), step("others", gives(Iterator[str])), scale)
    assert (problem.code, problem.step, problem.parameter) == ("impossible-each", "scale", "others")
    assert problem.suggestion is not None
    assert "list[...]" in problem.suggestion


def add(left: int, right: int) -> int: ...


def maybe(left: str) -> int: ...


def test_several_each_edges_into_one_step() -> None:
    built = build(step("left", gives(Iterator[int])), step("right", gives(list[int])), add)
    assert [(found.kind, found.from_stream) for found in built.edges] == [(E, True), (E, False)]


def test_what_may_drop_items_can_not_feed_one_of_several_each_edges() -> None:
    texts, right = step("texts", gives(Iterator[str])), step("right", gives(Iterator[int]))
    steps = texts, right, step("left", maybe, inputs={"left": "texts"}, on_error="continue"), add
    problem = problem_of(*steps)
    assert (problem.code, problem.step, problem.parameter) == ("impossible-each", "add", "left")
    assert build(texts, right, step("left", maybe, inputs={"left": "texts"}), add)


def test_what_may_drop_items_may_feed_a_step_that_goes_by_it_alone() -> None:
    def alone(left: int) -> int: ...

    dropping = step("left", maybe, inputs={"left": "texts"}, on_error="continue")
    assert build(step("texts", gives(Iterator[str])), dropping, alone)["alone"].each


# Modes


def test_with_each_the_other_parameters_go_by_the_table() -> None:
    def scale(made: object, by: int) -> int: ...

    built = build(step("made", gives(list[int])), step("by", gives(int)), step("scale", scale, mode="each"))
    assert [str(found.kind) for found in built.edges] == ["each", "value"]


def test_a_mode_may_be_the_enum() -> None:
    from synaflow import StepMode

    assert build(step("made", gives(list[int])), step("use", takes(object), mode=StepMode.EACH))["use"].each


# What can't be decided


def test_what_can_not_be_judged_is_refused_and_names_hints() -> None:
    found = problems_of(step("made", gives(int)), step("use", takes("nonsense of a hint")))
    assert found[0].code == "unresolved-hint"
    problem = refused(int, Callable[[*tuple[int, ...]], int])
    assert problem.code == "unsupported-type"
    assert problem.suggestion is not None
    assert "hints=" in problem.suggestion


def test_what_is_no_type_at_all() -> None:
    for given in (int, Iterator[int]):
        assert refused(given, [int]).code == "unsupported-type"


def test_an_output_that_is_no_type_at_all() -> None:
    problem = problem_of(step("made", gives([int])))
    assert (problem.code, problem.step) == ("unsupported-type", "made")


def test_types_that_can_not_be_hashed() -> None:
    metadata = Annotated[int, ["metres"]]
    assert connected(metadata, metadata).kind is V
    assert connected(Iterator[int], metadata).kind is E


def test_a_typevar_that_would_make_a_union_with_a_stream() -> None:
    def maybe(made: T) -> T | None: ...

    problem = problem_of(step("made", gives(list[Iterator[int]])), step("maybe", maybe, mode="each"))
    assert (problem.code, problem.step) == ("unsupported-type", "maybe")
    assert "union with a stream" in problem.message
