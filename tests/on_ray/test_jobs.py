"""`synaflow ray submit` against a real cluster of two nodes: green, red, refused, stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.job_submission import JobSubmissionClient

from on_ray.clusters import TwoNodes, two_nodes

pytestmark = pytest.mark.timeout(240)

PIPELINE = """
import os, sys, time
from collections.abc import Iterator
from typing import NamedTuple

import beside  # a module of the project, which has to be shipped
from synaflow import pipeline, step

class Params(NamedTuple):
    count: int = 5
    text: str = ""
    how: str = "well"

def numbers(count: int, how: str) -> Iterator[int]:
    try:
        while how == "never":
            print("it runs", flush=True)
            yield 1
            time.sleep(0.1)
        yield from range(count)
    finally:
        open(os.environ.get("CLOSED", os.devnull), "w").write("it is closed")

def ends(numbers: Iterator[int], how: str) -> int:
    if how == "badly":
        raise ValueError("as asked")
    if how == "with 7":
        sys.exit(7)
    if how == "in another code":
        os.write(1, b"caf\\xe9 ")
    return beside.total(numbers)

def shown(ends: int, text: str) -> str:
    return f"<{ends}|{text}|{os.environ.get('GREETING', '')}>"

flow = pipeline("flow", Params, [numbers, ends, shown])
"""


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    """One cluster with a dashboard, which takes jobs."""
    with two_nodes(dashboard=True) as nodes:
        yield nodes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a pipeline in it, and a module that it imports."""
    (tmp_path / "flow.py").write_text(textwrap.dedent(PIPELINE))
    (tmp_path / "beside.py").write_text("def total(numbers):\n    return sum(numbers)\n")
    return tmp_path


def _command(nodes: TwoNodes, *words: str) -> list[str]:
    return [sys.executable, "-m", "synaflow.cli", "ray", "submit", *words, "--address", str(nodes.dashboard)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "RAY_AUTH_MODE": "disabled"}


def _submit(nodes: TwoNodes, project: Path, *words: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        _command(nodes, *words), cwd=project, env=_environment(), capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def _jobs(nodes: TwoNodes) -> int:
    return len(JobSubmissionClient(str(nodes.dashboard)).list_jobs())


def test_a_pipeline_ends_green_and_its_log_is_followed(nodes: TwoNodes, project: Path) -> None:
    """Params go there as they are, whatever a shell would make of them."""
    hostile = "a b'\"$(touch owned); `touch owned` \\ é"
    code, out, err = _submit(
        nodes, project, "flow.py", "--count", "4", "--text", hostile, "--env-var", "GREETING=hello", "--fuse"
    )
    assert code == 0, out + err
    assert f"<6|{hostile}|hello>" in " ".join((out + err).replace("\\\\", "\\").replace("\\'", "'").split())
    assert re.search(r"job '[\w-]+' succeeded", err)
    assert not (project / "owned").exists()


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("badly", 1, "step 'ends' of pipeline 'flow' failed: ValueError: as asked"),
        ("with 7", 7, "failed with exit code 7"),
    ],
)
def test_one_that_fails_ends_red_with_the_code_of_its_own(
    nodes: TwoNodes, project: Path, how: str, code: int, said: str
) -> None:
    ended, out, err = _submit(nodes, project, "flow.py", "--how", how)
    assert ended == code, out + err
    assert said in out + err


def test_what_is_wrong_is_said_before_anything_is_submitted(nodes: TwoNodes, project: Path) -> None:
    before = _jobs(nodes)
    code, _, err = _submit(nodes, project, "flow.py", "--count", "many")
    assert (code, "--count" in err) == (2, True), err
    code, _, err = _submit(nodes, project, "nothing.py")
    assert (code, "nothing.py" in err) == (2, True), err
    assert _jobs(nodes) == before


def test_an_address_where_nobody_is(nodes: TwoNodes, project: Path) -> None:
    words = [sys.executable, "-m", "synaflow.cli", "ray", "submit", "flow.py", "--address", "http://127.0.0.1:9"]
    ran = subprocess.run(words, cwd=project, env=_environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
    assert "http://127.0.0.1:9" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_file_in_a_folder_with_its_params_in_another_and_a_log_that_is_no_utf_8(
    nodes: TwoNodes, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And it runs there in one process, if that is asked for."""
    (project / "below").mkdir()
    for name in ("flow.py", "beside.py"):
        (project / name).rename(project / "below" / name)
    params = tmp_path_factory.mktemp("elsewhere") / "params.toml"
    params.write_text('how = "in another code"\ncount = 3\n')
    code, out, err = _submit(
        nodes, project, "below/flow.py:flow", "--params", str(params), "--count", "5", "--runner", "local"
    )
    assert code == 0, out + err
    assert "caf\\xe9" in out
    assert "shown = '<10||>'" in out


def test_a_job_that_is_not_waited_for_and_whose_id_is_taken(nodes: TwoNodes, project: Path) -> None:
    words = ["flow.py", "--job-id", "mine", "--metadata", "who=me", "--no-wait"]
    assert _submit(nodes, project, *words)[:2] == (0, "mine\n")
    code, out, err = _submit(nodes, project, *words)
    assert (code, out) == (2, "")
    assert err == "error: there is a job 'mine' on the cluster already: give another --job-id\n"
    client = JobSubmissionClient(str(nodes.dashboard))
    assert client.get_job_info("mine").metadata["who"] == "me"
    client.stop_job("mine")


def test_a_module_that_the_cluster_lacks_is_named(nodes: TwoNodes, project: Path) -> None:
    (project / "beside.py").write_text("import nowhere_to_be_found\n")
    code, _, err = _submit(nodes, project, "flow.py", "--no-check", "--runner", "local")
    assert code == 2, err
    assert "If the cluster lacks 'nowhere_to_be_found': install it there, or submit with --pip" in err


def _running(nodes: TwoNodes, project: Path, *words: str) -> subprocess.Popen[str]:
    submitted = subprocess.Popen(
        _command(nodes, "flow.py", "--how", "never", *words),
        cwd=project,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert submitted.stdout is not None
    while "it runs" not in (line := submitted.stdout.readline()):
        assert line, submitted.communicate()[1]
    return submitted


def test_ctrl_c_stops_the_job_and_its_steps_come_to_their_end(nodes: TwoNodes, project: Path) -> None:
    """They leave a file: what they print in the end may reach the driver too late, as Ray forwards it in its own time."""
    closed = project / "closed"
    submitted = _running(nodes, project, "--env-var", f"CLOSED={closed}")
    try:
        submitted.send_signal(signal.SIGINT)
        _, err = submitted.communicate(timeout=90)
    finally:
        submitted.kill()
    assert submitted.returncode == 130, err
    assert closed.read_text() == "it is closed"
    job = re.search(r"job '([\w-]+)' is stopped", err)
    assert job is not None, err
    assert str(JobSubmissionClient(str(nodes.dashboard)).get_job_status(job[1])) == "STOPPED"


def test_ctrl_c_twice_leaves_without_waiting(nodes: TwoNodes, project: Path) -> None:
    submitted = _running(nodes, project, "--runner", "local")
    try:
        submitted.send_signal(signal.SIGINT)
        assert submitted.stderr is not None
        while "stopping job" not in (line := submitted.stderr.readline()):
            assert line
        submitted.send_signal(signal.SIGINT)
        _, err = submitted.communicate(timeout=90)
    finally:
        submitted.kill()
    assert submitted.returncode == 130, err
    assert "is stopped" not in err
    assert err == "error: interrupted\n"
