"""Classes whose values go from task to task."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Protocol,
    Required,
    TypedDict,
    TypeVar,
)

from pydantic import AnyUrl, BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.dataclasses import dataclass as pydantic_dataclass

T = TypeVar("T")
U = TypeVar("U")


class Colour(enum.Enum):
    RED = "red"
    GREEN = ("a", 1)
    ROUGE = "red"  # noqa: PIE796  # the same member


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4
    BOTH = 3


class Bits(enum.IntFlag, boundary=enum.KEEP):
    ONE = 1
    FOUR = 4


class NoMembers(enum.Enum):
    pass


UserId = NewType("UserId", int)
Orders = NewType("Orders", "list[Order]")


@dataclass
class Point:
    x: int
    y: float = 0.0


@dataclass
class Place:  # the same shape
    x: int
    y: float = 0.0


@dataclass
class Pixel(Point):
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Order:
    id: int
    price: Decimal
    placed: datetime | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Slotted:
    x: int
    __hidden: str = "h"  # pyright: ignore[reportGeneralTypeIssues]  # it may


@dataclass
class Late:
    given: int
    scale: InitVar[int] = 2
    kind: ClassVar[str] = "late"
    made: int = field(init=False)
    calls: list[str] = field(init=False, default_factory=list)

    def __post_init__(self, scale: int) -> None:
        self.made = self.given * scale
        self.calls.append("post")


@dataclass
class Cached:
    side: int

    @cached_property
    def area(self) -> int:
        return self.side**2


@dataclass(eq=False)
class ById:
    x: int


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Pair2(Box[T], Generic[T, U]):
    other: U


@dataclass
class NamedBox(Pair2[int, list[U]]):
    name: U


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


@dataclass
class Link:
    value: int
    after: Link | None = None


@dataclass
class Dictish(dict[str, int]):
    x: int


@dataclass
class Holder:
    what: object


@dataclass
class Nested:
    holders: list[Holder]


@dataclass
class Shop:
    orders: list[Order]
    names: Mapping[str, Sequence[int]]
    best: Annotated[Order | None, "of the day"] = None


class Fix(NamedTuple):
    lat: float
    lon: float
    name: str = ""


class Both(NamedTuple, Generic[T, U]):
    one: T
    two: U


class NamedFix(Fix):
    def twice(self) -> float:
        return 2 * self.lat


class Row(TypedDict):
    id: int
    name: NotRequired[str]


class Partial(TypedDict, total=False):
    must: Required[date]
    may: date | str


class WideRow(Row):
    width: float


class Cell(TypedDict, Generic[T]):
    content: T


class IntCell(Cell[int]):
    unit: str


@dataclass
class Page:
    links: list[Linked]
    url: AnyUrl  # a class that pydantic alone can write


@dataclass
class Linked:
    page: Page | None = None


class Site(BaseModel):
    page: Page


class Money:
    """A class of a user's own, without `__eq__`."""

    def __init__(self, amount: str) -> None:
        self.amount = amount

    def to_json(self) -> object:
        return {"amount": self.amount}

    @staticmethod
    def from_json(json: object) -> Money:
        assert isinstance(json, dict)
        return Money(json["amount"])


class Euro(Money):
    pass


class Shout(str):
    __slots__ = ()


class Shape(Protocol):
    def area(self) -> float: ...


class Item(BaseModel):
    id: int
    price: Decimal
    when: datetime | None = None
    kind: Literal["a", "b"] = "a"
    inner: list[Order] = []


class Aliased(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = Field(alias="Name")


class Vague(BaseModel):
    what: date | str


class Private(BaseModel):
    shown: int
    _hidden: int = PrivateAttr(default=0)


class Free(BaseModel):
    payload: dict[str, Any]


class Crate(BaseModel, Generic[T]):
    content: T


IntCrate = Crate[int]  # made here, so that pickle finds it


class Odd(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    money: Money


@pydantic_dataclass
class Checked:
    count: int
    names: tuple[str, ...] = ()
