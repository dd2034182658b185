"""How runs end: consumers that have had enough, steps that leave, never come to an end, or are interrupted; nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import ray

from corpus import Recorder
from on_ray.remains import actors, comes_true
from synaflow import RunnerError, StepError, StepStatus, pipeline, step
from synaflow_ray import run

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("cluster")]


@pytest.fixture(autouse=True)
def _nothing_is_left(cluster: None) -> Iterator[None]:
    """Actors of this test's runs, when all is over."""
    yield
    assert actors() == []


def endless(rec: Recorder, name: str = "source") -> Callable[..., Iterator[int]]:
    def source() -> Iterator[int]:
        at = 0
        try:
            while True:
                yield at
                at += 1
        finally:
            rec.closed(name)

    return source


def through(rec: Recorder, name: str) -> Callable[..., Iterator[int]]:
    def transform(items: Iterator[int]) -> Iterator[int]:
        try:
            yield from items
        finally:
            rec.closed(name)

    return transform


def takes(number: int) -> Callable[..., int]:
    def few(items: Iterator[int]) -> int:
        return sum(islice(items, number))

    return few


def test_a_consumer_that_stops_early_stops_an_endless_source() -> None:
    rec = Recorder()
    flow = pipeline(
        "early",
        steps=[
            step("source", fn=endless(rec)),
            step("middle", fn=through(rec, "middle"), inputs={"items": "source"}),
            step("few", fn=takes(4), inputs={"items": "middle"}),
            step("more", fn=takes(100_000), inputs={"items": "source"}),
        ],
    )
    result = run(flow)
    assert dict(result) == {"few": 6, "more": sum(range(100_000))}
    assert [(step.status, step.items_in) for step in result.steps.values()][2:] == [
        (StepStatus.OK, 4),
        (StepStatus.OK, 100_000),
    ]
    assert rec.closings() == ["middle", "source"]


def test_a_source_that_has_become_slow_is_stopped_at_its_next_item(tmp_path: Path) -> None:
    """It isn't run to the end of the batch that it had begun."""
    rec = Recorder()

    def source() -> Iterator[int]:
        try:
            yield from range(50_000)
            for at in range(50_000, 60_000):
                while not (tmp_path / "seen").exists():
                    time.sleep(0.001)
                rec("source", at)
                yield at
                time.sleep(0.05)
        finally:
            rec.closed("source")

    def few(source: Iterator[int]) -> int:
        for at in source:
            if at == 49_999:
                (tmp_path / "seen").touch()
                return at
        return -1

    assert run(pipeline("slow", steps=[source, few]))["few"] == 49_999
    assert rec.closings() == ["source"]
    assert len(rec.events) < 20


@pytest.mark.parametrize(
    ("error", "kind"),
    [(SystemExit(3), SystemExit), (KeyboardInterrupt(), KeyboardInterrupt), (GeneratorExit(), GeneratorExit)],
)
@pytest.mark.parametrize("replicas", [0, 2])
def test_what_is_no_error_ends_the_run_and_names_the_step(
    error: BaseException, kind: type[BaseException], replicas: int
) -> None:
    rec = Recorder()
    source = endless(rec)

    def leaves(source: int) -> int:
        if source == 5:
            raise error
        return source

    def total(leaves: Iterator[int]) -> int:
        return sum(leaves)

    flow = pipeline("leaves", steps=[step("source", fn=source), step("leaves", fn=leaves, mode="each"), total])
    with pytest.raises(kind) as caught:
        run(flow, replicas={"leaves": replicas} if replicas else None)
    assert "raised in step 'leaves' of pipeline 'leaves'" in caught.value.__notes__
    assert rec.closings() == ["source"]
    if isinstance(caught.value, SystemExit):
        assert caught.value.code == 3


@pytest.mark.parametrize("replicas", [None, {"twice": 2}])
def test_nobody_takes_a_part_for_the_whole(replicas: dict[str, int] | None, tmp_path: Path) -> None:
    """All that came before an error arrives, and then the error, however many steps there are between."""

    def numbers() -> Iterator[int]:
        yield from range(1000)
        raise ValueError("no more")

    def twice(numbers: int) -> int:
        return numbers * 2

    def listed(twice: Iterator[int]) -> list[int]:
        got: list[int] = []
        try:
            got.extend(twice)
        finally:
            (tmp_path / "seen").write_text(f"{len(got)} before {sys.exc_info()[1]!r}")
        return got

    with pytest.raises(StepError, match=r"step 'numbers' of pipeline 'part' failed.*: ValueError: no more") as caught:
        run(pipeline("part", steps=[numbers, twice, listed]), replicas=replicas)
    assert (tmp_path / "seen").read_text() == "1000 before ValueError('no more')"
    assert caught.value.result is not None
    assert dict(caught.value.result) == {}
    assert caught.value.result.steps["listed"].status is StepStatus.CANCELLED


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_nor_where_what_is_read_leaves(error: BaseException, tmp_path: Path) -> None:
    def numbers() -> Iterator[int]:
        yield from range(1000)
        raise error

    def plus(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            yield number + 1

    def total(plus: Iterator[int]) -> int:
        count = sum(1 for _ in plus)
        (tmp_path / "whole").touch()
        return count

    with pytest.raises(type(error)):
        run(pipeline("left", steps=[numbers, plus, total]))
    assert not (tmp_path / "whole").exists()


def test_steps_that_never_come_to_an_end_are_ended_and_named() -> None:
    """A loop is told so where it is, and has its `finally`; a call that blocks is ended with its process."""
    rec = Recorder()

    def numbers() -> Iterator[int]:
        yield from range(3)

    def loops(numbers: Iterator[int]) -> int:
        try:
            while True:
                pass
        finally:
            rec.closed("loops")

    def blocks(numbers: Iterator[int]) -> int:
        threading.Event().wait()
        return 0

    def fails(numbers: Iterator[int]) -> int:
        raise ValueError("enough")

    with pytest.raises(StepError, match="step 'fails' of pipeline 'stuck' failed: ValueError: enough") as caught:
        run(pipeline("stuck", steps=[numbers, loops, blocks, fails]), close_within=2)
    assert rec.closings() == ["loops"]
    (note,) = [note for note in caught.value.__notes__ if "did not end" in note]
    assert note.startswith("step 'blocks' did not end within 2 s of being told to; its process was ended")
    assert caught.value.result is not None
    assert caught.value.result.steps["blocks"].status is StepStatus.CANCELLED


def test_what_cant_be_pickled_is_refused_before_anything_starts() -> None:
    lock = threading.Lock()

    def holds() -> Iterator[int]:
        with lock:
            yield 1

    before = set(ray.util.list_named_actors())
    with pytest.raises(
        RunnerError, match=r"step 'holds' of pipeline 'locked' can't go to an actor: 'lock', a lock, can't be"
    ):
        run(pipeline("locked", steps=[holds]))
    assert set(ray.util.list_named_actors()) == before


def test_items_and_values_that_cant_be_pickled_are_named() -> None:
    def gives() -> Iterator[object]:
        yield 1
        yield 2
        yield threading.Lock()

    def takes(gives: Iterator[object]) -> int:
        return sum(1 for _ in gives)

    with pytest.raises(StepError, match="its item, a lock, can't be pickled to go to another actor") as caught:
        run(pipeline("items", steps=[gives, takes]))
    assert (caught.value.step, caught.value.index) == ("gives", 2)

    def value() -> object:
        return threading.Lock()

    def user(value: object) -> int:
        return 1

    with pytest.raises(StepError, match="its value can't be pickled") as caught:
        run(pipeline("value", steps=[value, step("user", fn=user, inputs={"value": "value"})]))
    assert caught.value.step == "value"


DRIVER = """
import sys, time
from collections.abc import Iterator
from pathlib import Path

import ray

from synaflow import pipeline, step
from synaflow_ray import run

marks = Path(sys.argv[1])

def source() -> Iterator[int]:
    at = 0
    try:
        while True:
            yield at
            at += 1
    finally:
        (marks / "source").write_text(str(time.time()))

def middle(source: Iterator[int]) -> Iterator[int]:
    try:
        for at in source:
            yield at
    finally:
        (marks / "middle").write_text(str(time.time()))

def sink(middle: Iterator[int]) -> int:
    try:
        for at in middle:
            if at == 1000:
                (marks / "runs").touch()
        return 0
    finally:
        (marks / "sink").write_text(str(time.time()))

flow = pipeline("interrupted", steps=[source, middle, sink])
if __name__ == "__main__":
    ray.init(address=sys.argv[2], log_to_driver=False, logging_level="ERROR", namespace="interrupted")
    run(flow)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_driver_that_is_ended_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM run every `finally`, consumers first; after SIGKILL, Ray ends what it began."""
    program = tmp_path / "driver.py"
    program.write_text(textwrap.dedent(DRIVER))
    address = ray.get_runtime_context().gcs_address
    driver = subprocess.Popen(
        [sys.executable, program, tmp_path, address], env={**os.environ, "PYTHONPATH": ":".join(sys.path)}
    )
    try:
        while not (tmp_path / "runs").exists():
            assert driver.poll() is None
            time.sleep(0.01)
        driver.send_signal(number)
        code = driver.wait(40)
    finally:
        driver.kill()
    assert code != 0
    if number is not signal.SIGKILL:
        ended = [float((tmp_path / name).read_text()) for name in ("sink", "middle", "source")]
        assert ended == sorted(ended)
    assert comes_true(lambda: not _of_another())


def _of_another() -> list[object]:
    return [actor for actor in ray.util.list_named_actors(all_namespaces=True) if actor["namespace"] == "interrupted"]


def test_functions_of_a_script_work(tmp_path: Path) -> None:
    """They are in `__main__`, where no other process finds them; classes and closures of theirs too."""
    program = tmp_path / "script.py"
    program.write_text(
        textwrap.dedent(
            """
            import sys
            from collections.abc import Iterator
            from typing import NamedTuple

            import ray

            from synaflow import pipeline
            from synaflow_ray import run

            class Item(NamedTuple):
                number: int

            class Params(NamedTuple):
                factor: int = 3

            def numbers(factor: int) -> Iterator[Item]:
                yield from map(Item, range(factor))

            def total(numbers: Iterator[Item]) -> Item:
                return Item(sum(item.number for item in numbers))

            ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
            result = run(pipeline("script", Params, [numbers, total]))
            assert type(result["total"]) is Item
            print(result["total"])
            """
        )
    )
    address = ray.get_runtime_context().gcs_address
    ran = subprocess.run(
        [sys.executable, program, address],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "Item(number=3)\n", ran.stderr
