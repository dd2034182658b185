"""Values as source text: whatever they hold, they come out as themselves and as nothing else."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaflow_airflow.literals import CantWriteError, Source, call, read_literal, text_block, write

texts = st.text(st.characters(codec=None)) | st.text(st.sampled_from("\"'\\\n\r \t{}#u\u2028\ud800"))
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas()
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values, st.integers(0, 3), st.integers(0, 60))
def test_what_is_written_is_read_again(value: object, indent: int, before: int) -> None:
    assert read_literal(write(value, indent, before)) == value
    line = write(value, flat=True)
    assert line.isprintable()
    assert read_literal(line) == value


@given(texts)
def test_a_block_of_text_is_that_text(text: str) -> None:
    source = text_block(text)
    assert ast.literal_eval(source) == text
    assert all(line == line.rstrip(" ") for line in source.split("\n"))


@given(texts, values)
def test_a_call_has_the_arguments_it_was_given(name: str, value: object) -> None:
    source = call("f", [value], {name: value, "a": value})
    node = ast.parse(source, mode="eval").body
    assert isinstance(node, ast.Call)
    assert [read_literal(ast.unparse(argument)) for argument in node.args] == [value]
    given = {keyword.arg: read_literal(ast.unparse(keyword.value)) for keyword in node.keywords}
    rest: Any = given.pop(None, {})
    assert {**given, **rest} == {name: value, "a": value}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (timedelta(minutes=90), "timedelta(hours=1, minutes=30)"),
        (timedelta(days=1), "timedelta(days=1)"),
        (timedelta(0), "timedelta(seconds=0)"),
        (datetime(2026, 1, 31, tzinfo=UTC), "datetime(2026, 1, 31, tzinfo=UTC)"),
        (("a",), '("a",)'),
        ('say "x"', "'say \"x\"'"),
        ({"a": [1, 2.5, None]}, '{"a": [1, 2.5, None]}'),
        (Source("DOCS"), "DOCS"),
    ],
)
def test_how_it_looks(value: object, source: str) -> None:
    assert write(value) == source


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"x", datetime.now, int])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(CantWriteError, match="can't be written into a file"):
        write([value])


@pytest.mark.parametrize(
    "text", ["@daily", "0 3 * * *", "__import__('os').system('true')", "f(1)", "open", "[x]", "{**{}}"]
)
def test_text_that_is_no_literal_is_text(text: str) -> None:
    assert read_literal(text) == text
