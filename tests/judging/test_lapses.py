"""Two months without one of visit, inspection, backup, scan: what proves it, and what leaves it open."""

from datetime import date

import pytest
from luohe_site import AGENTS, at

from collector.availability.calendar_cn import shipped
from collector.inspection.cadence_model import Breach, Observed, Subject
from collector.inspection.obligations import lapse_gaps
from collector.inspection.obligations_counted import counting
from collector.jobs import scorecards as jobs
from collector.judging import priced
from collector.packs.loading import packaged
from collector.scoring.model import LineState

MONDAYS = [f"2026-0{month}-{day:02d}" for month, day in ((7, 6), (7, 13), (7, 20), (7, 27), (8, 3))]
MONDAYS += [f"2026-0{month}-{day:02d}" for month, day in ((8, 10), (8, 17), (8, 24), (8, 31), (9, 7))]


def lapse(site, period="2026-08", **options):
    made = jobs.scorecard(site.context, period, options=options)
    found = next(one for one in made.scorecard.lines if one.id == "deduction.lapse")
    items = {(one.system, one.facts["what"]) for one in made.facts.items if one.kind == "lapse"}
    gaps = {(one.system, one.facts.get("what")) for one in made.facts.gaps if one.kind == "lapse"}
    return found, items, gaps


def over(site):
    site.go("2026-09-14T12:00")
    site.settle()


def rounds(site, agents=AGENTS):
    """The weekly rounds of both months, by these agents; the windows of the others close unanswered."""
    for monday in MONDAYS:
        site.inspect(monday, agents)
    over(site)


def undone(site, item, **where):
    for period in ("2026-07", "2026-08"):
        site.say("not_done", item=item, period=period, **where)


def visited(site):
    """Nothing of visits and scans is open: every unit was visited, the servers were scanned."""
    for day in ("2026-07-15", "2026-08-15"):
        site.go(f"{day}T12:00")
        for unit in ("centre", "county"):
            site.say("visit", by="operator", unit=unit, at=f"{day}T10:00", text="回访")
        site.scan("web-01", "web-02", "mail-01")


@pytest.fixture
def begun(site):
    """The collector from the ninth of July, 22:00, on."""
    site.go("2026-07-09T22:00")
    site.apply()
    return site


def test_inspections_that_are_proven_missing_are_a_lapse_and_a_system_without_backups_may_be_one(begun):
    visited(begun)
    rounds(begun, ("mail-01",))
    found, items, gaps = lapse(begun)
    assert items == {("portal", "inspection")}  # its servers were silent for two months
    assert gaps == {("mail", "backup")}  # nobody planned one; the portal has lapsed already
    assert (found.state, found.high, found.low) == (LineState.NOT_PROVEN, -5, -10)
    _, _, each = lapse(begun, **{"lapse.per": "kind"})
    assert each == {("mail", "backup"), ("portal", "backup")}


def test_the_month_in_which_the_collector_began_is_no_month_without(begun):
    over(begun)
    assert not lapse(begun, "2026-06")[1]
    assert not lapse(begun, "2026-07")[1]
    assert ("portal", "inspection") not in lapse(begun, "2026-07")[1]


def test_what_nobody_could_tell_is_open_until_somebody_says_that_it_was_not_done(begun):
    rounds(begun)
    found, items, gaps = lapse(begun)
    assert not items and gaps == {("portal", "visit, backup, scan"), ("mail", "visit, backup, scan")}
    assert (found.points, found.high, found.low) == (None, 0, -10)
    undone(begun, "visit", unit="centre")
    found, items, gaps = lapse(begun)
    assert items == {("portal", "visit")} and {system for system, _ in gaps} == {"mail"}
    undone(begun, "scan", system="mail")
    found, items, gaps = lapse(begun)
    assert items == {("portal", "visit"), ("mail", "scan")} and not gaps
    assert (found.state, found.points) == (LineState.PROVEN, -10)


def test_a_unit_that_has_its_work_full_by_rule_has_no_lapse(site, estate):
    site.go("2026-07-09T22:00")
    site.apply(estate.replace("name: 县级中心}", "name: 县级中心, kind: line_rental}"))
    over(site)
    _, items, gaps = lapse(site)
    assert {system for system, _ in items | gaps} == {"portal"}


def test_a_notice_that_came_before_excuses_and_one_that_came_after_does_not(begun):
    early = {"system": "portal", "from_": "2026-07-10", "to": "2026-08-10", "reason": "搬迁"}
    begun.go("2026-07-11T12:00")
    begun.say("waiver", by="manager", obligation="LH-31", **early)
    visited(begun)
    over(begun)
    late = {**early, "system": "mail"}
    begun.say("waiver", by="manager", obligation="LH-31", amendment="", **late)
    _, items, _ = lapse(begun)
    assert items == {("mail", "inspection")}


def ended(month, system, what):
    return Breach("lapse", at(f"2026-{month}-10T00:00") - 1, 0, -1, "centre", system, what=what)


def test_a_period_of_several_months_may_hold_several_lapses_of_one_system():
    proven = (ended("08", "portal", "scan"),)
    maybe = (
        *(ended("08", "portal", kind) for kind in ("visit", "backup")),
        *(ended("10", "portal", kind) for kind in ("visit", "backup")),
        *(ended(month, "mail", "visit") for month in ("08", "10", "12")),
        ended("12", "mail", "scan"),
    )
    observed = Observed(0, breaches=proven, perhaps=maybe)

    def told(begin, end, per):
        span = at(f"{begin}T00:00"), at(f"{end}T00:00")
        return {(one.system, one.facts["what"]): one.at_most for one in lapse_gaps(observed, span, per)}

    assert told("2026-06-10", "2027-06-10", "system") == {
        ("portal", "visit, backup"): 1,  # in August the one that is proven is the one there is
        ("mail", "visit, scan"): 3,
    }
    assert told("2026-06-10", "2027-06-10", "kind") == {
        ("portal", "visit"): 2,
        ("portal", "backup"): 2,
        ("mail", "visit"): 3,
        ("mail", "scan"): 1,
    }
    assert told("2026-11-10", "2026-12-10", "system") == {("mail", "visit, scan"): 1}


@pytest.mark.parametrize(
    ("first", "end", "per", "most"),
    [
        ("2026-08-10", "2026-09-10", "system", 2),
        ("2026-08-10", "2026-09-10", "kind", 8),
        ("2026-06-10", "2026-09-10", "system", 6),
        ("2026-06-10", "2026-09-10", "kind", 16),
        ("2026-06-10", "2027-06-10", "system", 24),
        ("2026-06-10", "2027-06-10", "kind", 48),
    ],
)
def test_of_two_systems_there_are_no_more_lapses_than_months_and_kinds_allow(first, end, per, most):
    luohe = packaged("luohe-2026").pack
    term = date(2026, 6, 10), date(2027, 6, 10)
    span = at(f"{first}T00:00"), at(f"{end}T00:00")
    asked = counting(luohe, {"month_anchor": 10, "lapse.per": per}, term, span, span[1], shipped())
    observed = Observed(0, systems=tuple(Subject(name) for name in ("portal", "mail")))
    assert priced._lapses(asked, observed) == most


def test_the_verifier_finds_the_same(begun, tmp_path):
    visited(begun)
    rounds(begun, ("mail-01",))
    jobs.seal(begun.context, "2026-08", by="manager")
    verdict = begun.verdict(tmp_path / "all.zip")
    assert {word for name, word, _ in verdict.claims if name.startswith("scorecard")} == {"proven if"}
    assert at("2026-09-14T12:00") <= begun.world.at
