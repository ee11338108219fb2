"""Seals, amendments, and what the offline verifier says of them."""

from dataclasses import replace
from fractions import Fraction

import pytest
from click.testing import CliRunner

from checks.wire.numbers import EntryKind
from collector.cli import main
from collector.jobs import projection
from collector.jobs import scorecards as jobs
from collector.judging import sealed
from collector.judging.judge import NoScorecard
from collector.store import accounts

MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")
PERIOD = "2026-07"


@pytest.fixture
def month(site, estate):
    """A Luohe month: three of four weekly rounds, a visit to one unit; it is over. Late forms count."""
    start = "start: 2026-06-10"
    site.apply(estate.replace(start, f"{start}, options: {{satisfaction.late: counts}}"))
    for monday in MONDAYS[:3]:
        site.inspect(monday)
    site.say("visit", "operator", unit="centre", at=f"{MONDAYS[2]}T09:00+08:00")
    site.go("2026-08-10T01:00")
    site.settle()
    return site


def claims(verdict):
    return {name: word for name, word, _ in verdict.claims if name.startswith("scorecard")}


def test_a_running_period_and_a_future_instant_are_refused(site):
    site.apply()
    site.go("2026-07-20T00:00")
    site.settle()
    with pytest.raises(NoScorecard, match="not over"):
        jobs.seal(site.context, PERIOD, by="manager")
    with pytest.raises(NoScorecard, match="future"):
        jobs.scorecard(site.context, PERIOD, site.world.at + 1)
    with pytest.raises(NoScorecard, match="no period"):
        jobs.scorecard(site.context, "2031-01")


def test_what_comes_after_the_seal_makes_a_numbered_amendment_that_verifies(month, tmp_path):
    _, first = jobs.seal(month.context, PERIOD, by="manager")
    assert first.number == 0 and jobs.seal(month.context, PERIOD, by="manager") is None
    month.go("2026-08-11T09:00")
    month.say("satisfaction", unit="county", period=PERIOD, points="12", amendment="yes")
    made = jobs.scorecard(month.context, PERIOD)
    with month.context.read() as conn:
        status = jobs.status(conn, made)
    assert status.word == "sealed"
    assert ("line.satisfaction", "county") in {(one.what, one.unit) for one in status.changes}
    _, second = jobs.seal(month.context, PERIOD, by="manager")
    assert second.number == 1
    (change,) = [one for one in second.changes if one.what == "line.satisfaction"]
    assert (change.before, change.after) == ("30", "12")
    verdict = month.verdict(tmp_path / "b.zip")
    assert claims(verdict) == {
        f"scorecard {PERIOD} (seal)": "proven if",
        f"scorecard {PERIOD} (amendment 1)": "proven if",
    }, verdict.claims
    assert verdict.good, verdict.findings


def log(site, whole, previous=None):
    header = {**sealed.header_of(whole, previous), "by": "manager"}
    return projection.log(site.context, [(EntryKind.RECORD, header, sealed.encode(whole))])[0]


def whole_of(site):
    made = jobs.scorecard(site.context, PERIOD)
    return sealed.now(made.size, made.estate, (made.facts, made.scorecard))


def test_a_flipped_number_is_found(month, tmp_path):
    whole = whole_of(month)
    lines = list(whole.scorecard.lines)
    place = next(i for i, one in enumerate(lines) if one.id == "inspection")
    lines[place] = replace(lines[place], points=Fraction(8), low=Fraction(8), high=Fraction(8))
    log(month, replace(whole, scorecard=replace(whole.scorecard, lines=tuple(lines))))
    verdict = month.verdict(tmp_path / "b.zip")
    assert claims(verdict) == {f"scorecard {PERIOD} (seal)": "contradicted"} and not verdict.good


def test_a_statement_that_was_left_out_is_found(month, tmp_path):
    whole = whole_of(month)
    month.say("satisfaction", unit="centre", period=PERIOD, points="3")
    forged = replace(whole, scorecard=replace(whole.scorecard, as_of_ms=month.context.now()))
    forged = replace(forged, facts=replace(whole.facts, as_of_ms=month.context.now()))
    log(month, forged)
    verdict = month.verdict(tmp_path / "b.zip")
    assert [detail for name, _, detail in verdict.claims if name.startswith("scorecard")] == [
        f"it leaves out entry {whole.size}, which had been received"
    ]
    assert not verdict.good


def test_a_fault_that_was_never_answered_is_measured_and_made_anew(site, tmp_path):
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.probe(("2026-07-14T13:00", True), ("2026-07-14T16:00", True))
    site.inspect("2026-07-20")
    site.go("2026-08-10T01:00")
    site.settle()
    made = jobs.scorecard(site.context, PERIOD)
    faults = [one for one in made.facts.items if one.kind == "fault"]
    assert [one.system for one in faults] == ["portal"], made.facts.gaps
    jobs.seal(site.context, PERIOD, by="manager")
    verdict = site.verdict(tmp_path / "b.zip")
    assert claims(verdict) == {f"scorecard {PERIOD} (seal)": "proven if"}, verdict.claims
    assert verdict.good, verdict.findings


def test_a_years_availability_is_measured_and_made_anew(site, estate, tmp_path):
    site.apply(estate.replace("luohe-2026, start: 2026-06-10", "huaian-2025, start: 2025-07-20"))
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T11:00", True))
    site.go("2026-07-21T01:00")
    site.settle()
    made = jobs.scorecard(site.context, "year-1")
    worst = next(one for one in made.facts.items if one.kind == "availability" and one.facts["of"] == "worst")
    assert worst.value < 100 and worst.proofs[0].signer == "web-02"
    jobs.seal(site.context, "1", by="manager")
    verdict = site.verdict(tmp_path / "b.zip")
    assert claims(verdict) == {"scorecard year-1 (seal)": "proven if"}, verdict.claims
    assert verdict.good, verdict.findings


def test_the_command_seals_for_managers_only_and_says_what_is_no_instant(site):
    site.apply()
    site.go("2026-08-10T01:00")
    with site.context.write() as conn:
        accounts.create(conn, "gast", "Right-horse-7", "viewer", must_change=False)
    place = str(site.world.directory)
    site.context.close()
    for words, said in (
        (("seal", place, "--period", "2026-07", "--by", "gast"), "not for viewer"),
        ((place, "--period", "2026-07", "--as-of", "0001-01-01"), "0001-01-01"),
    ):
        done = CliRunner().invoke(main, ["scorecard", *words])
        assert done.exit_code == 2 and said in done.output, done.output
