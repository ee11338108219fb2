"""What people see, in a real browser on a real server: it works, fits, and can be read aloud."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from parts import loaded

from collector import granian_server
from collector.web.app import create_app, whole

browsing = loaded("web/browsing.py")
worksite = loaded("web/worksite.py")

PAGES = [
    "/",
    "/systems",
    "/systems/portal",
    "/systems/archive",
    "/rounds",
    "/rounds/weekly/2026-11-16",
    "/assets",
    "/assets/db-01",
    "/assets/sw-core-1",
    "/backups",
    "/scans",
    "/agents",
    "/agents/web-01",
    "/evidence",
    "/evidence/0",
    "/evidence/1",
    "/evidence/70",
    "/settings",
    "/password",
]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsing.Served]:
    place = tmp_path_factory.mktemp("browser") / "collector"
    with worksite.site(place, days=30) as site:
        app = whole(create_app(site.context, site.publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
            yield browsing.Served(f"http://127.0.0.1:{port}", site)


@pytest.fixture(scope="module")
def cookies(chromium, served) -> object:
    """What a browser keeps after the login of an admin."""
    with browsing.watched(chromium) as page:
        browsing.login(page, served.url, "admin", worksite.PASSWORD)
        return page.context.storage_state()


@pytest.fixture(params=[browsing.DESK, browsing.PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, chromium, cookies) -> Iterator[object]:
    """At a desk and on a phone."""
    with browsing.watched(chromium, request.param, storage_state=cookies) as opened:
        yield opened


@pytest.fixture
def desk(chromium, cookies) -> Iterator[object]:
    """At a desk only."""
    with browsing.watched(chromium, storage_state=cookies) as opened:
        yield opened


def test_no_page_is_hard_to_use_without_eyes_or_too_wide(page, served) -> None:
    wrong: list[str] = []
    for path in PAGES:
        answer = page.goto(served.url + path)
        assert answer.status == 200, path
        wrong += browsing.hard_to_use(page, path)
    assert wrong == []


def test_english_pages_fit_too(page, served) -> None:
    page.goto(f"{served.url}/language?to=en&next=/")
    wrong = []
    for path in PAGES:
        page.goto(served.url + path)
        if (wide := browsing.too_wide(page)) > 0:
            wrong.append(f"{path}: {wide} px wider than the screen")
    assert wrong == []
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_door_and_its_refusal_can_be_read_aloud_too(chromium, served) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto(f"{served.url}/login")
    assert browsing.serious(page) == []
    page.fill("#name", "nobody")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    assert page.locator("[role=alert]").inner_text() == "账号或密码不正确。"
    assert browsing.serious(page) == []
    page.goto(f"{served.url}/nothing/here")
    assert browsing.serious(page) == []
    context.close()


def test_from_a_figure_one_gets_to_the_proof_of_its_evidence(desk, served) -> None:
    desk.goto(f"{served.url}/systems/portal")
    assert desk.locator("svg.strip").get_attribute("aria-label").startswith("90 天可用情况")
    desk.locator("section[aria-label^='故障'] a.ref").first.click()
    desk.wait_for_url("**/evidence/*")
    assert desk.locator(".st-ok", has_text="验证通过").count() == 3  # signature, content, inclusion
    assert desk.get_by_text("结果").count()


def test_from_a_record_one_gets_to_the_very_line(desk, served) -> None:
    desk.goto(f"{served.url}/rounds/weekly/2026-11-16")
    desk.locator("section[aria-label^='五'] a.ref").nth(2).click()
    desk.wait_for_url("**/evidence/*")
    row = desk.locator("tr:target")
    assert row.count() == 1 and "db-01" in row.inner_text()


def test_unknown_and_missed_are_words_and_never_green(desk, served) -> None:
    desk.goto(f"{served.url}/")
    services = desk.locator("#services")
    for name in ("办公邮件", "档案系统"):
        state = services.locator("tr", has_text=name).locator(".st")
        assert state.inner_text() == "未知" and "st-ok" not in state.get_attribute("class")
    assert "mail-01" in desk.locator("#silent").inner_text()
    holes = desk.locator("#unwatched").inner_text()
    assert "archive" in holes and "sw-core-1" in holes


def test_the_parts_of_today_refresh_themselves(page, served) -> None:
    page.goto(f"{served.url}/")
    with page.expect_response("**/?poll=1") as caught:
        page.evaluate("htmx.ajax('GET', '/?poll=1', {target: '#parts'})")
    assert caught.value.status == 200
    page.wait_for_selector("#parts .tiles")
    assert page.locator("#parts .tile").count() == 6


@pytest.mark.parametrize("kind", ["xlsx", "docx", "json", "pdf"])
def test_a_record_can_be_saved(desk, served, kind: str, tmp_path: Path) -> None:
    desk.goto(f"{served.url}/rounds/weekly/2026-11-16")
    with desk.expect_download() as caught:
        desk.locator(f"a[href*='/records/{kind}/']").click()
    saved = tmp_path / "saved"
    caught.value.save_as(saved)
    magic = {"pdf": b"%PDF", "json": b'{"v"'}.get(kind, b"PK\x03\x04")
    assert saved.read_bytes().startswith(magic)
    assert caught.value.suggested_filename == f"weekly-2026-11-16.{kind}"


def test_every_table_has_a_file_behind_its_link(desk, served) -> None:
    links: set[str] = set()
    for path in PAGES:
        desk.goto(served.url + path)
        links |= set(
            desk.evaluate("[...document.querySelectorAll('a[href^=\"/tables/\"]')].map(a => a.href)")
        )
    assert len(links) >= 15
    for link in links:
        answer = desk.request.get(link)
        assert answer.status == 200 and answer.body()[:4] == b"PK\x03\x04", link


def test_on_paper_nothing_runs_over_the_edge_of_the_sheet(desk, served) -> None:
    sheet = 1030  # an A4 sheet on its side between its margins, in pixels of CSS
    desk.emulate_media(media="print")
    desk.set_viewport_size({"width": sheet, "height": 700})
    for path in ("/systems/portal", "/rounds/weekly/2026-11-16", "/backups", "/evidence/70"):
        desk.goto(f"{served.url}{path}")
        assert desk.evaluate("document.documentElement.scrollWidth") <= sheet, path
        assert desk.locator(".navbar").first.is_hidden()


def test_the_menu_opens_on_a_phone_and_can_be_reached_by_keyboard(page, served) -> None:
    page.goto(f"{served.url}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    button = page.locator("[data-menu]")
    if button.is_visible():
        assert not page.locator("#menu").is_visible()
        button.click()
        assert button.get_attribute("aria-expanded") == "true"
    page.locator("#menu a", has_text="存证日志").click()
    page.wait_for_url("**/evidence")


def test_an_agent_is_approved_by_its_code_and_invited_by_a_token(desk, served) -> None:
    from collector.store import agents

    desk.goto(f"{served.url}/agents")
    desk.fill("#code", "0000-0000-0000-0000-0000-0000")
    desk.locator("form[action='/agents/approve'] button").click()
    assert "没有执行" in desk.locator(".notice-bad").inner_text()
    with served.site.context.read() as conn:
        waiting = [one for one in agents.every(conn) if one.state == "pending"]
    if waiting:
        desk.fill("#code", waiting[0].code)
        desk.locator("form[action='/agents/approve'] button").click()
        assert "已批准" in desk.locator(".notice-ok").inner_text()
    desk.fill("#asset", "sw-core-1")
    desk.locator("form[action='/agents/token'] button").click()
    assert "enrol1." in desk.locator(".notice-ok").inner_text()
    desk.reload()
    assert "enrol1." not in desk.content()
