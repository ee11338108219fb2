"""Nothing that judging counts, lacks or asks for reaches people as a code."""

import ast
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from collector.documents.judging_view import Words
from collector.documents.numbers import spanned
from collector.judging.sealed import Change
from collector.packs.loading import packaged
from collector.reports.judging_found import judged_by
from collector.scoring.kinds import KINDS
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.statements.kinds import KINDS as STATEMENTS
from collector.words.judging import JUDGING

ROOT = Path(__file__).parents[2] / "collector"
PACKAGES = ("faults", "inspection", "judging", "packs", "scoring")


def reasons():
    """Texts that stand for the reason of a gap in the code."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "id", "") == "Gap"
                    and len(node.args) > 1
                ) and isinstance(node.args[1], ast.Constant):
                    yield str(node.args[1].value)


def test_every_reason_kind_fact_and_choice_has_words() -> None:
    found = set(reasons())
    assert len(found) > 8
    assert [one for one in sorted(found) if f"judging.gap.{one}" not in JUDGING] == []
    assert [one for one in KINDS if f"judging.item.{one}" not in JUDGING] == []
    facts = {fact for held in KINDS.values() for fact in held}
    assert [one for one in sorted(facts) if f"judging.fact.{one}" not in JUDGING] == []
    choices = {one for kind in STATEMENTS.values() for field in kind.fields for one in field.choices}
    assert [one for one in sorted(choices) if f"judging.word.{one}" not in JUDGING] == []


def test_faults_documents_deductions_and_changes_are_named_and_a_fine_is_yuan() -> None:
    made = packaged("luohe-2026")
    period = PackPeriod("p", 1, 0, 1, date(2026, 7, 10), date(2026, 8, 10))
    facts = PeriodFacts(
        period,
        2,
        (Unit("a", "交易中心", systems=(System("portal", "门户网站"),)),),
        (Item("fine", Fraction(10000), facts={"item": "risk_not_fixed"}),),
        (Gap("fault", "clock_running", "a", "portal", facts={"fault": "portal@2026-07-12T00:57:38Z"}),),
    )
    judged = judged_by(made.pack, score(made, facts, {}), facts)
    words = Words(judged, "zh")
    assert words.value("fault", "portal@2026-07-12T00:57:38Z") == "门户网站 07-12 08:57:38 的故障"
    assert words.value("item", "inspection-log") == "巡检日志"
    assert words.value("item", "complaint") == "经查属实的投诉"
    fine = next(one for one in judged.card.lines if one.id == "fine.risk_not_fixed")
    assert words.points_of(fine) == "10,000.00 元" and words.full_of(fine) == "10,000 元"
    change = Change("line.visit", "a", None, "8")
    assert (words.change(change.what), words.change("total"), words.change("money.net")) == (
        "上门回访",
        "总分",
        "本期净额",
    )
    assert "门户网站 07-12 08:57:38 的故障" in str(words.todo().rows)
    # What an amendment changed are numbers that people read.
    assert words.changed("total", "11497/120") == "95.81"
    assert words.changed("money.net", "133000.00") == "133,000.00"
    assert words.changed("grade", "优秀") == "优秀" and words.changed("line.visit", "?") == "?"


def test_a_range_of_money_goes_from_the_less_to_the_more() -> None:
    # What falls short is least in the best case: its bounds come the other way round.
    assert spanned(Decimal("66900"), Decimal(0), "zh") == "0.00 – 66,900.00"
    assert spanned(Decimal(5), Decimal(5), "en") == "5.00"
