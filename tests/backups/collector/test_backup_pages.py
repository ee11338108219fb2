"""The pages about backups: both languages, files behind their tables, and in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from parts import loaded

from collector import granian_server
from collector.web.app import create_app, whole

browsing = loaded("web/browsing.py")

PAGES = ("/backups", "/backups/county/xian-2/oa-db", "/backups/city/oa-db?month=2026-10")
CUT_OFF = """() => [...document.querySelectorAll('.table-box')]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.getAttribute('aria-label'))"""
TABLES = (
    "backups",
    "backup-problems",
    "backup-alerts",
    "backup-success",
    "backup-weeks",
    "backup-full",
    "backup-clauses",
    *(f"backup-{name}" for name in ("slots", "points", "copies", "drills")),
)


@pytest.fixture(scope="module")
def client(site: Any) -> Any:
    made = create_app(site.context).test_client()
    page = made.get("/login").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    word = loaded("backups/collector/backupsite.py").worksite.PASSWORD
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
    app = whole(create_app(site.context, site.publisher))
    with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port, browsing.launched() as opened:
        yield opened, browsing.Served(f"http://127.0.0.1:{port}", site)


@pytest.mark.browser
@pytest.mark.parametrize("size", [browsing.DESK, browsing.PHONE], ids=["desk", "phone"])
def test_no_page_is_hard_to_use_without_eyes_or_too_wide(browser: Any, size: tuple[int, int]) -> None:
    chromium, served = browser
    wrong: list[str] = []
    with browsing.opened(chromium, served, "admin", size) as page:
        for path in PAGES:
            assert page.goto(path).status == 200
            wrong += browsing.hard_to_use(page, path)
            wrong += [f"{path}: {name} is cut off" for name in page.evaluate(CUT_OFF)]
    assert wrong == []
