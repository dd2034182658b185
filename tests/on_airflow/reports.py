"""A pipeline of a few regions, in a module that a generated file can name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy

from synaflow import pipeline, step
from synaflow_airflow import Codec


class Params(NamedTuple):
    """What a report is of.

    Attributes:
        day: The day.
        orders: How many orders there are.
        floor: Orders below this are left out.
    """

    day: date = date(2026, 1, 31)
    orders: int = 5
    floor: Decimal = Decimal("1.10")


class Order(NamedTuple):
    number: int
    price: Decimal


class Totals(NamedTuple):
    day: date
    orders: int
    price: Decimal


def read(orders: int) -> Iterator[Order]:
    for number in range(orders):
        yield Order(number, Decimal(number) / 4)


def totals(read: Iterator[Order], day: date, floor: Decimal) -> Totals:
    """Sums up the orders that count."""
    kept = [order.price for order in read if order.price >= floor]
    return Totals(day, len(kept), sum(kept, Decimal("0.00")))


def mean(totals: Totals) -> Decimal:
    return totals.price / max(totals.orders, 1)


def again(orders: int, mean: Decimal) -> Iterator[Order]:
    for number in range(orders):
        if Decimal(number) / 4 > mean:
            yield Order(number, Decimal(number) / 4)


def above(again: Iterator[Order]) -> tuple[Order, ...]:
    return tuple(again)


def told(totals: Totals, above: tuple[Order, ...]) -> str:
    return f"{totals.day:%d.%m.%Y}: {totals.orders} orders, {totals.price}, {len(above)} above the mean"


report = pipeline(
    "daily report",
    Params,
    [read, totals, mean, again, above, told],
    doc="What was sold on a day.",
)


def big() -> list[int]:
    return list(range(100_000))


def odd() -> object:
    return {1j: frozenset({"x"})}


def count(big: list[int], odd: object) -> int:
    assert odd == {1j: frozenset({"x"})}
    return len(big)


handed = pipeline("handed", None, [big, odd, count])


def fails() -> int:
    raise ValueError("no such shop")


def uses(fails: int) -> int:
    raise AssertionError("it has nothing to use")


def other() -> int:
    return 3


def both(uses: int, other: int) -> int:
    raise AssertionError("it has nothing to use")


def afterwards() -> str:
    return "done"


def numbers(other: int) -> Iterator[int]:
    yield from range(other)


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


def scaled(numbers: Iterator[int], fails: int) -> int:
    raise AssertionError("it has nothing to scale with")


going_on = pipeline(
    "going_on",
    None,
    [
        step("fails", fails, on_error="continue"),
        uses,
        other,
        both,
        numbers,
        total,
        scaled,
        step("afterwards", afterwards, after=("uses",)),
    ],
)


class Money:
    """What has no JSON of its own, and a codec here."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    __hash__ = None  # type: ignore[assignment]


CODECS = {Money: Codec(lambda money: f"{money.cents} ct", lambda text: Money(int(text.removesuffix(" ct"))))}


def price() -> Money:
    return Money(110)


def grid() -> numpy.ndarray[Any, Any]:
    return numpy.arange(6, dtype="<i2").reshape(2, 3)


def counted(price: Money, grid: numpy.ndarray[Any, Any]) -> str:
    return f"{price.cents} {type(grid).__name__} {grid.dtype} {grid.tolist()}"


own_types = pipeline("own_types", None, [price, grid, counted])
