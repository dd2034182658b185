"""The corpus' own log: whatever process a step runs in, what it logs arrives."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys

from corpus.recorder import CLOSED, Recorder

WRITER = """
import pickle, sys
rec = pickle.load(sys.stdin.buffer)
name = sys.argv[1]
for number in range(500):
    rec(name, (number, 1.5, None, {"text": "x" * (number % 300)}))
rec.closed(name)
assert rec.of(name)[-1] == (name, "closed")
"""


def _writing(rec: Recorder, name: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = subprocess.Popen([sys.executable, "-c", WRITER, name], stdin=subprocess.PIPE, env=env)
    assert writer.stdin is not None
    writer.stdin.write(pickle.dumps(rec))
    writer.stdin.close()
    return writer


def test_steps_of_several_processes_log_into_one() -> None:
    """Nothing is lost or mixed, each process's own order is kept, and what was logged before comes first."""
    rec = Recorder()
    rec("here", 0)
    writers = [_writing(rec, name) for name in "abc"]
    for number in range(1, 500):
        rec("here", number)
    for writer in writers:
        assert writer.wait(60) == 0
    items = [(number, 1.5, None, {"text": "x" * (number % 300)}) for number in range(500)]
    for name in "abc":
        assert rec.of(name) == [*((name, item) for item in items), (name, CLOSED)]
    assert rec.of("here") == [("here", number) for number in range(500)]
    assert rec.events[0] == ("here", 0)
    assert sorted(rec.closings()) == ["a", "b", "c"]


def test_a_log_is_a_file_only_when_it_has_to_be_and_no_longer() -> None:
    rec = Recorder()
    rec("a", 1)
    assert "tmp" not in repr(vars(rec.log))
    copy = pickle.loads(pickle.dumps(rec))
    path = copy.log._path
    copy("a", 2)
    assert rec.events == copy.events == [("a", 1), ("a", 2)]
    again = pickle.loads(pickle.dumps(copy))
    del copy
    gc.collect()
    again("a", 3)
    assert rec.events == [("a", 1), ("a", 2), ("a", 3)]
    rec.log.clear()
    assert again.events == []
    del rec
    gc.collect()
    assert not os.path.exists(path)
