"""The two forms other programs read: the page's, and the versioned contract with its schema (DESIGN 7)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

import functools
import json
from collections.abc import Generator, Iterator
from typing import NamedTuple

import jsonschema
import pytest

from core.building import build
from core.snapshots import check_golden
from synaflow import PipelineDef, include, pipeline, register_collector, step
from synaflow._describe.contract import schema


class MyParams(NamedTuple):
    count: int  # type: ignore[assignment]  # the page calls it so, though tuples have a count()


def producer(count: int) -> Generator[int, None, None]:
    yield from range(count)


def transformer(producer: Iterator[int]) -> Generator[int, None, None]:
    for val in producer:
        yield val * 10


def consumer(transformer: Iterator[int]) -> None:
    for x in transformer:
        print(f"Consumed: {x}")


PAGE = {
    "producer": {
        "deps": {"count": "int"},
        "output": "Generator[int, None, None]",
        "fn": "producer",
        "on_error": "stop",
        "needs_materialize": False,
    },
    "transformer": {
        "deps": {"producer": "Iterator[int]"},
        "output": "Generator[int, None, None]",
        "fn": "transformer",
        "on_error": "stop",
        "needs_materialize": False,
    },
    "consumer": {
        "deps": {"transformer": "Iterator[int]"},
        "output": "None",
        "fn": "consumer",
        "on_error": "stop",
        "needs_materialize": False,
    },
    "count": {"deps": {}, "output": "int", "fn": None, "on_error": None, "needs_materialize": False},
}


def test_the_page_key_for_key_in_order() -> None:
    my_pipeline = pipeline(
        name="example",
        params=MyParams,
        steps=[
            step("producer", fn=producer),
            step("transformer", fn=transformer),
            step("consumer", fn=consumer),
        ],
    )
    assert json.dumps(my_pipeline.to_dict(), indent=2) == json.dumps(PAGE, indent=2)


class Rows(NamedTuple):
    rows: Iterator[str]
    limit: int = 3
    sizes: tuple[int, ...] = (1, 2)
    ratio: float | None = None


class Tally:
    """A collection of one's own."""


def tally(items: Iterator[int]) -> Tally: ...


register_collector(Tally, tally)


def lengths(rows: str, limit: int) -> int:
    """How long each is."""
    return min(len(rows), limit)


def words(rows: str) -> Iterator[str]: ...


def compared(left: Iterator[int], right: list[int], /, *, other: int | str | None = "x") -> dict[str, int]: ...


def keys(table: Iterator[str]) -> Tally: ...


def tallied(lengths: Tally) -> None: ...


def billed(rows: Iterator[str]) -> int: ...


def params_of(words: list[str]) -> list[Rows]: ...


def everything() -> PipelineDef:
    """One of each of what a contract can hold."""
    sub = pipeline("sub", Rows, [billed])
    return pipeline(
        "everything",
        Rows,
        [
            step("lengths", lengths, on_error="continue", max_in_flight=8),
            words,
            step("compared", functools.partial(compared), inputs={"left": "lengths", "right": "lengths"}, mode="all"),
            step("read", keys, inputs={"table": "compared"}, after=["words"]),
            tallied,
            include("billing", sub),
            include("many", sub, fn=params_of),
        ],
        doc="One of each.",
        exports="read",
    )


def test_what_the_page_leaves_open() -> None:
    found = everything().to_dict()
    assert list(found) == [
        *("lengths", "words", "compared", "read", "tallied", "billing__billed", "many__params", "many"),
        *("rows", "limit", "sizes", "ratio"),
    ]
    assert found["compared"] == {
        "deps": {"lengths": "Iterator[int]"},  # two parameters on one producer: the first; the default is not there
        "output": "dict[str, int]",
        "fn": "compared",  # of a partial, the inner function's
        "on_error": "stop",
        "needs_materialize": False,
    }
    assert found["lengths"]["on_error"] == "continue"
    assert [name for name, entry in found.items() if entry["needs_materialize"]] == ["lengths", "words"]
    assert found["ratio"]["output"] == "float | None"


def test_a_field_that_is_collected_needs_to_be_materialized() -> None:
    def report(rows: list[str]) -> None: ...

    assert build(report, params=Rows).to_dict()["rows"]["needs_materialize"] is True


def test_the_page_form_is_json_and_nothing_but_plain_types() -> None:
    found = everything().to_dict()
    assert json.loads(json.dumps(found)) == found
    for entry in found.values():
        assert all(type(value) in (str, bool, dict, type(None)) for value in entry.values())


def test_the_page_form_stays_as_it_is() -> None:
    check_golden("everything.json", json.dumps(everything().to_dict(), indent=2))


def test_the_contract_stays_as_it_is() -> None:
    text = json.dumps(everything().to_contract(), indent=2)
    lines = [line for line in text.splitlines() if '"line":' not in line]  # they change with this file
    check_golden("everything.contract.json", "\n".join(lines))


def test_the_contract_is_valid_against_the_schema_that_ships() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    for built in (everything(), build(), build(producer, transformer, params=MyParams)):
        found = built.to_contract()
        jsonschema.Draft202012Validator(schema()).validate(found)
        assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    "key", ["version", "name", "params", "steps", "edges", "order", "regions", "aliases", "exports"]
)
def test_the_schema_misses_nothing(key: str) -> None:
    found = everything().to_contract()
    del found[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("more",), 1),
        (("steps", 0, "on_error"), "later"),
        (("steps", 0, "more"), 1),
        (("edges", 0, "kind"), "teleport"),
        (("edges", 0, "collector"), "list"),
        (("regions", 0, "steps"), []),
    ],
    ids=str,
)
def test_the_schema_lets_nothing_else_in(path: tuple[str | int, ...], value: object) -> None:
    found = json.loads(json.dumps(everything().to_contract()))
    place = found
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(found)


def test_defaults_that_json_has_are_in_the_contract_and_others_are_not() -> None:
    def use(a: int = 3, b: object = object(), c: tuple[int, ...] = (1,), d: float = float("inf")) -> None: ...

    inputs = build(use).to_contract()["steps"][0]["inputs"]  # type: ignore[index]
    assert [entry.get("default", "-") for entry in inputs] == [3, "-", "-", "-"]
    assert [entry["required"] for entry in inputs] == [False] * 4
