"""Estates, packs, rounds and their records. See cheating.py."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from parts import loaded

from checks.wire.numbers import EntryKind
from collector.availability.estate_terms import encode as encode_terms
from collector.availability.estate_terms import parse as parse_terms
from collector.inspection import record as records
from collector.jobs import derive, projection, rounds
from collector.jobs import scorecards as jobs
from collector.jobs.as_of import applied

cheating = loaded("judging/cheating.py")
Hand, cheat = cheating.Hand, cheating.cheat

PERIOD = "2026-07"
HOUR = 3_600_000


def estate_again(hand: Hand, change: Callable[[Any], Any]) -> int:
    """The estate's entry once more, with other terms."""
    with hand.context.read() as conn:
        idx = applied(conn, 10**9)[0].idx
    header, body = hand.header_and_body(idx)
    terms = change(parse_terms(body))
    body = encode_terms(terms)
    return projection.log(hand.context, [(EntryKind.PLAN, {**header, "estate": terms.estate}, body)])[0]


def softer(terms: Any) -> Any:
    """The pack under its name, with another text: a twentieth of the looks is an inspection."""
    held = terms.contract
    text = held.compiled.replace('"min_coverage":95', '"min_coverage":5', 1)
    assert text != held.compiled
    digest = sha256(text.encode()).hexdigest()
    return replace(terms, contract=replace(held, compiled=text, digest=digest))


@cheat("found", "is not the text that it names")
def pack_with_another_text_under_its_digest(hand):
    def change(terms):
        return replace(terms, contract=replace(softer(terms).contract, digest=terms.contract.digest))

    estate_again(hand, change)


@cheat("told", "has another text from", "ask who agreed to that")
def pack_with_another_text_under_its_name(hand):
    estate_again(hand, softer)


@cheat("told", "compare it with the one that both sides signed")
def pack_with_another_text_from_the_first_day(hand):
    """The log never had another: the reader holds the digest of the signed text against it."""


@cheat("told", "3  estates applied")
def lenient_estate_for_a_day_and_the_old_one_back(hand):
    """Counted from its own day on only; the honest records of before stay proven."""
    lenient = hand.estate.replace("assets: all, checks", "assets: [web-01], checks")
    assert lenient != hand.estate
    hand.site.go("2026-08-11T08:00")
    hand.site.apply(lenient)
    hand.site.go("2026-08-12T08:00")
    hand.site.apply(hand.estate)
    hand.site.settle()
    jobs.seal(hand.context, PERIOD, by="manager")


# -- rounds and their records


def logged_record(hand: Hand, window: str, change: Callable[[Any], Any]) -> None:
    header, record = hand.record(window)
    made = change(record)
    counts = {name: getattr(made.overview, name) for name in header["counts"]}
    hand.entry(EntryKind.RECORD, {**header, "counts": counts}, records.encode(made))


@cheat("found", "not what the lines and plans give")
def record_without_the_look_that_failed(hand):
    def change(record):
        counts = replace(record.overview, due=record.overview.due - 1, errors=0)
        return replace(record, not_inspected=(), overview=counts)

    logged_record(hand, "weekly/2026-07-20", change)


@cheat("found", "not what the lines and plans give")
def record_that_calls_a_bad_reading_good(hand):
    def change(record):
        items = tuple(replace(one, state="ok") for one in record.items)
        return replace(
            record, items=items, problems=(), overview=replace(record.overview, crit=0, problems=0)
        )

    logged_record(hand, "weekly/2026-07-13", change)


@cheat("found", "not what the lines and plans give")
def record_that_was_made_before_the_bad_look_came(hand):
    """An honest record leaves out what came while it was drafted; this one was held back for a day."""
    site = hand.site
    at = site.go("2026-08-10T09:30")
    for name in ("web-01", "web-02"):
        site.send(name, site.look(name, "weekly/2026-08-10", at))
    derive.catch_up(site.context)
    with site.context.read() as conn:
        one = next(o for o in rounds.ledger(conn, at, at, at + 1) if o.window.id == "weekly/2026-08-10")
        early = rounds.draft(site.context, conn, one.round, one.window)
    hand.bad_look()
    site.go("2026-08-12T09:30")
    derive.catch_up(site.context)
    header, _ = hand.record("weekly/2026-07-13")
    window = early.window
    header |= {"window": window.id, "from": window.from_ms, "to": window.to_ms, "until": window.until_ms}
    header |= {"counts": {name: getattr(early.overview, name) for name in header["counts"]}}
    hand.entry(EntryKind.RECORD, header, records.encode(early))


@cheat("found", "no plan in force asks for a round in this window")
def record_of_a_round_that_nobody_planned(hand):
    def change(record):
        window = replace(record.window, from_ms=record.window.from_ms + HOUR)
        return replace(record, window=window)

    header, record = hand.record("weekly/2026-07-13")
    made = change(record)
    hand.entry(EntryKind.RECORD, {**header, "from": made.window.from_ms}, records.encode(made))


@cheat("told", "rounds that are over have no record", "weekly/2026-08-03")
def record_of_a_bad_round_that_is_never_logged(hand):
    """The month's last rounds were not held; whoever runs the collector stops their closing."""
    hand.site.go("2026-08-12T01:00")
    hand.site.say("visit", "operator", unit="centre", at="2026-08-11T12:00+08:00")
