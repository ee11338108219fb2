"""Cases `pds_quarterly`: a cycle of three months, or a year of them with promises and reprimands."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from collector.availability.case_values import Value, items_of
from collector.scoring.case_read import (
    Case,
    amount,
    below,
    facts,
    flag,
    given,
    how_many,
    points_by_line,
    repeated,
    without,
    yuan_of,
)
from collector.scoring.model import Item, Scalar, Scorecard
from collector.scoring.rules import number
from collector.scoring.score import score, with_price
from collector.scoring.settlement import settle

_CYCLE = (
    "contract_total weeks_required weeks_inspected special_required special_done defect_reports half_year_end"
    " drill_done training_done faults security response onsite support"
)
_YEAR = "contract_total cycles promises_missed_total blamed_by_superior"
_SECURITY = {"major": "major", "notified": "notified", "reminded": "reminded", "hazards": "hazard"}
_ONSITE = {"absences": "absence", "refusals": "refusal", "unreachable": "unreachable"}
_SUPPORT = {"promises_missed": "promise_missed", "late_optimisations": "late_optimisation"}


def answer(case: Case) -> dict[str, Any]:
    """The cycle's scorecard, or the year's with the settlement."""
    year = case.input.raw.get("cycles") if isinstance(case.input.raw, dict) else None
    if year is None:
        return _said(_card(case, without(case.input, "cycles"), None), case)
    keys = case.input.mapping(_YEAR)
    price = _price(given(keys, "contract_total"))
    cycles = list(keys["cycles"].items())
    if not cycles:
        raise keys["cycles"].wrong("is empty")
    cards = [_card(case, cycle, price) for cycle in cycles]
    price = price if price is not None else _price(given(cycles[0].mapping(_CYCLE), "contract_total"))
    items = repeated(how_many(given(keys, "promises_missed_total")), "promise_missed")
    items += repeated(how_many(given(keys, "blamed_by_superior")), "reprimand")
    made = settle(with_price(case.pack, price=price), cards, facts(items), case.options)
    return {"cycles": [_said(card, case) for card in cards], **yuan_of(made.money)}


def _price(value: Value | None) -> Fraction | None:
    return None if value is None else amount(value)


def _card(case: Case, cycle: Value, price: Fraction | None) -> Scorecard:
    keys = cycle.mapping(_CYCLE)
    own = _price(given(keys, "contract_total"))
    pack = with_price(case.pack, price=own if own is not None else price)
    # The second cycle ends a half-year, the first doesn't.
    place = 2 if flag(given(keys, "half_year_end"), False) else 1
    items = [*_rounds(keys), *_faults(keys), *_counts(keys)]
    return score(pack, facts(items, (), place), case.options)


def _short(keys: dict[str, Value], wanted: str, done: str) -> int:
    required, made = given(keys, wanted), given(keys, done)
    return 0 if required is None or made is None else max(how_many(required) - how_many(made), 0)


def _rounds(keys: dict[str, Value]) -> Iterator[Item]:
    for what, wanted, done in (
        ("inspection", "weeks_required", "weeks_inspected"),
        ("special_inspection", "special_required", "special_done"),
    ):
        yield from repeated(_short(keys, wanted, done), "missed", {"obligation": "PD-37", "what": what})
    yield from repeated(how_many(given(keys, "defect_reports"), 1), "defect_report")
    for name, kind in (("drill_done", "emergency_drill"), ("training_done", "training")):
        if flag(given(keys, name), True):
            yield Item(kind)


def _faults(keys: dict[str, Value]) -> Iterator[Item]:
    for value in items_of(given(keys, "faults")):
        fault = value.mapping("level vendor_cause")
        if given(fault, "level") is None:
            raise value.wrong("needs a level")
        level = fault["level"].whole(1)
        if level > 4:
            raise fault["level"].wrong(f"must be a level from 1 to 4, not {level}")
        # Left out: nobody has answered, which the pack's option `vendor_cause` decides.
        told = given(fault, "vendor_cause")
        cause: Scalar = None if told is None else flag(told, True)
        yield Item("fault", facts={"level": level, "vendor_cause": cause})
    response = below(given(keys, "response"), "no_support not_restored report_late_days")
    for name in ("no_support", "not_restored"):
        yield from repeated(how_many(given(response, name)), "fault", {name: True})
    late = given(response, "report_late_days")
    for days in items_of(late) if late is not None and isinstance(late.raw, list) else [late]:
        if days is not None and days.raw is not None:
            yield Item("report_late_days", Fraction(how_many(days)))


def _counts(keys: dict[str, Value]) -> Iterator[Item]:
    security = below(given(keys, "security"), " ".join(_SECURITY))
    for name, level in _SECURITY.items():
        seen = {"level": level, "found_by": "buyer"}
        yield from repeated(how_many(given(security, name)), "security", seen)
    for part, kinds in (("onsite", _ONSITE), ("support", _SUPPORT)):
        inner = below(given(keys, part), " ".join(kinds))
        for name, kind in kinds.items():
            yield from repeated(how_many(given(inner, name)), kind)


def _points(points: Fraction | None) -> int | str | None:
    if points is None:
        return None
    return points.numerator if points.denominator == 1 else number(points)


def _said(card: Scorecard, case: Case) -> dict[str, Any]:
    rates = {band.name: band.share * 100 for band in case.pack.pack.scoring.grades}
    return {
        "lines": {name: _points(found) for name, found in points_by_line(card).items()},
        "total": _points(card.total),
        "rate": None if card.grade is None else _points(rates[card.grade]),
        **yuan_of(card.money),
    }
