"""Parts of documents of judging: special rounds, numbers of devices, what is to be done, satisfaction."""

import io
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from openpyxl import load_workbook
from parts import loaded

from checks.plan import Window
from collector.documents.measures import measures
from collector.documents.parts_measures import verdict
from collector.documents.parts_trend import stretches
from collector.inspection.record import Counts, ItemReading, MachineItem, Place, Record
from collector.jobs import derive, statements
from collector.reports.documents import draft, export, period_words
from collector.reports.material import Looked, Material, Span
from collector.reports.material_found import found_in, span_of
from collector.reports.record_view import EmptyRecordError

judged_site = loaded("web/judged_site.py")
worksite = judged_site.worksite

ESTATE = """
estate: linjiang
timezone: Asia/Shanghai
contract: {pack: luohe-2026, start: 2026-06-10}
units:
  - {id: centre, name: 交易中心}
  - {id: office, name: 办公室}
systems:
  - {id: portal, unit: centre, name: 门户网站}
  - {id: mail, unit: office, name: 办公邮件}
assets:
  - {id: web-01, kind: server, system: portal, agent: web-01, name: 门户一号机, model: R740, location: A3-12}
  - {id: db-01, kind: server, system: portal, agent: db-01, params: {host.memory: {used: {warn: 1, crit: 2}}}}
  - {id: mail-01, kind: server, system: mail, agent: mail-01}
  - {id: sw-1, kind: switch}
rounds:
  - {id: weekly, name: 每周巡检, every: week, on: monday, window: "09:00-17:00", assets: [web-01, db-01],
     checks: [host.cpu, host.memory]}
  - {id: holiday, name: 节前巡检, before: national-day, days: 5, assets: [web-01, db-01],
     checks: [host.memory]}
"""
PERIOD = "2026-09"  # from the 10th to 9 October


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    with worksite.site(tmp_path_factory.mktemp("parts") / "collector", 60, ESTATE) as made:
        with made.context.write() as conn:
            worksite.accounts.create(conn, "buyer", worksite.PASSWORD, "buyer", must_change=False)
        rows = {f"row{n}": "satisfied" for n in range(1, 5)} | {"row5": "mostly"}
        said = {"period": PERIOD, "unit": "centre", **rows, "text": "响应及时"}
        statements.add(made.context, "satisfaction", said, by="buyer")
        made.hands.ms += 1000
        derive.catch_up(made.context)
        yield made


def material_of(site, period: str) -> Material:
    span = span_of(site.context, period)
    return Material(site.context, span, found_in(site.context, span))


@pytest.fixture(scope="module")
def material(site) -> Material:
    return material_of(site, PERIOD)


def tables(made) -> dict[str, object]:
    return {table.name: table for table in made.tables}


def test_a_report_of_special_rounds_holds_no_weekly_one(site, material: Material) -> None:
    special = tables(draft("special-inspection", material, "zh"))["doc-rounds"]
    assert [row[0] for row in special.rows] == ["节前巡检 2026-10-01"]
    monthly = tables(draft("monthly-inspection", material, "zh"))["doc-rounds"]
    assert {row[0].split()[0] for row in monthly.rows} == {"节前巡检", "每周巡检"}
    with pytest.raises(EmptyRecordError):
        draft("special-inspection", material_of(site, "2026-10"), "zh")


def test_a_round_that_somebody_started_is_special_too(site, material: Material) -> None:
    own = Material(site.context, material.span, material.found, special=True)
    weekly = next(one for one in material.occasions if one.round == "weekly")
    by_hand = replace(weekly, window=replace(weekly.window, id="weekly/run-20260928T010203Z"))
    assert not own._is_special(weekly) and own._is_special(by_hand)


def test_what_is_summed_up_is_what_the_parts_say(material: Material) -> None:
    made = tables(draft("monthly-inspection", material, "zh"))
    said = dict(made["doc-summary"].rows)
    rounds = made["doc-rounds"].rows
    assert said["巡检"].startswith(f"应巡检 {len(rounds)} 轮，已结案 {len(rounds)} 轮")
    assert said["设备"] == "在册 4 台(个)，本期巡检到 2，未巡检到 2"
    states = [row[0] for row in made["doc-problems"].rows]
    assert said["发现的问题"].startswith(f"异常 {states.count('crit')} 项，预警 {states.count('warn')} 项")
    assert "数据备份" not in said and "业务系统可用率" not in said, "nothing is said of what was not measured"


def test_numbers_are_those_of_the_records_and_change_against_the_period_before(site) -> None:
    made = tables(draft("performance", material_of(site, "2026-10"), "zh"))["doc-measures"]
    row = next(row for row in made.rows if row[0] == "门户一号机 (web-01)" and "内存" in row[1])
    assert row[2] == 5 and row[3] == row[4] == row[5], "the same was seen each time"
    assert row[6] == row[4] and row[7] == "0 %" and row[8].startswith("#")


def item(value: object, entry: int, unit: str = "percent") -> MachineItem:
    reading = ItemReading("memory", value, unit, "ok")
    return MachineItem("host.memory", 1, "a", "a", "a", 0, False, "ok", (reading,), "same", Place(entry, 7))


def record_of(*items: MachineItem) -> Record:
    counts = Counts(*[0] * 10)
    window = Window("weekly/1", 0, 1, 2)
    head = (1, "weekly", "", window, "UTC", "", 0, "", counts)
    return Record(*head, (), (), (), (), items, (), None)


def test_what_gave_no_number_is_no_measure_and_the_most_names_its_entry() -> None:
    found = measures(
        [record_of(item(10, 1), item(None, 2)), record_of(item(Fraction(61, 2), 3)), record_of()]
    )
    one = found["a", "host.memory", "a", "memory"]
    assert (one.count, one.least, one.most, one.mean) == (2, 10, Fraction(61, 2), Fraction(81, 4))
    assert (one.entry, one.line) == (3, 7) and (one.first, one.last) == (10, Fraction(61, 2))
    assert not measures([record_of(item(3, 1, "count"))]), "counts are judged, and stand among the problems"


def test_a_device_nobody_looked_at_is_not_well(material: Material) -> None:
    rows = tables(draft("device-year", material, "zh"))["doc-sheet"].rows
    said = {row[0].split()[0]: row[11] for row in rows}
    # What this machine makes of web-01 is its own: verdicts in full below.
    assert (said["db-01"], said["mail-01"], said["sw-1"]) == (
        "有异常或未结隐患",
        "本期未巡检到",
        "本期未巡检到",
    )
    assert rows[0][1:3] == ("服务器 R740", "A3-12")


@pytest.mark.parametrize(
    ("seen", "open_", "word"),
    [
        (None, 0, "unseen"),
        (Looked("a"), 1, "unseen"),
        (Looked("a", looks=4), 0, "ok"),
        (Looked("a", looks=4), 1, "crit"),
        (Looked("a", looks=4, warn=1, unknown=1), 0, "warn"),
        (Looked("a", looks=4, errors=1), 0, "unknown"),
        (Looked("a", looks=4, unknown=1), 0, "unknown"),
        (Looked("a", looks=4, crit=1, warn=2), 0, "crit"),
    ],
)
def test_the_verdict_of_a_device_is_the_worst_that_was_seen(seen, open_: int, word: str) -> None:
    assert verdict(seen, open_) == word


def test_each_open_finding_has_a_row_with_a_blank_for_what_will_be_done(material: Material) -> None:
    rows = tables(draft("rectification", material, "zh"))["doc-actions"].rows
    assert rows and all(row[8] == "(待填写)" and row[9].startswith("#") for row in rows)
    assert [row[0] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]


def test_statistics_leave_releases_to_people(material: Material) -> None:
    rows = {row[0]: row for row in tables(draft("self-assessment", material, "zh"))["doc-statistics"].rows}
    assert rows["发布"][1:4] == ("(待填写)",) * 3
    assert rows["问题(隐患)"][1] >= 1 and rows["变更申请"][1:4] == (0, 0, 0)


def test_a_form_of_satisfaction_is_shown_row_by_row_and_who_filed_none_says_so(site, material) -> None:
    rows = tables(draft("satisfaction", material, "zh"))["doc-survey"].rows
    mine = [row for row in rows if row[0] == "交易中心"]
    assert [row[3] for row in mine] == ["满意"] * 4 + ["基本满意"]
    assert all(row[4] == "buyer" and "响应及时" in row[6] and row[7].startswith("#") for row in mine)
    assert [row[3] for row in rows if row[0] == "办公室"] == ["未填报"]
    english = tables(draft("satisfaction", material, "en"))["doc-survey"].rows
    assert english[0][3] == "satisfied" and english[4][3] == "mostly satisfied"
    with pytest.raises(EmptyRecordError):
        draft("satisfaction", material_of(site, "2026-10"), "zh")


def test_a_long_period_is_told_month_by_month_and_a_short_one_beside_the_one_before(material) -> None:
    def days(one: Material) -> list[tuple[int, int]]:
        return [(part.span.from_ms, part.span.to_ms) for part in stretches(one)]

    short = days(material)
    assert short[0][1] == short[1][0] and len(short) == 2
    at = Span("A", 1_769_788_800_000, 1_777_564_800_000, 1_900_000_000_000)  # 31 January to 1 May, Shanghai
    edges = days(Material(material.context, at, material.found))
    lengths = [(b - a) // 86_400_000 for a, b in edges]
    assert lengths == [28, 31, 30, 1] and edges[0][0] == at.from_ms and edges[-1][1] == at.to_ms


def test_a_workbook_prints_across_with_its_headings_and_lines_to_sign(material: Material) -> None:
    book = load_workbook(io.BytesIO(export("monthly-inspection", material, "xlsx")))
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == "$1:$1" and "&P" in sheet.oddFooter.right.text
    cover = [row[0].value for row in book.worksheets[0].iter_rows()]
    assert {"编制人", "项目经理", "甲方"} <= set(cover)
    long = book.worksheets[1]
    assert long.row_dimensions[2].height > 14 and long.column_dimensions["B"].width > 60


def test_a_period_is_called_in_words() -> None:
    assert period_words("cycle-3", "zh") == "第 3 考核周期" and period_words("year-1", "en") == "year 1"
    assert period_words("2026-07", "zh") == "2026-07" and period_words("A/B", "zh") == "A/B"
