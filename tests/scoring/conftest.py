"""Facts of a busy period for each pack: something for every line, so that every reading shows."""

from datetime import date
from fractions import Fraction

import pytest

from collector.scoring.model import Item, PackPeriod, PeriodFacts, Proof, System, Unit

ENTRY = iter(range(10**9))


def proven(kind, value=1, day=None, unit=None, system=None, **facts):
    """An item with a proof of its own."""
    proof = Proof(next(ENTRY), "agent", "A", 0)
    return Item(kind, Fraction(value), day, None, unit, system, facts, (proof,))


def some(count, kind, **facts):
    return [proven(kind, **facts) for _ in range(count)]


def luohe():
    days = [date(2026, 7, day) for day in (13, 14, 20, 27)]
    units = (
        Unit("a", "交易中心", systems=(System("a1", "门户"), System("a2", "评标"))),
        Unit("b", "分中心"),
        Unit("c", "线路", "line_rental"),
    )
    items = [
        *(proven("inspection", day=day, unit=unit) for day in days for unit in ("a", "b")),
        *(proven("backup", day=day, unit="a", system="a1") for day in days),
        *(proven("backup", day=day, unit="a", system="a2") for day in days[:2]),
        *(proven("visit", unit=unit) for unit in "ab"),
        proven("scan", unit="a", system="a1"),
        proven("satisfaction", 24, unit="a"),
        proven("fault", 2, unit="a", system="a1", level=1, late=True),
        proven("fault", 1, unit="a", level=3, late=True, major_impact=True),
        *(proven("fault", 2, unit="b", level=2, late=True) for _ in range(4)),
        proven("vulnerability_late", unit="b", severity="critical"),
        *some(2, "vulnerability_late", unit="a", severity="medium"),
        proven("document_required", 3, unit="a", system="a1"),
        proven("document_required", 6, unit="a", system="a2"),
        proven("document_required", 4, unit="b"),
        proven("document_required", 4, unit="c"),
        proven("document_present", 3, unit="a", system="a1"),
        proven("document_present", 1, unit="a", system="a2"),
        proven("document_present", 4, unit="b"),
        proven("document_present", 4, unit="c"),
        proven("deduction", 5, item="notice_city"),
        proven("lapse", unit="a", system="a2", what="scan"),
        proven("lapse", unit="a", system="a2", what="visit"),
        proven("fine", 20000, item="repeat_fault", percent=False),
        proven("repeat_fault", fault="f", of="e"),
        *some(2, "fine", value=10000, item="documents_faked", percent=False),
    ]
    period = PackPeriod("2026-07", 2, 0, 0, date(2026, 7, 10), date(2026, 8, 10))
    return PeriodFacts(period, 1, units, tuple(items))


def pingdingshan():
    items = [
        *some(2, "missed", obligation="PD-37", what="inspection"),
        *some(1, "missed", obligation="PD-37", what="special_inspection"),
        *some(1, "defect_report"),
        proven("fault", level=4, vendor_cause=None, no_support=True),
        proven("fault", level=3, vendor_cause=False),
        proven("fault", level=4, vendor_cause=True, not_restored=True),
        proven("security", level="hazard", found_by="buyer"),
        proven("security", level="hazard", found_by="vendor"),
        proven("report_late_days", 2),
        *some(1, "absence"),
        *some(1, "refusal"),
        *some(4, "unreachable"),
        proven("availability", Fraction("99.99"), of="worst"),
        proven("availability", Fraction("99.9995"), of="mean"),
        proven("promise_missed", promise="screen"),
    ]
    period = PackPeriod("cycle-2", 2, 0, 0, date(2024, 12, 30), date(2025, 3, 30))
    return PeriodFacts(period, 1, (), tuple(items))


def huaian():
    items = [
        proven("availability", Fraction("99.85"), of="worst", service="a"),
        proven("availability", Fraction("99.95"), of="mean"),
        proven("availability", Fraction("99.65"), of="union"),
        proven("satisfaction", Fraction("88.6")),
        *some(1, "critical_interruption", service="a"),
        *some(2, "missed", obligation="HA-26", what="inspection"),
        *some(1, "incident_late"),
        *some(1, "finding_late"),
        *some(2, "document_missing"),
        *some(1, "vulnerability_found", severity="high", found_by="other"),
        *some(1, "vulnerability_late", severity="high"),
        *some(1, "event_late"),
        *some(1, "plan_missing"),
        *some(1, "key_moment_fault"),
        *some(1, "emergency_late"),
        *some(1, "process_missing"),
    ]
    period = PackPeriod("year-1", 1, 0, 0, date(2025, 8, 29), date(2026, 8, 29))
    return PeriodFacts(period, 1, (), tuple(items))


RICH = {
    "luohe-2026": luohe(),
    "pingdingshan-2024": pingdingshan(),
    "pingdingshan-2025": pingdingshan(),
    "huaian-2025": huaian(),
}


@pytest.fixture(scope="session", params=sorted(RICH))
def busy(request):
    """(name of a pack, facts of a busy period)."""
    return request.param, RICH[request.param]


@pytest.fixture(scope="session")
def rich():
    """The busy period of each pack by its name."""
    return RICH
