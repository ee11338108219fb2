"""The form in a browser, at a desk and on a phone: readable aloud, wide enough, large enough to touch."""

import shutil
from pathlib import Path

import pytest

from collector import granian_server
from collector.web.app import create_app, whole

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
LIST, ROOM = "/human/list/walk/2026-11-16", "/human/asset/room-1/walk/2026-11-16"
PICTURE = bytes.fromhex(  # a grey point, as PNG
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636000000002000148afa4710000000049454e44ae426082"
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("NOT TESTED: chromium is not installed, so no form was looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED: playwright is not installed")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
        )
        yield made
        made.close()


@pytest.fixture(params=SIZES)
def page(request, browser, walk):
    """Somebody who has logged in, at the page's size; `walk` is the collector behind it."""
    width, height = SIZES[request.param]
    app = whole(create_app(walk.context, walk.yard.publisher))
    with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
        url = f"http://127.0.0.1:{port}"
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=url)
        context.set_default_timeout(180_000)
        opened = context.new_page()
        opened.goto("/login")
        opened.fill("#name", "zhao")
        opened.fill("#password", "Right-horse-7")
        opened.click("button[type=submit]")
        opened.wait_for_url(f"{url}/")
        yield opened
        context.close()


def wrong_with(page, where):
    """What is hard to use on the page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    wrong = [
        f"{where}: {one['id']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('main .touch')].filter(one => one.offsetParent"
        " && one.getBoundingClientRect().height < 44).map(one => one.outerHTML.slice(0, 80))"
    )
    return wrong + ([f"{where}: {wide} px too wide"] if wide > 0 else []) + small


def test_a_person_walks_from_arrival_to_sign_off(page, walk, tmp_path):
    wrong = []
    page.goto(ROOM)
    wrong += wrong_with(page, "before the arrival")
    page.click("main form button")
    page.wait_for_selector("input[name=state-water]")
    assert page.locator("input:checked").count() == 0
    wrong += wrong_with(page, "empty form")
    page.fill("#note-water", "空调下方有水渍")
    page.click("text=提交存证")
    assert "请选择结果" in page.locator("[role=alert]").inner_text()
    assert page.input_value("#note-water") == "空调下方有水渍"
    wrong += wrong_with(page, "refused form")
    page.locator("label.choice-crit").first.click()
    page.locator("label.choice-ok").nth(1).click()
    page.fill("#value-temperature", "23.5")
    picture = tmp_path / "water.png"
    picture.write_bytes(PICTURE)
    page.set_input_files("#photo-water", str(picture))
    page.click("text=提交存证")
    page.wait_for_selector(".notice-ok")
    wrong += wrong_with(page, "entered form")
    page.locator("summary", has_text="更正").first.click()
    wrong += wrong_with(page, "correction")
    page.goto(LIST)
    wrong += wrong_with(page, "list")
    page.click("text=签核 >> nth=-1")
    page.wait_for_selector("text=已签核")
    wrong += wrong_with(page, "signed list")
    page.goto("/language?to=en&next=/human/asset/web-01/walk/2026-11-16")
    wrong += wrong_with(page, "form in English")
    page.goto("/rounds/walk/2026-11-16")
    wrong += wrong_with(page, "round")
    assert wrong == []
    assert walk.occasion().human.done == 2
