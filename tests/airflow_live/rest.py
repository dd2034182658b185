"""Airflow's REST API, as far as the tests need it, with nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from airflow_live.waiting import wait_for

ENDED = ("success", "failed", "upstream_failed", "skipped", "removed")


class Refused(Exception):
    """The server's answer was an error."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class TaskRun:
    """A task instance as the API shows it; `pid` is the process that the task runs in."""

    task: str
    state: str | None
    attempt: int
    pid: int | None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ENDED


class Rest:
    """A client of one Airflow where everybody is an admin."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._headers: dict[str, str] = {}
        self._open = build_opener(ProxyHandler({})).open

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Sends one request; gives the answer's JSON or raises `Refused`."""
        address = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._headers}
        try:
            with self._open(Request(address, data, headers, method=method), timeout=30) as answer:
                text = answer.read()
        except HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode(errors="replace")) from None
        return json.loads(text) if text else None

    def health(self) -> dict[str, Any]:
        """How the services are; empty while the server isn't there yet."""
        try:
            found: dict[str, Any] = self.call("GET", "/api/v2/monitor/health")
        except (URLError, ConnectionError, Refused, TimeoutError):
            return {}
        return found

    def log_in(self) -> None:
        """Gets the token that the other requests carry."""
        self._headers = {"Authorization": f"Bearer {self.call('GET', '/auth/token')['access_token']}"}

    # DAGs

    def dags(self) -> set[str]:
        """The ids of all DAGs."""
        return {dag["dag_id"] for dag in self.call("GET", "/api/v2/dags", limit=100)["dags"]}

    def details(self, dag: str) -> dict[str, Any]:
        """All there is to know of a DAG: description, params, tags, ..."""
        found: dict[str, Any] = self.call("GET", f"/api/v2/dags/{quote(dag)}/details")
        return found

    def import_errors(self) -> list[str]:
        """Why DAG files couldn't be read."""
        found = self.call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in found]

    def wait_for_dags(self, *names: str, seconds: float = 60) -> None:
        """Until Airflow has read those DAGs, and each may run; fails at once at an import error."""

        def there() -> bool:
            errors = self.import_errors()
            assert not errors, "\n".join(errors)
            return self.dags() >= set(names)

        wait_for(f"DAGs {names}", there, seconds)
        for name in names:
            self.call("PATCH", f"/api/v2/dags/{quote(name)}", {"is_paused": False})

    # Runs

    def trigger(self, dag: str, run: str, conf: Mapping[str, object] | None = None) -> None:
        """Starts a run."""
        body = {"logical_date": None, "dag_run_id": run, "conf": conf or {}}
        self.call("POST", f"/api/v2/dags/{quote(dag)}/dagRuns", body)
        # Airflow 3.0 answers before it has committed.
        wait_for(f"run {run} of {dag}", lambda: run in self.runs(dag))

    def runs(self, dag: str) -> set[str]:
        """The ids of a DAG's runs."""
        found = self.call("GET", f"/api/v2/dags/{quote(dag)}/dagRuns", limit=100)["dag_runs"]
        return {run["dag_run_id"] for run in found}

    def state(self, dag: str, run: str) -> str:
        """A run's state."""
        found: str = self.call("GET", _run(dag, run))["state"]
        return found

    def wait_for_end(self, dag: str, run: str, seconds: float = 90) -> str:
        """The state in which the run ended."""

        def ended() -> str | None:
            state = self.state(dag, run)
            return state if state in ENDED else None

        return wait_for(f"end of {dag} {run}", ended, seconds, lambda: f"{self.tasks(dag, run)}")

    # Tasks

    def tasks(self, dag: str, run: str) -> dict[str, TaskRun]:
        """The run's tasks by id."""
        found = self.call("GET", f"{_run(dag, run)}/taskInstances", limit=100)["task_instances"]
        return {one["task_id"]: TaskRun(one["task_id"], one["state"], one["try_number"], one["pid"]) for one in found}

    def wait_for_task(
        self, dag: str, run: str, task: str, fits: Callable[[TaskRun], object], seconds: float = 60
    ) -> TaskRun:
        """The task as soon as it is as asked for."""

        def probe() -> TaskRun | None:
            found = self.tasks(dag, run).get(task)
            return found if found is not None and fits(found) else None

        return wait_for(f"{task} of {dag} {run} as wanted", probe, seconds, lambda: f"{self.tasks(dag, run)}")

    def mark(self, dag: str, run: str, task: str, state: str = "failed") -> None:
        """Sets a task's state, as the button in the UI does."""
        self.call("PATCH", _task(dag, run, task), {"new_state": state})

    def clear(self, dag: str, run: str, tasks: Iterable[str], downstream: bool = True) -> None:
        """Clears tasks, and those behind them, so that they run again."""
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "task_ids": list(tasks),
            "only_failed": False,
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        self.call("POST", f"/api/v2/dags/{quote(dag)}/clearTaskInstances", body)

    def xcom(self, dag: str, run: str, task: str, key: str = "return_value") -> Any:
        """The value that a task has left under that key, as it is stored."""
        return self.call("GET", f"{_task(dag, run, task)}/xcomEntries/{quote(key, safe='')}")["value"]

    def xcom_keys(self, dag: str, run: str, task: str) -> set[str]:
        """The keys under which a task has left something."""
        found = self.call("GET", f"{_task(dag, run, task)}/xcomEntries")["xcom_entries"]
        return {entry["key"] for entry in found}

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """The log of one try, with the tracebacks that Airflow keeps beside a line, and what came with it."""
        found = self.call("GET", f"{_task(dag, run, task)}/logs/{attempt}", full_content="true")["content"]
        return "\n".join(line if isinstance(line, str) else "\n".join(_lines(line)) for line in found)


def _run(dag: str, run: str) -> str:
    return f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run, safe='')}"


def _task(dag: str, run: str, task: str) -> str:
    return f"{_run(dag, run)}/taskInstances/{quote(task)}"


def _lines(line: dict[str, Any]) -> Iterable[str]:
    extra = {key: value for key, value in line.items() if key not in ("timestamp", "event", "level", "error_detail")}
    yield f"{line.get('timestamp', '')} {line.get('level', '')} {line.get('event', '')} {extra or ''}"
    for error in line.get("error_detail") or ():
        for frame in error.get("frames", ()):
            yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
        yield f"{error.get('exc_type')}: {error.get('exc_value')}"
        yield from error.get("exc_notes", ())
