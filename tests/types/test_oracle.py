"""mypy is the oracle: over all pairs of the zoo's types, and many of types made of them, it and `is_assignable` must agree.

For each test one module with one assignment per pair is written, and checked by one run of mypy.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nested import nested_pairs
from oracle import Oracle

from synaflow._types import is_assignable

pytest.importorskip("mypy.api")

#: Pairs in which we answer otherwise than mypy, and why.
EXPLAINED: dict[tuple[str, str], str] = {
    # typeshed gives them a `name`, "to satisfy IO[]", which they don't have.
    **dict.fromkeys([("io.StringIO", "HasName"), ("io.BytesIO", "HasName")], "there is no such attribute"),
    # mypy knows only of a __hash__ set to None by hand.
    ("Record", "Hashable"): "a dataclass that compares and is not frozen has no hash",
    # mypy looks at the __hash__ of the instances instead (it doesn't for bare `type`).
    **{(f"type[{name}]", "Hashable"): "every class has a hash" for name in ("Animal", "Dog", "Any", "int | str")},
}


def test_agrees_with_mypy_on_all_pairs(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path)
    pairs = [(source, target) for source in oracle.types for target in oracle.types]
    differences = oracle.differences(pairs)
    assert len(pairs) > 40_000
    unexplained = {pair: text for pair, text in differences.items() if pair not in EXPLAINED}
    assert not unexplained
    assert not set(EXPLAINED) - set(differences), "explained, and no longer a difference"


def test_agrees_with_mypy_on_nested_types(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path)
    pairs = nested_pairs(seed=4, count=8_000)
    assert not oracle.differences(pairs)
    fitting = sum(is_assignable(*map(oracle.hint, pair)) for pair in pairs)
    assert 0.25 < fitting / len(pairs) < 0.75, "a set of which nearly all or nearly none fit shows little"
