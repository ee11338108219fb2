"""Seals and settlements. See cheating.py."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from parts import loaded

from checks.wire.numbers import EntryKind
from collector.jobs import scorecards as jobs
from collector.jobs.as_of import applied
from collector.judging import paid, sealed
from collector.judging.version import JUDGING
from collector.store import scorecards as store

cheating = loaded("judging/cheating.py")
cheat = cheating.cheat

PERIOD = "2026-07"


def better(whole: Any) -> Any:
    lines = [
        replace(one, points=Fraction(8), low=Fraction(8), high=Fraction(8)) if one.id == "inspection" else one
        for one in whole.scorecard.lines
    ]
    return replace(whole, scorecard=replace(whole.scorecard, lines=tuple(lines)))


@cheat("found", "contradicted", "gives another lines")
def seal_with_points_that_nothing_gives(hand):
    hand.seal(better(hand.whole()))


@cheat("found", "other version", "NOT VERIFIED")
def seal_with_such_points_by_a_newer_version(hand):
    hand.seal(replace(better(hand.whole()), judging=JUDGING + 1))


@cheat("found", "versions only rise")
def seal_with_such_points_by_no_version(hand):
    hand.seal(replace(better(hand.whole()), judging=0, v=1))


@cheat("found", "leaves out")
def seal_that_leaves_out_a_complaint(hand):
    before = hand.whole()
    hand.site.go("2026-08-10T02:00")
    hand.site.say("complaint", at="2026-07-26T09:00+08:00", justified="true", points="4", text="x")
    hand.site.go("2026-08-10T02:05")
    card = replace(before.scorecard, as_of_ms=hand.context.now() - 1)
    facts = replace(before.facts, as_of_ms=hand.context.now() - 1)
    hand.seal(replace(before, scorecard=card, facts=facts))


@cheat("found", "leaves out", "more than 10 minutes before")
def seal_as_of_an_instant_before_the_complaint_came(hand):
    """Nothing received by then is left out, but the complaint had come when it was logged."""
    before = hand.whole()
    hand.site.go("2026-08-10T02:00")
    hand.site.say("complaint", at="2026-07-26T09:00+08:00", justified="true", points="5", text="x")
    hand.site.go("2026-08-10T03:00")
    hand.seal(before)


@cheat("found", "gives another", "facts.items")
def seal_whose_facts_forget_the_outage(hand):
    whole = hand.whole()
    items = tuple(one for one in whole.facts.items if one.kind != "fault")
    assert items != whole.facts.items
    hand.seal(replace(whole, facts=replace(whole.facts, items=items)))


@cheat("found", "gives another", "estate")
def seal_by_an_estate_that_was_not_in_force(hand):
    hand.seal(replace(hand.whole(), estate="ab" * 32))


@cheat("found", "does not follow the one before it")
def amendment_in_the_place_of_a_seal(hand):
    hand.seal(replace(hand.whole(), number=1))


@cheat("found", "says another previous")
def amendment_that_names_no_seal(hand):
    jobs.seal(hand.context, PERIOD, by="manager")
    hand.site.settle()
    hand.site.go("2026-08-11T01:00")
    hand.seal(replace(hand.whole(), number=1))


@cheat("found", "the scorecards give another", "parts")
def settlement_of_a_seal_that_was_amended_since(hand):
    site = hand.site
    site.go("2026-09-10T01:00")
    site.settle()
    for name in ("2026-06", PERIOD, "2026-08"):
        jobs.seal(site.context, name, by="manager")
        site.settle()
    with site.context.read() as conn:
        old = {row.period: (row.idx, jobs.read_sealed(conn, row)) for row in store.sealed(conn)}
    site.go("2026-09-11T01:00")
    told = {"at": "2026-07-20T09:00+08:00", "justified": "true", "points": "3", "text": "x"}
    site.say("complaint", amendment="yes", **told)
    jobs.seal(site.context, PERIOD, by="manager")
    site.settle()
    with site.context.read() as conn:
        held = applied(conn, 10**9)
    made = paid.make(held, site.world.at, old, "payment-1", 0)
    hand.entry(EntryKind.RECORD, {**paid.header_of(made, None), "by": "manager"}, paid.encode(made))


@cheat("told", "over and not sealed", PERIOD)
def period_with_bad_points_that_is_never_sealed(hand):
    jobs.seal(hand.context, "2026-06", by="manager")


@cheat("found", "gives another")
def seal_under_the_name_of_another_period(hand):
    whole = jobs.scorecard(hand.context, "2026-06")
    card = replace(whole.scorecard, period=replace(whole.scorecard.period, name=PERIOD))
    facts = replace(whole.facts, period=card.period)
    hand.seal(sealed.now(whole.size, whole.estate, (facts, card)))
