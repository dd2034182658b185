"""What can't travel: types when the converter is asked for, values when they are packed, and stored JSON that is none of ours."""

from __future__ import annotations

import collections
import collections.abc as abc
import types
import typing
from collections import deque
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from on_airflow.codecs import travel_zoo as zoo
from synaflow_airflow import ValueTravelError
from synaflow_airflow.codecs import CantTravelError, Codec, converter_for, pack, unpack

Untyped = collections.namedtuple("Untyped", "x")


class Calls(BaseModel):
    call: abc.Callable[[], int]


TYPES: list[tuple[Any, str]] = [
    (Any, "`Any` says nothing of what it holds"),
    (object, "`object` says nothing of what it holds"),
    (list[Any], "`Any` says nothing of what it holds"),
    (list, "a bare `list` says nothing of what it holds"),
    (tuple, "a bare `tuple` says nothing of what it holds"),
    (typing.Tuple, "a bare `tuple` says nothing of what it holds"),  # noqa: UP006
    (dict, "a bare `dict` says nothing of what it holds"),
    (abc.Sequence, "a bare `Sequence` says nothing of what it holds"),
    (abc.Hashable, "`Hashable` says nothing of what it holds"),
    (zoo.T, "the type variable `T` isn't solved"),
    (zoo.Box, "the type variable `T` isn't solved (at `Box.content`)"),
    (zoo.Box[Any], "`Any` says nothing of what it holds (at `Box.content`)"),
    (zoo.Nested, "`object` says nothing of what it holds (at `Holder.what`)"),
    (int | abc.Callable[[], int], "a `Callable` has no JSON"),
    (abc.Callable, "a `Callable` has no JSON"),
    (type[int], "a class (`type[int]`) has no JSON"),
    (abc.Iterator[int], "what a `Iterator[int]` gives can be read but once"),
    (abc.Generator[int, None, None], "what a `Generator[int, None, None]` gives can be read but once"),
    (abc.Iterable[int], "what a `Iterable[int]` gives can be read but once"),
    (
        collections.defaultdict[str, int],
        "the factory of a `defaultdict[str, int]` has no JSON: annotate dict, and return one",
    ),
    (zoo.Money, "`Money` is a class that has no JSON: give a codec for it"),
    (dict[str, zoo.Money], "`Money` is a class that has no JSON: give a codec for it"),
    (zoo.Shape, "`Shape` is a class that has no JSON: give a codec for it"),
    (zoo.Shout, "`Shout` is a subclass of str, and would come back as that: give a codec for it"),
    (zoo.Dictish, "`Dictish` is a dict beside its fields: give a codec for it"),
    (zoo.NoMembers, "`NoMembers` has no members: annotate which enum it is"),
    (Untyped, "the field `x` of `Untyped` has no annotation: make it a typing.NamedTuple"),
    (typing.NoReturn, "`NoReturn` has no values that could be written"),
    ("Later", "the forward reference `Later` isn't resolved"),
    (zoo.Odd, "pydantic has no JSON for `Odd`: "),
    (Calls, "pydantic has no JSON for `Calls`: "),
    (zoo.Crate, "the type variables of `Crate` aren't solved"),
]


@pytest.mark.parametrize(("tp", "reason"), TYPES, ids=repr)
def test_a_type_that_cant_travel_is_refused_without_a_value(tp: Any, reason: str) -> None:
    with pytest.raises(CantTravelError) as caught:
        converter_for(tp)
    assert str(caught.value) == caught.value.reason
    assert caught.value.reason.startswith(reason) if reason.endswith(": ") else caught.value.reason == reason


@pytest.mark.parametrize("module", ["numpy", "pandas", "pyarrow"])
def test_what_is_handed_off_is_told_so(module: str) -> None:
    names = {"numpy": "ndarray", "pandas": "DataFrame", "pyarrow": "Table"}
    cls: Any = getattr(pytest.importorskip(module), names[module])
    with pytest.raises(CantTravelError, match=f"`{names[module]}` travels through an object store alone: set handoff"):
        converter_for(types.GenericAlias(list, (cls,)))


def test_hints_that_dont_resolve_are_said() -> None:
    class Lost(NamedTuple):
        x: Missing  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(CantTravelError, match=r"the hints of `.*Lost` don't resolve: name 'Missing' is not defined"):
        converter_for(Lost)


def test_what_pydantic_takes_is_not_taken_outside_of_its_models() -> None:
    converter_for(zoo.Site)
    with pytest.raises(CantTravelError, match=r"`AnyUrl` is a class that has no JSON: .* \(at `Page\.url`\)"):
        converter_for(tuple[zoo.Site, zoo.Linked])


SUBCLASS = "is a subclass, which would come back as"


@pytest.mark.parametrize(
    ("tp", "value", "text"),
    [
        (int, "x", "found 'x' (str) where int is wanted"),
        (int, 1.0, "found 1.0 (float) where int is wanted"),
        (str, b"x", "found b'x' (bytes) where str is wanted"),
        (bool, 1, "found 1 (int) where bool is wanted"),
        (float, Decimal(1), "found Decimal('1') (decimal.Decimal) where float is wanted"),
        (list[int], (1,), "found (1,) (tuple) where list[int] is wanted"),
        (list[int], [1, "x"], "[1]: found 'x' (str) where int is wanted"),
        (tuple[int, str], (1, 2), "[1]: found 2 (int) where str is wanted"),
        (tuple[int, str], (1,), "found (1,) (tuple) where tuple[int, str] is wanted"),
        (set[int], {"x"}, "['x']: found 'x' (str) where int is wanted"),
        (deque[int], deque("x"), "[0]: found 'x' (str) where int is wanted"),
        (dict[str, int], {"a": "x"}, "['a']: found 'x' (str) where int is wanted"),
        (dict[str, int], {1: 1}, ".keys()[0]: found 1 (int) where str is wanted"),
        (int | str, 1.5, "found 1.5 (float) where int | str is wanted"),
        (list[int] | None, [1, "x"], "[1]: found 'x' (str) where int is wanted"),
        (Literal["a", "b"], "c", "found 'c' (str) where Literal['a', 'b'] is wanted"),
        (
            zoo.Shop,
            zoo.Shop([zoo.Order(1, Decimal(1)), zoo.Order(2, 1.5)], {}),  # type: ignore[arg-type]
            ".orders[1].price: found 1.5 (float) where Decimal is wanted",
        ),
        (zoo.Fix, zoo.Fix("x", 1.0), ".lat: found 'x' (str) where float is wanted"),  # type: ignore[arg-type]
        (zoo.Row, {"id": "x"}, ".id: found 'x' (str) where int is wanted"),
        (zoo.Row, {"name": "x"}, "the key 'id', which Row requires, is missing"),
        (zoo.Row, {"id": 1, "more": 1}, "found the key 'more', which Row hasn't"),
        (zoo.Row | None, 5, "found 5 (int) where Row | None is wanted"),
        (zoo.Colour, "RED", "found 'RED' (str) where Colour is wanted"),
        (zoo.Vague, zoo.Vague.model_construct(what=1), ".what: found 1 (int) where date | str is wanted"),
        (
            str,
            zoo.Shout("x"),
            f"found 'x' (on_airflow.codecs.travel_zoo.Shout) where str is wanted: Shout {SUBCLASS} str; "
            "make it that, annotate Shout (in a union, if need be), or give a codec for str",
        ),
        (
            zoo.Point | None,
            zoo.Pixel(1),
            "found Pixel(x=1, y=0.0, colour=<Colour.RED: 'red'>) (on_airflow.codecs.travel_zoo.Pixel) where Point | None is wanted: "
            f"Pixel {SUBCLASS} Point; make it that, annotate Pixel (in a union, if need be), or give a codec for Point",
        ),
    ],
    ids=repr,
)
def test_a_value_that_is_not_of_the_type_says_what_and_where(tp: Any, value: Any, text: str) -> None:
    converter = converter_for(tp)
    with pytest.raises(ValueTravelError) as caught:
        pack(converter, value)
    assert str(caught.value) == text
    assert not converter.fits(value)


@pytest.mark.parametrize(
    ("tp", "value"),
    [
        (int, zoo.Level.LOW),
        (str, zoo.Word.YES),
        (dict[str, int], collections.OrderedDict(a=1)),
        (dict[str, int], collections.defaultdict(int)),
        (abc.Mapping[str, int], collections.defaultdict(int)),
        (tuple[float, ...], zoo.Fix(1.0, 2.0)),
        (date, datetime(2024, 1, 1)),
        (zoo.Fix, zoo.NamedFix(1.0, 2.0)),
        (zoo.Point, zoo.Pixel(1)),
        (zoo.Item | None, type("SubItem", (zoo.Item,), {})(id=1, price=Decimal(1))),
    ],
    ids=repr,
)
def test_a_subclass_is_refused_with_the_ways_out(tp: Any, value: Any) -> None:
    with pytest.raises(ValueTravelError, match=SUBCLASS):
        pack(converter_for(tp), value)


def test_what_a_class_has_beside_its_fields_is_refused() -> None:
    point = zoo.Point(1)
    point.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(ValueTravelError, match=r"^\[0\]: \.extra of Point, which is 2, is no field of the dataclass: "):
        pack(converter_for(list[zoo.Point]), [point])
    del point.extra  # type: ignore[attr-defined]
    del point.x
    with pytest.raises(ValueTravelError, match=r"\.x of this Point has no value"):
        pack(converter_for(zoo.Point), point)
    fix = zoo.NamedFix(1.0, 2.0)
    fix.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(ValueTravelError, match=r"\.extra of NamedFix, which is 2, is no field of the NamedTuple"):
        pack(converter_for(zoo.NamedFix), fix)


def test_a_value_that_contains_itself_is_said_to() -> None:
    tree = zoo.Tree(1)
    tree.children.append(tree)
    with pytest.raises(ValueTravelError, match="this Tree contains itself, which JSON can't say"):
        pack(converter_for(zoo.Tree), tree)


def test_a_value_that_is_nested_too_deeply_is_said_to_be() -> None:
    link = None
    for value in range(100_000):
        link = zoo.Link(value, link)
    with pytest.raises(ValueTravelError, match="this Link is nested too deeply for JSON"):
        pack(converter_for(zoo.Link), link)


def test_what_would_not_come_back_as_it_was_is_refused() -> None:
    free = zoo.Free(payload={"when": date(2024, 1, 1)})
    with pytest.raises(ValueTravelError) as caught:
        pack(converter_for(list[zoo.Free]), [free])
    assert str(caught.value) == (
        "[0].payload['when']: it would not come back as it was: "
        "datetime.date(2024, 1, 1) (datetime.date) became '2024-01-01' (str)"
    )
    hidden = zoo.Aliased.model_validate({"Name": "n", "more": (1,)})
    with pytest.raises(ValueTravelError, match=r"model_extra\['more'\]: it would not come back"):
        pack(converter_for(zoo.Aliased), hidden)


def test_a_time_zone_that_only_this_process_knows_is_refused() -> None:
    class Local(tzinfo):
        def utcoffset(self, when: datetime | None) -> None:
            return None

        dst = utcoffset

        def tzname(self, when: datetime | None) -> str:
            return "here"

    with pytest.raises(
        ValueTravelError, match=r"its time zone is a .*Local: use zoneinfo\.ZoneInfo or datetime\.timezone"
    ):
        pack(converter_for(datetime), datetime(2024, 1, 1, tzinfo=Local()))


def test_a_zone_whose_clock_is_set_otherwise_here_is_no_silent_shift() -> None:
    with pytest.raises(ValueTravelError, match="the two machines' time zone data differ"):
        unpack(converter_for(datetime), {"value": "2024-06-01T00:00:00+05:00[Europe/Berlin]"})


class TestCodecsThatFail:
    def refused(self, encode: Any, decode: Any = zoo.Money.from_json) -> str:
        with pytest.raises(ValueTravelError) as caught:
            pack(converter_for(list[zoo.Money], {zoo.Money: Codec(encode, decode)}), [zoo.Money("1")])
        return str(caught.value)

    def test_to_encode(self) -> None:
        assert self.refused(lambda money: money.lost) == (
            "[0]: the codec of Money can't encode it: AttributeError: 'Money' object has no attribute 'lost'"
        )

    def test_to_decode(self) -> None:
        assert self.refused(lambda money: 5) == "[0]: the codec of Money can't decode what was stored: AssertionError"

    def test_to_give_plain_json(self) -> None:
        text = "[0]: the codec of Money gives no plain JSON: "
        assert self.refused(lambda money: (1,)) == f"{text}(1,) (tuple) is no JSON"
        assert self.refused(lambda money: [{1: 2}]) == f"{text}[0]: the key 1 (int) is no JSON: keys are str"
        assert self.refused(lambda money: {"a": [date(1, 1, 1)]}).startswith(f"{text}['a'][0]: datetime.date")

    def test_to_give_the_same_class(self) -> None:
        assert "would not come back as it was" in self.refused(zoo.Money.to_json, lambda json: zoo.Euro("1"))

    def test_to_give_an_equal_value(self) -> None:
        own: Any = {Decimal: Codec(float, Decimal)}
        with pytest.raises(ValueTravelError, match="would not come back as it was"):
            pack(converter_for(Decimal, own), Decimal("0.1"))


@pytest.mark.parametrize(
    ("tp", "json"),
    [
        (int, "1"),
        (int, 1.0),
        (int, {"hex": "0xzz"}),
        (bool, 1),
        (str, 1),
        (str, {"characters": [-1]}),
        (None, 0),
        (complex, {"real": 1.0}),
        (bytes, "?"),
        (Decimal, "1,5"),
        (date, "2024-13-01"),
        (datetime, "2024-01-01"),
        (datetime, "2024-01-01T00:00:00[No/Where]"),
        (list[int], {"0": 1}),
        (tuple[int, str], [1]),
        (dict[int, int], [[1, 2, 3]]),
        (range, {"start": 0, "stop": 1, "step": 0}),
        (deque[int], {"maxlen": -1, "items": []}),
        (zoo.Colour, "PINK"),
        (zoo.Rights, "READ|FLY"),
        (zoo.Rights, 64),
        (zoo.Point, {"x": 1}),
        (zoo.Point, {"x": 1, "y": 1.0, "z": 1}),
        (zoo.Fix, [1.0, 2.0, ""]),
        (zoo.Row, {"id": 1, "more": 1}),
        (zoo.Item, {"id": 1}),
        (zoo.Free, {"payload": 1}),
        (date | str, 5),
        (date | str, {"int": 5}),
        (Literal["a"], "b"),
        (Path, None),
    ],
    ids=repr,
)
def test_json_that_is_none_of_the_type_s_is_refused(tp: Any, json: Any) -> None:
    with pytest.raises(ValueTravelError):
        unpack(converter_for(tp), {"value": json})


@pytest.mark.parametrize("envelope", [{}, {"value": 1, "text": "1"}, {"text": 1}, {"text": "{"}, {"handoff": {}}])
def test_an_envelope_that_is_none_is_refused(envelope: Any) -> None:
    with pytest.raises(ValueTravelError, match=r"where a packed value is wanted|is no JSON"):
        unpack(converter_for(int), envelope)


def test_the_path_is_said_of_stored_json_too() -> None:
    with pytest.raises(ValueTravelError) as caught:
        unpack(converter_for(dict[str, list[zoo.Point]]), {"value": {"a": [{"x": "1", "y": 0.0}]}})
    assert str(caught.value) == "['a'][0].x: found '1' (str) in the stored JSON, which is no int"


def test_a_zone_s_database_is_asked_for_the_zone_alone() -> None:
    assert unpack(converter_for(datetime), {"value": "2024-01-01T00:00:00+01:00[Europe/Berlin]"}) == datetime(
        2024, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")
    )
