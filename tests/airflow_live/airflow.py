"""A real Airflow in a folder of its own: API server, scheduler and DAG processor, on free ports of the loopback."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from airflow_live.rest import Rest
from airflow_live.waiting import Late, wait_for

SERVICES = ("api-server", "scheduler", "dag-processor")
TAIL = 60
"""So many lines of each log are shown when something fails."""

VERSION = tuple(int(part) for part in version("apache-airflow").split(".")[:2])


class Airflow:
    """An Airflow that begins with nothing.

    Attributes:
        home: Its folder: settings, database and logs are in it.
        dags: The folder that DAG files are put into.
        base: The address of the API server and the pages.
        rest: A client that has logged in, once Airflow has been started.
    """

    def __init__(self, home: Path, path: tuple[Path, ...] = (), settings: Mapping[str, str] | None = None) -> None:
        """Only says how: `path` is what tasks can import from beside what is installed, `settings` are environment variables."""
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        port, logs, trigger = free_ports(3)
        self.base = f"http://127.0.0.1:{port}"
        self.rest = Rest(self.base)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
        # Airflow starts many processes: where no byte code is kept, each of them compiles all of it again.
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        known = (str(Path(part).resolve()) for part in inherited.get("PYTHONPATH", "").split(os.pathsep) if part)
        self._env = {
            **inherited,
            "PYTHONPATH": os.pathsep.join([*map(str, path), *known]),
            "NO_PROXY": "*",
            "no_proxy": "*",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.base}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.base,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **(settings or {}),
        }

    def start(self) -> None:
        """Makes the database, starts the services and waits until all of them are well; stops what runs if one isn't."""
        try:
            self._start("migrate", "db", "migrate")
            migrate = self._running["migrate"]
            wait_for("database", lambda: migrate.poll() is not None, 120, self.told)
            if migrate.returncode != 0:
                raise Late(f"the database couldn't be made. {self.told()}")
            del self._running["migrate"]
            for name in SERVICES:
                self._start(name, name)
            wait_for("API server that answers, with its services well", self._healthy, 120, self.told)
            self.rest.log_in()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every process that was started, and those that they started, by force if they take long."""
        running, self._running = self._running, {}
        for process in running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                pass
            finally:
                # Each service leads a process group, in which its workers and their tasks are too.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for name, process in running.items():
            wait_for(f"end of the processes of {name}", lambda pid=process.pid: not _group_lives(pid), 10)  # type: ignore[misc]

    def logs(self) -> Iterator[tuple[str, str]]:
        """The ends of the services' logs, by name."""
        for file in sorted(self.home.glob("*.log")):
            lines = file.read_text(errors="replace").splitlines()
            yield file.stem, "\n".join(lines[-TAIL:])

    def told(self) -> str:
        """The ends of the logs as one text."""
        return "\n".join(f"\n--- {name}\n{text}" for name, text in self.logs())

    def _start(self, name: str, *arguments: str) -> None:
        with open(self.home / f"{name}.log", "wb") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self._env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _healthy(self) -> bool:
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        if ended:
            raise Late(f"{', '.join(ended)} ended at once. {self.told()}")
        health = self.rest.health()
        return all(health.get(part, {}).get("status") == "healthy" for part in ("scheduler", "dag_processor"))


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
