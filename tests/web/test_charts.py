"""Strips: what is bad stays visible, what nobody watched is not green, the future is empty."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from collector.web import charts

DAY = 86_400_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
START = int(datetime(2026, 11, 16, tzinfo=SHANGHAI).timestamp() * 1000)


def drawn(segments, days: int) -> list[ElementTree.Element]:
    made = charts.days(segments, START, START + days * DAY, SHANGHAI)
    text = charts.strip(made, 'a "label" & more', [day.name for day in made], "x")
    root = ElementTree.fromstring(str(text))
    assert root.get("aria-label") == 'a "label" & more' and root.get("role") == "img"
    return root.findall("{http://www.w3.org/2000/svg}g")


def test_a_day_without_evidence_is_hatched_and_not_green() -> None:
    column = drawn([(START, START + DAY, "unknown")], 1)[0]
    fills = [rect.get("fill") for rect in column.findall("{http://www.w3.org/2000/svg}rect")]
    assert fills == ["url(#xu)"]


def test_the_future_is_an_empty_frame() -> None:
    columns = drawn([(START, START + DAY // 2, "up")], 2)
    assert columns[1].find("{http://www.w3.org/2000/svg}rect").get("fill") == "none"


def test_ten_seconds_down_in_a_day_can_be_seen() -> None:
    parts = [(START, START + 10_000, "down"), (START + 10_000, START + DAY, "up")]
    rects = drawn(parts, 1)[0].findall("{http://www.w3.org/2000/svg}rect")
    assert [rect.get("fill") for rect in rects] == ["#2f9e5b", "#c92a2a"]
    assert float(rects[1].get("height")) >= 5
    assert abs(sum(float(rect.get("height")) for rect in rects) - 40) < 0.1


def test_segments_are_cut_at_local_midnight_and_add_up() -> None:
    segments = [
        (START, START + DAY + 3_600_000, "up"),
        (START + DAY + 3_600_000, START + 3 * DAY, "maintenance"),
    ]
    days = charts.days(segments, START, START + 3 * DAY, SHANGHAI)
    assert [day.amounts for day in days] == [
        {"up": DAY},
        {"up": 3_600_000, "excluded": DAY - 3_600_000},
        {"excluded": DAY},
    ]


def test_days_of_daylight_saving_have_23_and_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = 1_774_738_800_000  # 2026-03-29 00:00 in Berlin
    edges = charts.midnights(spring, spring + 2 * DAY, berlin)
    assert edges[1] - edges[0] == 23 * 3_600_000
    assert charts.midnights(0, 0, UTC) == [0]


def test_no_style_attribute_stands_in_a_chart() -> None:
    days = charts.days([(START, START + DAY, "degraded")], START, START + DAY, SHANGHAI)
    assert not re.search("style=", charts.strip(days, "l", ["n"], "x") + charts.swatch("down", "y"))
