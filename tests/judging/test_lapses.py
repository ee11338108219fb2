"""Two months without one of visit, inspection, backup, scan: what proves it, and what leaves it open."""

import pytest
from luohe_site import AGENTS, at

from collector.jobs import scorecards as jobs
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


def test_the_verifier_finds_the_same(begun, tmp_path):
    visited(begun)
    rounds(begun, ("mail-01",))
    jobs.seal(begun.context, "2026-08", by="manager")
    verdict = begun.verdict(tmp_path / "all.zip")
    assert {word for name, word, _ in verdict.claims if name.startswith("scorecard")} == {"proven if"}
    assert at("2026-09-14T12:00") <= begun.world.at
