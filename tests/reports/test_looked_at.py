"""A line that counts no fault names what was looked at; one that was not looked at names nothing."""

from datetime import date

import pytest

from collector.documents.judging_view import Words
from collector.documents.scorecard_tables import judged_by
from collector.packs.loading import packaged
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Proof, System, Unit
from collector.scoring.score import score

PACK = packaged("luohe-2026")
MONTH = PackPeriod("2026-07", 2, 0, 0, date(2026, 7, 10), date(2026, 8, 10))
UNITS = (Unit("centre", "中心", systems=(System("portal", "门户"),)), Unit("county", "县级"))


def item(kind, entry, unit="centre", **facts):
    return Item(kind, day=date(2026, 7, 13), unit=unit, facts=facts, proofs=(Proof(entry, "a", "C"),))


def told(*items, gaps=(), lang="zh"):
    """The evidence of the line of faults of the centre, and what its remark says."""
    facts = PeriodFacts(MONTH, 0, UNITS, tuple(items), tuple(gaps))
    card = score(PACK, facts)
    words = Words(judged_by(PACK.pack, card, facts), lang)
    line = next(one for one in card.lines if (one.id, one.unit) == ("incidents", "centre"))
    return words.proofs(line)


def test_where_no_fault_was_seen_the_rounds_and_imports_of_the_unit_are_named():
    seen = [item("inspection", 40), item("inspection", 12), item("scan", 77), item("inspection", 3, "county")]
    assert told(*seen) == "已查看 #12 – #77"
    assert told(*seen, lang="en") == "looked at: #12 – #77"


def test_a_fault_is_its_own_evidence():
    fault = item("fault", 9, level=1, late=True)
    assert told(item("inspection", 12), fault) == "#9"


@pytest.mark.parametrize(
    ("items", "gaps"),
    [
        ((), ()),
        ((item("inspection", 3, "county"),), ()),
        ((item("inspection", 12),), (Gap("fault", "not_observed", "centre", at_most=1),)),
    ],
)
def test_what_was_not_looked_at_or_only_in_part_names_nothing(items, gaps):
    assert told(*items, gaps=gaps) == "–"
