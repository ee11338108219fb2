"""Rounds that are planned, open or over, and looks whose next answer is still on its way."""

from collections.abc import Iterator

import pytest
from parts import loaded

from collector.cli_rounds import counts
from collector.estate.compiling import FLUSH_MS, FLUSH_PROBES_MS
from collector.jobs import rounds as jobs
from collector.store import series
from collector.web import looks
from collector.web.app import create_app

worksite = loaded("web/worksite.py")

DAY_MS = 86_400_000
MONDAY = "/rounds/weekly/2026-11-23"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    with worksite.site(tmp_path_factory.mktemp("rounds") / "collector", days=13) as made:
        yield made


@pytest.fixture
def visit(site) -> Iterator[object]:
    """Ask for a page at an instant, with a new login at it."""
    app = create_app(site.context, site.publisher)

    def get(path: str, ms: int = worksite.NOW) -> str:
        site.hands.ms = ms
        client = app.test_client()
        token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"csrf_token": token, "name": "admin", "password": worksite.PASSWORD}
        assert client.post("/login", data=form).status_code == 302
        answer = client.get(path)
        assert answer.status_code == 200
        return str(answer.text)

    yield get
    site.hands.ms = worksite.NOW


def test_a_planned_round_has_missed_nothing_and_concludes_nothing(visit) -> None:
    text = visit(MONDAY)
    assert "尚未到期" in text and "应检项" in text
    assert not [word for word in ("漏检", "结案", "没有发现问题", "结果一致") if word in text]


def test_an_open_round_has_items_outstanding_and_no_closing_time(visit) -> None:
    for clock in ("10:00", "18:00"):  # its window is open; it is over, and late looks still count
        text = visit(MONDAY, worksite.at("2026-11-23", clock))
        assert "四、待检" in text and "待检: 尚无结果" in text and "尚未结案" in text
        assert not [word for word in ("漏检", "结案时间", "结果一致") if word in text]


def test_the_command_calls_missing_only_what_a_closed_round_lacks(site) -> None:
    with site.context.read() as conn:
        found = jobs.ledger(conn, worksite.NOW, worksite.NOW - 20 * DAY_MS, worksite.NOW + 20 * DAY_MS)
    words = {one.state: counts(one) for one in found}
    assert "missing" in words["incomplete"] and "missing" not in words["planned"], words
    assert f"outstanding {next(one.due for one in found if one.state == 'planned')}" in words["planned"]


def test_today_shows_what_is_owed_first_and_one_planned_round_of_each(visit) -> None:
    text = visit("/", worksite.at("2026-11-23", "10:00"))
    table = text.partition('id="rounds"')[2].partition('id="silent"')[0]
    assert table.count("/rounds/weekly/2026-11-30") == 1 and "/rounds/weekly/2026-12-07" not in table
    order = [table.index(f"weekly/2026-11-{day}") for day in ("23", "16", "30")]
    assert order == sorted(order)


def test_a_figure_of_hardly_any_evidence_is_a_range_that_says_so(visit) -> None:
    text = visit("/systems/portal")
    headline = text.partition('<div class="figure">')[2].partition("</div>")[0]
    assert " … " in headline and "大部分时间无人观测: 覆盖率只有" in text


def test_what_may_still_be_on_its_way_is_not_too_old(site) -> None:
    with site.context.read() as conn:
        row = next(one for one in series.every(conn) if one.asset is None and one.hold)
    for asset, flush in ((None, FLUSH_PROBES_MS), ("web-01", FLUSH_MS)):
        one = row._replace(asset=asset)
        assert not looks._look(one, one.t + one.hold + flush).stale
        assert looks._look(one, one.t + one.hold + flush + 1).stale


def test_a_record_names_assets_and_the_limits_that_were_passed(site, visit) -> None:
    from collector.jobs import rounds
    from collector.reports import record as exports

    with site.context.read() as conn:
        closed = [one for one in rounds.ledger(conn, worksite.NOW, 0, worksite.NOW) if one.record]
    window = closed[-1].window.id
    found = exports.closed(site.context, window)
    full = [p for p in found.record.problems if p.check == "host.filesystem" and p.target == "db-01"]
    limited = [p for p in full if (p.check, p.target, p.reading.name) in found.beside.limits]
    assert full and limited, "db-01 may hold nothing"
    text = visit(f"/rounds/{window}")
    assert "db-01 数据库主机" in text and "使用率达到限值 ≥ 0 %" in text
    assert (
        "db-01 数据库主机"
        in exports.view(found.record, found.source, "zh", beside=found.beside).problems.rows[0]
    )
