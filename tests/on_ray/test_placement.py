"""Where steps run: two nodes, each with a resource of its own, one of which is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from on_ray.clusters import TwoNodes, two_nodes
from on_ray.remains import actors
from synaflow import RunnerError, pipeline, step
from synaflow_ray import explain, run

pytestmark = pytest.mark.timeout(150)


def numbers() -> Iterator[int]:
    yield from range(200)


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


@pytest.fixture
def nodes() -> Iterator[TwoNodes]:
    """Two, of which the second one may be lost."""
    with two_nodes() as nodes:
        yield nodes


PROGRAM = """
import json, os, sys, time
from collections.abc import Iterator
from pathlib import Path

import ray

from synaflow import StepError, pipeline, step
from synaflow_ray import run

address, marks = sys.argv[1], Path(sys.argv[2])

def node() -> str:
    return ray.get_runtime_context().get_node_id()

def numbers() -> Iterator[int]:
    yield from range(200)

def answer(**told: object) -> None:
    (marks / "answer").write_text(json.dumps(told))  # on stdout, Ray tells of nodes that it has lost

ray.init(address=address, log_to_driver=False, logging_level="ERROR")
"""


def _driver(nodes: TwoNodes, tmp_path: Path, program: str) -> subprocess.Popen[str]:
    """A process of its own: this one is connected to another cluster."""
    path = tmp_path / "driver.py"
    path.write_text(PROGRAM + textwrap.dedent(program))
    return subprocess.Popen(
        [sys.executable, path, nodes.address, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )


def _told(driver: subprocess.Popen[str], tmp_path: Path) -> Any:
    assert driver.wait(100) == 0
    return json.loads((tmp_path / "answer").read_text())


def _when(marked: Path, nodes: TwoNodes) -> threading.Thread:
    """Kills the second node as soon as a step says so."""

    def kill() -> None:
        while not marked.exists():
            time.sleep(0.01)
        nodes.cluster.remove_node(nodes.second, allow_graceful=False)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_steps_run_where_their_resources_are(nodes: TwoNodes, tmp_path: Path) -> None:
    """And what they give goes from node to node: a stream, and a value of some size."""
    told = _told(
        _driver(
            nodes,
            tmp_path,
            """
            import numpy as np

            def here(numbers: Iterator[int]) -> Iterator[tuple[int, str]]:
                for number in numbers:
                    yield number, node()

            def summed(here: Iterator[tuple[int, str]]) -> np.ndarray:
                pairs = list(here)
                assert len({where for _, where in pairs} | {node()}) == 2
                return np.full(2**18, sum(number for number, _ in pairs))

            def back(summed: np.ndarray) -> tuple[int, str, str]:
                return int(summed[-1]), node(), os.environ.get("GREETING", "")

            result = run(
                pipeline("two", steps=[numbers, here, summed, back]),
                options={
                    "numbers": {"resources": {"one": 1}},
                    "here": {"resources": {"two": 1}},
                    "summed": {"resources": {"one": 1}},
                    "back": {"resources": {"two": 1}, "runtime_env": {"env_vars": {"GREETING": "hello"}}},
                },
            )
            total, where, greeting = result["back"]
            resources = {one["NodeID"]: one["Resources"] for one in ray.nodes()}
            answer(total=total, two="two" in resources[where], greeting=greeting)
            """,
        ),
        tmp_path,
    )
    assert told == {"total": sum(range(200)), "two": True, "greeting": "hello"}


def test_replicas_are_spread_and_their_books_are_kept_where_the_driver_is(nodes: TwoNodes, tmp_path: Path) -> None:
    """Otherwise the loss of any node could be that of all replicas, or of what is to make up for them."""
    told = _told(
        _driver(
            nodes,
            tmp_path,
            """
            def same(numbers: int) -> int:
                return numbers

            def where(same: Iterator[int]) -> dict[str, str]:
                found = {}
                for name in ray.util.list_named_actors():
                    kind = name.rpartition("/")[2]
                    if kind.startswith("same"):
                        found[kind] = ray.get(ray.get_actor(name).__ray_call__.remote(lambda _: node()))
                return found

            each = pipeline("where", steps=[numbers, step("same", fn=same, mode="each"), where])
            found = [dict(run(each, replicas={"same": 4})["where"]) for _ in range(3)]
            answer(
                books=[places.pop("same") == node() for places in found],
                replicas=[sorted(list(places.values()).count(one["NodeID"]) for one in ray.nodes()) for places in found],
            )
            """,
        ),
        tmp_path,
    )
    assert told == {"books": [True] * 3, "replicas": [[2, 2]] * 3}


def test_what_is_the_same_for_every_item_comes_before_the_first(nodes: TwoNodes, tmp_path: Path) -> None:
    """Also where it has a way to go, and items overtake it."""
    told = _told(
        _driver(
            nodes,
            tmp_path,
            """
            import numpy as np

            def table() -> np.ndarray:
                return np.ones(6 * 2**20)

            def plus(numbers: int, table: np.ndarray) -> int:
                return numbers + int(table[-1])

            def listed(plus: Iterator[int]) -> list[int]:
                return list(plus)

            first, second = {"resources": {"one": 1}}, {"resources": {"two": 1}}
            flow = pipeline("table", steps=[numbers, table, plus, listed])
            answer(numbers=run(flow, replicas={"plus": 2}, options={"table": first, "plus": second})["listed"])
            """,
        ),
        tmp_path,
    )
    assert told == {"numbers": list(range(1, 201))}


@pytest.mark.usefixtures("cluster")
def test_a_replica_calls_its_step_for_one_item_at_a_time() -> None:
    """Replicas are processes: what a step keeps between two calls needs no lock."""
    inside = [0]

    def count(numbers: int) -> tuple[int, int]:
        inside[0] += 1
        time.sleep(0.002)
        seen = inside[0]
        inside[0] -= 1
        return os.getpid(), seen

    def listed(count: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
        return list(count)

    found = run(pipeline("single", steps=[numbers, count, listed]), replicas={"count": 2})["listed"]
    assert {seen for _, seen in found} == {1}
    assert len({process for process, _ in found}) == 2


def test_a_node_that_holds_replicas_is_lost(nodes: TwoNodes, tmp_path: Path) -> None:
    """What they had is done again on the other one: all of it comes, once, in order."""
    driver = _driver(
        nodes,
        tmp_path,
        """
        def slow(numbers: int) -> tuple[int, str, bytes]:
            if numbers == 40:
                (marks / "kill").touch()
            time.sleep(0.02)
            return numbers, node(), bytes(300_000)  # too much for Ray to bring it along: it stays where it was made

        def listed(slow: Iterator[tuple[int, str, bytes]]) -> list[tuple[int, str]]:
            return [(number, where) for number, where, _ in slow]

        first = {"resources": {"one": 1}}
        result = run(
            pipeline("lost", steps=[numbers, step("slow", fn=slow, mode="each"), listed]),
            replicas={"slow": 4},
            options={"numbers": first, "listed": first},
        )
        answer(numbers=[number for number, _ in result["listed"]], nodes=len({where for _, where in result["listed"]}))
        """,
    )
    thread = _when(tmp_path / "kill", nodes)
    told = _told(driver, tmp_path)
    thread.join(10)
    assert not thread.is_alive()
    assert told == {"numbers": list(range(200)), "nodes": 2}


def test_a_node_that_holds_a_step_is_lost(nodes: TwoNodes, tmp_path: Path) -> None:
    driver = _driver(
        nodes,
        tmp_path,
        """
        def here(numbers: Iterator[int]) -> Iterator[int]:
            for number in numbers:
                if number == 100:
                    (marks / "kill").touch()
                    time.sleep(600)
                yield number

        def total(here: Iterator[int]) -> int:
            return sum(here)

        first = {"resources": {"one": 1}}
        began = 0.0
        try:
            run(
                pipeline("lost", steps=[numbers, here, total]),
                options={"numbers": first, "here": {"resources": {"two": 1}}, "total": first},
            )
        except StepError as error:
            answer(step=error.step, reason=error.reason)
        """,
    )
    thread = _when(tmp_path / "kill", nodes)
    told = _told(driver, tmp_path)
    thread.join(10)
    assert told["step"] == "here"
    assert told["reason"].startswith("its actor died: The actor died because its node has died.")


def test_a_value_that_is_lost_with_its_node_is_missed(nodes: TwoNodes, tmp_path: Path) -> None:
    """Its step had ended well, and had nothing to do with it any more."""
    driver = _driver(
        nodes,
        tmp_path,
        """
        import numpy as np

        def makes() -> np.ndarray:
            return np.ones(2**20)

        def waits() -> int:
            (marks / "kill").touch()
            while len([one for one in ray.nodes() if one["Alive"]]) > 1:
                time.sleep(0.01)
            return 1

        def takes(waits: int, makes: np.ndarray) -> float:
            return float(makes.sum())

        first, second = {"resources": {"one": 1}}, {"resources": {"two": 1}}
        flow = pipeline("missed", steps=[makes, step("waits", fn=waits, after=["makes"]), takes])
        try:
            run(flow, options={"makes": second, "waits": first, "takes": first})
        except StepError as error:
            answer(step=error.step, reason=error.reason, takes=error.result.steps["takes"].status)
        """,
    )
    thread = _when(tmp_path / "kill", nodes)
    told = _told(driver, tmp_path)
    thread.join(10)
    assert told["step"] == "makes"
    assert told["reason"].startswith("what it gave was lost, with the node that held it (")
    assert told["takes"] == "cancelled"


@pytest.mark.usefixtures("cluster")
def test_what_cant_be_placed_is_said_with_what_it_asks_for() -> None:
    flow = pipeline("big", steps=[numbers, total])
    with pytest.raises(
        RunnerError, match=r"not placed within 1 s: (.*; )?step 'total' asks for \{'num_gpus': 1\}; free in"
    ):
        run(flow, options={"total": {"num_gpus": 1}}, place_within=1)
    each = pipeline(
        "big", steps=[numbers, step("each", fn=abs, hints={"x": int, "return": int}, inputs={"x": "numbers"})]
    )
    with pytest.raises(RunnerError, match=r"step 'each' asks for \{'resources': \{'rare': 1\}\}"):
        run(each, replicas={"each": 2}, options={"each": {"resources": {"rare": 1}}}, place_within=1)
    assert actors("big/") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"options": {"sum": {"num_cpus": 1}}},
            "options: pipeline 'sums' has no step 'sum'; its steps: numbers, total",
        ),
        ({"options": {"total": 1}}, "options={'total': 1}: give a dict of Ray's options"),
        (
            {"options": {"total": {"max_restarts": 2}}},
            "'max_restarts': ...}}: not to be set: a restarted actor has lost",
        ),
        ({"options": {"total": {"cpus": 2}}}, "'cpus': ...}}: no option of an actor; there are: accelerator_type, "),
        ({"replicas": {"total": 2}}, "'total' is not called per item"),
        ({"replicas": {"total": 0}}, "replicas={'total': 0}: give a whole number from 1"),
        ({"replicas": {"none": 2}}, "replicas: pipeline 'sums' has no step 'none'"),
        ({"linger": -1}, "linger=-1: give seconds, from 0"),
        ({"close_within": "soon"}, "close_within='soon': give seconds, from 0"),
        ({"outputs": "total"}, "outputs='total': give a list of names"),
        ({"outputs": ["all"]}, "pipeline 'sums' has no step 'all' to give"),
        ({"dead_letter": "no"}, "dead_letter='no': give a function that takes a DeadLetter"),
        ({"address": "127.0.0.1:1"}, "this process is connected to"),
    ],
)
@pytest.mark.usefixtures("cluster")
def test_what_doesnt_fit_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(RunnerError) as caught:
        run(pipeline("sums", steps=[numbers, total]), **arguments)
    assert said in str(caught.value)


def test_the_layout_in_words() -> None:
    def parsed(numbers: int) -> int:
        return numbers

    def kept(parsed: Iterator[int]) -> Iterator[int]:
        yield from parsed

    def largest(kept: Iterator[int]) -> int:
        return max(kept)

    def told(largest: int) -> str:
        return str(largest)

    flow = pipeline("words", steps=[numbers, step("parsed", fn=parsed, mode="each"), kept, largest, told])
    text = explain(flow, fuse=True, replicas={"parsed": 3}, options={"parsed": {"num_gpus": 1}})
    assert text == (
        "pipeline 'words' on Ray: 5 steps in 4 actors, 7 processes\n"
        "\n"
        "actors\n"
        "  numbers: numbers()\n"
        "  parsed: called per item; 3 replicas, a process each; each asks for num_gpus=1\n"
        "  largest: kept and largest fused\n"
        "  told: told(); its value goes to the caller\n"
        "\n"
        "edges between them\n"
        "  numbers -> parsed.numbers: each, Iterator[int]; a Ray generator, 2 batches of up to 8,192 items ahead\n"
        "  parsed -> kept.parsed: stream, Iterator[int]; a Ray generator, 2 batches of up to 8,192 items ahead\n"
        "  largest -> told.largest: value, int; an object reference\n"
    )
