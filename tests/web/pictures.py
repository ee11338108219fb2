"""Pictures of README and docs: `python tests/web/pictures.py DIR` looks at the pages of example estates.

With `--kept YEAR` at pages and documents of judging, of a contract's year that was played and kept
(`tests/demo_year/demo_year.py --pack luohe-2026 --days 76 --keep YEAR`), on the day it ends: of a Luohe year
its second month, of a Pingdingshan year its first cycle. With `--running URL --password ONE-TIME` at what
`make run` shows of this machine. docs/rounds.md has its own: tests/human/pictures.py.
"""

import argparse
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import worksite
from parts import loaded
from playwright.sync_api import Browser, Page, sync_playwright

from collector import granian_server
from collector.context import Context, open_context
from collector.jobs import derived
from collector.jobs.checkpoints import Publisher
from collector.reports import documents
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.web.app import create_app, whole

# name, path (or a selector of the link on a path: "PATH LINK"), height of the picture
Shots = tuple[tuple[str, str, int], ...]
EXAMPLE: Shots = (("system-example", "/systems/portal", 900),)
BACKUPS: Shots = (("backups", "/backups", 900),)
RUNNING: Shots = (
    ("today", "/today", 900),
    ("system", "/systems/roundseal", 900),
    ("record", "/rounds a[href*='/rounds/daily/run-']", 900),
    ("entry", "/rounds a[href*='/rounds/daily/run-'] a.ref", 900),
)
JUDGED: Shots = (
    ("scorecard", "/scorecard?period=2", 1080),
    ("fault", "/faults?period=2 a[href*='/faults/']", 1400),
)
# Of a pack: pages, and documents by name with their kind and period.
KEPT: dict[str, tuple[Shots, tuple[tuple[str, str, str], ...]]] = {
    "luohe": (JUDGED, (("scorecard-form", "scorecard", "2"),)),
    "pingdingshan": ((), (("quarterly-operation", "quarterly-operation", "1"),)),
}
NEW_PASSWORD = "Right-horse-7"  # that of a machine of one's own, for the pictures


def shoot(browser: Browser, url: str, target: Path, shots: Shots, password: str = worksite.PASSWORD) -> None:
    """Log in and take every picture."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, ignore_https_errors=True, base_url=url
    )
    context.set_default_timeout(180_000)
    page = context.new_page()
    _log_in(page, password)
    for name, path, height in shots:
        page.set_viewport_size({"width": 1280, "height": height})
        first, *links = path.split(" ")
        page.goto(first)
        for link in links:
            page.goto((page.locator(link).first.get_attribute("href") or first).partition("#")[0])
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(target / f"{name}.png"))
        print(target / f"{name}.png")
    context.close()


def _log_in(page: Page, password: str) -> None:
    """As admin; a one-time password is changed."""
    page.goto("/login")
    page.fill("#name", "admin")
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    if "/password" in page.url:
        for field in page.locator("input[type=password]").all():
            field.fill(password if field.get_attribute("id") in ("old", "current") else NEW_PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state("networkidle")
    page.goto("/language?to=zh&next=/")


@contextmanager
def _kept(kept: Path, place: Path) -> Iterator[tuple[Context, Publisher]]:
    """A copy of a year that was kept, its clock a minute after the last entry and half a second a look."""
    folder = Path(shutil.copytree(kept / "collector", place / "collector"))
    with closing(sqlite3.connect(folder / "collector.db")) as held:
        (last,) = held.execute("SELECT max(received) FROM entry").fetchone()
    ticks = count(last + 60_000, 500)
    with open_context(folder, lambda: next(ticks)) as context:
        derived.catch_up(context)
        yield context, Publisher(context)


def paint(context: Context, target: Path, wanted: tuple[tuple[str, str, str], ...]) -> None:
    """The first page of documents, as pictures."""
    for name, kind, period in wanted:
        span = span_of(context, period)
        data = documents.export(kind, Material(context, span, found_in(context, span), ""), "pdf")
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "one.pdf"
            file.write_bytes(data)
            words = ["pdftoppm", "-r", "85", "-f", "1", "-l", "1", "-png", "-singlefile"]
            subprocess.run([*words, str(file), str(target / name)], check=True)
        print(target / f"{name}.png")


def visit(browser: Browser, context: Context, publisher: Publisher, target: Path, shots: Shots) -> None:
    """Serve an estate and take its pictures."""
    app = whole(create_app(context, publisher))
    with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
        shoot(browser, f"http://127.0.0.1:{port}", target, shots)


def take(browser: Browser, asked: argparse.Namespace, target: Path, place: Path) -> None:
    """What was asked for."""
    if asked.running:
        shoot(browser, asked.running, target, RUNNING, asked.password)
    elif asked.kept is not None:
        with _kept(asked.kept, place) as (context, publisher):
            scheme = re.split("[-.]", context.origin)[0]
            shots, papers = KEPT[scheme]
            visit(browser, context, publisher, target, shots)
            paint(context, target, papers)
    else:
        with worksite.site(place / "collector") as site:
            visit(browser, site.context, site.publisher, target, EXAMPLE)
        with loaded("backups/collector/backupsite.py").site(place / "backups") as site:
            visit(browser, site.context, site.publisher, target, BACKUPS)


def main() -> int:
    """Take the pictures; 2 if there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kept", type=Path, help="the folder that demo_year.py --keep left")
    parser.add_argument("--running", help="address that make run printed")
    parser.add_argument("--password", default=worksite.PASSWORD)
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("error: chromium is not installed", file=sys.stderr)
        return 2
    asked.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
        )
        take(browser, asked, asked.directory, Path(place))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
