"""Scorecards over the store: from signed results and statements to lines, points and money."""

from dataclasses import replace
from fractions import Fraction

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from checks.api import Reading, State, Unit
from collector.cli import main
from collector.estate.errors import EstateError
from collector.jobs import derive
from collector.jobs import scorecards as jobs
from collector.jobs.term import term_sheet
from collector.judging.judge import NoScorecard
from collector.judging.outlook import outlook
from collector.judging.term import STATES
from collector.reports.material_found import found_in, span_of
from collector.scoring.model import LineState
from collector.store import scorecards as store

MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")
PERIOD = "2026-07"


def line(made, name, unit=None):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


@pytest.fixture
def month(site):
    """A Luohe month with every weekly round done, and nothing else; it is over."""
    site.apply()
    for monday in MONDAYS:
        site.inspect(monday)
    site.go("2026-08-10T01:00")
    return site


def test_nothing_said_of_a_line_is_not_proven_and_what_was_inspected_counts(month):
    made = jobs.scorecard(month.context, PERIOD)
    assert line(made, "inspection", "centre").points == 8
    visit = line(made, "visit", "centre")
    assert (visit.points, visit.low, visit.high, visit.state) == (None, 0, 8, LineState.NOT_PROVEN)
    assert made.scorecard.total is None and made.scorecard.money[0].yuan is None


def test_the_command_prints_a_scorecard_of_signed_results(month):
    place = str(month.world.directory)
    month.context.close()

    def run(*words):
        said = CliRunner().invoke(main, ["scorecard", *words])
        return said.exit_code, said.output

    code, text = run(place, "--period", PERIOD, "--as-of", "2026-08-10T01:00")
    assert code == 1 and "inspection\t8 / 8" in text and "not proven (0 .. 8) / 8" in text
    assert "over, not sealed" in text and "visit centre: 8 points: visit no_statement" in text
    assert run(place, "--period", "2031-01")[0] == 2
    assert run("periods", place)[0] == 0
    assert "mail-01\t\tno owner" in run("term", place)[1].replace("mail-01\tmail-01", "mail-01\t")
    assert run("changes", place, "--period", PERIOD) == (0, "0 of 0 changes unapproved\n")


def test_a_rebuild_gives_the_same_tables(month):
    jobs.seal(month.context, PERIOD, by="manager")
    derive.catch_up(month.context)
    tables = (store.unit_round_table, store.scorecard_table)
    with month.context.read() as conn:
        before = [sorted(map(tuple, conn.execute(select(one)))) for one in tables]
    derive.rebuild(month.context)
    with month.context.read() as conn:
        assert [sorted(map(tuple, conn.execute(select(one)))) for one in tables] == before
    assert all(before)


def items(made, kind, **where):
    return [
        one
        for one in made.facts.items
        if one.kind == kind and all(getattr(one, name) == value for name, value in where.items())
    ]


def test_a_period_that_has_not_begun_has_no_scorecard_and_no_document(month):
    with pytest.raises(NoScorecard) as refused:
        jobs.scorecard(month.context, "2026-09")
    assert refused.value.code == "not_begun"
    with pytest.raises(NoScorecard):
        jobs.scorecard(month.context, "2026-08", month.world.at - 86_400_000)  # it began an hour ago
    with pytest.raises(NoScorecard):
        found_in(month.context, span_of(month.context, "2026-09"))


def test_a_period_without_any_evidence_is_neither_zero_nor_full(site):
    site.apply()
    site.go("2026-08-10T01:00")
    derive.catch_up(site.context)  # no round is closed: as if nobody had been there
    made = jobs.scorecard(site.context, PERIOD)
    for name in ("visit", "inspection", "backup", "scan", "docs"):
        one = line(made, name, "centre")
        assert (name, one.points, one.low, one.high) == (name, None, 0, one.full)
    assert made.scorecard.total is None and made.scorecard.grade is None


def test_a_round_that_nobody_did_is_proven_to_be_missing(site):
    site.apply()
    site.go("2026-08-10T12:00")
    site.settle()  # rounds are closed by the collector, as missed
    one = line(jobs.scorecard(site.context, PERIOD), "inspection", "centre")
    assert (one.points, one.counted) == (0, 0)


def test_a_round_that_left_out_an_asset_of_the_unit_is_partial_and_does_not_count(site):
    site.apply()
    site.inspect(MONDAYS[0], ("web-01", "mail-01"))
    site.inspect(MONDAYS[1], web_02="error")
    site.go("2026-08-10T01:00")
    site.settle()
    made = jobs.scorecard(site.context, PERIOD)
    assert line(made, "inspection", "centre").counted == 0
    assert line(made, "inspection", "county").counted == 2
    looser = jobs.scorecard(site.context, PERIOD, options={"inspection.min_coverage": 50})
    assert (
        line(looser, "inspection", "centre").counted == 1
    )  # the error was an attempt; what never came was none


def test_results_that_arrive_late_count_from_their_receipt_on(site):
    site.apply()
    site.inspect(MONDAYS[0], ("web-01", "mail-01"))
    site.go("2026-07-15T10:00")
    late = site.look("web-02", f"weekly/{MONDAYS[0]}", site.world.at - 2 * 86_400_000)
    site.send("web-02", late)
    site.settle()
    before = jobs.scorecard(site.context, PERIOD, site.world.at - 86_400_000)
    after = jobs.scorecard(site.context, PERIOD)
    assert line(before, "inspection", "centre").counted == 0
    assert line(after, "inspection", "centre").counted == 1


def test_a_clock_that_is_wrong_by_hours_moves_no_inspection_into_another_month(site):
    site.apply()
    # Monday 2026-08-10 09:30 in China is the next service month; this clock is nine hours and more behind.
    site.go("2026-08-10T09:30")
    behind = 10 * 3_600_000
    for name in ("web-01", "web-02", "mail-01"):
        site.world.agent(name).offset_us = -behind * 1000
        site.send(name, site.look(name, "weekly/2026-08-10", site.world.at - behind))
    site.settle()
    july = jobs.scorecard(site.context, PERIOD)
    august = jobs.scorecard(site.context, "2026-08")
    assert not items(july, "inspection")
    assert [str(one.day) for one in items(august, "inspection", unit="centre")] == ["2026-08-10"]


def test_an_asset_that_moves_between_units_counts_where_it_was_at_the_time(site, estate):
    site.apply()
    site.inspect(MONDAYS[0], ("web-01", "mail-01"))  # web-02 is missing: not the centre's round
    site.go("2026-07-15T10:00")
    site.apply(
        estate.replace("{id: web-02, kind: server, system: portal", "{id: web-02, kind: server, system: mail")
    )
    site.inspect(MONDAYS[1], ("web-01", "mail-01"))  # now it is missing at the county
    site.go("2026-08-10T01:00")
    site.settle()
    made = jobs.scorecard(site.context, PERIOD)
    assert [str(one.day) for one in items(made, "inspection", unit="centre")] == [MONDAYS[1]]
    assert [str(one.day) for one in items(made, "inspection", unit="county")] == [MONDAYS[0]]


def test_a_system_that_is_dropped_on_the_last_day_is_judged_all_the_same(month, estate):
    mail = "  - {id: mail, unit: county, name: 邮件}\n"
    made = jobs.scorecard(month.context, PERIOD)
    assert [system.id for unit in made.facts.units for system in unit.systems] == ["portal", "mail"]
    month.apply(estate.replace(mail, "").replace(", system: mail", ", unit: county"))
    derive.catch_up(month.context)
    again = jobs.scorecard(month.context, PERIOD)
    assert again.facts.units == made.facts.units


def test_a_pack_that_changes_later_leaves_an_old_period_as_it_was(month, estate):
    before = jobs.scorecard(month.context, PERIOD)
    agreed = "{pack: luohe-2026, start: 2026-06-10, options: {count: literal}}"
    month.apply(estate.replace("{pack: luohe-2026, start: 2026-06-10}", agreed))
    derive.catch_up(month.context)
    assert jobs.scorecard(month.context, PERIOD).scorecard.options == before.scorecard.options
    month.go("2026-10-11T01:00")
    derive.catch_up(month.context)
    # August had begun an hour before it was applied.
    for period, count in (("2026-08", "distinct_weeks"), ("2026-09", "literal")):
        assert dict(jobs.scorecard(month.context, period).scorecard.options)["count"] == count


def test_a_service_tree_with_a_loop_is_no_estate(site, estate):
    with pytest.raises(EstateError, match="leads back to itself"):
        site.apply(
            estate.replace("service: portal-web", "service: mail").replace("邮件}", "邮件, service: portal}")
        )


def test_what_if_says_what_a_statement_would_change(month):
    made = jobs.scorecard(month.context, PERIOD)
    other = jobs.suppose(month.context, made, "visit:unit=centre,at=2026-07-20T10:00+08:00")
    assert line(other, "visit", "centre").points == 8
    assert line(made, "visit", "centre").points is None
    found = outlook(made.scorecard, made.facts)
    assert found.full == found.sure + found.at_risk + found.lost == 100
    assert ("visit", "centre") in {(risk.line, risk.unit) for risk in found.risks}


def test_the_term_sheet_tells_what_was_not_operated_and_what_nobody_saw_so_far(site, estate):
    site.apply(estate.replace("name: 邮件}", "name: 邮件, in_service: [{to: 2026-08-01}]}"))
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T09:00", True))
    site.inspect(MONDAYS[1])
    site.go("2026-08-10T01:00")
    site.say("in_scope", "manager", system="portal", in_scope="false", since="2026-06-10", until="2026-06-19")
    entry = site.say("in_scope", "buyer", system="portal", in_scope="false", since="2026-08-03")
    with site.context.read() as conn:
        found = {one.id: one for one in term_sheet(conn, site.world.at)}
    states = [(str(one.first), one.days, one.state, one.grade) for one in found["portal"].stretches]
    assert states == [
        ("2026-06-10", 34, "unseen", "-"),
        ("2026-07-14", 1, "operated", "B"),
        ("2026-07-15", 5, "unseen", "-"),
        ("2026-07-20", 1, "operated", "C"),
        ("2026-07-21", 13, "unseen", "-"),
        ("2026-08-03", 7, "out_of_scope", "D"),
    ]
    assert found["portal"].owner == "ops-1" and found["portal"].stretches[-1].entry == entry
    mail = found["mail"]
    assert [mail.days(word) for word in STATES] == [1, 51, 9, 0]
    shown = CliRunner().invoke(main, ["scorecard", "term", str(site.context.directory)])
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("so far: up to ")
    assert "  unseen 2026-07-21 .. 2026-08-03 (not included), nobody looked" in shown.output


def test_a_drift_counts_as_a_change_that_nobody_approved_unless_somebody_did_before(site):
    site.apply()
    site.go("2026-07-12T10:00")
    told = {"change": "c-1", "asset": "mail-01", "what": "new port"}
    entry = site.say("change_requested", "operator", **told, from_="2026-07-12T12:00", to="2026-07-12T18:00")
    site.say("change_approved", "buyer", entry=str(entry), approved="true")
    for monday, name in ((MONDAYS[0], "mail-01"), (MONDAYS[1], "web-01")):
        site.go(f"{monday}T09:30")
        for asset in ("web-01", "web-02", "mail-01"):
            look = site.look(asset, f"weekly/{monday}", site.world.at)
            if asset == name:
                reading = Reading("unexpected", 1, Unit.COUNT, State.CRIT, "unexpected")
                look = replace(look, state="crit", readings=(reading,))
            site.send(asset, look)
        site.settle()
    with site.context.read() as conn:
        found = jobs.changes(conn, PERIOD, site.world.at)
    assert [(one.target, one.change) for one in found.drifts] == [("mail-01", entry), ("web-01", None)]
    assert (len(found.unapproved), found.share) == (1, Fraction(1, 2))


def test_a_system_that_nobody_watches_leaves_its_faults_not_proven(month):
    made = jobs.scorecard(month.context, PERIOD)
    incidents = line(made, "incidents", "centre")
    assert (incidents.points, incidents.state) == (None, LineState.NOT_PROVEN)
    assert {(one.kind, one.reason) for one in made.facts.gaps if one.kind == "fault"} == {
        ("fault", "not_observed")
    }
