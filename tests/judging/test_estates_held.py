"""Estates by the stretch in which they were in force: windows as approved, backup objects, units."""

from dataclasses import replace
from fractions import Fraction

from collector.availability.approvals import Approval
from collector.availability.estate_terms import EstateTerms, EstateWindow
from collector.availability.terms import LeafTerms, ServiceTerms
from collector.availability.windows import Window, WindowKind
from collector.judging import backups
from collector.judging.estates import Estates
from collector.judging.ground import Applied, BackedUp, ServiceSeen
from collector.judging.judge import chosen
from collector.judging.scope import AssetScope, Contract, Scope, Span, SystemScope, UnitScope
from collector.judging.services import availability, owing
from collector.judging.spans import periods_of
from collector.judging.units import scope_of, units_in
from collector.packs.loading import packaged
from collector.scoring.choices import Choices
from collector.statements.model import Said, Through

PACK = packaged("luohe-2026").pack
JULY = periods_of(PACK.periods, "2026-07-01", Choices({"month_anchor": 1}))[0]
DAY, WEEK = 86_400_000, 7 * 86_400_000
TERMS = ServiceTerms("portal", "portal", "web", {"web": LeafTerms("service.tcp", "web", 60_000)})
SCOPE = Scope(
    (UnitScope("centre", "centre"), UnitScope("county", "county")),
    (SystemScope("portal", "portal", "centre"),),
    (AssetScope("web-01", "server", system="portal", unit="centre"),),
    {"db1": "portal", "db2": "portal"},
)


def applied(*held):
    """Estates: (entry, day of July, scope, more)."""
    return tuple(
        Applied(
            idx,
            JULY.from_ms + day * DAY,
            EstateTerms(1, str(idx), "e", "Asia/Shanghai", "", (TERMS,), scope=scope, **more),
        )
        for idx, day, scope, more in held
    )


def good(name, day):
    at = JULY.from_ms + day * DAY
    return BackedUp(name, f"{name}-{day}", at, 3, True, "nas", 1, 0, "a", "C")


def counted(points, *held):
    estates = Estates(applied(*held))
    planned = estates.planned(JULY.from_ms, JULY.to_ms)
    return [item.day.day for item in backups.backups(points, planned, {"portal": "centre"}, JULY)]


ONE = [good("db1", day) for day in (2, 9, 16, 23)]
BOTH = [*ONE, *(good("db2", day) for day in (2, 16))]


def test_an_object_that_is_dropped_on_the_last_day_is_missed_all_the_same():
    less = replace(SCOPE, objects={"db1": "portal"})
    assert counted(ONE, (1, -9, SCOPE, {})) == []
    assert counted(ONE, (1, -9, SCOPE, {}), (2, 29, less, {})) == []
    assert counted(BOTH, (1, -9, SCOPE, {}), (2, 29, less, {})) == [3, 17]
    moved = replace(SCOPE, objects={"db1": "portal", "db2": "mail"})
    assert counted(ONE, (1, -9, SCOPE, {}), (2, 29, moved, {})) == []
    assert counted(ONE, (1, -9, less, {})) == [3, 10, 17, 24]


def test_an_object_that_is_added_is_wanted_from_the_next_week_on():
    less = replace(SCOPE, objects={"db1": "portal"})
    assert counted(ONE, (1, -9, less, {}), (2, 10, SCOPE, {})) == [3, 10]
    assert counted(BOTH, (1, -9, less, {}), (2, 10, SCOPE, {})) == [3, 10, 17]


def test_an_object_that_left_the_plan_leaves_the_line_open():
    less = replace(SCOPE, objects={"db1": "portal"})
    estates = Estates(applied((1, -9, SCOPE, {}), (2, 15, less, {})))
    planned = estates.planned(JULY.from_ms, JULY.to_ms)
    units = units_in(SCOPE, JULY)
    (gap,) = backups.unproven((), planned, units, JULY, JULY.to_ms)
    assert (gap.reason, gap.system) == ("not_planned", "portal")


def window(end):
    start = JULY.from_ms + 5 * DAY
    return {"windows": (EstateWindow(("portal",), Window("w", WindowKind.MAINTENANCE, start, start + end)),)}


def test_an_approval_is_of_the_window_as_it_was_then():
    approval = Approval("w", JULY.from_ms + 2 * DAY, "buyer")
    short, wide = window(3_600_000), window(DAY)
    estates = Estates(applied((1, -9, SCOPE, short), (2, 20, SCOPE, wide)))
    found = estates.windows("portal", [approval], JULY.to_ms)
    assert [(one.to_ms - one.from_ms, one.approved_at_ms is not None) for one in found] == [
        (3_600_000, True),
        (DAY, False),
    ]
    assert estates.windows("mail", [approval], JULY.to_ms) == ()
    # What is written down after the approval has none, whatever it is called.
    assert [
        one.approved_at_ms
        for one in Estates(applied((2, 20, SCOPE, wide))).windows("portal", [approval], JULY.to_ms)
    ] == [None]
    again = Approval("w", JULY.from_ms + 21 * DAY, "buyer")
    found = estates.windows("portal", [approval, again], JULY.to_ms)
    assert [one.approved_at_ms for one in found] == [approval.received_ms, again.received_ms]


def said(kind, entry=9, role="buyer", received=40, **fields):
    return Said(kind, entry, JULY.from_ms + received * DAY, "x", role, Through.KEY, fields)


def test_a_unit_and_what_is_in_it_are_as_the_period_found_them():
    other = Scope(
        (UnitScope("centre", "the centre", "line_rental"), UnitScope("county", "county")),
        (SystemScope("portal", "portal", "county", in_scope=(Span(None, JULY.from_ms - DAY),)),),
        (AssetScope("web-01", "server", system="mail", unit="county"),),
    )
    held = applied((1, -9, SCOPE, {}), (2, 30, other, {}))
    scope = scope_of(Estates(held), JULY, JULY.to_ms)
    (centre, _) = units_in(scope, JULY)
    assert (centre.name, centre.kind, [one.id for one in centre.systems]) == (
        "the centre",
        "unit",
        ["portal"],
    )
    assert (scope.assets[0].unit, scope.assets[0].system) == ("centre", "portal")
    # It ends with the apply, and nothing of the days before.
    assert scope.systems[0].in_scope == (Span(JULY.from_ms, JULY.from_ms + 30 * DAY),)
    parts = Estates(held).parts("portal", JULY.from_ms, JULY.to_ms)
    assert [(one.from_ms, one.to_ms) for one in parts] == [(JULY.from_ms, JULY.from_ms + 30 * DAY)]


def test_words_of_the_vendor_count_from_their_receipt_and_the_buyers_for_any_day():
    gone = {"in_service": False, "system": "portal", "since": "2026-07-06", "until": "2026-07-08"}
    held = applied((1, -9, SCOPE, {}))
    for role, out in (("manager", ()), ("buyer", ((JULY.from_ms + 5 * DAY, JULY.from_ms + 8 * DAY),))):
        estates = Estates.of(held, [said("in_service", role=role, **gone)])
        (part,) = estates.parts("portal", JULY.from_ms, JULY.to_ms)
        assert part.terms.not_in_service == out
    ahead = {"in_service": False, "system": "portal"}
    estates = Estates.of(held, [said("in_service", role="manager", received=10, **ahead)])
    (part,) = estates.parts("portal", JULY.from_ms, JULY.to_ms)
    assert part.terms.not_in_service[0][0] == JULY.from_ms + 10 * DAY
    rented = said("unit_kind", role="manager", unit="centre", unit_kind="line_rental")
    assert scope_of(Estates.of(held, [rented]), JULY, JULY.to_ms).units[0].kind == "unit"


def test_a_system_without_agreed_time_owes_no_figure_and_one_that_nobody_saw_does():
    seen = ServiceSeen("portal", Fraction(9, 10), Fraction(9, 10), Fraction(9, 10))
    out, blind = ServiceSeen("mail", None, None, None), ServiceSeen("gate", None, Fraction(0), Fraction(1))
    items = list(availability([seen, out], {"portal": "centre"}))
    assert [(one.facts["of"], one.value) for one in items] == [("system", 90), ("worst", 90), ("mean", 90)]
    assert [one.facts["of"] for one in availability([seen, out, blind], {})] == ["system"]
    assert list(availability([out], {})) == []
    assert [one.system for one in owing([out])] == ["mail"]


def test_an_option_or_pack_that_is_applied_in_a_period_judges_the_next_one():
    made = packaged("luohe-2026")

    def contract(**options):
        return {"contract": Contract("luohe-2026", "2026-06-10", made.digest, made.body.decode(), options)}

    strict, loose = contract(), contract(count="literal")
    held = applied((1, -9, SCOPE, strict), (2, 38, SCOPE, loose))
    end = JULY.to_ms + 90 * DAY
    found = {name: chosen(held, name, end) for name in ("2026-06", "2026-07", "2026-08")}
    assert {name: one.applied.idx for name, one in found.items()} == {
        "2026-06": 1,
        "2026-07": 1,
        "2026-08": 2,
    }
    # In the period in which a contract is first named, a mistake can still be put right.
    first = applied((1, 20, SCOPE, strict), (2, 21, SCOPE, loose), (3, 60, SCOPE, strict))
    assert [chosen(first, name, end).applied.idx for name in ("2026-06", "2026-07", "2026-08")] == [1, 2, 2]
