"""Screenshots for the README: `python tests/web/pictures.py DIR` looks at the pages of an example estate."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

import worksite
from playwright.sync_api import Browser, sync_playwright

from collector import granian_server
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


def shoot(browser: Browser, url: str, target: Path) -> None:
    """Log in and take every picture."""
    for name, path, width, language, height in SHOTS:
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


def main() -> int:
    """Take the pictures; 2 if there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    target = parser.parse_args().directory
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("error: chromium is not installed", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, worksite.site(Path(place) / "collector") as site:
        app = whole(create_app(site.context, site.publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port, sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
            )
            shoot(browser, f"http://127.0.0.1:{port}", target)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
