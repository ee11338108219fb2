"""What somebody states is held against the contract's pack: names, periods, ranges of its clauses."""

from fractions import Fraction

import pytest

from collector.evidence.periods import parse_instant
from collector.judging.fits import Frame, doable, misfits
from collector.judging.spans import periods_of
from collector.packs.loading import names, packaged
from collector.packs.options import resolve
from collector.scoring import ranges
from collector.scoring.choices import Choices
from collector.statements.fields import ZONE
from collector.statements.kinds import KINDS

STARTS = {
    "luohe-2026": "2026-06-10",
    "pingdingshan-2024": "2024-09-30",
    "pingdingshan-2025": "2025-09-30",
    "huaian-2025": "2025-08-29",
}
NOW = {"luohe-2026": "2026-10-20", "pingdingshan-2024": "2025-04-01", "huaian-2025": "2026-03-01"}


def frame(pack, now="", ahead=False):
    made = packaged(pack).pack
    options = resolve(made, {})
    periods = periods_of(made.periods, STARTS[pack], Choices(options))
    return Frame(made, options, periods, parse_instant(now or NOW[pack], ZONE), ahead)


def codes(pack, kind, ahead=False, **fields):
    return [(code, field) for code, field, _ in misfits(KINDS[kind], fields, frame(pack, ahead=ahead))]


def why(pack, kind, **fields):
    return " ".join(detail for _, _, detail in misfits(KINDS[kind], fields, frame(pack)))


@pytest.mark.parametrize(
    ("pack", "kind", "fields", "wanted"),
    [
        ("luohe-2026", "complaint", {"points": "50"}, [("out_of_range", "points")]),
        ("luohe-2026", "complaint", {"points": "0.5"}, [("out_of_range", "points")]),
        ("luohe-2026", "complaint", {"points": "10"}, []),
        ("luohe-2026", "refusal", {"points": "11"}, [("out_of_range", "points")]),
        ("luohe-2026", "refusal", {"points": "3"}, []),
        ("pingdingshan-2024", "refusal", {"points": "3"}, [("out_of_range", "points")]),
        ("pingdingshan-2024", "refusal", {}, []),
        ("luohe-2026", "deduction", {"item": "nope", "points": "5"}, [("unknown_item", "item")]),
        ("luohe-2026", "deduction", {"item": "notice_city", "points": "6"}, [("out_of_range", "points")]),
        ("luohe-2026", "deduction", {"item": "notice_city", "points": "0"}, []),
        ("luohe-2026", "fine", {"item": "nope", "yuan": "5"}, [("unknown_item", "item")]),
        ("luohe-2026", "fine", {"item": "misoperation", "percent": "50"}, [("out_of_range", "percent")]),
        ("luohe-2026", "fine", {"item": "misoperation", "percent": "30"}, []),
        ("luohe-2026", "fine", {"item": "misoperation", "yuan": "39900"}, []),
        ("luohe-2026", "fine", {"item": "misoperation", "yuan": "39901"}, [("out_of_range", "yuan")]),
        ("luohe-2026", "fine", {"item": "repeat_fault", "yuan": "20001"}, [("out_of_range", "yuan")]),
        ("luohe-2026", "satisfaction", {"period": "2026-07", "points": "99"}, [("out_of_range", "points")]),
        ("luohe-2026", "satisfaction", {"period": "2026-07", "percent": "90"}, [("out_of_range", "percent")]),
        ("luohe-2026", "satisfaction", {"period": "2026-07", "points": "30"}, []),
        (
            "huaian-2025",
            "satisfaction",
            {"period": "year-1", "percent": "101"},
            [("out_of_range", "percent")],
        ),
        ("huaian-2025", "satisfaction", {"period": "year-1", "percent": "88.5"}, []),
        ("luohe-2026", "satisfaction", {"period": "cycle-1", "points": "9"}, [("unknown_period", "period")]),
        ("luohe-2026", "satisfaction", {"period": "2027-01", "points": "9"}, [("in_future", "period")]),
        ("luohe-2026", "satisfaction", {"period": "2026-07-10/2026-08-10", "points": "9"}, []),
        (
            "luohe-2026",
            "satisfaction",
            {"period": "2026-07-01/2026-08-01", "points": "9"},
            [("unknown_period", "period")],
        ),
        ("pingdingshan-2024", "defect_report", {"period": "cycle-2"}, []),
        ("pingdingshan-2024", "defect_report", {"period": "2"}, []),
        (
            "pingdingshan-2024",
            "satisfaction",
            {"period": "cycle-1", "points": "9"},
            [("not_in_pack", "kind"), ("out_of_range", "points")],
        ),
        ("luohe-2026", "veto", {"item": "x"}, [("not_in_pack", "kind"), ("unknown_item", "item")]),
        ("huaian-2025", "veto", {"item": "major_security_event"}, []),
        ("luohe-2026", "document_filed", {"item": "nope"}, [("unknown_item", "item")]),
        ("luohe-2026", "document_filed", {"item": "visit-record", "period": "2026-07"}, []),
        ("pingdingshan-2024", "document_filed", {"item": "nope"}, [("unknown_item", "item")]),
        ("luohe-2026", "waiver", {"obligation": "LH-99"}, [("unknown_obligation", "obligation")]),
        ("luohe-2026", "waiver", {"obligation": "LH-31"}, []),
        ("huaian-2025", "level", {"level": 4}, [("unknown_level", "level")]),
        ("luohe-2026", "level", {"level": 4, "class": "largest"}, []),
        ("luohe-2026", "not_done", {"item": "visit", "period": "2026-07"}, []),
        ("luohe-2026", "not_done", {"item": "training", "period": "2026-07"}, [("unknown_item", "item")]),
        ("luohe-2026", "not_done", {"item": "visit", "period": "2026-10"}, [("in_future", "period")]),
    ],
)
def test_what_does_not_fit_is_named(pack, kind, fields, wanted):
    if pack == "huaian-2025" and kind == "level":
        assert packaged(pack).pack.faults.lightest < 4
    assert codes(pack, kind, **fields) == wanted


def test_the_range_the_clause_and_what_there_is_are_said():
    assert "50 is not from 1 to 10 points" in why("luohe-2026", "complaint", points="50")
    assert "附件2 §5(5)2" in why("luohe-2026", "complaint", points="50")
    assert "there are: warning_not_acted, complaint" in why(
        "luohe-2026", "deduction", item="nope", points="1"
    )
    assert "there are: 2026-06" in why("luohe-2026", "satisfaction", period="cycle-1", points="1")


def test_a_what_if_may_suppose_what_is_not_over_but_nothing_else():
    held = {"period": "2027-01", "points": "9"}
    assert codes("luohe-2026", "satisfaction", ahead=True, **held) == []
    assert codes("luohe-2026", "satisfaction", ahead=True, **{**held, "points": "99"})


def test_what_can_be_said_not_to_have_been_done_is_what_a_line_earns():
    assert doable(packaged("luohe-2026").pack) == ("visit", "inspection", "backup", "scan")
    assert doable(packaged("pingdingshan-2024").pack) == ("emergency_drill", "training", "defect_report")


@pytest.mark.parametrize("name", names())
def test_every_item_of_a_pack_has_a_range_that_takes_its_own_ends(name):
    pack = packaged(name).pack
    choices = Choices(resolve(pack, {}))
    for item in ranges.items_of(pack.scoring, "deduction"):
        held = ranges.deduction(pack.scoring, item, choices)
        assert held is not None
        assert held.clipped(held.most + 1) == held.most
        assert held.clipped(held.least - Fraction(1, 2)) == held.least
