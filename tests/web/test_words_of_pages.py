"""Pages say in words what the core names by codes, and show of a period what was there in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from parts import loaded

from collector.documents.judging_view import Words
from collector.documents.numbers import points
from collector.documents.scorecard_tables import judged_by
from collector.packs.loading import packaged
from collector.scoring.model import Gap, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.web.app import create_app

judged_site = loaded("web/judged_site.py")

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Pages as an admin sees them: a path, or a path with a form to post."""
    with judged_site.site(tmp_path_factory.mktemp("words") / "collector", "luohe-2026", days=21) as site:
        client = create_app(site.context, site.publisher).test_client()

        def get(path: str, **form: str) -> str:
            if not form:
                answer = client.get(path, follow_redirects=True)
            else:
                page = client.get("/password").text
                token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
                answer = client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
            assert answer.status_code == 200, path
            return str(answer.text)

        token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"csrf_token": token, "name": "admin", "password": judged_site.worksite.PASSWORD}
        assert client.post("/login", data=form).status_code == 302
        yield get


def test_a_fault_stands_on_the_page_of_the_period_it_was_there_in(ask: Ask) -> None:
    assert "11-01 14:03:12 的故障" in ask("/faults?period=2026-10")
    assert "11-01 14:03:12 的故障" not in ask("/faults?period=2026-11")


def test_what_follows_from_the_contract_is_not_called_measured(ask: Ask) -> None:
    text = ask("/faults/portal@2026-11-01T06:03:12Z?period=2026-10").partition("时间线")[2]
    rows = text.split("<tr>")
    reckoned = [row for row in rows if "时限到期" in row]
    assert reckoned and all("按合同推算" in row and "机器测量" not in row for row in reckoned)
    assert any("机器测量" in row for row in rows if "监测发现" in row)


def test_an_obligation_names_the_line_that_prices_it(ask: Ask) -> None:
    text = ask("/obligations/LH-01?period=2026-10")
    assert "驻场人员缺岗" in text and "residents_absent" not in text


def test_a_round_is_called_by_its_name(ask: Ask) -> None:
    assert "每周巡检 2026-11-16" in ask("/rounds?month=2026-11")
    assert "<h1" in (text := ask("/rounds/weekly/2026-11-16")) and "每周巡检 2026-11-16</h1>" in text


def test_what_is_refused_to_an_admin_is_told_in_his_language(ask: Ask) -> None:
    assert "没有代理在等待此核对码" in ask("/agents/approve", code="no-such-code")
    ask("/language?to=en&next=/agents")
    assert "no agent waits with this code" in ask("/agents/approve", code="no-such-code")
    ask("/language?to=zh&next=/agents")


def test_a_system_without_a_service_says_so_in_words(ask: Ask) -> None:
    assert "现行台账没有为它配置服务" in ask("/systems/archive")


def test_points_at_stake_are_printed_as_the_total_is() -> None:
    """Of three units each counts a third: the points that hang on one of them are no even number."""
    made = packaged("luohe-2026")
    period = PackPeriod("p", 1, 0, 1, date(2026, 7, 10), date(2026, 8, 10))
    units = tuple(Unit(name, name, systems=(System(f"{name}-1", ""),)) for name in ("a", "b", "c"))
    facts = PeriodFacts(period, 2, units, (), ())
    judged = judged_by(made.pack, score(made, facts, {}), facts)
    whole = next(one for one in judged.card.lines if one.unit == "a" and one.full % 3)
    gap = Gap("visit", "not_stated", "a")
    line = replace(whole, gaps=(0,), low=Fraction(0), high=whole.full)
    card = replace(judged.card, lines=(line, *(one for one in judged.card.lines if one is not whole)))
    shown = replace(judged, card=card, facts=replace(facts, gaps=(gap,)))
    todo = Words(shown, "zh").todo()
    column = [one.key for one in todo.columns].index("j_stake")
    assert [row[column] for row in todo.rows] == [points(whole.full / 3, 2)]
    assert len(points(whole.full / 3).partition(".")[2]) == 2
