"""`synaflow_ray` as it is imported: what it offers is there, and Ray is loaded by who asks for it."""

from __future__ import annotations

import pytest

import synaflow_ray
from fresh import loaded_by


def test_the_import_loads_no_ray() -> None:
    assert "ray" not in loaded_by("import synaflow_ray")
    assert "ray" in loaded_by("from synaflow_ray import run")


def test_what_it_lists_is_there_and_stays_the_same() -> None:
    assert synaflow_ray.__all__ == sorted(synaflow_ray.__all__)
    for _ in range(2):  # the first look imports modules, and none of them may take a name
        assert [name for name in synaflow_ray.__all__ if not callable(getattr(synaflow_ray, name))] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'synaflow_ray' has no attribute 'nope'"):
        _ = synaflow_ray.nope  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
