"""The pages about backups: both languages, files behind their tables, and in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import granian_server
from collector.web.app import create_app, whole

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).resolve().parents[2] / "web" / "vendor" / "axe.min.js"
PAGES = ("/backups", "/backups/county/xian-2/oa-db", "/backups/city/oa-db?month=2026-10")
TABLES = (
    *("backups", "backup-problems", "backup-alerts", "backup-success", "backup-weeks", "backup-full"),
    "backup-clauses",
    *(f"backup-{name}" for name in ("slots", "points", "copies", "drills")),
)


@pytest.fixture(scope="module")
def client(site: Any) -> Any:
    made = create_app(site.context).test_client()
    page = made.get("/login").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    word = __import__("backupsite").worksite.PASSWORD
    assert (
        made.post("/login", data={"csrf_token": token, "name": "admin", "password": word}).status_code == 302
    )
    return made


def test_the_pages_say_what_stands_against_each_object(client: Any) -> None:
    page = client.get("/backups").text
    for said in ("第二份与第一份不一致", "其他账号可读", "从未恢复演练", "HA-08", "2026-W46"):
        assert said in page, said
    one = client.get("/backups/county/xian-2/oa-db").text
    for said in ("漏备份", "20261114.dmp", "不一致", "可恢复的日期", "每天 00:00–05:00", "1 个月"):
        assert said in one, said
    assert "第二份与第一份不一致" in client.get("/today").text


def test_the_pages_speak_english(client: Any) -> None:
    page = client.get("/language?to=en&next=/backups", follow_redirects=True).text
    for said in ("second copy differs", "Backups of the last 35 days", "never tested by a restore"):
        assert said in page, said
    client.get("/language?to=zh&next=/backups")


def test_an_object_that_is_not_there_is_not_found(client: Any) -> None:
    assert client.get("/backups/nobody").status_code == 404
    assert client.get("/tables/backup-slots.xlsx?object=nobody").status_code == 404


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_saved_as_a_workbook(client: Any, name: str) -> None:
    answer = client.get(f"/tables/{name}.xlsx?object=county/xian-1/oa-db&month=2026-11")
    assert answer.status_code == 200 and answer.data.startswith(b"PK")


@pytest.mark.parametrize(("kind", "magic"), [("xlsx", b"PK"), ("json", b'{"v"')])
def test_the_record_is_saved_from_the_page(client: Any, kind: str, magic: bytes) -> None:
    page = client.get("/backups").text
    assert f"<option>{kind}</option>" in page and 'name="period" value="2026-11"' in page
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "period": "2026-11", "kind": kind}
    answer = client.post("/backups-record", data=fields)
    assert answer.status_code == 200 and answer.data.startswith(magic)
    refused = client.post("/backups-record", data={**fields, "period": "soon"}, follow_redirects=True)
    assert "无法导出" in refused.text and "soon 不是考核期" in refused.text
    empty = client.post("/backups-record", data={**fields, "period": "2025"}, follow_redirects=True)
    assert "2025 没有到期的备份" in empty.text


@pytest.fixture(scope="module")
def browser(site: Any) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("NOT TESTED: chromium is not installed, so no page was looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="NOT TESTED: playwright is not installed")
    app = whole(create_app(site.context, site.publisher))
    with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port, playwright.sync_playwright() as pw:
        opened = pw.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=180_000
        )
        yield opened, f"http://127.0.0.1:{port}"
        opened.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)], ids=["desk", "phone"])
def test_no_page_is_hard_to_use_without_eyes_or_too_wide(browser: Any, width: int, height: int) -> None:
    chromium, url = browser
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto(f"{url}/login")
    page.fill("#name", "admin")
    page.fill("#password", __import__("backupsite").worksite.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/")
    wrong = []
    for path in PAGES:
        assert page.goto(url + path).status == 200
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
        wrong += [(path, one["id"]) for one in found if one["impact"] in ("serious", "critical")]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong += [(path, f"{wide} px too wide")] if wide > 0 else []
    context.close()
    assert wrong == []
