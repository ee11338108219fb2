"""The line of inspections names, while it can still be kept, the assets because of which no round counts."""

from collections.abc import Callable, Iterator

import pytest
from parts import loaded

from collector.web.app import create_app

judged_site = loaded("web/judged_site.py")
worksite = judged_site.worksite

LINE = "/scorecard/line/inspection?period={}&unit={}"
RUNNING, OVER = "2026-11", "2026-10"
NAMED = "安排任何巡检: sw-core-1。"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The switch is of the portal, so of the centre, and no round looks at it."""
    estate = judged_site.estate_of("luohe-2026").replace("kind: switch", "kind: switch, system: portal")
    with judged_site.site(tmp_path_factory.mktemp("unplanned") / "collector", days=1, estate=estate) as made:
        yield made


@pytest.fixture(scope="module")
def visit(site) -> Callable[[str], str]:
    client = create_app(site.context, site.publisher).test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "admin", "password": worksite.PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    return lambda path: str(client.get(path).text)


def test_assets_that_no_round_looks_at_are_named_while_it_can_be_put_right(visit) -> None:
    assert NAMED in visit(LINE.format(RUNNING, "centre"))


@pytest.mark.parametrize(("period", "unit"), [(RUNNING, "office"), (OVER, "centre")])
def test_another_unit_and_a_period_that_is_over_have_no_such_words(visit, period: str, unit: str) -> None:
    text = visit(LINE.format(period, unit))
    assert "安排任何巡检" not in text and "judging-items" in text
