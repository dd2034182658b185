"""Random types and values: all come back as they were, through whatever a database makes of JSON too."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from on_airflow.codecs import travel_drawn
from on_airflow.codecs.travel_oracle import normal
from synaflow_airflow.codecs import converter_for, pack, unpack

HERE = settings.default.max_examples if settings.default else 100
"""Of the profile: a long search is longer here too."""


def by_postgres(json_value: Any) -> Any:
    """JSON as PostgreSQL's JSONB gives it back: keys in its order, numbers as decimals without exponents or a -0."""
    if isinstance(json_value, dict):
        keys = sorted(json_value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: by_postgres(json_value[key]) for key in keys}
    if isinstance(json_value, list):
        return [by_postgres(item) for item in json_value]
    if isinstance(json_value, str):
        assert "\0" not in json_value
        json_value.encode()  # no lone surrogates
    if isinstance(json_value, float):
        assert json_value - json_value == 0
        return json.loads(f"{json_value + 0.0:f}") if abs(json_value) >= 1e16 else json_value or 0.0
    assert not isinstance(json_value, int) or -(2**63) <= json_value < 2**63
    return json_value


def all_keys(json_value: Any) -> list[str]:
    """Every key of every object."""
    if isinstance(json_value, dict):
        return [*json_value, *(key for item in json_value.values() for key in all_keys(item))]
    return [key for item in json_value for key in all_keys(item)] if isinstance(json_value, list) else []


@settings(max_examples=15 * HERE, suppress_health_check=travel_drawn.MAY_BE)
@given(travel_drawn.pairs)
def test_what_comes_out_is_what_went_in(pair: tuple[Any, Any]) -> None:
    tp, value = pair
    converter = converter_for(tp)
    envelope = pack(converter, value)
    text = json.dumps(envelope)
    assert text.isascii()
    assert not any(key.startswith("__") for key in all_keys(envelope))
    assert normal(unpack(converter, json.loads(text))) == normal(value)
    assert normal(unpack(converter, by_postgres(envelope))) == normal(value)


@settings(max_examples=3 * HERE, suppress_health_check=travel_drawn.MAY_BE)
@given(travel_drawn.pairs, travel_drawn.types)
def test_a_value_of_another_type_is_refused_or_comes_back(pair: tuple[Any, Any], other: travel_drawn.Drawn) -> None:
    converter = converter_for(other.tp)
    if converter.fits(pair[1]):
        assert normal(unpack(converter, pack(converter, pair[1]))) == normal(pair[1])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
)


@settings(max_examples=3 * HERE, suppress_health_check=travel_drawn.MAY_BE)
@given(travel_drawn.types, JSON)
def test_any_json_is_read_or_refused(drawn: travel_drawn.Drawn, found: Any) -> None:
    from synaflow_airflow import ValueTravelError

    converter = converter_for(drawn.tp)
    try:
        value = unpack(converter, {"value": found})
    except ValueTravelError:
        return
    assert normal(unpack(converter, pack(converter, value))) == normal(value)
