"""What tests of pages in a real browser share: the browser, people in it, what is hard to use."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
DESK, PHONE = (1280, 900), (390, 844)
PATIENCE_MS = 180_000
PASSWORD = "Right-horse-7"


@dataclass
class Served:
    """A collector's address, and what the tests have of it."""

    url: str
    site: object


@contextmanager
def launched() -> Iterator[object]:
    """A browser; its event loop is this thread's, so it must end with the module that asked for it."""
    if CHROMIUM is None:
        pytest.skip("NOT TESTED: chromium is not installed, so no page was looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED: playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@contextmanager
def stranger(browser, size: tuple[int, int] = DESK, **options: object) -> Iterator[object]:
    """A page of nobody yet."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@contextmanager
def watched(browser, size: tuple[int, int] = DESK, **options: object) -> Iterator[object]:
    """The same; console errors and failed requests fail the test."""
    wrong: list[str] = []
    with stranger(browser, size, **options) as page:
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        # A request that the next page cut off, or that became a download, has not failed.
        aborted = "net::ERR_ABORTED"
        page.on("requestfailed", lambda asked: asked.failure == aborted or wrong.append(asked.url))
        yield page
    assert wrong == []


def login(page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/login")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/")


@contextmanager
def opened(browser, served: Served, name: str, size: tuple[int, int] = DESK) -> Iterator[object]:
    """A page of somebody who is logged in."""
    with watched(browser, size, base_url=served.url, locale="zh-CN") as page:
        login(page, served.url, name, PASSWORD)
        yield page


def serious(page) -> list[str]:
    """Findings of axe that are serious or critical, each with its places."""
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def too_wide(page) -> int:
    """By how many pixels the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def hard_to_use(page, where: str) -> list[str]:
    """All of it, each with the place where it was seen."""
    wide = too_wide(page)
    found = [f"{where}: {one}" for one in serious(page)]
    return found + ([f"{where}: {wide} px wider than the screen"] if wide > 0 else [])
