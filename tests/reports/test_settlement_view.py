"""The money of a term as pages show it: each period, each payment, both readings of a contradiction."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from collector.documents.judging_view import Words
from collector.judging.settling import Group, Part
from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.reports.judging_found import judged_by
from collector.reports.settlement_view import SettlementWords, Settling
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Unit
from collector.scoring.score import score


def period(number: int) -> PackPeriod:
    return PackPeriod(f"cycle-{number}", number, number, number + 1, date(2024, 9, 30), date(2024, 12, 30))


def settling(name: str, *found: PeriodFacts, sealed: bool = False) -> Settling:
    made = packaged(name)
    parts = {one.period.name: Part(score(made, one, resolve(made.pack, {})), one, sealed) for one in found}
    group = Group("term", tuple(one.period for one in found))
    entries = {name: 7 for name in parts} if sealed else {}
    return Settling(made, (group,), parts, {}, entries)


def words(found: Settling) -> SettlementWords:
    part = next(iter(found.parts.values()))
    judged = judged_by(found.pack.pack, part.scorecard, part.facts)
    return SettlementWords(found, Words(judged, "zh"), lambda name: "j_sealed")


def cycle(number: int, *items: Item, gaps: tuple[Gap, ...] = ()) -> PeriodFacts:
    done = [Item("defect_report"), Item("emergency_drill"), Item("training")]
    return PeriodFacts(period(number), 9, (Unit("a", "甲"),), (*done, *items), gaps)


def test_both_readings_of_a_refusal_are_settled_each_to_the_fen() -> None:
    # Three refusals cost 2 points each (annex 3): 94, 5 % off; or 1 each (annex 2): 97 and nothing off.
    spoilt = cycle(1, *[Item("refusal")] * 3)
    mine = words(settling("pingdingshan-2024", spoilt, cycle(2), sealed=True))
    payments = {row[3]: row[5] for row in mine.payments().rows}
    assert payments["尾款"] == "1,145,250.00"
    row = next(row for row in mine.readings().rows if row[0] == "refusal_points")
    assert (row[1], row[4], row[5], row[6]) == ("1", "尾款", "1,272,500.00", "+127,250.00")


def test_periods_add_up_and_what_is_not_proven_is_a_range() -> None:
    gaps = (Gap("fault", "not_observed", at_most=1),)
    found = settling("pingdingshan-2024", cycle(1), cycle(2, gaps=gaps))
    table = words(found).periods()
    assert [row[0] for row in table.rows] == ["cycle-1", "cycle-2", "合计(已开始的)"]
    assert table.rows[0][5] == "0.00" and "–" in str(table.rows[1][5]) and "–" in str(table.rows[2][5])
    states = {row[3]: row[6] for row in words(found).payments().rows}
    assert states["尾款"] == "j_not_proven" and {row[2] for row in words(found).payments().rows} == {
        "j_provisional"
    }


def test_a_fee_a_month_shows_what_its_grade_and_its_fines_take_off() -> None:
    month = replace(period(1), name="2026-07")
    items = (
        Item("fine", Fraction(10000), facts={"item": "documents_faked"}),
        Item("document_required", Fraction(1), unit="a", system="s"),
    )
    found = settling("luohe-2026", PeriodFacts(month, 9, (Unit("a", "甲"),), items), sealed=True)
    row = words(found).periods().rows[0]
    card = found.parts["2026-07"].scorecard
    steps = {one.id: one.yuan for one in card.money}
    assert row[4] == "133,000.00" and row[6] == "10,000.00" and row[8] == 7
    assert row[7] == f"{steps['net']:,.2f}" and row[5] == f"{133000 - steps['fee_after_grade']:,.2f}"
