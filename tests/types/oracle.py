"""mypy as an oracle: which of many pairs of types it finds fault with, in one run."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterable
from pathlib import Path

import zoo_pep695
import zoo_types

from synaflow._types import UndecidableTypeError, is_assignable

__all__ = ["Oracle", "Pair"]

Pair = tuple[str, str]
"""A source and a target, as text."""

OPTIONS = ["--disable-error-code", "abstract", "--no-color-output", "--hide-error-context"]


class Oracle:
    """The zoo's types, as text, what the text means at run time, and what mypy says of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = [Path(zoo_types.__file__)]
        self.names = dict(vars(zoo_types))
        self.types = list(zoo_types.TYPES)
        if sys.version_info >= (3, 12):
            self._add("zoo_types_312", zoo_pep695.SOURCE)
        if sys.version_info >= (3, 13):
            self._add("zoo_types_313", zoo_pep695.DEFAULTS)

    def _add(self, name: str, source: str) -> None:
        file = self.directory / f"{name}.py"
        file.write_text(source)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        self.files.append(file)
        self.types += module.TYPES
        self.names |= vars(module)

    def hint(self, text: str) -> object:
        """What a text means."""
        try:
            return eval(text, self.names)
        except TypeError:  # generic in typeshed, and at run time not yet on this Python: zip[int]
            name, _, args = text.removesuffix("]").partition("[")
            return types.GenericAlias(eval(name, self.names), eval(f"({args},)", self.names))

    def rejected(self, pairs: Iterable[Pair]) -> set[Pair]:
        """The pairs that one run of mypy finds fault with."""
        from mypy import api

        lines = [f"from {file.stem} import *" for file in self.files]
        at: dict[int, Pair] = {}
        source = None
        for pair in pairs:
            if pair[0] != source:
                source = pair[0]
                lines.append(f"def f{len(lines)}(x: {source}) -> None:")
            lines.append(f"    y{len(lines)}: {pair[1]} = x")
            at[len(lines)] = pair
        file = self.directory / "oracle_pairs.py"
        file.write_text("\n".join(lines) + "\n")
        cache = str(self.directory / "cache")
        options = ["--config-file", "", "--cache-dir", cache, "--no-error-summary", "--no-pretty", *OPTIONS]
        out, err, _ = api.run([*options, *map(str, (file, *self.files))])
        assert not err, err
        rejected = set()
        for line in out.splitlines():
            path, number, severity, message = (part.strip() for part in line.split(":", 3))
            if severity == "error":
                assert path.endswith("oracle_pairs.py"), line
                assert "[assignment]" in message, line
                rejected.add(at[int(number)])
        return rejected

    def differences(self, pairs: Iterable[Pair]) -> dict[Pair, str]:
        """The pairs of which we say something else than mypy, and what."""
        pairs = list(pairs)
        rejected = self.rejected(pairs)
        hints = {text: self.hint(text) for text in dict.fromkeys(text for pair in pairs for text in pair)}
        found = {}
        for source, target in pairs:
            try:
                ours = is_assignable(hints[source], hints[target])
            except UndecidableTypeError as error:
                found[source, target] = str(error)
                continue
            if ours == ((source, target) in rejected):
                found[source, target] = f"ours: {ours}"
        return found
