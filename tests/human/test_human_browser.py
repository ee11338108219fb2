"""The form in a browser, at a desk and on a phone: readable aloud, wide enough, large enough to touch."""

import pytest
from parts import loaded

from collector import granian_server
from collector.web.app import create_app, whole

browsing = loaded("web/browsing.py")

SIZES = {"desk": browsing.DESK, "phone": browsing.PHONE}
LIST, ROOM = "/human/list/walk/2026-11-16", "/human/asset/room-1/walk/2026-11-16"
PICTURE = bytes.fromhex(  # a grey point, as PNG
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636000000002000148afa4710000000049454e44ae426082"
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with browsing.launched() as made:
        yield made


@pytest.fixture(params=SIZES)
def page(request, browser, walk):
    """Somebody who has logged in, at the page's size; `walk` is the collector behind it."""
    app = whole(create_app(walk.context, walk.yard.publisher))
    with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
        url = f"http://127.0.0.1:{port}"
        with browsing.stranger(browser, SIZES[request.param], base_url=url) as opened:
            browsing.login(opened, url, "zhao", browsing.PASSWORD)
            yield opened


def wrong_with(page, where):
    """What is hard to use on the page as it stands."""
    small = page.evaluate(
        "[...document.querySelectorAll('main .touch')].filter(one => one.offsetParent"
        " && one.getBoundingClientRect().height < 44).map(one => one.outerHTML.slice(0, 80))"
    )
    return browsing.hard_to_use(page, where) + small


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
