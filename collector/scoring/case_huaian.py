"""Cases `huaian_yearly`: a year of counts, availability and satisfaction."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from collector.availability.case_values import Value
from collector.scoring.case_read import (
    Case,
    amount,
    facts,
    first_of,
    given,
    how_many,
    points_by_line,
    repeated,
    text_of,
    yuan_of,
)
from collector.scoring.model import Item, Scalar
from collector.scoring.score import score, with_price

# Spellings of each count, the first one being the usual, with what they count.
_COUNTS: tuple[tuple[tuple[str, ...], str, dict[str, Scalar]], ...] = (
    (("process_missing",), "process_missing", {}),
    (("incidents_late",), "incident_late", {}),
    (("risks_not_fixed",), "finding_late", {}),
    (
        (
            "missed_months",
            "months_missed",
            "missed_month",
            "months_not_inspected",
            "months_without_inspection",
            "inspections_missed",
        ),
        "missed",
        {"obligation": "HA-26", "what": "inspection"},
    ),
    (("documents_missing",), "document_missing", {}),
    (("vulnerabilities_found",), "vulnerability_found", {"severity": "high", "found_by": "other"}),
    (("vulnerabilities_late",), "vulnerability_late", {"severity": "high"}),
    (("events_late_or_open", "events_late"), "event_late", {}),
    (("plans_missing", "scenarios_missing", "plan_scenarios_missing"), "plan_missing", {}),
    (("key_moment_faults", "key_moments_faults", "faults_in_key_moments"), "key_moment_fault", {}),
    (("emergency_late", "emergencies_late"), "emergency_late", {}),
    (("critical_interruptions", "critical_interruption"), "critical_interruption", {}),
    (
        ("major_security_event", "major_security_events", "major_event", "major_security"),
        "veto",
        {"item": "major_security_event"},
    ),
)
_YEAR = date(2025, 8, 29), date(2026, 8, 29)
_PRICE = ("price", "contract_total")
_KEYS = " ".join(
    ["availability", "satisfaction", *_PRICE, *(name for names, _, _ in _COUNTS for name in names)]
)


def answer(case: Case) -> dict[str, Any]:
    """The year's scorecard with its settlement."""
    keys = case.input.mapping(_KEYS)
    price = first_of(keys, *_PRICE)
    pack = with_price(case.pack, price=None if price is None else amount(price))
    # A year of 365 days, as that of the contract.
    card = score(pack, facts(_items(keys), days=_YEAR), case.options)
    return {
        "lines": {name: text_of(points) for name, points in points_by_line(card).items()},
        "total": text_of(card.total),
        "grade": card.grade,
        "veto": list(card.vetoes),
        **yuan_of(card.money),
    }


def _items(keys: dict[str, Value]) -> Iterator[Item]:
    for of in ("worst", "mean", "union"):
        yield Item("availability", _percent(given(keys, "availability")), facts={"of": of})
    yield Item("satisfaction", _percent(given(keys, "satisfaction")))
    for names, kind, seen in _COUNTS:
        yield from repeated(how_many(first_of(keys, *names)), kind, seen)


def _percent(value: Value | None) -> Fraction:
    """Per cent; all where it is left out."""
    if value is None:
        return Fraction(100)
    percent = value.number()
    if not 0 <= percent <= 100:
        raise value.wrong(f"is between 0 and 100 per cent, not {value.raw!r}")
    return percent
