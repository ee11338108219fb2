"""Cases `luohe_monthly`: a month of user units, or a payment period of several months."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from collector.availability.case_values import Value, items_of
from collector.scoring import ranges
from collector.scoring.case_read import (
    Case,
    amount,
    below,
    dates,
    facts,
    first_of,
    given,
    how_many,
    line_of,
    most_of,
    points_by_line,
    repeated,
    text_of,
    weeks,
    within,
    without,
    yuan_of,
)
from collector.scoring.model import Item, Scalar, Scorecard, System, Unit
from collector.scoring.score import score, with_price
from collector.scoring.settlement import settle

_UNIT = "name kind satisfaction visits inspections systems late_faults late_vulns docs"
_MONTH = "fee units deductions fines"


def answer(case: Case) -> dict[str, Any]:
    """The month's scorecard, or the months' and what is paid for them."""
    given_months = case.input.raw.get("months") if isinstance(case.input.raw, dict) else None
    if given_months is None:
        return _said(_card(case, without(case.input, "months"), None))
    keys = case.input.mapping("fee months")
    fee = _fee(given(keys, "fee"))
    cards = [_card(case, month, fee) for month in keys["months"].items()]
    if not cards:
        raise keys["months"].wrong("is empty")
    made = settle(case.pack, cards, None, case.options)
    return {"months": [_said(card) for card in cards], **yuan_of(made.money)}


def _fee(value: Value | None) -> Fraction | None:
    return None if value is None else amount(value)


def _card(case: Case, month: Value, fee: Fraction | None) -> Scorecard:
    keys = month.mapping(_MONTH)
    own = _fee(given(keys, "fee"))
    pack = with_price(case.pack, fee=own if own is not None else fee)
    listed = given(keys, "units")
    units, items = [], []
    for i, value in enumerate(
        items_of(listed) if listed is not None else [Value(month.example, month.path, {})]
    ):
        unit, found = _unit(case, value, f"unit-{i + 1}")
        units.append(unit)
        items += found
    if not units:
        raise month.wrong("units is empty")
    items += [_deduction(case, one) for one in items_of(given(keys, "deductions"))]
    items += [_fine(case, one) for one in items_of(given(keys, "fines"))]
    return score(pack, facts(items, tuple(units)), case.options)


def _unit(case: Case, value: Value, id_: str) -> tuple[Unit, list[Item]]:
    keys = value.mapping(_UNIT)
    by_rule = sorted({kind for line in case.pack.pack.scoring.lines for kind in line.full_for})
    kind = keys["kind"].one_of("unit", *by_rule) if given(keys, "kind") else "unit"
    name = keys["name"].name() if given(keys, "name") else id_
    systems, items = [], []
    for i, one in enumerate(items_of(given(keys, "systems"))):
        system, found = _system(case, one, f"{id_}-system-{i + 1}")
        systems.append(system)
        items += [replace(item, system=system.id) for item in found]
    items += [*_daily(case, keys), *_incidents(keys), *_docs(keys)]
    return Unit(id_, name, kind, tuple(systems)), [replace(item, unit=id_) for item in items]


def _system(case: Case, value: Value, id_: str) -> tuple[System, list[Item]]:
    keys = value.mapping("name backups scans")
    made = given(keys, "backups")
    days = dates(made) if made is not None else weeks(most_of(line_of(case, "backup"), case))
    items = [Item("backup", day=day) for day in days]
    items += repeated(how_many(given(keys, "scans"), 1), "scan")
    name = keys["name"].name() if given(keys, "name") else id_
    return System(id_, name), items


def _daily(case: Case, keys: dict[str, Value]) -> Iterator[Item]:
    satisfaction = given(keys, "satisfaction")
    if satisfaction is not None:
        yield Item("satisfaction", within(satisfaction, ranges.given(case.pack.pack.scoring, "satisfaction")))
    yield from repeated(how_many(given(keys, "visits"), 1), "visit")
    made = given(keys, "inspections")
    days = dates(made) if made is not None else weeks(most_of(line_of(case, "inspection"), case))
    yield from (Item("inspection", day=day) for day in days)


def _incidents(keys: dict[str, Value]) -> Iterator[Item]:
    for value in items_of(given(keys, "late_faults")):
        level = value.whole(1)
        if level > 4:
            raise value.wrong(f"must be a level from 1 to 4, not {level}")
        yield Item("fault", facts={"level": level, "late": True})
    late = below(given(keys, "late_vulns"), "critical high medium_low medium low")
    for name in late:
        severity: Scalar = "medium" if name == "medium_low" else name
        yield from repeated(how_many(given(late, name)), "vulnerability_late", {"severity": severity})


def _docs(keys: dict[str, Value]) -> Iterator[Item]:
    docs = below(given(keys, "docs"), "required present")
    required = first_of(docs, "required", "present")
    present = first_of(docs, "present", "required")
    yield Item("document_required", Fraction(how_many(required, 1)))
    yield Item("document_present", Fraction(how_many(present, 1)))


def _deduction(case: Case, value: Value) -> Item:
    keys = value.mapping("item points")
    if given(keys, "item") is None or given(keys, "points") is None:
        raise value.wrong("needs item and points")
    points = keys["points"].number()
    if points < 0:
        raise keys["points"].wrong(f"must not be negative, not {keys['points'].raw!r}")
    item = keys["item"].text()
    within(keys["points"], ranges.priced(case.pack.pack.scoring.deductions, item, "points"))
    return Item("deduction", points, facts={"item": item})


def _fine(case: Case, value: Value) -> Item:
    keys = value.mapping("item yuan percent")
    sizes = [name for name in ("yuan", "percent") if given(keys, name) is not None]
    if given(keys, "item") is None or len(sizes) != 1:
        raise value.wrong("needs item, and either yuan or percent")
    size = keys[sizes[0]].number()
    if size < 0:
        raise keys[sizes[0]].wrong(f"must not be negative, not {keys[sizes[0]].raw!r}")
    item = keys["item"].text()
    if sizes[0] == "percent":
        within(keys["percent"], ranges.priced(case.pack.pack.scoring.fines, item, "percent"))
    return Item("fine", size, facts={"item": item, "percent": sizes[0] == "percent"})


def _said(card: Scorecard) -> dict[str, Any]:
    units = []
    for one in card.sums:
        points = {name: text_of(found) for name, found in points_by_line(card, one.unit).items()}
        units.append({**points, "sum": text_of(one.points)})
    known = [one.points for one in card.sums if one.points is not None]
    mean = sum(known, Fraction(0)) / len(known) if len(known) == len(card.sums) else None
    return {
        "units": units,
        "mean": text_of(mean),
        "deducted": text_of(card.deducted),
        "total": text_of(card.total),
        "grade": card.grade,
        **yuan_of(card.money),
    }
