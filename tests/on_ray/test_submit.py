"""`synaflow ray submit` up to the request that it sends: what is checked, what travels, and what the job's command is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import synaflow_ray.jobs as jobs
import synaflow_ray.shipment as shipment
from synaflow import ParamsError, RunnerError, TargetError
from synaflow_ray.command import submit
from synaflow_ray.jobs import Job, connect
from synaflow_ray.shipment import Place, locate, with_packages

FLOW = """
from typing import NamedTuple
from synaflow import pipeline

class Params(NamedTuple):
    text: str = ""
    count: int = 0
    address: str = ""

def said(text: str, count: int, address: str) -> str:
    return text * count

flow = pipeline("a flow; of mine", Params, [said])
"""


class Cluster:
    """Takes a job and keeps what was asked for, and what was in the folders to ship."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses: list[Exception | type[BaseException]] = []
        self.stopped: list[str] = []
        self.look: Callable[[list[str]], object] = len

    def submit_job(self, **asked: Any) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        self.asked.append(asked)
        self.look(asked["runtime_env"]["py_modules"])

    def stop_job(self, name: str) -> None:
        self.stopped.append(name)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()
    monkeypatch.setattr(jobs, "connect", lambda address: cluster)
    monkeypatch.setattr(jobs, "_PAUSE", 0)
    return cluster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a pipeline in it and another one below."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "inner_flow.py").write_text(FLOW)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def arguments_of(entrypoint: str, folder: Path) -> tuple[list[str], str]:
    """What the program `python` is given when a shell runs that command, and what is on its stdin."""
    bin_ = folder / "bin"
    if not bin_.is_dir():
        bin_.mkdir()
        (bin_ / "python").write_text('#!/bin/sh\nprintf \'%s\\0\' "$@"\ncase "$*" in *stdin*) cat;; esac\n')
        (bin_ / "python").chmod(0o755)
    ran = subprocess.run(
        ["/bin/sh", "-c", entrypoint],
        env={"PATH": f"{bin_}:/usr/bin:/bin"},
        cwd=folder,
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert ran.stderr == b""
    *arguments, rest = ran.stdout.decode().split("\0")
    return arguments, rest


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_whatever_a_param_holds_it_is_a_word_to_the_shell(folder: Path, cluster: Cluster, text: str) -> None:
    assert submit("flow.py", f"--text={text}", "--count", "2", "--no-wait") == 0
    arguments, _ = arguments_of(cluster.asked.pop()["entrypoint"], folder)
    assert arguments == ["-m", "synaflow_ray", "run", "flow.py", f"--text={text}", "--count", "2", "--runner", "ray"]


def test_a_hostile_file_name_is_a_word_too(folder: Path, cluster: Cluster) -> None:
    name = "it's $(touch owned); `touch owned` & .py"
    (folder / name).write_text(FLOW)
    submit(f"{name}:flow", "--no-wait")
    arguments, _ = arguments_of(cluster.asked[0]["entrypoint"], folder)
    assert arguments == ["-m", "synaflow_ray", "run", f"{name}:flow", "--runner", "ray"]
    assert not (folder / "owned").exists()


def test_options_of_submit_stay_here_and_those_of_run_go_along(
    folder: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = [
        "--address",
        "http://h:1",
        "--env-var",
        "A=b=c",
        "--env-var=D=",
        "--metadata",
        "who=me",
        "--job_id",
        "this-one",
    ]
    run = ["--stats", "--runner=local", "--output", "said", "--param.address", "x", "--text=--pip"]
    assert submit(*ours[:2], "flow.py", *run, *ours[2:], "--no-wait") == 0
    assert capsys.readouterr().out == "this-one\n"
    [asked] = cluster.asked
    assert arguments_of(asked["entrypoint"], folder)[0] == ["-m", "synaflow_ray", "run", "flow.py", *run]
    assert asked["submission_id"] == "this-one"
    assert asked["metadata"] == {"who": "me"}
    assert {"A": "b=c", "D": ""}.items() <= asked["runtime_env"]["env_vars"].items()


@pytest.mark.parametrize(
    ("name", "text"), [("p.json", '{"text": "it\'s", "count": 3}'), ("p.toml", 'text = "it\'s"\ncount = 3\n')]
)
def test_a_params_file_goes_with_the_command(folder: Path, cluster: Cluster, name: str, text: str) -> None:
    (folder.parent / name).write_text(text)
    submit("flow.py", "--params", f"../{name}", "--no-wait")
    arguments, given = arguments_of(cluster.asked[0]["entrypoint"], folder)
    assert arguments[3:] == ["flow.py", "--runner", "ray", "--params", "/dev/stdin"]
    assert json.loads(given) == {"text": "it's", "count": 3}


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["--count", "many"], Exception, "--count"),
        (["--nope", "1"], Exception, "--nope"),
        (["--params", "nope.json"], ParamsError, "can't read nope.json"),
        (["--env-var", "A"], TargetError, "--env-var A: write NAME=VALUE"),
        (["--metadata", "=b"], TargetError, "--metadata =b: write NAME=VALUE"),
        (["--job-id", "../it"], TargetError, "--job-id ../it: write letters"),
        (["--working-dir", "nope"], TargetError, "--working-dir nope: there is no such folder"),
        (["--working-dir", "below"], TargetError, "flow.py is not below --working-dir below"),
        (["--runtime-env", "nope.yaml"], TargetError, "can't read nope.yaml"),
        (["--runtime-env", "flow.py"], TargetError, "flow.py is neither valid JSON nor YAML"),
        (["--pip", "nope.txt"], TargetError, "--pip nope.txt: can't read it"),
        (["--text", "x" * 130_000], ParamsError, "put them in a file in the working directory"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_submitted(
    folder: Path, cluster: Cluster, words: list[str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        submit("flow.py", *words)
    assert said in str(caught.value)
    assert cluster.asked == []


def test_a_module_that_only_the_cluster_can_import_is_submitted_unchecked(folder: Path, cluster: Cluster) -> None:
    (folder / "there.py").write_text("import a_module_of_the_cluster\n")
    with pytest.raises(TargetError, match="a_module_of_the_cluster"):
        submit("there.py", "--count", "3", "--no-wait")
    submit("there.py", "--count", "3", "--pip", "it", "--no-check", "--no-wait")
    [asked] = cluster.asked
    assert arguments_of(asked["entrypoint"], folder)[0][3:] == ["there.py", "--count", "3", "--runner", "ray"]
    assert asked["runtime_env"]["pip"]["packages"][0] == "it"


def test_what_travels_is_all_that_a_cluster_without_synaflow_needs(folder: Path, cluster: Cluster) -> None:
    program = (
        "import synaflow, synaflow_ray; from synaflow import load_runner; load_runner('local'), load_runner('ray')"
    )
    seen: list[str] = []

    def look(modules: list[str]) -> None:
        [root] = {str(Path(module).parent) for module in modules}
        seen.append(root)
        ran = subprocess.run(
            [sys.executable, "-c", f"{program}; print(synaflow.__file__, synaflow_ray.__file__, sep='\\n')"],
            env={"PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        seen.extend(ran.stdout.split())

    cluster.look = look
    submit("flow.py", "--no-wait")
    root, *files = seen
    assert len(files) == 2
    assert all(file.startswith(root) for file in files)
    assert not Path(root).exists()


def test_a_runtime_env_is_added_to(folder: Path, cluster: Cluster) -> None:
    (folder / "env.yaml").write_text(
        "working_dir: below\npip: [a]\nenv_vars: {A: '1', B: '2'}\npy_modules: [gcs://x.zip]\nconfig: {setup_timeout_seconds: 9}\n"
    )
    submit("below/inner_flow.py", "--runtime-env", "env.yaml", "--env-var", "B=3", "--pip", "b", "--no-wait")
    env = cluster.asked[0]["runtime_env"]
    assert env["working_dir"] == str(folder / "below")
    assert env["config"] == {"setup_timeout_seconds": 9}
    assert env["pip"]["packages"][:2] == ["a", "b"]
    assert {"A": "1", "B": "3"}.items() <= env["env_vars"].items()
    assert env["py_modules"][0] == "gcs://x.zip"
    assert "PYTHONPATH" not in env["env_vars"]


def test_a_step_is_importable_where_its_file_is_below_the_folder(folder: Path, cluster: Cluster) -> None:
    submit("below/inner_flow.py", "--env-var", "PYTHONPATH=/opt/lib", "--no-wait")
    [asked] = cluster.asked
    assert asked["runtime_env"]["env_vars"]["PYTHONPATH"] == os.pathsep.join(["below", "/opt/lib"])
    assert arguments_of(asked["entrypoint"], folder)[0][3] == "below/inner_flow.py"


@pytest.mark.parametrize(
    ("target", "working_dir", "there"),
    [
        ("flow.py", None, ("flow.py", "", ".")),
        ("./flow.py:flow", None, ("flow.py:flow", "", ".")),
        ("below/inner_flow.py", None, ("below/inner_flow.py", "", "below")),
        ("below/inner_flow.py:flow", "below", ("inner_flow.py:flow", "below", ".")),
        ("below.inner_flow:flow", None, ("below.inner_flow:flow", "", ".")),
        ("inner_flow", "below", ("inner_flow", "below", ".")),
    ],
)
def test_where_a_target_is(folder: Path, target: str, working_dir: str | None, there: tuple[str, str, str]) -> None:
    named, shipped, inside = there
    assert locate(target, working_dir) == Place(named, str(folder / shipped) if shipped else str(folder), inside)


def test_a_file_elsewhere_travels_with_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "below")
    assert locate("../flow.py:flow", None) == Place("flow.py:flow", str(folder))


def test_an_archive_is_taken_as_it_is(folder: Path) -> None:
    assert locate("below/x.py:flow", "s3://b/x.zip") == Place("below/x.py:flow", "s3://b/x.zip", "below")


def test_requirements_come_from_files_and_words_with_our_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "needed.txt").write_text("# what it needs\nnumpy>=1\n\npandas ; python_version > '3'\n")
    ours = [
        "greenlet>=3.1",
        'ray[default]>=2.50; extra == "ray"',
        'tblib>=3; extra == "ray"',
        'more; extra == "airflow"',
    ]
    monkeypatch.setattr(shipment, "distribution", lambda name: SimpleNamespace(requires=ours))
    assert with_packages({}, ["needed.txt", "polars"])["pip"] == {
        "packages": ["numpy>=1", "pandas ; python_version > '3'", "polars", "greenlet>=3.1", "tblib>=3"]
    }
    assert with_packages({}, []) == {}


def test_requirements_that_would_not_travel_are_refused(folder: Path) -> None:
    (folder / "needed.txt").write_text("-r others.txt\n")
    with pytest.raises(TargetError, match=r"'-r others\.txt' names a file that would not travel"):
        with_packages({}, ["needed.txt"])
    with pytest.raises(TargetError, match="--pip doesn't go with a runtime environment that has conda"):
        with_packages({"conda": "env"}, ["numpy"])


def test_a_cluster_that_has_just_started_is_asked_again(cluster: Cluster) -> None:
    cluster.refuses = [RuntimeError("code 500: No available agent to submit job, please try again later..")] * 3
    Job(cluster, "it", print).submit("true", {"py_modules": []}, {})
    assert len(cluster.asked) == 1


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("code 500: No available agent to submit job", "the cluster didn't take the job: code 500: No available agent"),
        ("Traceback\n  File x\nValueError: Job with submission_id it already exists.\n.", "there is a job 'it' on the"),
        ("Traceback\n  File x\nValueError: too big", "the cluster didn't take the job: ValueError: too big"),
    ],
)
def test_a_job_that_is_not_taken_is_one_sentence(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, refusal: str, said: str
) -> None:
    monkeypatch.setattr(jobs, "_SUBMITTED_WITHIN", 0)
    cluster.refuses = [RuntimeError(refusal)] * 100
    with pytest.raises(RunnerError) as caught:
        Job(cluster, "it", print).submit("true", {"py_modules": []}, {})
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_ctrl_c_before_the_answer_stops_what_may_have_been_taken(folder: Path, cluster: Cluster) -> None:
    cluster.refuses = [KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        submit("flow.py", "--job-id", "it")
    assert cluster.stopped == ["it"]


@pytest.fixture
def serving() -> Iterator[Callable[[int, object], str]]:
    """Starts a server that answers everything with that code and JSON; gives HOST:PORT."""
    servers: list[ThreadingHTTPServer] = []

    def serve(code: int, answer: object) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *words: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


RAY = {"ray_version": "2.60.0", "version": "4"}


def test_the_address_given_wins_over_the_environment(
    serving: Callable[[int, object], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, second, third = (serving(200, RAY) for _ in range(3))
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", f"http://{second}")
    monkeypatch.setenv("RAY_ADDRESS", f"http://{third}")
    assert connect(f"http://{given}/").get_address() == f"http://{given}"
    assert connect(given).get_address() == f"http://{given}"
    assert connect(None).get_address() == f"http://{second}"
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS")
    assert connect(None).get_address() == f"http://{third}"
    assert "RAY_API_SERVER_ADDRESS" not in os.environ


def test_where_no_jobs_are_taken_the_address_is_named(
    serving: Callable[[int, object], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, old = serving(404, {}), serving(200, {"nothing": "of that"})
    for address in (
        "http://127.0.0.1:9",
        "127.0.0.1:9",
        "ray://127.0.0.1:9",
        f"http://{other}",
        f"http://{old}",
        "x://y",
    ):
        with pytest.raises(TargetError) as caught:
            connect(address)
        assert str(caught.value).startswith(f"no Ray cluster takes jobs at {address}: ")
        assert "\n" not in str(caught.value)


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_ANSWERED_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TargetError, match=f"no Ray cluster takes jobs at {address}: "):
            connect(address)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_job_can_be_interrupted_where_all_else_ignores_it(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "import time\nfrom synaflow import pipeline\n"
        "def waits() -> None:\n    print('begun', flush=True)\n    time.sleep(600)\n"
        "flow = pipeline('waits', None, [waits])\n"
    )
    running = subprocess.Popen(
        ["/bin/sh", "-c", f"trap '' INT; exec {sys.executable} -m synaflow_ray run waits.py --no-progress"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        running.send_signal(2)
        try:
            assert running.wait(20) == 130
        finally:
            running.kill()
