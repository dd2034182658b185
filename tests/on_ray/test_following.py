"""A job's log, as it is followed over connections that break: nothing is lost and nothing comes twice. No cluster here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.job_submission import JobStatus

import synaflow_ray.jobs as jobs
from synaflow_ray.jobs import Job, JobError

PIECES = st.sampled_from(["a line\n", "\n", "é", "…🙂\n", "same\n", "9 %\r. ", b"caf\xe9 ", b"\xf0\x9f"])


class Cluster:
    """What of Ray's client the following of a job uses: a log that grows, and a connection that breaks again and again.

    Args:
        log: All that the job will have written.
        sights: How many bytes of it are there by the time of each connection; after the last, the job has ended.
        breaks: Whether a connection ends with an error, or just ends, as Ray's does when what it relays from has failed.
    """

    def __init__(self, log: bytes, sights: Sequence[int], breaks: Sequence[bool] = ()) -> None:
        self._log = log
        self._sights = list(sights)
        self._breaks = list(breaks)
        self._there = 0
        self.rests = True
        self.asked: list[str] = []

    async def tail_job_logs(self, name: str) -> AsyncIterator[str]:
        self._there = self._sights.pop(0) if self._sights else len(self._log)
        for byte_of in _readable(self._log[: self._there]):
            yield byte_of
            await asyncio.sleep(0)
        if self._breaks and self._breaks.pop(0):
            raise RuntimeError("WebSocket connection closed unexpectedly")

    def get_job_info(self, name: str) -> Any:
        over = self._there == len(self._log) and not self._sights
        return SimpleNamespace(
            status=JobStatus.SUCCEEDED if over else JobStatus.RUNNING,
            driver_node_id="n",
            driver_exit_code=0 if over else None,
        )

    def _do_request(self, method: str, endpoint: str) -> Any:
        if not self.rests:
            raise RuntimeError("500 Internal Server Error")
        [lines] = parse_qs(urlsplit(endpoint).query)["lines"]
        self.asked.append(lines)
        there = self._log[: self._there]
        content = there if lines == "-1" else b"".join(there.splitlines(keepends=True)[-int(lines) :])
        return SimpleNamespace(content=content, raise_for_status=lambda: None)


def _readable(log: bytes) -> str:
    """As far as Ray's own reader gets: up to the first byte that is no UTF-8."""
    try:
        text = log.decode()
    except UnicodeDecodeError as error:
        text = log[: error.start].decode()
    return text.replace("\r", "\n")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_PAUSE", 0)


def followed(cluster: Cluster) -> str:
    shown: list[str] = []
    Job(cluster, "it", shown.append).follow()
    return "".join(shown)


@given(st.data(), st.lists(PIECES, max_size=12))
@pytest.mark.usefixtures("at_once")
def test_all_of_it_is_shown_once(data: st.DataObject, pieces: list[str | bytes]) -> None:
    log = b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in ["begins\n", *pieces])
    sights = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=4)))
    breaks = data.draw(st.lists(st.booleans(), max_size=5))
    whole = log.decode("utf-8", "backslashreplace").replace("\r", "\n")
    assert followed(Cluster(log, sights, breaks)) == whole


def test_a_long_log_whose_end_is_known_is_read_once() -> None:
    log = "".join(f"line {number}\n" for number in range(5_000))
    cluster = Cluster(log.encode(), [])
    assert followed(cluster) == log
    assert cluster.asked == ["1000"]


def test_a_cluster_that_gives_no_files_is_believed_when_the_log_ended_in_order() -> None:
    cluster = Cluster(b"all\n", [])
    cluster.rests = False
    assert followed(cluster) == "all\n"


def test_a_rest_that_can_not_be_read_is_an_error_and_not_a_green_end() -> None:
    cluster = Cluster(b"all\n", [4, 4], [True] * 9)
    cluster.rests = False
    with pytest.raises(
        JobError, match="job 'it' is over, SUCCEEDED, and the rest of its log can't be read: 500 Internal"
    ):
        followed(cluster)


def test_a_cluster_that_is_gone_for_good_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(b"all\n", [2])
    monkeypatch.setattr(jobs, "_FOUND_AGAIN_WITHIN", 0)

    def gone(name: str) -> Any:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(cluster, "get_job_info", gone)
    with pytest.raises(JobError, match="lost sight of job 'it', which may still be running: nobody there"):
        followed(cluster)


@pytest.mark.parametrize(("ended", "code"), [(0, 0), (7, 7), (-9, 137)])
def test_the_exit_code_is_that_of_the_command(ended: int, code: int) -> None:
    job = Job(None, "it", print)
    assert job.exit_code(SimpleNamespace(driver_exit_code=ended, status=JobStatus.FAILED, message="")) == code


@pytest.mark.parametrize(
    ("status", "said"),
    [(JobStatus.STOPPED, "job 'it' was stopped"), (JobStatus.FAILED, "job 'it' failed: no pip there")],
)
def test_a_job_without_an_exit_code_is_an_error(status: JobStatus, said: str) -> None:
    with pytest.raises(JobError, match=said):
        Job(None, "it", print).exit_code(SimpleNamespace(driver_exit_code=None, status=status, message="no pip there"))
