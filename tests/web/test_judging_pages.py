"""Pages of judging in a real browser, on real evidence under a contract: they work and fit."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from collector import granian_server
from collector.jobs import derive
from collector.web.app import create_app, whole

_SPEC = importlib.util.spec_from_file_location("judged_site", Path(__file__).with_name("judged_site.py"))
judged_site = importlib.util.module_from_spec(_SPEC)
sys.modules["judged_site"] = judged_site
_SPEC.loader.exec_module(judged_site)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PASSWORD = judged_site.worksite.PASSWORD
PAGES = [
    "/",
    "/today",
    "/scorecard?period=2026-10",
    "/scorecard/line/inspection?unit=centre&period=2026-10",
    "/obligations",
    "/obligations/LH-31",
    "/faults?period=2026-10",
    "/findings",
    "/statements",
    "/statements/new/visit",
    "/statements/new/document_filed",
    "/archive",
    "/documents",
    "/periods",
    "/settlement",
]
SIZES = [(1280, 900), (390, 844)]
pytestmark = pytest.mark.browser


@dataclass
class Served:
    url: str
    site: object


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("judged") / "collector"
    with judged_site.site(place, "luohe-2026", days=30) as site:
        app = whole(create_app(site.context, site.publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
            yield Served(f"http://127.0.0.1:{port}", site)


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("NOT TESTED: chromium is not installed, so no page was looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED: playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(chromium, served, name: str) -> Iterator[object]:
    """A page of somebody who is logged in; console errors and failed requests fail the test."""
    context = chromium.new_context(
        viewport={"width": SIZES[0][0], "height": SIZES[0][1]}, base_url=served.url, locale="zh-CN"
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("requestfailed", lambda asked: asked.failure == "net::ERR_ABORTED" or wrong.append(asked.url))
    page.goto("/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{served.url}/")
    yield page
    context.close()
    assert wrong == []


def serious(page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def too_wide(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_no_page_of_judging_is_hard_to_use_without_eyes_or_too_wide(chromium, served) -> None:
    wrong: list[str] = []
    with opened(chromium, served, "admin") as page:
        for path in PAGES:
            assert page.goto(path).status == 200, path
            wrong += [f"{path}: {one}" for one in serious(page)]
            wrong += [f"{path}: {wide} px too wide"] if (wide := too_wide(page)) > 0 else []
        page.set_viewport_size({"width": SIZES[1][0], "height": SIZES[1][1]})
        page.goto("/language?to=en&next=/")
        for path in PAGES:
            page.goto(path)
            wrong += [f"{path} (phone): {wide} px too wide"] if (wide := too_wide(page)) > 0 else []
    assert wrong == []


def test_the_scorecard_is_the_first_page_and_nothing_unproven_is_green(chromium, served) -> None:
    with opened(chromium, served, "gast") as page:
        assert "考核表" in page.locator("h1").inner_text()
        visit = page.locator("td[data-label='上门回访']").last
        assert "0 – 8 / 8" in visit.inner_text() and "mark-ok" not in visit.get_attribute("class")
        page.goto("/scorecard/line/visit?unit=office")
        state = page.locator("dd .st").first
        assert state.inner_text() == "未证实" and "st-ok" not in state.get_attribute("class")
        assert "考核期未结束" in page.locator("section[aria-label='尚未证实']").inner_text()


def test_from_a_line_one_gets_to_the_entry_that_proves_it(chromium, served) -> None:
    with opened(chromium, served, "gast") as page:
        page.goto("/scorecard?period=2026-10")
        page.locator("td[data-label='日常巡检'] a").first.click()
        page.wait_for_url("**/scorecard/line/inspection**")
        page.locator("section[aria-label='计入的证据'] a.ref").first.click()
        page.wait_for_url("**/evidence/*")
        assert page.locator(".st-ok", has_text="验证通过").count() == 3


def test_a_statement_is_made_in_a_form_and_says_through_whose_session(chromium, served) -> None:
    with opened(chromium, served, "zhao") as page:
        page.goto("/statements/new/visit?unit=office")
        page.fill("#f-at", "2026-11-20T09:30")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        assert "已填报" in page.locator(".notice-ok").inner_text()
        row = page.locator("section[aria-label='已填报'] tbody tr").first
        assert "上门回访" in row.inner_text() and "经 zhao 的登录会话录入" in row.inner_text()
        derive.catch_up(served.site.context)
        page.goto("/scorecard/line/visit?unit=office")
        assert "满分" in page.locator("dd .st").first.inner_text()
        assert page.request.get("/statements/new/satisfaction").status == 403


def test_what_needs_two_people_waits_for_the_second(chromium, served) -> None:
    with opened(chromium, served, "qian") as page:
        page.goto("/statements/new/finding_closed")
        assert "第二个账号" in page.locator(".notice").first.inner_text()
        page.select_option("#f-finding", index=1)
        page.fill("#f-reason", "已更换硬盘")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        waiting = page.locator("section[aria-labelledby='waiting']")
        assert "隐患销项" in waiting.inner_text() and waiting.locator("form").count() == 0
    with opened(chromium, served, "buyer") as page:
        page.goto("/statements")
        page.locator("section[aria-labelledby='waiting'] form button").click()
        assert "已确认" in page.locator(".notice-ok").inner_text()
        assert page.locator("section[aria-labelledby='waiting']").count() == 0


def test_a_document_goes_on_file_with_its_digest(chromium, served, tmp_path: Path) -> None:
    (tmp_path / "维护记录.txt").write_bytes(b"maintained")
    with opened(chromium, served, "zhao") as page:
        page.goto("/archive")
        page.locator("summary").click()
        page.locator("#content tr", has_text="维护记录").locator("a").first.click()
        page.wait_for_url("**/statements/new/document_filed**")
        assert page.locator("#f-item").input_value() == "maintenance-record"
        page.set_input_files("#document", tmp_path / "维护记录.txt")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        page.goto("/archive")
        files = page.locator("section[aria-label='已归档文件']").inner_text()
        assert "维护记录.txt" in files and sha256(b"maintained").hexdigest()[:8] in files


def test_a_period_is_sealed_by_a_manager_and_by_nobody_below(chromium, served) -> None:
    with opened(chromium, served, "zhao") as page:
        page.goto("/periods")
        assert page.locator("form[action='/periods/seal']").count() == 0
    with opened(chromium, served, "qian") as page:
        page.goto("/periods")
        before = page.locator("form[action='/periods/seal']").count()
        page.locator("form[action='/periods/seal'] button").first.click()
        assert "已封存" in page.locator(".notice-ok").inner_text()
        assert page.locator("form[action='/periods/seal']").count() == before - 1
        assert "封存" in page.locator("section[aria-label='封存与更正记录']").inner_text()


def test_the_ledger_is_a_calendar_of_words_and_a_fault_asks_for_statements(chromium, served) -> None:
    with opened(chromium, served, "gast") as page:
        page.goto("/obligations")
        row = page.locator(".duties tr", has_text="LH-31")
        assert row.locator(".st").count() >= 2
        for hidden in row.locator(".slot .visually-hidden").all_inner_texts():
            assert hidden.strip()
        page.goto("/faults?period=2026-10")
        page.locator("a[href*='/faults/portal']").first.click()
        assert "故障发生" in page.locator("section[aria-label='时间线']").inner_text()
        assert "级别认定" in page.locator("section[aria-labelledby='asks']").inner_text()


@pytest.mark.parametrize("form", ["docx", "json"])
def test_documents_are_saved_from_the_page(chromium, served, form: str, tmp_path: Path) -> None:
    with opened(chromium, served, "zhao") as page:
        page.goto("/scorecard?period=2026-10")
        page.select_option("#form", form)
        with page.expect_download() as caught:
            page.locator("form[action='/documents/make'] button").click()
        caught.value.save_as(tmp_path / "saved")
        magic = {"docx": b"PK\x03\x04", "json": b'{"v"'}[form]
        assert (tmp_path / "saved").read_bytes().startswith(magic)
        assert caught.value.suggested_filename == f"scorecard-2026-10.{form}"


def test_every_table_of_judging_has_a_file_behind_its_link(chromium, served) -> None:
    links: set[str] = set()
    with opened(chromium, served, "admin") as page:
        for path in PAGES[2:]:
            page.goto(path)
            found = "[...document.querySelectorAll('a[href^=\"/tables/\"]')].map(a => a.getAttribute('href'))"
            links |= set(page.evaluate(found))
        assert len(links) >= 17
        for link in sorted(links):
            answer = page.request.get(link)
            assert answer.status == 200 and answer.body()[:4] == b"PK\x03\x04", link


def test_what_cannot_be_asked_of_a_scorecard_is_named(chromium, served) -> None:
    with opened(chromium, served, "gast") as page:
        get = page.request.get
        nope = get("/scorecard?period=nope")
        assert nope.status == 404 and "nope" in nope.text() and "2026-06" in nope.text()
        assert get("/archive?period=nope").status == 404 and "2026-06" in get("/faults?period=nope").text()
        early = get("/scorecard?period=2027-05")
        assert early.status == 404 and "2027-05-10" in early.text()
        for field, value in (
            ("as_of", "yesterday"),
            ("option.nope", "1"),
            ("option.count", "never"),
            ("what_if", "visit:nope=1,at=2026-11-20"),
        ):
            answer = get("/scorecard", params={"period": "2026-10", field: value})
            assert answer.status == 400 and field in answer.text(), field
        assert get("/scorecard?period=2026-10&as_of=2030-01-01").status == 404


def test_a_supposed_statement_and_another_reading_are_shown_as_that(chromium, served) -> None:
    with opened(chromium, served, "gast") as page:
        supposed = "visit:unit=office,at=2026-10-20T10:00:00+08:00"
        page.goto(f"/scorecard?period=2026-10&what_if={supposed.replace('+', '%2B')}")
        assert "不是现行考核表" in page.locator(".notice-warn").first.inner_text()
        visit = page.locator("td[data-label='上门回访']").last
        assert visit.inner_text().startswith("8 / 8")
        visit.locator("a").click()
        assert "what_if" in page.url and "不是现行考核表" in page.locator(".notice-warn").first.inner_text()
        page.goto("/scorecard?period=2026-10")
        assert page.locator("td[data-label='上门回访']").last.inner_text().startswith("0 – 8")
