"""A site of 1,000 linked pages, fetched 50 at a time and then one at a time: their links to SQLite, and counted.

Fetching is asynchronous, so many pages at once; all that is done with them are plain functions. The site is served by threads
of this process, and takes its time to answer. It is fetched with httpx: pip install httpx

    python examples/crawl.py
    python examples/crawl.py --pages 200 --concurrency 20 --delay 50
    python examples/crawl.py --serve 8000
    synaflow run examples/crawl.py --site http://127.0.0.1:8000     # meanwhile, in another terminal
"""

import argparse
import asyncio
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from html import escape
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin

from synaflow import PipelineDef, RunResult, StepError, async_run, pipeline, step

try:
    import httpx
except ModuleNotFoundError:
    sys.exit("this example fetches with httpx: pip install httpx")


class Params(NamedTuple):
    """What can be set from outside.

    Attributes:
        site: The site's address; its pages are those in its sitemap.txt.
        database: The SQLite file that pages and links are written to.
        client: What to fetch with, closed by whoever opened it; by default one for this run.
    """

    site: str = "http://127.0.0.1:8000"
    database: Path = Path("crawl.sqlite")
    client: httpx.AsyncClient | None = None


class Entry(NamedTuple):
    """What is known of a page: its title, how many words it has, and where its links lead."""

    url: str
    title: str
    words: int
    links: tuple[str, ...]


class Reader(HTMLParser):
    """Collects the title of a page, its text and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.text = self._tag = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self._tag = tag
        self.links += [value for name, value in attrs if value and (tag, name) == ("a", "href")]

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        self._tag = ""

    def handle_data(self, data: str) -> None:
        """Text, in whatever tag."""
        if self._tag == "title":
            self.title += data
        elif self._tag not in ("script", "style"):
            self.text += data


def new_client(kept: int | None = None) -> httpx.AsyncClient:
    """A client that keeps so many connections open, by default all. How many it opens is left to who calls it."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=kept)
    return httpx.AsyncClient(limits=limits, trust_env=False)  # the way to this machine leads by no proxy


def http(client: httpx.AsyncClient | None) -> httpx.AsyncClient:
    """The client that was given, or one that keeps no connection open and so needn't be closed."""
    return new_client(kept=0) if client is None else client


async def urls(site: str, http: httpx.AsyncClient) -> AsyncIterator[str]:
    """The addresses in the site's map."""
    try:
        response = await http.get(f"{site.rstrip('/')}/sitemap.txt")
    except httpx.TransportError as error:
        raise ConnectionError(f"can't reach {site}: {error!r}") from None
    for url in response.raise_for_status().text.split():
        yield url


async def fetch(url: str, http: httpx.AsyncClient) -> httpx.Response:
    """Fetches a page, or raises: such a page is dropped and listed in the result, and the run goes on."""
    response = await http.get(url)
    return response.raise_for_status()


def entries(pages: Iterator[httpx.Response]) -> Iterator[Entry]:
    """Reads the pages, one after the other, in the order of their addresses."""
    for page in pages:
        url, reader = str(page.url), Reader()
        reader.feed(page.text)
        reader.close()
        links = tuple(urldefrag(urljoin(url, link)).url for link in reader.links)
        yield Entry(url, reader.title, len(reader.text.split()), links)


def stored(entries: Iterator[Entry], database: Path) -> int:
    """Writes pages and links in place of those of the last run, a hundred pages to a transaction."""
    written = 0
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            "DROP TABLE IF EXISTS pages; CREATE TABLE pages (url TEXT, title TEXT, words INTEGER);"
            "DROP TABLE IF EXISTS links; CREATE TABLE links (url TEXT, target TEXT);"
        )
        while some := list(islice(entries, 100)):
            with connection:
                connection.executemany("INSERT INTO pages VALUES (?, ?, ?)", (entry[:3] for entry in some))
                links = ((entry.url, target) for entry in some for target in entry.links)
                connection.executemany("INSERT INTO links VALUES (?, ?)", links)
            written += len(some)
    return written


def linked(entries: Iterator[Entry]) -> Counter[str]:
    """Counts the links that lead to each address."""
    return Counter(link for entry in entries for link in entry.links)


def words(entries: Iterator[Entry]) -> int:
    """Counts the words."""
    return sum(entry.words for entry in entries)


def report(stored: int, words: int, linked: Counter[str], database: Path) -> str:
    """What came of it, to read."""
    most = "\n".join(f"{links:>7,} links lead to {url}" for url, links in linked.most_common(3))
    return f"{most}\n{stored:,} pages, {words:,} words, {linked.total():,} links: see {database}"


def crawler(concurrency: int) -> PipelineDef:
    """The pipeline, with so many pages fetched at once."""
    return pipeline(
        name="crawl",
        params=Params,
        steps=[
            http,
            urls,
            step("pages", fn=fetch, inputs={"url": "urls"}, concurrency=concurrency, timeout=10, on_error="continue"),
            entries,
            stored,
            words,
            linked,
            report,
        ],
    )


crawl = crawler(concurrency=50)


async def compare(site: str, concurrency: int) -> tuple[RunResult, RunResult]:
    """Crawls a site with so many pages fetched at once, and again one page at a time."""
    async with new_client() as client:
        params = Params(site, client=client)
        many = await async_run(crawler(concurrency), params, outputs=["entries", "report"])
        one = await async_run(crawler(1), params, outputs=["entries", "report"])
    return many, one


class Site(ThreadingHTTPServer):
    """A site of so many pages, a few of them broken, served by threads as long as this is a context."""

    request_queue_size = 1_000  # by default 5; more that come at once would wait a second and try again

    def __init__(self, pages: int, delay: float, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.thread = Thread(target=self.serve_forever, args=(0.05,))
        self._pages, self._delay = pages, delay

    def __enter__(self) -> "Site":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, path: str) -> tuple[int, str]:
        """The status and the text for a path, after a while."""
        time.sleep(self._delay)
        if path == "/sitemap.txt":
            return 200, "".join(f"{self.address}/{number}\n" for number in range(self._pages))
        number = int(path[1:]) if path[1:].isdecimal() else self._pages
        if number >= self._pages or number % 90 == 41:
            return 404, "There is no such page."
        return (500, "This page is broken.") if number % 250 == 60 else (200, html(number, self._pages))


class Answer(BaseHTTPRequestHandler):
    """The site's side of a connection."""

    protocol_version = "HTTP/1.1"  # the connection is kept
    wbufsize = -1  # head and body leave together; else the body waits for the head to be acknowledged

    def handle(self) -> None:
        """Answers until either side hangs up."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answers a request."""
        assert isinstance(self.server, Site)
        status, text = self.server.answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"text/{'plain' if self.path.endswith('.txt') else 'html'}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps silent."""


def html(number: int, pages: int) -> str:
    """A page of the site: texts that have to be escaped, nested tags, links, and what only looks like links."""
    hostile = "'); DROP TABLE pages;-- 1 < 2 && \"R&D\" <b>bold</b> <a href='/no'> &amp; </title> crème brûlée 東京"
    title = escape(f"{number}: {hostile[:number]}")
    text = escape(f"{hostile} " * (number % 7))
    targets = "/", f"/{(number + 1) % pages}#top", f"{number // 2}", f"/{number**2 % pages}#a&amp;b"
    links = "\n".join(f'<li>to <a class="x" href="{to}">page <b>n<i>ear</i>by</b></a></li>' for to in targets)
    return f"""<!DOCTYPE html>
<html><head><title>{title}</title><script>if (1 < 2) write("<a href='/script'>no link</a>")</script></head>
<body><!-- <a href="/comment">no link</a> --><h1>{title}</h1>
<p>{text} <em>caf&eacute; <b>&#9749;</b></em></p><ul>{links}</ul></body></html>
"""


def main() -> None:
    """Serves the site, crawls it twice and prints what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1_000, metavar="N", help="so many pages has the site")
    parser.add_argument("--delay", type=int, default=20, metavar="MS", help="it takes so many milliseconds to answer")
    parser.add_argument("--concurrency", type=int, default=50, metavar="N", help="so many pages are fetched at once")
    parser.add_argument("--site", metavar="URL", help="crawl another site, which has a sitemap.txt")
    parser.add_argument("--serve", type=int, metavar="PORT", help="only serve the site, until Ctrl-C")
    arguments = parser.parse_args()
    if arguments.pages < 1 or arguments.concurrency < 1 or arguments.delay < 0:
        parser.error("--pages and --concurrency must be at least 1, and --delay at least 0")
    try:
        with Site(arguments.pages, arguments.delay / 1_000, arguments.serve or 0) as site:
            if arguments.serve is not None:
                print(f"{arguments.pages:,} pages at {site.address}", flush=True)
                site.thread.join()
            many, one = asyncio.run(compare(arguments.site or site.address, arguments.concurrency))
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, OverflowError, StepError) as error:
        sys.exit(str(error))
    dropped, also = ([str(letter.error).partition("\n")[0] for letter in each.dead_letters] for each in (many, one))
    print(*(f"dropped: {error}" for error in dropped), many["report"], sep="\n")
    if (many["entries"], dropped) != (one["entries"], also):
        sys.exit("one at a time, something else came of it")
    print(
        f"{arguments.concurrency} at a time: {many.seconds:.1f} s; one at a time: {one.seconds:.1f} s; "
        f"{one.seconds / many.seconds:.1f} times as fast"
    )


if __name__ == "__main__":
    main()
