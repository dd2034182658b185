"""mypy is the oracle: over all pairs of the zoo's types it and `is_assignable` must agree.

One module with one assignment per pair is written and checked by one run of mypy.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest
import zoo_pep695
import zoo_types

from synaflow._types import UndecidableTypeError, is_assignable

mypy = pytest.importorskip("mypy.api")

OPTIONS = ["--disable-error-code", "abstract", "--no-color-output", "--hide-error-context"]

#: Pairs in which we answer otherwise than mypy, and why.
EXPLAINED: dict[tuple[str, str], str] = {
    # typeshed gives them a `name`, "to satisfy IO[]", which they don't have.
    **dict.fromkeys([("io.StringIO", "HasName"), ("io.BytesIO", "HasName")], "there is no such attribute"),
    # mypy knows only of a __hash__ set to None by hand.
    ("Record", "Hashable"): "a dataclass that compares and is not frozen has no hash",
    # mypy looks at the __hash__ of the instances instead (it doesn't for bare `type`).
    **{(f"type[{name}]", "Hashable"): "every class has a hash" for name in ("Animal", "Dog", "Any", "int | str")},
}


class Zoo:
    """The types, as text, and what the text means at run time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = [Path(zoo_types.__file__)]
        self.names = dict(vars(zoo_types))
        self.types = list(zoo_types.TYPES)
        if sys.version_info >= (3, 12):
            self._add("zoo_types_312", zoo_pep695.SOURCE)

    def _add(self, name: str, source: str) -> None:
        file = self.directory / f"{name}.py"
        file.write_text(source)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.files.append(file)
        self.types += module.TYPES
        self.names |= vars(module)

    def hint(self, text: str) -> object:
        try:
            return eval(text, self.names)
        except TypeError:  # generic in typeshed, and at run time not yet on this Python: zip[int]
            name, _, args = text.removesuffix("]").partition("[")
            return types.GenericAlias(eval(name, self.names), eval(f"({args},)", self.names))

    def rejected_by_mypy(self) -> set[tuple[str, str]]:
        """The pairs of a source and a target that one run of mypy finds fault with."""
        lines = [f"from {file.stem} import *" for file in self.files]
        pairs = {}
        for i, source in enumerate(self.types):
            lines.append(f"def f{i}(x: {source}) -> None:")
            for j, target in enumerate(self.types):
                lines.append(f"    y{j}: {target} = x")
                pairs[len(lines)] = (source, target)
        file = self.directory / "oracle_pairs.py"
        file.write_text("\n".join(lines) + "\n")
        cache = str(self.directory / "cache")
        options = ["--config-file", "", "--cache-dir", cache, "--no-error-summary", "--no-pretty", *OPTIONS]
        out, err, _ = mypy.run([*options, *map(str, (file, *self.files))])
        assert not err, err
        rejected = set()
        for line in out.splitlines():
            path, number, severity, message = (part.strip() for part in line.split(":", 3))
            if severity == "error":
                assert path.endswith("oracle_pairs.py"), line
                assert "[assignment]" in message, line
                rejected.add(pairs[int(number)])
        return rejected


def test_agrees_with_mypy_on_all_pairs(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path)
    rejected = zoo.rejected_by_mypy()
    hints = {text: zoo.hint(text) for text in zoo.types}
    differences = {}
    for source in zoo.types:
        for target in zoo.types:
            try:
                ours = is_assignable(hints[source], hints[target])
            except UndecidableTypeError as error:
                differences[source, target] = str(error)
                continue
            if ours == ((source, target) in rejected):
                differences[source, target] = f"ours: {ours}"
    assert len(zoo.types) ** 2 > 1_000
    unexplained = {pair: text for pair, text in differences.items() if pair not in EXPLAINED}
    assert not unexplained
    assert not set(EXPLAINED) - set(differences), "explained, and no longer a difference"
