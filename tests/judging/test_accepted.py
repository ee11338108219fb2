"""What nobody saw: how much may hide in it, and the buyer's acceptance that there was none."""

from contextlib import suppress
from fractions import Fraction

import pytest
from parts import loaded

from collector.jobs import scorecards as jobs
from collector.jobs import statements
from collector.judging.ground import ServiceSeen
from collector.judging.unwatched import unwatched
from collector.packs.loading import packaged
from collector.scoring.model import Gap, LineState, PeriodFacts
from collector.scoring.score import score
from collector.scoring.settlement import settle

_TESTS = loaded("judging/test_unwatched.py")
PERIOD, UNITS, asked = _TESTS.PERIOD, _TESTS.UNITS, _TESTS.asked

HOURLY = ("every: 5m", "every: 1h")


@pytest.fixture
def blind(site, estate):
    """July of which the probe saw but the first two days and the last one, and no scanner anything."""
    site.apply(estate.replace(*HOURLY))
    site.probe(("2026-07-09T22:00", True), ("2026-07-12T00:00", True), every=3_600_000)
    site.probe(("2026-08-09T00:00", True), ("2026-08-10T01:00", True), every=3_600_000)
    site.go("2026-08-11T03:00")
    site.settle()
    return site


def line(made, name, unit="centre"):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


def test_one_fault_hides_in_a_stretch_that_nobody_saw_until_the_buyer_accepts(blind, tmp_path):
    made = jobs.scorecard(blind.context, "2026-07")
    found = line(made, "incidents")
    assert (found.points, found.low, found.high) == (None, 0, 30)  # flaws that nobody searched for: the floor
    faults = [gap for gap in made.facts.gaps if gap.kind == "fault" and gap.reason == "unknown_time"]
    assert faults and all(gap.at_most == 1 for gap in faults)
    with pytest.raises(statements.StatementError):
        blind.say("acceptance", by="manager", period="2026-07", accepted="true")
    blind.say("acceptance", period="2026-07", accepted="false")
    assert line(jobs.scorecard(blind.context, "2026-07"), "incidents").points is None
    entry = blind.say("acceptance", period="2026-07", accepted="true")
    made = jobs.scorecard(blind.context, "2026-07")
    found = line(made, "incidents")
    assert (found.points, found.state, found.grade) == (30, LineState.PROVEN, "D")
    assert "accepted" in [one.code for one in found.causes]
    proofs = {proof for place in found.items for proof in made.facts.items[place].proofs}
    assert {(one.entry, one.signer) for one in proofs} == {(entry, "buyer")}
    assert line(made, "scan").points is None  # it is no scan: that none was made somebody has to say
    jobs.seal(blind.context, "2026-07", by="manager")
    verdict = blind.verdict(tmp_path / "all.zip")
    assert {word for name, word, _ in verdict.claims if name.startswith("scorecard")} == {"proven if"}


def test_an_acceptance_of_a_period_that_still_runs_closes_nothing(site, estate):
    site.apply(estate)
    site.go("2026-08-08T12:00")
    with suppress(statements.StatementError):  # refused is as good
        site.say("acceptance", period="2026-07", accepted="true")
    site.go("2026-08-11T03:00")
    site.settle()
    assert line(jobs.scorecard(site.context, "2026-07"), "incidents").points is None


@pytest.mark.parametrize(("stretches", "low"), [(1, 0), (3, -40)])
def test_bounds_are_what_the_dearest_faults_would_cost(stretches, low):
    question = asked("pingdingshan-2025")
    half = ServiceSeen("portal", Fraction(1), Fraction(1, 2), Fraction(1), blind=stretches)
    kept = ServiceSeen("mail", *[Fraction(1)] * 3)
    gaps = tuple(unwatched([half, kept], UNITS, question))
    card = score(packaged("pingdingshan-2025"), PeriodFacts(PERIOD, 1000, UNITS, (), gaps))
    found = next(one for one in card.lines if one.id == "faults")
    assert (found.low, found.high) == (low, 20)


def test_weeks_before_the_collector_was_put_up_count_as_held_once_the_buyer_accepts(site, estate):
    site.go("2026-07-20T08:00")
    site.apply(estate.replace("luohe-2026, start: 2026-06-10", "pingdingshan-2025, start: 2026-07-01"))
    site.go("2026-10-02T12:00")
    site.settle()

    def inspection():
        made = jobs.scorecard(site.context, "cycle-1")
        return made, next(one for one in made.scorecard.lines if one.id == "inspection")

    made, before = inspection()
    assert "nobody_watched" in {made.facts.gaps[place].reason for place in before.gaps}
    site.say("acceptance", period="cycle-1", accepted="true")
    made, after = inspection()
    assert (after.points, after.state, after.counted) == (0, LineState.PROVEN, before.counted)
    assert "accepted" in {one.code for one in after.causes}
    special = next(one for one in made.scorecard.lines if one.id == "special")
    assert "accepted" not in {one.code for one in special.causes}


def test_a_shortfall_reads_from_low_to_high():
    gap = Gap("fine", "not_told", at_most=20, facts={"item": "order_unfulfilled"})
    compiled = packaged("luohe-2026")
    card = score(compiled, PeriodFacts(PERIOD, 1000, UNITS, (), (gap,)))
    short = next(one for one in settle(compiled, [card]).money if one.id == "shortfall")
    assert 0 <= short.low < short.high
