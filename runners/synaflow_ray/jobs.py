"""A job on a Ray cluster, by Ray's job API: submitted once, its log followed to the end, its exit code told."""

from __future__ import annotations

import asyncio
import codecs
import io
import json
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from ray.exceptions import RayError
from ray.job_submission import JobStatus, JobSubmissionClient

from synaflow import RunnerError, SynaflowError, TargetError

if TYPE_CHECKING:
    from ray.dashboard.modules.job.pydantic_models import JobDetails

__all__ = ["Job", "JobError", "connect"]

_ADDRESSES: Final = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")
"""Where Ray looks for an address, in this order."""

_REACHED_WITHIN: Final = 5.0
"""Seconds for a connection to be made."""

_ANSWERED_WITHIN: Final = 60.0
"""Seconds for an answer to come."""

_SUBMITTED_WITHIN: Final = 60.0
"""Seconds in which a cluster that has just started has to have what takes jobs."""

_FOUND_AGAIN_WITHIN: Final = 60.0
"""Seconds for which a cluster may be out of reach."""

_QUIET: Final = 15.0
"""Seconds without a line of log after which it is asked whether the job is still there."""

_PAUSE: Final = 1.0
"""Seconds between two attempts."""

_LINES: Final = 1_000
_END: Final = 20_000
"""How much of the end of a log, lines and characters, tells whether it is the end of what was shown."""

_NOT_YET: Final = re.compile("No available agent|Failed to get head node agent")
_TROUBLE: Final = (RayError, OSError, RuntimeError, TypeError, ValueError)
"""What Ray's client raises, and the libraries below it: an error of theirs is an OSError."""

_FAILED: Final = 1
_KILLED: Final = 128


class JobError(SynaflowError):
    """What became of a job is not known, or is no exit code."""


class _Client(JobSubmissionClient):  # type: ignore[misc] # Ray's types are not read
    """Ray's client, which by itself would wait for ever for a machine that isn't there."""

    def _do_request(self, method: str, endpoint: str, **given: Any) -> Any:  # noqa: ANN401 - as Ray has it
        return super()._do_request(method, endpoint, **{"timeout": (_REACHED_WITHIN, _ANSWERED_WITHIN), **given})


def connect(address: str | None) -> JobSubmissionClient:
    """Ray's client for a cluster's jobs.

    Args:
        address: `http://HOST:8265`, or what `ray.init` takes; by default what RAY_API_SERVER_ADDRESS or RAY_ADDRESS says, or
            the cluster on this machine.

    Raises:
        TargetError: No cluster answers there.
    """
    for handler in logging.getLogger("ray").handlers:
        handler.setLevel(logging.WARNING)  # each archive that it makes and sends is news to Ray
    asked = address or next(filter(None, map(os.environ.get, _ADDRESSES)), None)
    try:
        headers = json.loads(os.environ.get("RAY_JOB_HEADERS") or "null")
        return _client(asked, headers)
    except (*_TROUBLE, LookupError) as error:
        why = "what answers there is something else" if isinstance(error, LookupError) else _last_line(error)
        where = f"at {asked}" if asked else "on this machine"
        raise TargetError(
            f"no Ray cluster takes jobs {where}: {why}; give --address http://HOST:8265, that of its dashboard"
        ) from error


def _client(address: str | None, headers: Mapping[str, str] | None) -> JobSubmissionClient:
    scheme, mark, rest = (address or "").rpartition("://")
    if rest and scheme in ("", "ray") and ":" in rest:
        # Ray would look for a cluster's other ports there, and take most of a minute to find that there are none.
        host, _, port = rest.rstrip("/").rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_WITHIN).close()
        if not mark:
            try:
                return _client(f"http://{rest}", headers)
            except _TROUBLE:  # so it isn't the dashboard's
                pass
    # To Ray, these variables say more than the argument does.
    with _environment(_ADDRESSES[0], address):
        return _Client(address, headers=headers)


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        if before is not None:
            os.environ[name] = before
        else:
            os.environ.pop(name, None)


class Job:
    """One job.

    Args:
        client: Ray's client for the cluster.
        name: The job's id there.
        show: Called with each piece of its log.
    """

    def __init__(self, client: JobSubmissionClient, name: str, show: Callable[[str], object]) -> None:
        self.name = name
        self._client = client
        self._show = show
        self._shown = 0
        self._end = ""

    def submit(self, entrypoint: str, runtime_env: Mapping[str, object], metadata: Mapping[str, str]) -> None:
        """Hands the job to the cluster.

        Args:
            entrypoint: The command. A shell runs it.
            runtime_env: The environment it runs in.
            metadata: What is kept beside it.

        Raises:
            RunnerError: The cluster doesn't take it.
        """
        until = time.monotonic() + _SUBMITTED_WITHIN
        while True:
            try:
                self._client.submit_job(
                    entrypoint=entrypoint,
                    submission_id=self.name,
                    runtime_env=dict(runtime_env),
                    metadata=dict(metadata),
                )
                return
            except _TROUBLE as error:
                if "already exists" in str(error):
                    raise RunnerError(
                        f"there is a job '{self.name}' on the cluster already: give another --job-id"
                    ) from error
                if not _NOT_YET.search(str(error)) or time.monotonic() > until:
                    raise RunnerError(f"the cluster didn't take the job: {_last_line(error)}") from error
            time.sleep(_PAUSE)

    def stop(self) -> None:
        """Has the cluster interrupt the job, and end it should that not do."""
        try:
            self._client.stop_job(self.name)
        except _TROUBLE as error:
            raise JobError(f"job '{self.name}' can't be stopped: {_last_line(error)}") from error

    def follow(self) -> JobDetails:
        """Shows the job's log as it is written, from where it was left off, until the job has ended.

        Raises:
            JobError: The cluster can't be reached any more.
        """
        details: JobDetails = asyncio.run(self._follow())
        return details

    async def _follow(self) -> JobDetails:
        seen = time.monotonic()
        pause = _PAUSE
        tried_again = False
        while True:
            before = self._shown
            trouble: Exception | None = None
            try:
                await self._tail()
            except Exception as error:  # whatever the connection fails with, the log is read anew
                trouble = error
            try:
                details = await self._details()
                seen = time.monotonic()
            except _TROUBLE as error:
                if time.monotonic() > seen + _FOUND_AGAIN_WITHIN:
                    raise JobError(
                        f"lost sight of job '{self.name}', which may still be running: {_last_line(error)}"
                    ) from error
            else:
                over = details.status.is_terminal()
                try:
                    await self._show_rest(details)
                except _TROUBLE as error:
                    trouble = trouble and error
                    if over and trouble is not None and tried_again:
                        raise JobError(
                            f"job '{self.name}' is over, {details.status}, and the rest of its log can't be read: "
                            f"{_last_line(error)}"
                        ) from error
                    tried_again = over
                else:
                    trouble = None
                if over and trouble is None:
                    return details
            pause = _PAUSE if self._shown > before else min(2 * pause, _QUIET)
            await asyncio.sleep(pause)

    async def _tail(self) -> None:
        """Shows the log as it grows. Ray gives it from its beginning, so what has been shown is passed over.

        It ends with the job. It may end before: where the log has a byte that is no UTF-8, for one, and without a word.
        """
        skip = self._shown
        texts = aiter(self._client.tail_job_logs(self.name))
        coming = asyncio.ensure_future(anext(texts, None))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=_QUIET)
                if not done:
                    # A connection that is cut off in silence looks like a job that has nothing to say.
                    if (await self._details()).status.is_terminal():
                        raise TimeoutError("the connection says nothing more")
                    continue
                text = coming.result()
                if text is None:
                    return
                skip = self._pass_on(text, skip)
                coming = asyncio.ensure_future(anext(texts, None))
        finally:
            coming.cancel()
            await asyncio.wait({coming})
            await texts.aclose()

    def _pass_on(self, text: str, skip: int) -> int:
        """Shows a piece of the log, but for what was shown before: so many characters. Returns how many are left of them."""
        fresh = text[skip:]
        if fresh:
            self._shown += len(fresh)
            self._end = (self._end + fresh)[-_END:]
            self._show(fresh)
        return skip - (len(text) - len(fresh))

    async def _show_rest(self, details: JobDetails) -> None:
        """Shows what is left of the log, read as the bytes it is made of."""
        if not details.driver_node_id:
            return  # nothing was started that could write one
        end = await asyncio.to_thread(self._read, details, _LINES)
        length = min(len(end), len(self._end))
        if not length or end[-length:] != self._end[-length:]:
            self._pass_on(await asyncio.to_thread(self._read, details, -1), self._shown)

    def _read(self, details: JobDetails, lines: int) -> str:
        """The last lines of the log, or all of it, as the text that Ray itself would make of it."""
        query = urlencode(
            {"node_id": details.driver_node_id, "filename": f"job-driver-{self.name}.log", "lines": lines}
        )
        answer = self._client._do_request("GET", f"/api/v0/logs/file?{query}")
        answer.raise_for_status()
        utf8 = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        # What is half written yet, a character or the end of a line, is left for the next time.
        return io.IncrementalNewlineDecoder(utf8, translate=True).decode(
            answer.content, final=details.status.is_terminal()
        )

    async def _details(self) -> JobDetails:
        return await asyncio.to_thread(self._client.get_job_info, self.name)

    def exit_code(self, details: JobDetails) -> int:
        """The exit code of the job's command.

        Raises:
            JobError: It has none: it was never started, or stopped.
        """
        code = details.driver_exit_code
        if isinstance(code, int):
            return code if code >= 0 else _KILLED - code
        if details.status == JobStatus.SUCCEEDED:
            return 0
        if details.status == JobStatus.STOPPED:
            raise JobError(f"job '{self.name}' was stopped")
        raise JobError(f"job '{self.name}' failed: {details.message or 'the cluster does not say why'}")


def _last_line(error: BaseException) -> str:
    """What an error says: of a traceback that the cluster sends, its end."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".") if lines else type(error).__name__
