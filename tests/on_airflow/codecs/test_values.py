"""Values of every type that can travel: what they are written as, and that they come back as they were."""

from __future__ import annotations

import collections
import collections.abc as abc
import ipaddress
import json
import pathlib
import typing
import uuid
from collections import Counter, OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, Literal, Optional
from zoneinfo import ZoneInfo

import pytest
from pydantic import AnyUrl

from on_airflow.codecs import travel_zoo as zoo
from on_airflow.codecs.travel_oracle import normal
from synaflow_airflow.codecs import Codec, converter_for, pack, size, unpack

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
NAN, INF = float("nan"), float("inf")
SAME: Any = object()
"""The JSON is the value itself."""

SCALARS: list[tuple[Any, Any, Any]] = [
    (None, None, SAME),
    (bool, True, SAME),
    (int, 5, SAME),
    (int, True, SAME),
    (int, -(2**63), SAME),
    (float, 1.5, SAME),
    (float, 3, SAME),
    (float, False, SAME),
    (float, 5e-324, SAME),
    (float, 0.1 + 0.2, SAME),
    (str, "", SAME),
    (str, "Größe\n\u2028😀", SAME),
    (str, "\ud83d\ude00", {"characters": [0xD83D, 0xDE00]}),
    (complex, 1 - 2j, {"real": 1.0, "imag": -2.0}),
    (complex, 3, SAME),
    (bytes, b"", ""),
    (bytes, b"\x00\xff", "AP8="),
    (bytearray, bytearray(b"abc"), "YWJj"),
    (Decimal, Decimal("1.10"), "1.10"),
    (Decimal, Decimal("-0E+7"), "-0E+7"),
    (Decimal, Decimal("sNaN123"), "sNaN123"),
    (Decimal, Decimal("-Infinity"), "-Infinity"),
    (Fraction, Fraction(-3, 4), "-3/4"),
    (date, date(1, 1, 1), "0001-01-01"),
    (time, time(1, 2, 3, 4), "01:02:03.000004"),
    (time, time(1, 2, fold=1), "01:02:00[fold=1]"),
    (time, time(1, tzinfo=BERLIN, fold=1), "01:00:00[Europe/Berlin][fold=1]"),
    (time, time(1, tzinfo=timezone(-HOUR)), "01:00:00-01:00"),
    (datetime, datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05"),
    (datetime, datetime(2024, 1, 2, fold=1), "2024-01-02T00:00:00[fold=1]"),
    (datetime, datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
    (datetime, datetime(2024, 1, 2, tzinfo=ZoneInfo("UTC")), "2024-01-02T00:00:00+00:00[UTC]"),
    (datetime, datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN), "2024-10-27T02:30:00+02:00[Europe/Berlin]"),
    (datetime, datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), "2024-10-27T02:30:00+01:00[Europe/Berlin]"),
    (datetime, datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN), "2024-03-31T02:30:00+01:00[Europe/Berlin]"),
    (datetime, datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN, fold=1), "2024-03-31T02:30:00+02:00[Europe/Berlin]"),
    (
        datetime,
        datetime(2024, 6, 1, tzinfo=BERLIN, fold=1),
        "2024-06-01T00:00:00+02:00[Europe/Berlin][fold=1]",
    ),
    (datetime, datetime(2024, 1, 1, tzinfo=timezone(5.5 * HOUR)), "2024-01-01T00:00:00+05:30"),
    (
        datetime,
        datetime(2024, 1, 1, tzinfo=timezone(-timedelta(hours=23, microseconds=1))),
        "2024-01-01T00:00:00-23:00:00.000001",
    ),
    (datetime, datetime(2024, 1, 1, tzinfo=timezone(HOUR, 'C"E]T')), '2024-01-01T00:00:00+01:00["C\\"E]T"]'),
    (datetime, datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999+00:00"),
    (timedelta, timedelta(0), "PT0S"),
    (timedelta, timedelta(days=1, hours=2, minutes=30), "P1DT2H30M"),
    (timedelta, timedelta(microseconds=-1), "-PT0.000001S"),
    (timedelta, timedelta.max, "P999999999DT23H59M59.999999S"),
    (timedelta, timedelta.min, "-P999999999D"),
    (uuid.UUID, uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.Path, pathlib.Path("a/../b c"), "a/../b c"),
    (pathlib.PurePosixPath, pathlib.PurePosixPath("/x"), "/x"),
    (pathlib.PureWindowsPath, pathlib.PureWindowsPath("C:/X"), "C:\\X"),
    (ipaddress.IPv4Address, ipaddress.IPv4Address("10.0.0.1"), "10.0.0.1"),
    (ipaddress.IPv4Interface, ipaddress.IPv4Interface("10.0.0.1/24"), "10.0.0.1/24"),
    (ipaddress.IPv6Address, ipaddress.IPv6Address("fe80::1%eth0"), "fe80::1%eth0"),
    (ipaddress.IPv6Network, ipaddress.IPv6Network("2001:db8::/32"), "2001:db8::/32"),
    (range, range(0, 10, 3), {"start": 0, "stop": 10, "step": 3}),
    (zoo.Colour, zoo.Colour.ROUGE, "RED"),
    (zoo.Colour, zoo.Colour.GREEN, "GREEN"),
    (zoo.Level, zoo.Level.HIGH, "HIGH"),
    (zoo.Word, zoo.Word.NO, "NO"),
    (zoo.Rights, zoo.Rights.BOTH, "BOTH"),
    (zoo.Rights, zoo.Rights.READ | zoo.Rights.RUN, "READ|RUN"),
    (zoo.Rights, zoo.Rights(0), 0),
    (zoo.Bits, zoo.Bits(9), 9),
    (zoo.UserId, 7, SAME),
]

CONTAINERS: list[tuple[Any, Any, Any]] = [
    (list[int], [1, 2], SAME),
    (typing.List[float], [1.0, 2], SAME),  # noqa: UP006
    (tuple[int, ...], (1, 2), [1, 2]),
    (tuple[int, str], (1, "a"), [1, "a"]),
    (tuple[()], (), []),
    (typing.Tuple[int, ...], (), []),  # noqa: UP006
    (set[int], {10, 9, 1}, [1, 9, 10]),
    (frozenset[str], frozenset("ba"), ["a", "b"]),
    (set[int | str], {"a", 2}, [2, "a"]),
    (set[tuple[int, date]], {(1, date(2024, 1, 1))}, [[1, "2024-01-01"]]),
    (deque[int], deque([1, 2]), [1, 2]),
    (deque[int], deque([1, 2], maxlen=3), {"maxlen": 3, "items": [1, 2]}),
    (dict[str, int], {}, {}),
    (dict[str, int], {"a": 1, "b": 2}, SAME),
    (dict[int, str], {1: "a"}, [[1, "a"]]),
    (dict[tuple[int, int], bool], {(1, 2): True}, [[[1, 2], True]]),
    (dict[date, int], {date(2024, 1, 1): 1}, {"2024-01-01": 1}),
    (OrderedDict[str, int], OrderedDict(a=1), {"a": 1}),
    (Counter[str], Counter("a"), {"a": 1}),
    (Counter[int], Counter([5, 5]), [[5, 2]]),
    (list[list[dict[str, tuple[int, ...]]]], [[{"a": (1,)}]], [[{"a": [1]}]]),
    (Annotated[list[Annotated[int, "metres"]], ["unhashable"]], [1], SAME),
    (Literal["a", "b"], "b", SAME),
    (Literal[zoo.Colour.RED, None, 1, b"x"], zoo.Colour.RED, {"Literal[Colour.RED]": "RED"}),
    (Literal[zoo.Colour.RED, None, 1, b"x"], None, None),
    (Literal["a", b"a"], b"a", {"Literal[b'a']": "YQ=="}),
    (typing.LiteralString, "x", SAME),
]

RECORDS: list[tuple[Any, Any, Any]] = [
    (zoo.Point, zoo.Point(1, 2.0), {"x": 1, "y": 2.0}),
    (zoo.Pixel, zoo.Pixel(1, 2, zoo.Colour.GREEN), {"x": 1, "y": 2, "colour": "GREEN"}),
    (zoo.Slotted, zoo.Slotted(1, "z"), {"x": 1, "_Slotted__hidden": "z"}),
    (zoo.Late, zoo.Late(2, 5), {"given": 2, "made": 10, "calls": ["post"]}),
    (zoo.ById, zoo.ById(1), {"x": 1}),
    (zoo.Box[int], zoo.Box(1), {"content": 1}),
    (zoo.Box[zoo.Box[date]], zoo.Box(zoo.Box(date(2024, 1, 1))), {"content": {"content": "2024-01-01"}}),
    (zoo.Pair2[str, set[int]], zoo.Pair2("a", {1}), {"content": "a", "other": [1]}),
    (
        zoo.NamedBox[date],
        zoo.NamedBox(1, [date(2024, 1, 1)], date(2024, 1, 2)),
        {"content": 1, "other": ["2024-01-01"], "name": "2024-01-02"},
    ),
    (zoo.Tree, zoo.Tree(1, [zoo.Tree(2)]), {"value": 1, "children": [{"value": 2, "children": []}]}),
    (zoo.Link, zoo.Link(1, zoo.Link(2)), {"value": 1, "after": {"value": 2, "after": None}}),
    (zoo.Fix, zoo.Fix(1.0, 2.0), {"lat": 1.0, "lon": 2.0, "name": ""}),
    (zoo.NamedFix, zoo.NamedFix(1.0, 2.0), {"lat": 1.0, "lon": 2.0, "name": ""}),
    (zoo.Both[int, date], zoo.Both(1, date(2024, 1, 1)), {"one": 1, "two": "2024-01-01"}),
    (zoo.Row, {"id": 1}, SAME),
    (zoo.Row, {"id": 1, "name": "x"}, SAME),
    (zoo.Row, {"name": "x", "id": 1}, [["name", "x"], ["id", 1]]),
    (zoo.Partial, {"must": date(2024, 1, 1), "may": "x"}, {"must": "2024-01-01", "may": "x"}),
    (zoo.WideRow, {"id": 1, "width": 1.5}, SAME),
    (zoo.Cell[bytes], {"content": b"x"}, {"content": "eA=="}),
    (zoo.IntCell, {"content": 1, "unit": "m"}, SAME),
    (zoo.Checked, zoo.Checked(1, ("a",)), {"count": 1, "names": ["a"]}),
    (
        zoo.Item,
        zoo.Item(id=1, price=Decimal("1.10"), when=datetime(2024, 1, 1, tzinfo=UTC)),
        {
            "id": 1,
            "price": "1.10",
            "when": "2024-01-01T00:00:00+00:00",
            "kind": "a",
            "inner": [],
            "_unset": ["kind", "inner"],
        },
    ),
    (zoo.Aliased, zoo.Aliased.model_validate({"Name": "n", "more": 1}), {"name": "n", "more": 1}),
    (zoo.Crate[int], zoo.Crate[int](content=1), {"content": 1}),
    (list[zoo.Vague], [zoo.Vague(what="x")], [{"what": "x"}]),
    (list[zoo.Vague], [zoo.Vague(what=date(2024, 1, 1))], [{"what": {"date": "2024-01-01"}}]),
    (zoo.Private, zoo.Private(shown=1), {"shown": 1, "_hidden": 0}),
    (zoo.Free, zoo.Free(payload={"a": [1, None]}), {"payload": {"a": [1, None]}}),
]

UNIONS: list[tuple[Any, Any, Any]] = [
    (int | None, None, SAME),
    (Optional[date], date(2024, 1, 1), "2024-01-01"),  # noqa: UP045
    (date | str, date(2024, 1, 1), {"date": "2024-01-01"}),
    (date | str, "2024-01-01", SAME),
    (date | datetime, datetime(2024, 1, 1), {"datetime": "2024-01-01T00:00:00"}),
    (date | datetime, date(2024, 1, 1), {"date": "2024-01-01"}),
    (int | float, 1, SAME),
    (int | float, 1.0, SAME),
    (float | int, True, True),
    (bool | int, True, SAME),
    (bool | int, 1, SAME),
    (bytes | Decimal | int, Decimal(1), {"Decimal": "1"}),
    (list[int] | tuple[int, ...], [1], SAME),
    (list[int] | tuple[int, ...], (1,), {"tuple[int, ...]": [1]}),
    (set[int] | frozenset[int], frozenset([1]), {"frozenset[int]": [1]}),
    (list[int] | list[str], ["a"], {"list[str]": ["a"]}),
    (tuple[int] | tuple[int, int], (1, 2), {"tuple[int, int]": [1, 2]}),
    (zoo.Point | zoo.Place, zoo.Place(1, 1.0), {"Place": {"x": 1, "y": 1.0}}),
    (zoo.Point | zoo.Pixel, zoo.Pixel(1), {"Pixel": {"x": 1, "y": 0.0, "colour": "RED"}}),
    (zoo.Point | str | None, zoo.Point(1), {"x": 1, "y": 0.0}),
    (dict[str, int] | int, {"int": 1}, {"dict[str, int]": {"int": 1}}),
    (dict[str, int] | int, {"a": 1, "b": 1}, SAME),
    (Literal["auto"] | str, "auto", SAME),
    (Literal["auto"] | int, "auto", SAME),
    (zoo.Colour | str, zoo.Colour.RED, {"Colour": "RED"}),
    (zoo.Level | int, zoo.Level.LOW, "LOW"),
    (zoo.Level | int, 1, SAME),
    (zoo.UserId | int | None, 5, SAME),
    (zoo.Row | dict[str, int], {"other": 1}, SAME),
    (zoo.Item | zoo.Crate[int], zoo.Crate[int](content=1), {"Crate[int]": {"content": 1}}),
    (abc.Sequence[int], [1], SAME),
    (abc.Sequence[int], (1,), {"tuple[int, ...]": [1]}),
    (abc.Sequence[int], range(3), {"start": 0, "stop": 3, "step": 1}),
    (abc.Sequence[str], "abc", SAME),
    (abc.Sequence[float], deque([1.0]), {"deque[float]": [1.0]}),
    (abc.Collection[int], frozenset([1]), {"frozenset[int]": [1]}),
    (abc.Mapping[str, int], {"a": 1}, SAME),
    (abc.Mapping[str, int], OrderedDict(a=1), {"OrderedDict[str, int]": {"a": 1}}),
    (abc.Set[int], {1}, {"set[int]": [1]}),
    (abc.MutableSet[int], {1}, [1]),
    (abc.Sequence[int] | None, (1,), {"tuple[int, ...]": [1]}),
]

EVERYTHING = SCALARS + CONTAINERS + RECORDS + UNIONS


def there_and_back(tp: Any, value: Any, own: Any = MappingProxyType({})) -> dict[str, object]:
    """The envelope, once it was seen to hold the value."""
    converter = converter_for(tp, own)
    envelope = pack(converter, value)
    stored = json.loads(json.dumps(envelope))
    assert stored == envelope
    assert normal(unpack(converter, stored)) == normal(value)
    assert converter.fits(value)
    return envelope


@pytest.mark.parametrize(("tp", "value", "written"), EVERYTHING, ids=repr)
def test_a_value_is_written_readably_and_comes_back(tp: Any, value: Any, written: Any) -> None:
    envelope = there_and_back(tp, value)
    assert normal(envelope) == normal({"value": value if written is SAME else written})


# What Airflow, or a database below it, would not give back as it was.
@pytest.mark.parametrize(
    ("tp", "value", "text"),
    [
        (int, 2**63, "9223372036854775808"),
        (float, NAN, "NaN"),
        (float, -INF, "-Infinity"),
        (float, -0.0, "-0.0"),
        (int | float, 1e16, "1e+16"),
        (complex, complex(-0.0, NAN), '{"real": -0.0, "imag": NaN}'),
        (str, "\0", '"\\u0000"'),
        (str, "a\ud800", '"a\\ud800"'),
        (pathlib.Path, pathlib.Path("\udcff"), '"\\udcff"'),
        (dict[str, int], {"__type": 1}, '{"__type": 1}'),
        (dict[str, int], {"b": 1, "a": 2}, '{"b": 1, "a": 2}'),
        (OrderedDict[str, int], OrderedDict(b=1, a=2), '{"b": 1, "a": 2}'),
        (dict[zoo.Rights, int], {zoo.Rights.READ: 1, zoo.Rights.BOTH: 2}, '{"READ": 1, "BOTH": 2}'),
        (list[dict[str, float]], [{"x": NAN}], '[{"x": NaN}]'),
    ],
    ids=repr,
)
def test_what_would_not_pass_unchanged_goes_as_text(tp: Any, value: Any, text: str) -> None:
    assert there_and_back(tp, value) == {"text": text}


@pytest.mark.parametrize("tp", [int, float, Fraction, range, list[int], int | dict[str, str], timedelta])
def test_ints_of_any_size_come_back(tp: Any) -> None:
    huge = 7 * 10**4400 + 1
    values = {Fraction: Fraction(huge, 3), range: range(-huge, huge, huge), list[int]: [huge, -huge]}
    there_and_back(tp, timedelta.max if tp is timedelta else values.get(tp, huge))


def test_only_depth_within_reason_is_left_to_others_parsers() -> None:
    link = None
    for value in range(30):
        link = zoo.Link(value, link)
    assert "value" in there_and_back(zoo.Link, link)
    for value in range(30):
        link = zoo.Link(value, link)
    assert "text" in there_and_back(zoo.Link, link)


def test_sets_of_nans_and_of_what_equals_across_types_come_back() -> None:
    there_and_back(set[float], {float("nan"), float("nan"), 1.0})
    there_and_back(set[tuple[float, int]], {(NAN, 1), (NAN, 2)})
    there_and_back(dict[float, int], {float("nan"): 1, float("nan"): 2, 0.0: 3})
    there_and_back(set[zoo.Level | str], {zoo.Level.LOW, "LOW"})


def test_keys_that_are_written_alike_stay_apart() -> None:
    envelope = there_and_back(dict[Decimal, int], {Decimal("NaN"): 1, Decimal("NaN"): 2})
    assert envelope == {"value": [["NaN", 1], ["NaN", 2]]}


def test_the_time_zones_that_pydantic_reads_come_back() -> None:
    item = zoo.Item.model_validate_json('{"id": 1, "price": "1", "when": "2024-01-01T00:00:00-05:30"}')
    assert there_and_back(datetime | None, item.when) == {"value": "2024-01-01T00:00:00-05:30[pydantic]"}
    there_and_back(zoo.Item, item)


def test_a_model_with_a_class_of_pydantic_s_own_goes_through_pydantic() -> None:
    site = zoo.Site(page=zoo.Page([zoo.Linked()], AnyUrl("https://example.org/")))
    assert there_and_back(zoo.Site, site) == {
        "value": {"page": {"links": [{"page": None}], "url": "https://example.org/"}}
    }


def test_a_dataclass_is_made_again_without_its_init() -> None:
    late = zoo.Late(2)
    late.calls.append("more")
    converter = converter_for(zoo.Late)
    back = unpack(converter, pack(converter, late))
    assert isinstance(back, zoo.Late)
    assert (back.made, back.calls) == (4, ["post", "more"])


def test_what_a_cached_property_holds_is_no_field() -> None:
    cached = zoo.Cached(3)
    assert cached.area == 9
    assert there_and_back(zoo.Cached, cached) == {"value": {"side": 3}}


def test_a_class_made_in_a_function_may_speak_of_itself() -> None:
    from dataclasses import dataclass

    @dataclass
    class Local:
        value: int
        others: list[Local]

    there_and_back(Local, Local(1, [Local(2, [])]))


def test_two_classes_of_one_name_are_told_apart() -> None:
    from dataclasses import make_dataclass

    other = make_dataclass("Point", [("x", int), ("y", float)])
    there_and_back(zoo.Point | other, other(1, 2.0))
    there_and_back(zoo.Point | other, zoo.Point(1, 2.0))


class TestCodecs:
    money: typing.ClassVar[Any] = {zoo.Money: Codec(zoo.Money.to_json, zoo.Money.from_json)}

    def test_a_class_of_a_user_s_own(self) -> None:
        converter = converter_for(dict[str, list[zoo.Money]], self.money)
        envelope = pack(converter, {"a": [zoo.Money("1.10")]})
        assert envelope == {"value": {"a": [{"amount": "1.10"}]}}
        back: Any = unpack(converter, envelope)
        assert type(back["a"][0]) is zoo.Money
        assert back["a"][0].amount == "1.10"

    @pytest.mark.parametrize("tp", [zoo.Money | None, zoo.Money | str, str | zoo.Money | date])
    def test_in_a_union(self, tp: Any) -> None:
        converter = converter_for(tp, {zoo.Money: Codec(lambda money: money.amount, lambda json: zoo.Money(str(json)))})
        for value in (
            zoo.Money("EUR"),
            *([None] if None in typing.get_args(tp) else []),
            *(["EUR"] if str in typing.get_args(tp) else []),
        ):
            back = unpack(converter, pack(converter, value))
            assert type(back) is type(value)

    def test_it_goes_before_what_a_type_would_be_written_as(self) -> None:
        own = {date: Codec(lambda value: value.toordinal(), lambda json: date.fromordinal(json))}
        assert there_and_back(list[date], [date(1, 1, 2)], own) == {"value": [2]}

    def test_of_a_newtype_a_generic_and_any(self) -> None:
        assert there_and_back(list[zoo.UserId], [5], {zoo.UserId: Codec(str, int)}) == {"value": ["5"]}
        own: Any = {zoo.Box: Codec(lambda box: box.content, zoo.Box)}
        assert there_and_back(zoo.Box[int], zoo.Box(1), own) == {"value": 1}
        same: Any = {Any: Codec(lambda value: value, lambda json: json)}
        assert there_and_back(list[Any], [1, "a", None], same) == {"value": [1, "a", None]}

    def test_a_null_of_its_own_is_not_the_union_s(self) -> None:
        own: Any = {zoo.Money: Codec(lambda money: None, lambda json: zoo.Money(""))}
        converter = converter_for(zoo.Money | None, own)
        assert pack(converter, None) == {"value": None}
        assert pack(converter, zoo.Money("")) == {"value": {"Money": None}}
        assert type(unpack(converter, pack(converter, zoo.Money("")))) is zoo.Money


def test_size_is_that_of_the_json() -> None:
    assert size({"value": "é"}) == len(b'{"value": "\\u00e9"}')


def test_an_envelope_holds_nothing_of_the_value_itself() -> None:
    own: Any = {zoo.Money: Codec(lambda money: vars(money)["parts"], lambda json: zoo.Money("x"))}
    money: Any = zoo.Money("x")
    money.parts = [1]
    envelope = pack(converter_for(zoo.Money, own), money)
    money.parts.append(2)
    assert envelope == {"value": [1]}


def test_types_of_collections_abc_are_those_of_typing() -> None:
    assert there_and_back(typing.Sequence[int], (1,)) == there_and_back(abc.Sequence[int], (1,))
    assert there_and_back(collections.defaultdict if False else collections.OrderedDict[str, int], OrderedDict())
