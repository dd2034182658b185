"""The bound of every branch, told before the run (DESIGN 6), and the whole plan in words."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

import pytest

from core.building import build
from core.snapshots import check_golden
from core.test_export import everything
from synaflow import PipelineDef, step
from synaflow._describe.bounds import bounds


class P(NamedTuple):
    count: int  # type: ignore[assignment]  # the page calls it so, though tuples have a count()
    rows: Iterator[int]


def numbers(count: int) -> Iterator[int]: ...


def evens(numbers: Iterator[int]) -> Iterator[int]: ...


def odds(numbers: Iterator[int]) -> Iterator[int]: ...


def total(numbers: Iterator[int]) -> int: ...


def count_of(numbers: Iterator[int]) -> int: ...


def join(evens: Iterator[int], odds: Iterator[int]) -> list[int]: ...


def mean(total: int, count_of: int) -> float: ...


def reasons(built: PipelineDef) -> dict[str, str]:
    """The reason of every branch."""
    return {f"{bound.edge.producer} -> {bound.edge.consumer}": bound.reason for bound in bounds(built)}


def test_a_straight_stream() -> None:
    assert reasons(build(numbers, evens, total, params=P)) == {
        "numbers -> evens": "at most 1 item",
        "numbers -> total": "at most 1 item",
    }


def test_max_in_flight_is_the_limit() -> None:
    built = build(step("numbers", numbers, max_in_flight=16), total, count_of, params=P)
    assert reasons(built) == {"numbers -> total": "at most 16 items", "numbers -> count_of": "at most 16 items"}
    assert [bound.limit for bound in bounds(built)] == [16, 16]


def test_values_that_meet_further_down_bound_nothing() -> None:
    """Two sinks whose values meet in a step outside their region: no stream waits for that step."""
    assert set(reasons(build(numbers, total, count_of, mean, params=P)).values()) == {"at most 1 item"}


def test_a_list_is_unbounded() -> None:
    def report(numbers: list[int]) -> None: ...

    built = build(numbers, total, report, params=P)
    assert reasons(built) == {
        "numbers -> total": "at most 1 item",
        "numbers -> report": "unbounded: `report` asks for `list`",
    }
    assert [bound.limit for bound in bounds(built)] == [1, None]


def test_a_list_beside_a_stream_of_the_same_source() -> None:
    def report(evens: list[int], numbers: Iterator[int]) -> None: ...

    assert reasons(build(numbers, evens, report, params=P)) == {
        "numbers -> evens": "unbounded: `report` asks for `list`",
        "evens -> report": "unbounded: `report` asks for `list`",
        "numbers -> report": "unbounded: `report` asks for `list`",
    }


def test_a_value_of_the_same_stream_is_waited_for() -> None:
    def shares(numbers: Iterator[int], total: int) -> Iterator[float]: ...

    assert reasons(build(numbers, total, shares, params=P)) == {
        "numbers -> total": "unbounded: `shares` waits for `total` first",
        "numbers -> shares": "unbounded: `shares` waits for `total` first",
    }


def test_a_value_is_waited_for_through_steps_that_touch_no_stream() -> None:
    def doubled(total: int) -> int: ...

    def shares(numbers: Iterator[int], doubled: int) -> Iterator[float]: ...

    built = build(numbers, total, doubled, shares, params=P)
    assert reasons(built)["numbers -> shares"] == "unbounded: `shares` waits for `doubled` first"


def test_an_ordering_is_waited_for() -> None:
    last = step("last", count_of, after=["total"])
    assert (
        reasons(build(numbers, total, last, params=P))["numbers -> last"] == "unbounded: `last` waits for `total` first"
    )


def test_a_join_reads_one_ahead_of_the_other() -> None:
    assert reasons(build(numbers, evens, odds, join, params=P)) == {
        "numbers -> evens": "as far as `join` reads `odds` ahead of `evens`",
        "numbers -> odds": "as far as `join` reads `evens` ahead of `odds`",
        "evens -> join": "as far as `join` reads `odds` ahead of `evens`",
        "odds -> join": "as far as `join` reads `evens` ahead of `odds`",
    }


def test_a_join_of_one_producer_is_told_by_parameters() -> None:
    built = build(numbers, step("join", join, inputs={"evens": "numbers", "odds": "numbers"}), params=P)
    assert [bound.reason for bound in bounds(built)] == [
        "as far as `join` reads `odds` ahead of `evens`",
        "as far as `join` reads `evens` ahead of `odds`",
    ]


def test_a_branch_that_is_on_no_cycle_is_bounded_though_others_are_on_one() -> None:
    assert reasons(build(numbers, evens, odds, join, total, params=P))["numbers -> total"] == "at most 1 item"


def test_a_field_forks_like_a_step() -> None:
    built = build(
        step("a", total, inputs={"numbers": "rows"}),
        step("b", join, inputs={"evens": "rows", "odds": "rows"}),
        params=P,
    )
    assert [bound.reason for bound in bounds(built)] == [
        "at most 1 item",
        "as far as `b` reads `odds` ahead of `evens`",
        "as far as `b` reads `evens` ahead of `odds`",
    ]


def test_an_iterator_handed_over_whole() -> None:
    def opened(count: int) -> TextIO: ...

    def read(opened: TextIO) -> int: ...

    (bound,) = bounds(build(opened, read, params=P))
    assert (bound.limit, bound.reason) == (0, "nothing waits: it is handed over whole")


def test_values_have_no_bound() -> None:
    assert bounds(build(step("a", lambda: 1, hints={"return": int}))) == ()


# The plan in words


def flights() -> PipelineDef:
    def late(numbers: Iterator[int]) -> Iterator[int]: ...

    def worst(late: list[int], count: int = 10, limit: int = 5) -> list[int]: ...

    def each(late: int) -> Iterator[str]: ...

    return build(
        step("numbers", numbers, max_in_flight=4), late, total, worst, step("lines", each), params=P, doc="Two\nlines."
    )


@pytest.mark.parametrize(("name", "make"), [("everything", everything), ("flights", flights)])
def test_the_plan_stays_as_it_is(name: str, make: Callable[[], PipelineDef]) -> None:
    check_golden(f"{name}.explain.txt", make().explain())


def test_the_plan_is_the_same_every_time() -> None:
    assert flights().explain() == flights().explain()


def test_the_plan_says_how_and_why_each_edge_is_there() -> None:
    text = flights().explain()
    assert "numbers <- numbers: stream: Iterator[int] -> Iterator[int]; found by name" in text
    assert "limit takes its default, 5" in text
    assert "late -> worst" in text


def test_a_join_of_three() -> None:
    def third(numbers: Iterator[int]) -> Iterator[int]: ...

    def join(evens: Iterator[int], odds: Iterator[int], third: Iterator[int]) -> None: ...

    found = reasons(build(numbers, evens, odds, third, join, params=P))
    assert found["numbers -> third"] == found["third -> join"] == "as far as `join` reads `evens` ahead of `third`"
    assert found["numbers -> odds"] == "as far as `join` reads `evens` ahead of `odds`"


def test_each_edges_that_advance_together() -> None:
    def add(evens: int, odds: int) -> int: ...

    assert reasons(build(numbers, evens, odds, add, params=P))["evens -> add"] == (
        "as far as `add` reads `odds` ahead of `evens`"
    )


def test_two_cycles_that_share_no_branch_are_told_apart() -> None:
    def after_join(joined: Iterator[int], sum_of: int) -> None: ...

    def joined(evens: Iterator[int], odds: Iterator[int]) -> Iterator[int]: ...

    def sum_of(joined: Iterator[int]) -> int: ...

    found = reasons(build(numbers, evens, odds, joined, sum_of, after_join, params=P))
    assert found["numbers -> evens"] == "as far as `joined` reads `odds` ahead of `evens`"
    assert found["joined -> sum_of"] == "unbounded: `after_join` waits for `sum_of` first"


def test_the_plan_does_not_change_from_run_to_run() -> None:
    """An object that is a default is not told by where it lies in memory."""

    def use(what: object = object()) -> None: ...

    assert "what takes its default, a object" in build(use).explain()


def corners() -> PipelineDef:
    @dataclass
    class Corners:
        """What it takes.

        Args:
            seen: What was seen before.
        """

        seen: list[int] = field(default_factory=list)

    async def fetched(seen: int) -> str: ...

    def opened() -> TextIO: ...

    def read(opened: TextIO) -> int: ...

    return build(fetched, opened, read, step("last", len, hints={"obj": list[int], "return": int}), params=Corners)


def test_the_corners_of_a_plan() -> None:
    check_golden("corners.explain.txt", corners().explain())
