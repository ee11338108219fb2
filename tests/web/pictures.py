"""Screenshots for the README: `python tests/web/pictures.py DIR` looks at the pages of an example estate.

With `--kept YEAR` at those of judging instead, over a contract's year that was played and kept
(`tests/demo_year/demo_year.py --pack luohe-2026 --days 76 --keep YEAR`), on the day it ends.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

import worksite
from playwright.sync_api import Browser, sync_playwright

from collector import granian_server
from collector.context import Context, open_context
from collector.jobs.checkpoints import Publisher
from collector.web.app import create_app, whole

# name, path, width, language, height of the picture (None: the whole page)
SHOTS = [
    ("today", "/", 1280, "zh", 900),
    ("system", "/systems/portal", 1280, "zh", 900),
    ("record", "/rounds/weekly/2026-11-16", 1280, "zh", 900),
    ("entry", "/evidence/200", 1280, "zh", 900),
    ("rounds", "/rounds", 1280, "zh", 900),
    ("today-en", "/", 1280, "en", 900),
    ("system-phone", "/systems/portal", 390, "zh", 844),
]
# What a played year shows.
JUDGED = [
    ("scorecard", "/scorecard?period=2", 1280, "zh", 1080),
    ("settlement", "/settlement", 1280, "zh", 900),
]
Shots = list[tuple[str, str, int, str, int]]


def shoot(browser: Browser, url: str, target: Path, shots: Shots) -> None:
    """Log in and take every picture."""
    for name, path, width, language, height in shots:
        context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1)
        context.set_default_timeout(180_000)
        page = context.new_page()
        page.goto(f"{url}/login")
        page.fill("#name", "admin")
        page.fill("#password", worksite.PASSWORD)
        page.click("button[type=submit]")
        page.goto(f"{url}/language?to={language}&next={path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(target / f"{name}.png"))
        context.close()
        print(target / f"{name}.png")


@contextmanager
def _site(kept: Path | None, place: Path) -> Iterator[tuple[Context, Publisher]]:
    """An example estate; or a copy of a year that was kept, its clock a minute after the last entry."""
    if kept is None:
        with worksite.site(place / "collector") as site:
            yield site.context, site.publisher
        return
    folder = Path(shutil.copytree(kept / "collector", place / "collector"))
    with closing(sqlite3.connect(folder / "collector.db")) as held:
        (last,) = held.execute("SELECT max(received) FROM entry").fetchone()
    with open_context(folder, lambda: last + 60_000) as context:
        yield context, Publisher(context)


def main() -> int:
    """Take the pictures; 2 if there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kept", type=Path, help="the folder that demo_year.py --keep left")
    asked = parser.parse_args()
    target = asked.directory
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("error: chromium is not installed", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, _site(asked.kept, Path(place)) as (context, publisher):
        app = whole(create_app(context, publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port, sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
            )
            shoot(browser, f"http://127.0.0.1:{port}", target, SHOTS if asked.kept is None else JUDGED)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
