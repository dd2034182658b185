"""The page's quickstart prints what the page says."""

from __future__ import annotations

from pathlib import Path

from .conftest import Program

PRINTED = """\
Consumed: 0
Consumed: 10
Consumed: 20
Consumed: 30
Consumed: 40
{'producer': {'deps': {'count': 'int'}, 'output': 'Generator[int, None, None]', 'fn': 'producer', 'on_error': 'stop', \
'needs_materialize': False}, 'transformer': {'deps': {'producer': 'Iterator[int]'}, 'output': 'Generator[int, None, \
None]', 'fn': 'transformer', 'on_error': 'stop', 'needs_materialize': False}, 'consumer': {'deps': {'transformer': \
'Iterator[int]'}, 'output': 'None', 'fn': 'consumer', 'on_error': 'stop', 'needs_materialize': False}, 'count': \
{'deps': {}, 'output': 'int', 'fn': None, 'on_error': None, 'needs_materialize': False}}
"""


def test_quickstart(program: Program, repository: Path) -> None:
    ran = program(repository / "examples/quickstart.py")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == PRINTED
