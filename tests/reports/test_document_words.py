"""Words of documents and how they stand on paper: limits, a period's backups, stretches nobody saw."""

import io
import re
import typing
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

import agent
from checks import registry
from checks.api import Lower, Upper
from collector.backups.ledger import Outcome, Problem
from collector.documents import parts, parts_term
from collector.documents.matter import Span
from collector.documents.tables import Column, Kind, Table
from collector.judging.term import OPERATED, UNSEEN, Stretch, TermLine
from collector.reports.sheet import Style, workbook
from collector.words import wording
from collector.words.limits import LIMITS, limit
from collector.words.record import RECORD

DAY = 86_400_000
PERIOD = Span("2026-03", 100 * DAY, 130 * DAY, 200 * DAY, 1)


def limited() -> set[tuple[str, str]]:
    """Every parameter of every check that is a limit."""
    return {
        (one, name)
        for one in registry.ids()
        for name, kind in typing.get_type_hints(registry.get(one).params).items()
        if kind in (Upper, Lower)
    }


def test_every_limit_of_a_check_has_words_and_each_word_belongs_to_one() -> None:
    found = limited()
    assert len(found) > 150
    nameless = [(check, name) for check, name in found if limit(check, name, "zh") == name]
    assert nameless == []
    every = {name for _, name in found} | {f"{check}.{name}" for check, name in found}
    # Limits inside other parameters: of a job, a pattern, a register.
    assert set(LIMITS) - every <= {"hours", "high", "low", "limit"}
    assert limit("host.memory", "used", "zh") == "使用率" and limit("x.y", "new", "en") == "new"
    assert limit("application.recorder", "days", "en") == "days recorded"


def problem(reason: str, first: int, until: int | None = None) -> Problem:
    return Problem("db", 0, reason, Outcome.BAD, "", "", "", first * DAY, until_ms=until and until * DAY)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((), "–"),
        # It never came, months ago: of the period it was due in.
        ((problem("missing", 40),), "–"),
        ((problem("missing", 101), problem("missing", 129)), "漏备 ×2"),
        ((problem("missing", 130),), "–"),
        ((problem("not_drilled", 1), problem("missing", 101)), "漏备；从未恢复演练"),
        ((problem("not_drilled", 1, 99),), "–"),
    ],
)
def test_backups_of_a_period_name_what_was_wrong_in_it_and_not_what_was_before(found, said) -> None:
    missing = wording.reason("missing", "zh")
    assert parts._amiss(found, PERIOD, "zh") == said.replace("漏备", missing)


def test_each_phase_of_a_drill_has_words() -> None:
    root = Path(agent.__file__).parent
    code = "".join(one.read_text(encoding="utf-8") for one in sorted(root.rglob("*.py")))
    phases = set(re.findall(r'[pP]hase\("([a-z_]+)"', code))
    assert len(phases) > 10 and {f"backup.phase.{name}" for name in phases} <= RECORD.keys()


def line(weeks: int) -> TermLine:
    """Looked at one day a week."""
    first = date(2026, 6, 1)
    made = []
    for number in range(weeks):
        begin = first + timedelta(days=7 * number)
        made.append(Stretch(begin, begin + timedelta(days=1), OPERATED, 7, "C"))
        made.append(Stretch(begin + timedelta(days=1), begin + timedelta(days=7), UNSEEN, None))
    return TermLine("asset", "srv-01", "srv-01", "", tuple(made))


def test_what_is_looked_at_now_and_then_has_one_row_of_a_document_and_all_on_the_page() -> None:
    made, whole = (parts_term.spans([line(20)], "zh", whole=each) for each in (False, True))
    said = "无人查看: 共 20 段，最长 6 天(2026-06-02 至 2026-06-07)"
    assert [tuple(row[2:]) for row in made.rows] == [("j_t_unseen", "2026-06-02", "2026-10-18", 120, said)]
    assert len(whole.rows) == 20 and len(parts_term.spans([line(3)], "zh").rows) == 3


def test_what_a_check_and_its_reading_are_both_called_is_said_once() -> None:
    assert wording.looked_at("host.memory", "memory", "zh") == wording.check("host.memory", "zh")
    assert " · " in wording.looked_at("host.memory", "swap", "zh")


def test_a_row_of_a_sheet_is_as_high_as_its_words_break_and_a_state_has_its_colour() -> None:
    columns = (Column("a"), Column("b", Kind.NUMBER), Column("c", Kind.STATE))
    table = Table("x", "x", columns, (("#4236/0 #4624/0 #4814/0 #4815/0", 3, "crit"), ("one", 4, "ok")), "")

    def fill(cell: object, column: Column) -> str:
        return "FDE7E7" if (cell, column.kind) == ("crit", Kind.STATE) else ""

    style = Style("zh", None, ("a", "b", ""), (16, 8, 8), fill=fill)
    sheet = load_workbook(io.BytesIO(workbook(table, style))).active
    # 32 letters in lines of 16, but no line holds more than two entries of seven letters and a space.
    assert sheet.row_dimensions[2].height == 2 * sheet.row_dimensions[3].height
    assert sheet["B2"].alignment.horizontal == "left" and sheet["B2"].value == 3
    assert sheet["C2"].fill.fgColor.rgb == "00FDE7E7" and sheet["C3"].fill.fill_type is None
    assert "B1:C1" in {str(one) for one in sheet.merged_cells.ranges}
