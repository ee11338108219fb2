"""Pictures for docs/rounds.md: `python tests/human/pictures.py DIR` walks through a round on a phone."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from parts import loaded
from playwright.sync_api import Browser, sync_playwright

from collector import granian_server
from collector.inspection.human import Answer
from collector.web.app import create_app, whole

ESTATE = """
estate: linjiang
timezone: Asia/Shanghai
assets:
  - {id: web-01, kind: server, agent: web-01, name: 门户一号机}
  - {id: sw-core-1, kind: switch, name: 核心交换机}
  - {id: ups-1, kind: ups, name: 一号不间断电源}
  - {id: ac-1, kind: air_conditioner, name: 机房空调}
  - {id: room-1, kind: room, name: 主机房}
rounds:
  - {id: walk, name: 每日巡检, every: day, window: "09:00-11:00", human: {assets: all}}
"""


def answered(walk) -> None:
    """Some assets are done, one of them not as it should be."""
    walk.arrive()
    for asset, items in (("web-01", 7), ("ups-1", 3)):
        ids = ("cleaning", "lamps", "noise", "labels", "cabling", "mounting", "power_leads")[:items]
        answers = [Answer(one, "crit" if (asset, one) == ("ups-1", "noise") else "ok") for one in ids]
        walk.enter(asset, *answers)


def shoot(browser: Browser, url: str, target: Path) -> None:
    """The list, and a form that is being filled in."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=url)
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto("/login")
    page.fill("#name", "zhao")
    page.fill("#password", "Right-horse-7")
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/")
    page.goto("/human/list/walk/2026-11-16")
    page.screenshot(path=str(target / "human-list.png"))
    page.goto("/human/asset/room-1/walk/2026-11-16")
    page.locator("label.choice-ok").first.click()
    page.locator("label.choice-crit").nth(1).click()
    page.fill("#note-water", "空调下方地面有水渍")
    page.locator("#note-water").scroll_into_view_if_needed()
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=str(target / "human-form.png"))
    context.close()


def main() -> int:
    """Take the pictures; 2 if there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    target = parser.parse_args().directory
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("error: chromium is not installed", file=sys.stderr)
        return 2
    walks = loaded("human/conftest.py")
    with tempfile.TemporaryDirectory() as place, walks._walk(Path(place), ESTATE) as walk:
        answered(walk)
        app = whole(create_app(walk.context, walk.yard.publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port, sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
            )
            shoot(browser, f"http://127.0.0.1:{port}", target)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
