"""Pages of judging in a real browser, on real evidence under a contract: they work and fit."""

import importlib
import re
from hashlib import sha256
from pathlib import Path

import pytest
from parts import loaded

from collector import granian_server
from collector.jobs import derive
from collector.web.app import create_app, whole

browsing = loaded("web/browsing.py")


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
    "/term",
]
CUT_OFF = """() => [...document.querySelectorAll('.table-box')]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.getAttribute('aria-label'))"""
pytestmark = pytest.mark.browser


def test_no_page_of_judging_is_hard_to_use_without_eyes_or_too_wide(chromium, judged) -> None:
    wrong: list[str] = []
    with browsing.opened(chromium, judged, "admin") as page:
        for path in PAGES:
            assert page.goto(path).status == 200, path
            wrong += browsing.hard_to_use(page, path)
            wrong += [f"{path}: {name} is cut off" for name in page.evaluate(CUT_OFF)]
        page.set_viewport_size({"width": browsing.PHONE[0], "height": browsing.PHONE[1]})
        page.goto("/language?to=en&next=/")
        for path in PAGES:
            page.goto(path)
            wrong += [f"{path} (phone): {wide} px too wide"] if (wide := browsing.too_wide(page)) > 0 else []
    assert wrong == []


def test_the_scorecard_is_the_first_page_and_nothing_unproven_is_green(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "gast") as page:
        assert "考核表" in page.locator("h1").inner_text()
        visit = page.locator("td[data-label='上门回访']").last
        assert "0 – 8 / 8" in visit.inner_text() and "mark-ok" not in visit.get_attribute("class")
        page.goto("/scorecard/line/visit?unit=office")
        state = page.locator("dd .st").first
        assert state.inner_text() == "未证实" and "st-ok" not in state.get_attribute("class")
        assert "考核期未结束" in page.locator("section[aria-label='尚未证实']").inner_text()


def test_from_a_line_one_gets_to_the_entry_that_proves_it(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "gast") as page:
        page.goto("/scorecard?period=2026-10")
        cell = page.locator("td[data-label='日常巡检'][class*='mark-']").first
        colour = cell.evaluate("one => getComputedStyle(one).backgroundColor")
        assert colour not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"), "a state is seen without reading it"
        page.locator("td[data-label='日常巡检'] a").first.click()
        page.wait_for_url("**/scorecard/line/inspection**")
        page.locator("section[aria-label='计入的证据'] a.ref").first.click()
        page.wait_for_url("**/evidence/*")
        assert page.locator(".st-ok", has_text="验证通过").count() == 3


def test_a_statement_is_made_in_a_form_and_says_through_whose_session(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "zhao") as page:
        page.goto("/statements/new/visit?unit=office")
        page.fill("#f-at", "2026-11-20T09:30")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        assert "已填报" in page.locator(".notice-ok").inner_text()
        row = page.locator("section[aria-label='已填报'] tbody tr").first
        assert "上门回访" in row.inner_text() and "经 zhao 的登录会话录入" in row.inner_text()
        derive.catch_up(judged.site.context)
        page.goto("/scorecard/line/visit?unit=office")
        assert "满分" in page.locator("dd .st").first.inner_text()
        assert page.request.get("/statements/new/satisfaction").status == 403


def test_what_needs_two_people_waits_for_the_second(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "qian") as page:
        page.goto("/statements/new/finding_closed")
        assert "第二个账号" in page.locator(".notice").first.inner_text()
        page.select_option("#f-finding", index=1)
        page.fill("#f-reason", "已更换硬盘")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        waiting = page.locator("section[aria-labelledby='waiting']")
        assert "隐患销项" in waiting.inner_text() and waiting.locator("form").count() == 0
    with browsing.opened(chromium, judged, "buyer") as page:
        page.goto("/statements")
        page.locator("section[aria-labelledby='waiting'] form button").click()
        assert "已确认" in page.locator(".notice-ok").inner_text()
        assert page.locator("section[aria-labelledby='waiting']").count() == 0


def test_a_document_goes_on_file_with_its_digest(chromium, judged, tmp_path: Path) -> None:
    (tmp_path / "维护记录.txt").write_bytes(b"maintained")
    with browsing.opened(chromium, judged, "zhao") as page:
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


def unconfirmed(page, name: str) -> None:
    """Without the second answer, with another period's, or of what has changed: nothing is sealed."""
    token = page.locator("form[action='/periods/seal'] input[name=csrf_token]").get_attribute("value")
    seen = page.locator("input[name=seen]").get_attribute("value")
    for more in ({}, {"confirm": "2026-01", "seen": seen}, {"confirm": name, "seen": "0" * 64}):
        sent = {"period": name, "csrf_token": token, **more}
        answer = page.request.post("/periods/seal", form=sent, max_redirects=0)
        assert answer.status == 302 and answer.headers["location"].startswith("/periods/closing"), more


def test_a_period_is_sealed_by_a_manager_and_by_nobody_below(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "zhao") as page:
        page.goto("/periods")
        assert page.locator("a[href^='/periods/closing']").count() == 0
        assert page.request.get("/periods/closing?period=2026-07").status == 403
    with browsing.opened(chromium, judged, "qian") as page:
        page.goto("/periods")
        before = page.locator("a[href^='/periods/closing']").count()
        assert page.locator("form[action='/periods/seal']").count() == 0
        page.locator("a[href^='/periods/closing']").first.click()
        page.wait_for_url("**/periods/closing**")
        name = page.locator("input[name=confirm]").get_attribute("value")
        shown = page.locator("section[aria-labelledby='what']").inner_text()
        assert all(one in shown for one in (f"封存 {name}", "总分", "不能撤销", "已证实的考核子项"))
        assert browsing.serious(page) == [] and browsing.too_wide(page) <= 0
        unconfirmed(page, name)
        page.locator("form[action='/periods/seal'] button").click()
        assert "已封存" in page.locator(".notice-ok").inner_text()
        assert page.locator("a[href^='/periods/closing']").count() == before - 1
        assert "封存" in page.locator("section[aria-label='封存与更正记录']").inner_text()


def test_the_ledger_is_a_calendar_of_words_and_a_fault_asks_for_statements(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "gast") as page:
        page.goto("/obligations")
        row = page.locator(".duties tr", has_text="LH-31")
        assert row.locator(".st").count() >= 2
        for hidden in row.locator(".slot .visually-hidden").all_inner_texts():
            assert hidden.strip()
        page.set_viewport_size({"width": browsing.PHONE[0], "height": browsing.PHONE[1]})
        # Each turn below its week, and nothing beside the page: no sideways scrolling.
        assert page.evaluate(CUT_OFF) == [] and browsing.too_wide(page) <= 0
        shown = row.locator("td.slot:visible")
        assert 0 < shown.count() <= row.locator("td.slot .st").count() and browsing.serious(page) == []
        assert shown.first.evaluate("one => getComputedStyle(one, '::before').content") != "none"
        page.set_viewport_size({"width": browsing.DESK[0], "height": browsing.DESK[1]})
        page.goto("/faults?period=2026-10")
        page.locator("a[href*='/faults/portal']").first.click()
        page.wait_for_url(re.compile("/faults/portal"))  # all of it has come
        assert "故障发生" in page.locator("section[aria-label='时间线']").inner_text()
        assert "级别认定" in page.locator("section[aria-labelledby='asks']").inner_text()
        assert page.locator("a[href*='fault_acknowledged']").count() == 0  # he may not
    with browsing.opened(chromium, judged, "zhao") as page:
        page.goto("/faults?period=2026-10")
        page.locator("a[href*='/faults/portal']").first.click()
        page.locator("a[href*='/statements/new/fault_acknowledged']").click()
        page.wait_for_url(re.compile("/statements/new/"))
        assert page.locator("#f-fault").input_value().startswith("portal@")


@pytest.mark.parametrize("form", ["docx", "json"])
def test_documents_are_saved_from_the_page(chromium, judged, form: str, tmp_path: Path) -> None:
    with browsing.opened(chromium, judged, "zhao") as page:
        page.goto("/scorecard?period=2026-10")
        page.select_option("#form", form)
        with page.expect_download() as caught:
            page.locator("form[action='/documents/make'] button").click()
        caught.value.save_as(tmp_path / "saved")
        magic = {"docx": b"PK\x03\x04", "json": b'{"v"'}[form]
        assert (tmp_path / "saved").read_bytes().startswith(magic)
        assert caught.value.suggested_filename == f"scorecard-2026-10.{form}"


def test_every_table_of_judging_has_a_file_behind_its_link(chromium, judged) -> None:
    links: set[str] = set()
    with browsing.opened(chromium, judged, "admin") as page:
        for path in PAGES[2:]:
            page.goto(path)
            found = "[...document.querySelectorAll('a[href^=\"/tables/\"]')].map(a => a.getAttribute('href'))"
            links |= set(page.evaluate(found))
        assert len(links) >= 17
        for link in sorted(links):
            answer = page.request.get(link)
            assert answer.status == 200 and answer.body()[:4] == b"PK\x03\x04", link


def test_a_supposed_statement_and_another_reading_are_shown_as_that(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "gast") as page:
        supposed = "visit:unit=office,at=2026-10-20T10:00:00+08:00"
        page.goto(f"/scorecard?period=2026-10&what_if={supposed.replace('+', '%2B')}")
        assert "不是现行考核表" in page.locator(".notice-warn").first.inner_text()
        visit = page.locator("td[data-label='上门回访']").last
        assert visit.inner_text().startswith("8 / 8")
        visit.locator("a").click()
        assert "what_if" in page.url and "不是现行考核表" in page.locator(".notice-warn").first.inner_text()
        page.goto("/scorecard?period=2026-10")
        assert page.locator("td[data-label='上门回访']").last.inner_text().startswith("0 – 8")


def test_a_viewer_sees_no_link_that_is_closed_to_him(chromium, judged) -> None:
    found = "[...document.querySelectorAll('main a[href^=\"/\"]')].map(a => a.getAttribute('href'))"
    with browsing.opened(chromium, judged, "gast") as page:
        links: set[str] = set()
        for path in (*(one for one in PAGES if "/new/" not in one), "/faults", "/scans"):
            page.goto(path)
            links |= set(page.evaluate(found))
        # One of each kind of address is enough: entries, tables, lines.
        shapes = {re.sub(r"[0-9][^/?&]*", "0", link): link for link in sorted(links)}
        assert len(shapes) > 30
        for link in shapes.values():
            assert page.request.get(link).status == 200, link


def test_every_link_to_a_form_opens_it_with_what_the_link_says(chromium, judged) -> None:
    mine = "main a[href^='/statements/new/']"
    found = f"[...document.querySelectorAll(\"{mine}\")].map(a => a.getAttribute('href'))"
    for name in ("admin", "zhao", "buyer"):
        with browsing.opened(chromium, judged, name) as page:
            links: set[str] = set()
            for path in ("/statements", "/archive", "/faults?period=2026-10"):
                page.goto(path)
                links |= set(page.evaluate(found))
            # One of each kind with the same names in its query is enough.
            shapes = {re.sub(r"=[^&]*", "", link): link for link in sorted(links)}
            for link in shapes.values():
                assert page.request.get(link).status == 200, (name, link)


def test_the_buyer_confirms_what_the_vendor_said_alone_and_nobody_twice(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "qian") as page:
        page.goto("/faults?period=2026-10")
        page.locator("a[href*='/faults/portal']").first.click()
        page.locator("section[aria-labelledby='asks'] a", has_text="级别认定").click()
        page.select_option("#f-level", "2")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        page.locator("section[aria-label='已填报'] tbody tr a").first.click()
        page.wait_for_url(re.compile(r"/statements/[0-9]+$"))
        where = page.url
        assert page.locator("form[action$='/join']").count() == 0  # not he himself
        assert "还没有其他账号" in page.locator("section[aria-labelledby='joined']").inner_text()
    with browsing.opened(chromium, judged, "buyer") as page:
        page.goto("/statements")
        assert "单方填报" in page.locator("#alone").inner_text()
        page.goto(where)
        page.locator("form[action$='/join'] button").click()
        page.wait_for_url("**/statements")
        assert "已确认" in page.locator(".notice-ok").inner_text()
        assert page.locator("#alone").count() == 0
        page.goto(where)
        assert page.locator("form[action$='/join']").count() == 0
        assert "buyer" in page.locator("section[aria-labelledby='joined']").inner_text()


def test_a_form_of_satisfaction_is_shown_row_by_row_and_can_be_corrected(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "buyer") as page:
        page.goto("/statements/new/satisfaction?unit=office&period=2026-11")
        for number, value in enumerate(("satisfied", "mostly", "satisfied", "not_satisfied", "satisfied"), 1):
            page.select_option(f"#f-row{number}", value)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        page.locator("section[aria-label='已填报'] tbody tr a").first.click()
        facts = page.locator("section[aria-labelledby='fields']").inner_text()
        for line in ("第1项评价", "第4项评价", "不满意", "基本满意"):
            assert line in facts
        page.get_by_role("link", name="更正").click()
        assert page.locator("#f-row4").input_value() == "not_satisfied"
        page.select_option("#f-row4", "mostly")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/statements")
        assert "已被更正" in page.locator("section[aria-label='已填报'] tbody tr").nth(1).inner_text()


def test_a_payment_is_settled_by_a_manager_or_the_buyer_once_its_periods_are_sealed(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "qian") as page:
        page.goto("/settlement")
        assert page.locator("form[action='/settlement/seal']").count() == 0
        for name in ("2026-06", "2026-07", "2026-08"):
            page.goto("/periods")
            link = page.locator(f"a[href='/periods/closing?period={name}']")
            if link.count():  # another test may have sealed one
                link.click()
                page.locator("form[action='/periods/seal'] button").click()
                page.wait_for_url("**/periods")
        page.goto("/settlement")
        assert page.locator("form[action='/settlement/seal']").count() == 1
    with browsing.opened(chromium, judged, "zhao") as page:
        page.goto("/settlement")
        assert page.locator("form[action='/settlement/seal']").count() == 0
        token = page.request.get("/settlement").text().partition('csrf_token" value="')[2].partition('"')[0]
        sent = {"payment": "payment-1"}
        assert page.request.post("/settlement/seal", form=sent).status == 400  # not from a page of ours
        assert page.request.post("/settlement/seal", form={**sent, "csrf_token": token}).status == 403
    with browsing.opened(chromium, judged, "buyer") as page:
        page.goto("/settlement")
        page.locator("form[action='/settlement/seal'] button").click()
        assert "已结算" in page.locator(".notice-ok").inner_text()
        assert page.locator("form[action='/settlement/seal']").count() == 0
        logged = page.locator("section[aria-label='已存证的结算']").inner_text()
        assert "第 1 次付款" in logged and "buyer" in logged


@pytest.mark.parametrize("path", ["/periods", "/settlement"])
def test_a_page_is_filled_in_when_the_thread_has_its_figures(chromium, judged, path: str) -> None:
    app = create_app(judged.site.context, judged.site.publisher)
    job = importlib.import_module("collector.web.renewing").Renewing(app)
    with app.app_context():
        importlib.import_module("collector.web.judging_now").figures().renewing = job._want
    with granian_server.listening(whole(app), "127.0.0.1", 0, None, 4) as port:
        there = browsing.Served(f"http://127.0.0.1:{port}", judged.site)
        with browsing.opened(chromium, there, "zhao") as page:
            page.goto(path)
            assert page.locator("tbody .st", has_text="正在计算").count() > 0
            assert browsing.serious(page) == [] and browsing.too_wide(page) <= 0
            job.start()
            try:
                page.wait_for_selector("#parts:not([hx-get])", timeout=120_000)
            finally:
                job.stop()
            assert page.locator("tbody .st", has_text="正在计算").count() == 0
            assert page.locator("#parts").count() == 1 and page.locator("tbody tr").count() > 0
            assert browsing.serious(page) == [] and browsing.too_wide(page) <= 0
