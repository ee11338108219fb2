"""A fault that ran over the edge of two periods: each page, and each document, counts it where it began."""

import re
from collections.abc import Callable, Iterator

import pytest
from parts import loaded

from collector.documents.draft import PARTS
from collector.jobs import derive
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.web.app import create_app

judged_site = loaded("web/judged_site.py")
worksite = judged_site.worksite

BEFORE, AFTER = "2026-10", "2026-11"  # the tenth of a month to that of the next
EDGE = worksite.at("2026-11-10")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Three hours before the edge to three hours after it."""
    kept = worksite.NOW, worksite.OUTAGES
    worksite.NOW = EDGE + 12 * worksite.HOUR
    worksite.OUTAGES = {"portal-db": [(EDGE - 3 * worksite.HOUR, EDGE + 3 * worksite.HOUR, "timeout")]}
    try:
        place = tmp_path_factory.mktemp("edge") / "collector"
        with judged_site.site(place, days=1, silent=True) as made:  # what people say there is of a later day
            made.hands.ms += 1000
            derive.catch_up(made.context)
            yield made
    finally:
        worksite.NOW, worksite.OUTAGES = kept


@pytest.fixture(scope="module")
def visit(site) -> Callable[[str], str]:
    client = create_app(site.context, site.publisher).test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "admin", "password": worksite.PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    return lambda path: str(client.get(path).text)


@pytest.mark.parametrize(("period", "count"), [(BEFORE, 1), (AFTER, 0)])
def test_page_and_document_count_a_fault_where_it_began(site, visit, period: str, count: int) -> None:
    text = visit(f"/faults?period={period}")
    assert re.findall(r'tile-number">(\d+)</div><div class="tile-label">本期发生的故障', text) == [str(count)]
    span = span_of(site.context, period)
    (table,) = PARTS["faults"](Material(site.context, span, found_in(site.context, span)), "zh")
    assert len(table.rows) == count and table.title == "本期发生的故障清单"
    assert ("延续到本期" in text) is (count == 0)


def test_the_page_of_the_later_period_leads_to_the_fault_of_the_earlier(visit) -> None:
    link = re.search(r'延续到本期.*?<a href="([^"]+)"', visit(f"/faults?period={AFTER}"), re.S)
    assert link is not None and "门户网站" in visit(link[1].replace("&amp;", "&"))
