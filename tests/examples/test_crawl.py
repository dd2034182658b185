"""`crawl.py` on its own site, whose pages are read here a second time, by pattern, and on sites that fail."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path
from threading import Event, Lock
from types import ModuleType
from typing import Any

import httpx
import pytest

from synaflow import RunResult, StepError, async_run, run

from .conftest import Program

PAGES = 70
BROKEN = {41: "404 Not Found", 60: "500 Internal Server Error"}
RATIO = re.compile(r"(\d+) at a time: \d+\.\d s; one at a time: \d+\.\d s; \d+\.\d times as fast")

Row = tuple[str, str, int]
Link = tuple[str, str]


@pytest.fixture(scope="session")
def script(repository: Path) -> Path:
    """The example itself, in place of the flights."""
    return repository / "examples/crawl.py"


Watched = Callable[..., Any]


@pytest.fixture
def watched(example: ModuleType) -> Watched:
    """Makes a site that counts what it has to answer at once; it answers none of it before there are `together` of them."""

    class Site(example.Site):  # type: ignore[name-defined,misc]  # the example is found at run time
        def __init__(self, together: int, pages: int = PAGES) -> None:
            super().__init__(pages, 0)
            self.together = together
            self.arrived = Event()
            self.lock = Lock()
            self.now = self.most = self.connections = 0

        def process_request(self, *connection: Any) -> None:
            self.connections += 1
            super().process_request(*connection)

        def answer(self, path: str) -> tuple[int, str]:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            if self.now == self.together:
                self.arrived.set()
            if path != "/sitemap.txt":
                assert self.arrived.wait(40), f"there were never {self.together} requests at once"
            given: tuple[int, str] = super().answer(path)
            with self.lock:
                self.now -= 1
            return given

    return Site


@pytest.fixture
def site(example: ModuleType) -> Iterator[str]:
    """The address of the example's site, which answers at once."""
    with example.Site(PAGES, 0) as site:
        yield site.address


def expected(example: ModuleType, address: str, pages: int = PAGES) -> tuple[list[Row], list[Link]]:
    """The rows that the database should hold, in the order of the addresses."""
    rows: list[Row] = []
    links: list[Link] = []
    for number in range(pages):
        if number % 90 == 41 or number % 250 == 60:
            continue
        url = f"{address}/{number}"
        page = re.sub(r"<!--.*?-->|<script>.*?</script>", "", example.html(number, pages), flags=re.DOTALL)
        title = re.search(r"<title>(.*?)</title>", page)
        assert title is not None
        text = re.sub(r"<[^<>]*>", "", page.replace(title[0], ""))
        rows.append((url, unescape(title[1]), len(unescape(text).split())))
        targets = (re.sub("#.*|^/", "", unescape(target)) for target in re.findall(r'<a class="x" href="(.*?)"', page))
        # What has a slash in front is looked for where the others are, for all pages are in one folder.
        links += [(url, f"{address}/{target.lstrip('/')}") for target in targets]
    return rows, links


def stored(database: Path) -> tuple[list[Row], list[Link]]:
    """The rows that it holds."""
    with closing(sqlite3.connect(database)) as connection:
        return (
            connection.execute("SELECT * FROM pages ORDER BY rowid").fetchall(),
            connection.execute("SELECT * FROM links ORDER BY rowid").fetchall(),
        )


def told(rows: list[Row], links: list[Link], database: str) -> list[str]:
    """The lines of the report on them."""
    most = Counter(target for _, target in links).most_common(3)
    words = sum(row[2] for row in rows)
    last = f"{len(rows):,} pages, {words:,} words, {len(links):,} links: see {database}"
    return [*(f"{count:>7,} links lead to {url}" for url, count in most), last]


def dropped(result: RunResult) -> list[tuple[int, object, str]]:
    """Index, address and reason of each page that was dropped."""
    return [(letter.index, letter.items["url"], letter.error.reason) for letter in result.dead_letters]


@contextmanager
def deaf() -> Iterator[str]:
    """An address where nobody listens, and nobody else can either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


# The program


def test_the_script_crawls_its_own_site(program: Program, script: Path, example: ModuleType, tmp_path: Path) -> None:
    ran = program(script, "--pages", PAGES, "--delay", "1", "--concurrency", "20")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = stored(tmp_path / "crawl.sqlite")
    address = found[0][0][0].removesuffix("/0")
    rows, links = expected(example, address)
    assert len(rows) == PAGES - len(BROKEN)
    assert found == (rows, links)

    *lines, last = ran.stdout.splitlines()
    for line, (number, status) in zip(lines, BROKEN.items(), strict=False):
        assert line.startswith(f"dropped: step 'pages' of pipeline 'crawl' failed at item {number}: HTTPStatusError: ")
        assert line.endswith(f" error '{status}' for url '{address}/{number}'")
    assert lines[len(BROKEN) :] == told(rows, links, "crawl.sqlite")
    ratio = RATIO.fullmatch(last)
    assert ratio is not None, last
    assert ratio[1] == "20"


def test_another_site(program: Program, script: Path, site: str, example: ModuleType, tmp_path: Path) -> None:
    ran = program(script, "--site", f"{site}/")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert stored(tmp_path / "crawl.sqlite") == expected(example, site)


def test_the_command_line(program: Program, script: Path, site: str, example: ModuleType, tmp_path: Path) -> None:
    command = ["--site", site, "--database", "here.sqlite", "--json", "--no-progress"]
    ran = program("-m", "synaflow.cli", "run", script, *command)
    assert (ran.returncode, "Warning" in ran.stderr) == (1, False), ran.stderr  # two pages were dropped
    result = json.loads(ran.stdout)
    assert [letter["index"] for letter in result["dead_letters"]] == list(BROKEN)
    steps = {name: (step["items_in"], step["items_out"]) for name, step in result["steps"].items()}
    assert steps["pages"] == (PAGES, PAGES - len(BROKEN))
    assert steps["stored"] == steps["words"] == steps["linked"] == (PAGES - len(BROKEN), None)
    assert result["outputs"]["report"].splitlines() == told(*expected(example, site), "here.sqlite")
    assert stored(tmp_path / "here.sqlite") == expected(example, site)


def test_it_is_explained(example: ModuleType) -> None:
    explained = str(example.crawl.explain()).splitlines()
    fetching = next(line for line in explained if line.startswith("  pages [fetch] -> Response"))
    assert "async, concurrency=50, timeout=10, on_error=continue" in fetching


def test_it_only_serves_until_it_is_interrupted(script: Path, example: ModuleType, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(script), "--pages", str(PAGES), "--delay", "0", "--serve", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().split()[-1]
        run(example.crawl, example.Params(address, tmp_path / "crawl.sqlite"))
        serving.send_signal(signal.SIGINT)
        assert serving.communicate(timeout=30) == ("", "")
    assert serving.returncode == 130
    assert stored(tmp_path / "crawl.sqlite") == expected(example, address)


# How many at once


@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_so_many_are_fetched_at_once_and_no_more(
    example: ModuleType, watched: Watched, concurrency: int, tmp_path: Path
) -> None:
    async def crawled(address: str) -> RunResult:
        async with example.new_client() as client:
            params = example.Params(address, tmp_path / "crawl.sqlite", client)
            return await async_run(example.crawler(concurrency), params)

    with watched(together=concurrency) as site:
        result = asyncio.run(crawled(site.address))
        assert site.most == concurrency
        assert site.connections <= concurrency  # they are kept
    assert [letter.index for letter in result.dead_letters] == list(BROKEN)
    assert stored(tmp_path / "crawl.sqlite") == expected(example, site.address)


def test_no_connection_is_kept_where_nobody_closes_the_client(
    example: ModuleType, watched: Watched, tmp_path: Path
) -> None:
    with watched(together=8) as site:
        run(example.crawler(8), example.Params(site.address, tmp_path / "crawl.sqlite"))
        assert site.most == 8
        assert site.connections == PAGES + 1


def test_one_at_a_time_gives_the_same(example: ModuleType, site: str, tmp_path: Path) -> None:
    params = example.Params(site, tmp_path / "crawl.sqlite")
    kept = ["entries", "report"]
    one, many = (run(example.crawler(number), params, outputs=kept) for number in (1, 20))
    assert dict(one) == dict(many)
    assert [(entry[0], entry[1], entry[2]) for entry in many["entries"]] == expected(example, site)[0]
    assert dropped(one) == dropped(many)
    assert [(index, url) for index, url, _ in dropped(many)] == [(number, f"{site}/{number}") for number in BROKEN]
    counted = [{name: (step.items_in, step.items_out) for name, step in each.steps.items()} for each in (one, many)]
    assert counted[0] == counted[1]


# What is written, and what is read


def test_another_crawl_replaces_the_tables(example: ModuleType, site: str, tmp_path: Path) -> None:
    database = tmp_path / "crawl.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)")
    for _ in range(2):
        run(example.crawl, example.Params(site, database))
        assert stored(database) == expected(example, site)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT * FROM mine").fetchall() == [(1,)]


def test_more_pages_than_go_into_a_transaction(example: ModuleType, tmp_path: Path) -> None:
    with example.Site(130, 0) as site:
        result = run(example.crawl, example.Params(site.address, tmp_path / "crawl.sqlite"), outputs=["stored"])
        assert result["stored"] == 128
    assert stored(tmp_path / "crawl.sqlite") == expected(example, site.address, 130)


def test_what_was_written_before_a_failure_stays(example: ModuleType, tmp_path: Path) -> None:
    def failing() -> Iterator[Any]:
        for number in range(150):
            yield example.Entry(str(number), "", 0, ("there",))
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        example.stored(failing(), tmp_path / "crawl.sqlite")
    rows, links = stored(tmp_path / "crawl.sqlite")
    assert (rows[-1], len(rows), len(links)) == (("99", "", 0), 100, 100)


def test_what_is_read_of_a_page(example: ModuleType) -> None:
    page = (
        "<TITLE>One &amp; two</TITLE><style>a {}</style><script>'<a href=no>'</script><p>it<b>'</b>s "
        "&lt;a&gt; <a name=here>anchor</a> <A HREF='../up?x=1&amp;y=2#part'>up</A> <a href=''>this</a>"
        ' <a href="http://elsewhere.test/&quot;">else<i>where</i></a><link href="no">'
    )
    fetched = httpx.Response(200, html=page, request=httpx.Request("GET", "http://site.test/a/b"))
    assert list(example.entries(iter([fetched]))) == [
        (
            "http://site.test/a/b",
            "One & two",
            6,
            ("http://site.test/up?x=1&y=2", 'http://elsewhere.test/"'),
        )
    ]


# What fails


def test_a_database_that_cannot_be_opened(example: ModuleType, site: str, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"'stored'.*unable to open database file"):
        run(example.crawl, example.Params(site, tmp_path))


def test_a_site_without_a_map(example: ModuleType, site: str, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"'urls'.*404 Not Found.*/elsewhere/sitemap\.txt"):
        run(example.crawl, example.Params(f"{site}/elsewhere/", tmp_path / "crawl.sqlite"))


def test_a_site_that_is_none(example: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"'urls'.*can't reach nonsense: UnsupportedProtocol"):
        run(example.crawl, example.Params("nonsense", tmp_path / "crawl.sqlite"))


def test_a_site_that_cannot_be_reached(program: Program, script: Path) -> None:
    with deaf() as address:
        ran = program(script, "--site", address)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert len(ran.stderr.splitlines()) == 1
        said = f"step 'urls' of pipeline 'crawl' failed: ConnectionError: can't reach {address}: ConnectError("
        assert ran.stderr.startswith(said)

        ran = program("-m", "synaflow.cli", "run", script, "--site", address, "--no-progress")
        assert ran.returncode == 1
        assert f"error: {said}" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert "httpx/" not in ran.stderr  # where in it that was is nobody's business


def test_a_client_that_hangs_up_is_no_error_of_the_site(
    example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    over = Event()

    class Site(example.Site):  # type: ignore[name-defined,misc]  # the example is found at run time
        def process_request_thread(self, *connection: Any) -> None:
            super().process_request_thread(*connection)
            over.set()

    with Site(PAGES, 0) as site:
        with socket.create_connection(("127.0.0.1", site.server_port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # with a reset, that is
            client.sendall(b"GET / HT")
        assert over.wait(30)
    assert capsys.readouterr().err == ""


LEAST = "--pages and --concurrency must be at least 1, and --delay at least 0"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--concurrency", "0"], 2, LEAST),
        (["--pages", "0"], 2, LEAST),
        (["--delay", "-1"], 2, LEAST),
        (["--serve", "65536"], 1, "port must be 0-65535"),
    ],
)
def test_bad_input(program: Program, script: Path, arguments: list[str], code: int, said: str) -> None:
    ran = program(script, *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken(program: Program, script: Path, site: str) -> None:
    ran = program(script, "--serve", site.rpartition(":")[2])
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "in use" in ran.stderr


def test_without_httpx(program: Program, script: Path) -> None:
    without = "import runpy, sys\nsys.modules['httpx'] = None\n"
    ran = program("-c", f"{without}runpy.run_path({str(script)!r}, run_name='__main__')")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "this example fetches with httpx: pip install httpx\n"

    ran = program(
        "-c", f"{without}from synaflow.cli import main\nsys.argv[1:] = ['explain', {str(script)!r}]\nsys.exit(main())"
    )
    assert ran.returncode != 0
    assert "pip install httpx" in ran.stderr
    assert "Traceback" not in ran.stderr
