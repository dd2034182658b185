"""Processes that die: complete and correct, or the named error; never a hang, a loss or a double.

`SYNAFLOW_ROUNDS` sets how often each is tried, at other moments each time.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import ray
from ray.exceptions import ActorDiedError, RayError

from on_ray import remains
from synaflow import PipelineDef, RunnerError, RunResult, StepError, StepStatus, pipeline, step
from synaflow_ray import run

ROUNDS = int(os.environ.get("SYNAFLOW_ROUNDS", "2"))

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("cluster")]

ITEMS = 3000


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left(cluster: None) -> Iterator[None]:
    """Of all that dies here: no actor, and no object of those that were killed in the middle of a batch."""
    yield
    assert remains.actors() == []
    assert remains.comes_true(lambda: remains.stored() == 0)


def counted(marks: Path) -> Callable[[], Iterator[int]]:
    """The source, which says when it has begun."""

    def numbers() -> Iterator[int]:
        (marks / "begun").touch()
        for number in range(ITEMS):
            if number % 50 == 0:
                time.sleep(0.002)  # so that there is a middle to die in
            yield number

    return numbers


def numbers() -> Iterator[int]:
    yield from range(ITEMS)


def plus(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield number + 1


def twice(plus: int) -> int:
    return plus * 2


def listed(twice: Iterator[int]) -> list[int]:
    return list(twice)


def total(plus: Iterator[int]) -> int:
    return sum(plus)


EXPECTED = {"listed": [2 * (number + 1) for number in range(ITEMS)], "total": sum(range(ITEMS + 1))}


def whole(marks: Path, called: Callable[[int], int] = twice) -> PipelineDef:
    source = step("numbers", fn=counted(marks))
    return pipeline("mortal", steps=[source, plus, step("twice", fn=called), listed, total])


def dies_once(marks: Path, name: str) -> None:
    """Ends its process as hard as can be, the first time that it is called with that name."""
    try:
        (marks / name).touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def process_of(actor: Any) -> int:
    """Asked by Ray's own way, as none of the actor's methods is to be called by anybody but its run."""
    pid: int = ray.get(actor.__ray_call__.remote(lambda _: os.getpid()))
    return pid


class Killer(threading.Thread):
    """Kills the process of one step's actor.

    Attributes:
        killed: Those that it has killed.
    """

    def __init__(
        self,
        victim: str,
        when: Callable[[Any], bool] = lambda _: True,
        *,
        after: float = 0.0,
        times: int = 1,
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """Sets it up.

        Args:
            victim: The step; with replicas, `step#` is any of them.
            when: Whether it is time, once the actor is there.
            after: Seconds from then on.
            times: How many it kills, one after the other.
            then: What is done afterwards.
        """
        super().__init__(daemon=True)
        self.victim, self.when, self.after, self.times, self.then = victim, when, after, times, then
        self.over = threading.Event()
        self.killed: list[str] = []

    def run(self) -> None:
        while len(self.killed) < self.times and not self.over.wait(0.01):
            for name in ray.util.list_named_actors():
                last = name.rpartition("/")[2]
                if name not in self.killed and (
                    last.startswith(self.victim) if self.victim.endswith("#") else last == self.victim
                ):
                    self.kill(name)
                    break
        self.then()

    def kill(self, name: str) -> None:
        try:
            actor = ray.get_actor(name)
            pid = process_of(actor)
            while not self.when(actor):
                if self.over.wait(0.01):
                    return
        except (RayError, ValueError):
            return  # its run is over
        self.over.wait(self.after)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed.append(name)

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_replicas_items_are_done_again(seed: int, tmp_path: Path) -> None:
    """Several die, at any item; what comes out is whole and in order."""
    moments = random.Random(seed).sample(range(1, ITEMS + 1), 3)

    def frail(plus: int) -> int:
        if plus in moments:
            dies_once(tmp_path, str(plus))
        return plus * 2

    result = run(whole(tmp_path, frail), replicas={"twice": 2})
    assert dict(result) == EXPECTED
    assert result.ok
    assert (result.steps["twice"].items_in, result.steps["twice"].items_out) == (ITEMS, ITEMS)
    assert {str(moment) for moment in moments} <= {mark.name for mark in tmp_path.iterdir()}


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_replicas_die_between_any_two_instructions(seed: int, tmp_path: Path) -> None:
    """Also where they have nothing to do, or hand over what they have done."""

    def slow(plus: int) -> int:
        if plus % 10 == 0:
            time.sleep(0.005)
        return plus * 2

    begun = tmp_path / "begun"
    after = random.Random(seed).random() * 0.5
    with Killer("twice#", lambda _: begun.exists(), after=after, times=2) as killer:
        result = run(whole(tmp_path, slow), replicas={"twice": 2})
    assert dict(result) == EXPECTED
    assert result.ok
    assert killer.killed


def test_without_order_none_is_lost_nor_doubled_either(tmp_path: Path) -> None:
    def frail(plus: int) -> Iterator[int]:
        yield plus
        if plus in (100, 2000):
            dies_once(tmp_path, str(plus))
        yield -plus

    def listed(twice: Iterator[int]) -> list[int]:
        return list(twice)

    flow = pipeline("frail", steps=[numbers, plus, step("twice", fn=frail, mode="each"), listed])
    given = run(flow, replicas={"twice": 2}, ordered=False)["listed"]
    assert sorted(given) == sorted(sign * number for number in range(1, ITEMS + 1) for sign in (1, -1))


@pytest.mark.parametrize("victim", ["numbers", "plus", "twice", "listed", "total"])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_any_other_ends_the_run_and_is_named(victim: str, seed: int, tmp_path: Path) -> None:
    """With replicas, `twice` is the one that keeps their books."""
    begun = tmp_path / "begun"
    replicas = {"twice": 2} if seed % 2 else {}
    ended: RunResult | StepError
    with Killer(victim, lambda _: begun.exists(), after=random.Random(f"{victim}{seed}").random() * 0.4) as killer:
        try:
            ended = run(whole(tmp_path), replicas=replicas)
        except StepError as error:
            ended = error
    if not isinstance(ended, StepError):
        assert dict(ended) == EXPECTED
        return
    assert killer.killed
    assert ended.step == victim
    assert "its actor died" in ended.reason
    assert ended.result is not None
    assert ended.result.steps[victim].status is StepStatus.FAILED
    assert dict(ended.result).items() <= EXPECTED.items()  # nobody has taken a part for the whole


@pytest.mark.parametrize("victim", ["numbers", "twice", "total"])
def test_one_that_dies_before_anything_has_begun_is_named(victim: str, tmp_path: Path) -> None:
    with Killer(victim), pytest.raises((StepError, RunnerError), match=rf"step '{victim}'.*died"):
        run(whole(tmp_path))


def test_a_stream_of_the_params_whose_actor_dies_is_named(tmp_path: Path) -> None:
    closed: list[str] = []

    class Params(NamedTuple):
        given: Iterator[int]

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed.append("given")

    def last(given: Iterator[int]) -> int:
        number = 0
        for number in given:
            if number == 1000:
                (tmp_path / "begun").touch()
        return number

    begun = tmp_path / "begun"
    with (
        Killer("given", lambda _: begun.exists()),
        pytest.raises(StepError, match=r"'given' .*its actor died") as caught,
    ):
        run(pipeline("fed", Params, [last]), Params(endless()))
    assert caught.value.step == "given"
    assert closed == ["given"]


def test_one_that_is_done_but_not_read_to_its_end_is_named(tmp_path: Path) -> None:
    """What it had given and nobody had fetched is lost with it."""
    go = tmp_path / "go"

    def pieces() -> Iterator[bytes]:
        for _ in range(4):  # a batch each, at the most: one that is read, two in Ray's hands, one that waits
            yield bytes(2**17)

    def waits(pieces: Iterator[bytes]) -> int:
        seen = 0
        for _ in pieces:
            seen += 1
            while not go.exists():
                time.sleep(0.001)
        return seen

    def done(actor: Any) -> bool:
        return bool(ray.get(actor.state.remote()).over)

    with Killer("pieces", done, then=go.touch) as killer, pytest.raises(StepError, match="its actor died") as caught:
        run(pipeline("late", steps=[pieces, waits]))
    assert killer.killed
    assert caught.value.step == "pieces"


def test_one_whose_value_is_waited_for_is_named() -> None:
    def makes() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 1

    def takes(makes: int) -> int:
        return makes

    def apart() -> int:
        return 3

    with pytest.raises(StepError, match="step 'makes' of pipeline 'value' failed: its actor died") as caught:
        run(pipeline("value", steps=[makes, takes, apart]))
    assert isinstance(caught.value.__cause__, ActorDiedError)
    assert caught.value.result is not None
    assert caught.value.result.steps["takes"].status is StepStatus.CANCELLED


def test_a_replica_whose_items_may_not_be_done_again(tmp_path: Path) -> None:
    def frail(plus: int) -> int:
        if plus == 200:
            dies_once(tmp_path, "once")
        return plus

    flow = pipeline("once", steps=[numbers, plus, step("twice", fn=frail, mode="each"), listed])
    with pytest.raises(StepError, match=r"a replica died while it had items? [\d to]+, and replay=False") as caught:
        run(flow, replicas={"twice": 2}, replay=False)
    assert caught.value.step == "twice"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_an_item_that_kills_every_replica_is_found(seed: int) -> None:
    """And none of those that were with it in the same process is taken for it."""
    at = random.Random(seed).randrange(1, 400)

    def frail(plus: int) -> int:
        if plus == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return plus

    flow = pipeline("poison", steps=[numbers, plus, step("twice", fn=frail), listed])
    with pytest.raises(
        StepError, match=rf"[34] replicas died, one after the other, while they had item {at - 1}:"
    ) as caught:
        run(flow, replicas={"twice": 2})
    assert (caught.value.step, caught.value.index) == ("twice", at - 1)


def test_neighbours_that_kill_one_each_are_no_such_items(tmp_path: Path) -> None:
    """The second death takes their chunk apart, and the third is that of an item alone, but only once."""

    def frail(plus: int) -> int:
        if plus in (2001, 2002, 2003, 2004):
            dies_once(tmp_path, str(plus))
        return plus * 2

    result = run(whole(tmp_path, frail), replicas={"twice": 2})
    assert dict(result) == EXPECTED
    assert len([mark for mark in tmp_path.iterdir() if mark.name.startswith("200")]) == 4


class Grudge:
    """Travels to another process only as long as nobody has died."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__.update(state)
        if self.mark.exists():
            raise ValueError("not after what has happened")


def test_replicas_that_can_never_start_again_end_the_run(tmp_path: Path) -> None:
    grudge = Grudge(tmp_path / "dead")

    def frail(plus: int) -> int:
        if plus == 200:
            dies_once(grudge.mark.parent, grudge.mark.name)
        return plus

    flow = pipeline("grudge", steps=[numbers, plus, step("twice", fn=frail), listed])
    with pytest.raises(StepError, match=r"no other was placed within 20 s.*the last could not start: ") as caught:
        run(flow, replicas={"twice": 1}, place_within=20)
    assert caught.value.step == "twice"
