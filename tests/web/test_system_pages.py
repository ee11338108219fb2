"""A system's page of a period in which its estate changed: what is counted, and from when."""

import re
from collections.abc import Callable, Iterator

import pytest
from parts import loaded

from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import estates
from collector.web.app import create_app

worksite = loaded("web/worksite.py")

ADDED = "  - {id: news, unit: office, name: 通知公告, service: portal-db, target: 99%}\n"
LATER = worksite.ESTATE.replace("assets:\n", f"{ADDED}assets:\n", 1).replace("all: [portal", "any: [portal")
CHANGED = "2026-11-19 08:00:00"  # the first of two days that are over


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Another estate at the end of its first day: the portal is put together otherwise, a system is new."""
    closed = worksite._close

    def close(made: object) -> None:
        closed(made)
        worksite._close = closed
        read = read_estate("estate.yaml", lambda _: LATER.encode(), installed())
        estates.apply(made.context, read, by="admin")

    worksite._close = close
    try:
        with worksite.site(tmp_path_factory.mktemp("system") / "collector", days=3) as made:
            yield made
    finally:
        worksite._close = closed


@pytest.fixture
def visit(site) -> Callable[[str], str]:
    client = create_app(site.context, site.publisher).test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "admin", "password": worksite.PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    return lambda path: str(client.get(path).text)


def proven(text: str) -> int:
    """The sum of a page's own table of observations."""
    table = text.partition('aria-label="数字背后的证据')[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in table.split("<tr")[2:]]
    return sum(int(re.sub(r"<.*?>|\D", "", row[5])) for row in rows)


@pytest.mark.parametrize("system", ["portal", "news"])
def test_observations_are_those_of_the_table_below_though_a_run_reached_over_the_change(
    visit, system: str
) -> None:
    text = visit(f"/systems/{system}")
    shown = int(text.partition("<dt>观测次数</dt><dd>")[2].partition("</dd>")[0])
    assert shown == proven(text) > 100


def test_days_before_a_system_was_in_the_estate_are_said_beside_the_strip_and_the_figure(visit) -> None:
    text = visit("/systems/news")
    assert text.count(f"自 {CHANGED} 起计") == 2
    assert "起计" not in visit("/systems/portal")  # it was there from the first estate on
    assert "起计" not in visit("/systems/news?from=2026-11-20")
