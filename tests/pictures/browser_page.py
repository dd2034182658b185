"""The page in a real, headless Chromium. The nox session `browser` runs this file; it needs a Chromium on PATH."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from synaflow import PipelineDef, include, pipeline, run, step
from synaflow_graphviz import to_html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SHOTS = os.environ.get("SYNAFLOW_SCREENSHOTS")

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "no Chromium on PATH (apt-get install chromium): the page is NOT tested without"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A page that has been opened, and all it did that it should not do."""

    def __init__(self, browser: Browser, file: Path, scheme: str = "light") -> None:
        self.page: Page = browser.new_page(viewport={"width": 1300, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        self.bad: list[str] = []
        self.page.on("console", lambda message: self.bad.append(message.text))
        self.page.on("pageerror", lambda error: self.bad.append(str(error)))
        self.page.on("dialog", lambda dialog: self.bad.append(dialog.message))
        self.page.on("request", lambda request: self.bad.append(request.url) if request.url != file.as_uri() else None)
        self.page.goto(file.as_uri())

    def shot(self, name: str) -> None:
        """A picture for people, where one is asked for."""
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png")

    def faded(self, step: str) -> bool:
        """Whether that step's node is in the background."""
        script = """name => [...document.querySelectorAll('g.node')]
            .filter(node => node.querySelector('text')?.textContent === name)
            .map(node => node.classList.contains('near') || node.classList.contains('selected'))"""
        (near,) = self.page.evaluate(script, step)
        return not near


HOSTILE = "</script><img src=x onerror=\"alert('doc')\"> <b>bold</b> \\N &amp;"


def lines() -> Iterator[str]:
    yield from ("a", "b", "c")


def upper(line: str) -> str:
    return line.upper()


upper.__doc__ = HOSTILE


def count(upper: Iterator[str]) -> int:
    """How many there are."""
    return sum(1 for _ in upper)


def report(count: int) -> str:
    return f"{count} lines"


def apart(count: int) -> int:
    return count


def small() -> PipelineDef:
    return pipeline(
        "small <b>", steps=[lines, step("upper", upper, inputs={"line": "lines"}), count, report, step("apart", apart)]
    )


@pytest.fixture(scope="module")
def small_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "small page.html"
    to_html(small(), file, result=run(small(), stats=True))
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_the_network_for_nothing(browser: Browser, small_page: Path, scheme: str) -> None:
    opened = Watched(browser, small_page, scheme)
    assert opened.page.title().startswith("small <b>: ok in")
    assert opened.page.locator("g.node:not([id^=legend])").count() >= 5
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 25, 29)")
    paper = opened.page.evaluate("getComputedStyle(document.querySelector('.paper')).fill")
    assert paper == background, "the picture is of the same colour"
    opened.shot(f"small_{scheme}")
    assert opened.bad == []


def test_click_a_step(browser: Browser, small_page: Path) -> None:
    opened = Watched(browser, small_page)
    opened.page.locator("g.node", has=opened.page.get_by_text("count", exact=True)).first.click()
    details = opened.page.locator("#details")
    assert details.locator("h2").inner_text() == "count"
    told = details.inner_text()
    assert "count(upper: Iterator[str]) -> int" in told
    assert "browser_page.py:" in told
    assert "How many there are." in told
    assert "3 in" in told
    assert not opened.faded("report")
    assert not opened.faded("upper")
    assert opened.faded("lines")
    details.get_by_role("button", name="report").click()
    assert details.locator("h2").inner_text() == "report"
    opened.page.keyboard.press("Escape")
    assert details.locator("h2").inner_text().startswith("small <b>")
    assert opened.bad == []


def test_search_and_keyboard(browser: Browser, small_page: Path) -> None:
    opened = Watched(browser, small_page)
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("UPP")
    assert page.locator("#found").inner_text() == "1 found"
    page.keyboard.press("Enter")
    assert page.locator("#details h2").inner_text() == "upper"
    assert HOSTILE in page.locator("#details pre").nth(1).inner_text()
    assert page.locator("#details img").count() == 0
    page.keyboard.press("Escape")
    page.locator("g.node[tabindex]").first.focus()
    page.keyboard.press("Enter")
    first = page.locator("#details h2").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#details h2").inner_text() != first
    assert opened.bad == []


def test_pan_and_zoom(browser: Browser, small_page: Path) -> None:
    opened = Watched(browser, small_page)
    page = opened.page

    def scale() -> float:
        return float(
            page.evaluate("new DOMMatrix(getComputedStyle(document.querySelector('#drawing svg')).transform).a")
        )

    def shift() -> float:
        return float(
            page.evaluate("new DOMMatrix(getComputedStyle(document.querySelector('#drawing svg')).transform).e")
        )

    page.emulate_media(reduced_motion="reduce")
    settled = "want => Math.abs(new DOMMatrix(getComputedStyle(document.querySelector('#drawing svg')).transform).a - want) < .01"
    page.get_by_label("Zoom in").click()
    page.wait_for_function(settled, arg=1.2840254)
    page.keyboard.press("0")
    page.wait_for_function(settled, arg=1)
    page.keyboard.press("+")
    page.wait_for_function(settled, arg=1.2840254)
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "before => new DOMMatrix(getComputedStyle(document.querySelector('#drawing svg')).transform).a > before",
        arg=1.3,
    )
    before = shift()
    page.mouse.down()
    page.mouse.move(500, 450, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "before => Math.abs(new DOMMatrix(getComputedStyle(document.querySelector('#drawing svg')).transform).e - before) > 20",
        arg=before,
    )
    assert scale() > 1.2
    assert opened.bad == []


class Start(NamedTuple):
    start: int


def large() -> PipelineDef:
    """300 steps: twenty included pipelines, one after the other."""

    def part(at: int) -> PipelineDef:
        def source(start: int) -> Iterator[int]:
            """Numbers from the start on."""
            yield start

        steps = [step("source", source)]
        for number in range(12):

            def more(xs: Iterator[int]) -> Iterator[int]:
                """One more."""
                for x in xs:
                    yield x + 1

            steps.append(step(f"more{number}", more, inputs={"xs": f"more{number - 1}" if number else "source"}))

        def total(xs: Iterator[int]) -> int:
            """All together."""
            return sum(xs)

        steps += [step("total", total, inputs={"xs": "more11"}), step("check", total, inputs={"xs": "more5"})]
        return pipeline(f"part{at}", Start, steps, exports="total")

    def start() -> int:
        return 1

    steps: list[object] = [step("first", start)]
    for at in range(20):
        before = "first" if at == 0 else f"part{at - 1}"
        steps.append(include(f"part{at}", pipeline=part(at), inputs={"start": before}))
    return pipeline("large", steps=steps)  # type: ignore[arg-type]


def test_three_hundred_steps(browser: Browser, tmp_path: Path) -> None:
    """They open with their boxes folded; one is opened, and the way leads back."""
    subject = large()
    assert len(subject.steps) == 301
    to_html(subject, tmp_path / "large.html")
    opened = Watched(browser, tmp_path / "large.html")
    page = opened.page
    opened.shot("large_folded")
    assert page.locator("g.node[tabindex]").count() == 21
    page.locator("g.node", has_text="part7").first.click()
    assert page.locator("#details h2").inner_text() == "include: part7"
    page.get_by_role("button", name="Open it").click()
    opened.shot("large_box")
    assert page.locator("g.node", has_text="more11").count() == 1
    page.locator("g.node", has_text="more11").click()
    assert page.locator("#details h2").inner_text() == "part7__more11"
    page.get_by_role("button", name="Boxes").click()
    assert page.locator("g.node[tabindex]").count() == 21
    page.fill("#search", "part12__more3")
    page.keyboard.press("Enter")
    assert page.locator("#details h2").inner_text() == "part12__more3"
    assert page.locator("g.node[tabindex]").count() == 301
    assert opened.bad == []
