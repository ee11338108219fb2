"""The past is judged by the estate that was in force then: nothing that is dropped, renamed or loosened on
the last day improves a scorecard, and the verifier finds the same from the bundle alone."""

from fractions import Fraction

import pytest
from click.testing import CliRunner
from luohe_site import ESTATE

from collector.cli import main
from collector.jobs import derive
from collector.jobs import scorecards as jobs

PERIOD = "2026-07"
MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")
PORTAL = next(line for line in ESTATE.splitlines(keepends=True) if "id: portal," in line)
PROBE = "{id: portal-web, check: service.tcp, from: [web-02], every: 5m, params"
NIGHTS = 'core: true, hours: {days: [saturday], ranges: ["03:00-04:00"]}'

MOVES = {
    "dropped": ((PORTAL, ""), ("system: portal", "unit: centre")),
    "renamed": (("id: portal,", "id: gateway,"), ("system: portal", "system: gateway")),
    "looked at less": ((PROBE, PROBE.replace("5m", "4h")),),
    "held for hours": ((PROBE, PROBE.replace("params", "hold: 30h, params")),),
    "confirmed by many": ((PROBE, PROBE.replace("params", "confirm: 90, params")),),
    "agreed for nights": (("core: true", NIGHTS),),
    "not core": (("core: true", "core: false"),),
    "rented lines": (("id: centre, name: 交易中心", "id: centre, name: 交易中心, kind: line_rental"),),
    "out of scope before": (("core: true", "core: true, in_scope: [{to: 2026-07-01}]"),),
    "out of service then": (("core: true", "core: true, in_service: [{to: 2026-07-14}]"),),
    "moved": (("id: portal, unit: centre", "id: portal, unit: county"),),
    "promised less": (("target: 99.9%", "target: 50%"),),
    "agreed otherwise": (("core: true", "core: true, available_if: degraded, min_notice: 0s"),),
}


def changed(name):
    text = ESTATE
    for old, new in MOVES[name]:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def bad(site):
    """A month with an outage of three hours and weekly rounds; it is its last day."""
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.probe(("2026-07-14T13:00", True), ("2026-07-14T16:00", True))
    for monday in MONDAYS:
        site.inspect(monday)
    site.go("2026-08-09T20:00")
    return site


def told(site, as_of="2026-08-10T01:00"):
    """What a buyer pays for, and the faults, as of a time after the period."""
    made = jobs.scorecard(site.context, PERIOD, site.go(as_of))
    lines = {(one.id, one.unit): (one.points, one.low, one.high) for one in made.scorecard.lines}
    lines |= {("money", one.id): (one.yuan, one.low, one.high) for one in made.scorecard.money}
    faults = [
        (one.unit, one.system, one.at_ms, one.facts["level"], one.facts["late"], one.value)
        for one in made.facts.items
        if one.kind == "fault"
    ]
    units = [(unit.id, unit.kind, tuple(s.id for s in unit.systems)) for unit in made.facts.units]
    return made, lines, faults, dict((name, (kind, systems)) for name, kind, systems in units)


def entries(made, what):
    """The estates that changed something, as the scorecard names them."""
    return {
        proof.entry
        for one in made.facts.items
        if one.kind == "estate_changed" and one.facts["what"] == what
        for proof in one.proofs
    }


def test_nothing_that_the_vendor_applies_on_the_last_day_makes_the_month_better(bad, tmp_path):
    made, lines, faults, units = told(bad)
    assert [(unit, system, level) for unit, system, _, level, _, _ in faults] == [("centre", "portal", 1)]
    assert lines["inspection", "centre"][0] == 8
    assert not entries(made, "terms")
    bad.go("2026-08-09T20:00")
    for minute, name in enumerate(MOVES):
        bad.go(f"2026-08-09T21:{minute:02d}")
        bad.apply(changed(name))
        derive.catch_up(bad.context)
    again, *after = told(bad)
    assert after[1] == faults
    for key, (points, low, high) in lines.items():
        assert after[0][key] == (points, low, high), key
    assert {name: one for name, one in after[2].items() if name in units} == {
        "centre": ("unit", ("portal", "gateway")),
        "county": ("unit", ("mail",)),
    }
    for what in ("terms", "kind", "dropped", "moved", "spans"):
        assert entries(again, what), what
    fault = next(one for one in again.facts.items if one.kind == "fault")
    assert fault.facts["estate_changed"].count(",") > 4
    shown = CliRunner().invoke(main, ["scorecard", "show", str(bad.world.directory), "--period", PERIOD])
    assert "changed in the period: kind centre (unit, line_rental), entry " in shown.output
    assert "changed in the period: dropped centre portal, entry " in shown.output
    jobs.seal(bad.context, PERIOD, by="manager")
    verdict = bad.verdict(tmp_path / "b.zip")
    assert {name: word for name, word, _ in verdict.claims if name.startswith("scorecard")} == {
        f"scorecard {PERIOD} (seal)": "proven if"
    }, verdict.claims
    assert verdict.good, verdict.findings


def test_an_estate_after_the_end_changes_nothing_of_the_period(bad):
    before = told(bad)
    for minute, name in enumerate(MOVES):
        bad.go(f"2026-08-10T02:{minute:02d}")
        bad.apply(changed(name))
    derive.catch_up(bad.context)
    after = told(bad, "2026-08-10T03:00")
    assert after[1:] == before[1:]
    assert after[0].facts.items == before[0].facts.items


def test_only_the_buyer_speaks_of_days_that_are_over(bad):
    _, lines, faults, _ = told(bad)
    gone = {"system": "portal", "since": "2026-07-14", "until": "2026-07-14"}
    bad.say("in_service", "manager", in_service="false", **gone)
    made, *after = told(bad, "2026-08-10T01:10")
    assert after[:2] == [lines, faults]
    entry = bad.say("in_service", "buyer", in_service="false", **gone)
    made, _, faults, _ = told(bad, "2026-08-10T01:20")
    assert faults == [] and entries(made, "statement") == {entry}
    bad.say("unit_kind", "buyer", unit="centre", unit_kind="line_rental", since="2026-06-10")
    made, lines, _, units = told(bad, "2026-08-10T01:30")
    assert units["centre"][0] == "line_rental" and lines["scan", "centre"][0] == 10
    bad.say("in_scope", "buyer", system="portal", in_scope="false", since="2026-07-01")
    assert told(bad, "2026-08-10T01:40")[3]["centre"][1] == ()


def test_an_outage_that_runs_across_a_change_is_one_fault_by_what_held_when_it_began(site):
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T12:00", False))
    site.apply(changed("not core"))
    site.probe(("2026-07-14T12:00", False), ("2026-07-14T13:00", True), ("2026-07-14T16:00", True))
    site.settle()
    _, _, faults, _ = told(site)
    assert [(unit, system, level) for unit, system, _, level, _, _ in faults] == [("centre", "portal", 1)]
    site.apply(changed("not core"))
    site.probe(("2026-08-11T08:00", True), ("2026-08-11T10:00", False), ("2026-08-11T13:00", True))
    site.probe(("2026-08-11T13:00", True), ("2026-08-11T16:00", True))
    site.go("2026-09-10T01:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-08")
    assert [one.facts["level"] for one in made.facts.items if one.kind == "fault"] == [2]


def test_a_round_over_one_asset_of_two_is_no_inspection_of_the_unit(site):
    site.apply(ESTATE.replace("assets: all", "assets: [web-01, mail-01]"))
    for monday in MONDAYS:
        site.inspect(monday, ("web-01", "mail-01"))
    site.go("2026-08-10T01:00")
    site.settle()
    made, lines, _, _ = told(site)
    assert lines["inspection", "county"][0] == 8
    assert lines["inspection", "centre"] == (None, 0, 8)
    (gap,) = [one for one in made.facts.gaps if one.kind == "inspection"]
    assert (gap.reason, gap.unit, gap.at_most, gap.facts["assets"]) == (
        "assets_not_planned",
        "centre",
        4,
        "web-02",
    )
    # An asset that the buyer had out of service owed none.
    site.say("in_service", "buyer", asset="web-02", in_service="false", since="2026-07-01")
    assert told(site, "2026-08-10T02:00")[1]["inspection", "centre"][0] == 8


def test_a_years_availability_adds_the_stretches_of_its_estates_and_is_made_anew(site, tmp_path):
    def year(text):
        return text.replace("luohe-2026, start: 2026-06-10", "huaian-2025, start: 2025-07-20")

    site.apply(year(ESTATE))
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T11:00", True))
    site.probe(("2026-07-14T11:00", True), ("2026-07-14T12:00", True))
    # From noon on an outage has to be seen ninety times.
    site.go("2026-07-14T12:00")
    site.apply(year(changed("confirmed by many")))
    site.probe(("2026-07-14T12:00", True), ("2026-07-14T13:00", False), ("2026-07-14T14:00", True))
    site.probe(("2026-07-14T14:00", True), ("2026-07-14T16:00", True))
    site.go("2026-07-21T01:00")
    site.settle()
    made = jobs.scorecard(site.context, "year-1")
    shares = {one.facts["of"]: one for one in made.facts.items if one.kind == "availability"}
    # An hour of the first stretch was down; the twelve bad looks of the second one are a blip by its terms.
    down, up = 60, 7 * 60
    assert abs(shares["system"].value - 100 * Fraction(up, up + down)) < Fraction(1, 5)
    assert shares["system"].facts["estate_changed"] == shares["worst"].facts["estate_changed"] != ""
    assert shares["union"].value == shares["system"].value
    jobs.seal(site.context, "1", by="manager")
    verdict = site.verdict(tmp_path / "b.zip")
    assert ("scorecard year-1 (seal)", "proven if") in {one[:2] for one in verdict.claims}, verdict.claims
    assert verdict.good, verdict.findings
