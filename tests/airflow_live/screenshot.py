"""A picture of a run's graph in Airflow's own pages, taken by a headless Chromium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NODE = ".react-flow__node"


def screenshot(
    base: str, dag: str, run: str, tasks: Collection[str], target: Path, size: tuple[int, int] = (1400, 800)
) -> None:
    """Writes a PNG of the run's graph, once it shows all of those tasks.

    Args:
        base: The address of an Airflow where everybody is an admin.
        dag: The DAG's id.
        run: The run's id.
        tasks: What the boxes have to be labelled with.
        target: Where the picture goes.
        size: Its width and height.
    """
    assert CHROMIUM is not None, "no Chromium on PATH (apt-get install chromium): no picture is taken without"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            page = browser.new_page(viewport={"width": size[0], "height": size[1]}, device_scale_factor=2)
            page.add_init_script(_settings(dag))
            page.goto(f"{base}/auth/token/login", wait_until="domcontentloaded")
            # Airflow 3.0 goes nowhere else by itself, whatever `next` the address has.
            page.goto(f"{base}/dags/{quote(dag)}/runs/{quote(run, safe='')}", wait_until="domcontentloaded")
            for task in tasks:
                page.locator(NODE, has_text=task).first.wait_for(timeout=30_000)
            _still(page)
            page.screenshot(path=target)
        finally:
            browser.close()


def _settings(dag: str) -> str:
    """What the pages remember of earlier visits: the graph is what is looked at, in light colours."""
    stored = {
        f"dag_view-{dag}": '"graph"',
        "default_dag_view": '"graph"',
        "theme": "light",
        "chakra-ui-color-mode": "light",
    }
    return "".join(f"localStorage.setItem({json.dumps(key)}, {json.dumps(value)});" for key, value in stored.items())


def _still(page: Page) -> None:
    """Waits until the graph has been fitted into its frame: its nodes are where they were half a second ago."""
    page.wait_for_function(
        f"""() => {{
            const now = JSON.stringify([...document.querySelectorAll('{NODE}')].map(node => node.getBoundingClientRect()));
            const known = window.known;
            window.known = now;
            return known === now;
        }}""",
        polling=500,
        timeout=30_000,
    )
