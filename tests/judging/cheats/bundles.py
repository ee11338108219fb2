"""The log itself, and bundles of it. See cheating.py."""

from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from typing import Any

from parts import loaded

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.verify.growth import Paper

cheating = loaded("judging/cheating.py")
Hand, cheat, spoil = cheating.Hand, cheating.cheat, cheating.spoil


@cheat("found", "bad_chain")
def batch_of_the_outage_dropped(hand):
    parts = hand.bundle()
    at = parts.batches("web-02")[2]
    del parts.entries[at], parts.bodies[at]
    return hand.rebuilt(parts)


@cheat("not found")
def newest_batches_of_an_agent_dropped(hand):
    """The open tail: the agent keeps what has no proof; its next batch shows the hole."""
    hand.bad_look()
    parts = hand.bundle()
    at = parts.batches("mail-01")[-1]
    del parts.entries[at], parts.bodies[at]
    return hand.rebuilt(parts)


@cheat("found", "bad_chain")
def newest_batches_dropped_and_the_agent_went_on(hand):
    hand.bad_look()
    hand.later("mail-01")
    parts = hand.bundle()
    at = parts.batches("mail-01")[-2]
    del parts.entries[at], parts.bodies[at]
    return hand.rebuilt(parts)


def complaint_in(parts: Any) -> int:
    found = parts.kinds(EntryKind.STATEMENT)
    return [at for at in found if strict_json.loads(parts.parsed(at).header)["kind"] == "complaint"][-1]


def complained(hand: Hand) -> None:
    """A complaint that comes now, behind all records: leaving it out moves no entry that they cite."""
    hand.site.go("2026-08-10T02:00")
    hand.site.say("complaint", at="2026-07-27T09:00+08:00", justified="true", points="5", text="x")


def without_the_complaint(hand: Hand) -> Any:
    parts = hand.bundle()
    at = complaint_in(parts)
    del parts.entries[at], parts.bodies[at]
    return parts


@cheat("not found")
def statement_dropped_and_the_log_built_anew(hand):
    """Nobody outside has seen the log: no agent names a checkpoint, nothing was printed."""
    complained(hand)
    return hand.rebuilt(without_the_complaint(hand))


@cheat("found", "bad_paper")
def statement_dropped_and_the_buyer_has_the_paper(hand):
    complained(hand)
    hand.bundle()
    head = spoil.take_apart(hand.place).end.decode().split("\n")
    hand.paper = Paper(int(head[1]), b64decode(head[2]).hex()[:20])
    return hand.rebuilt(without_the_complaint(hand))


@cheat("found", "bad_checkpoint")
def statement_dropped_and_an_agent_has_seen_the_log(hand):
    complained(hand)
    hand.saw("web-01")
    return hand.rebuilt(without_the_complaint(hand))


@cheat("found", "bad_seen")
def statement_dropped_with_the_notes_that_an_agent_has_seen(hand):
    complained(hand)
    hand.saw("web-01")
    parts = without_the_complaint(hand)
    parts.notes = []
    return hand.rebuilt(parts)


def cheaper(header: bytes) -> bytes:
    """The complaint, with fewer points."""
    made = header.replace(b'\\"5\\"', b'\\"1\\"')
    assert made != header
    return made


@cheat("found", "bad_tree")
def statement_reworded_in_the_database(hand):
    parts = hand.bundle()
    at = complaint_in(parts)
    header = cheaper(parts.parsed(at).header)
    parts.resign(at, header, hand.context.signer)
    return parts.write(hand.place, hand.context.signer) and hand.verdict()


@cheat("found", "came before the entry in front of it")
def visit_logged_later_and_dated_back(hand):
    parts = hand.bundle()
    at = parts.kinds(EntryKind.STATEMENT)[0]
    parts.entries.append(parts.entries[at])
    parts.bodies.append(parts.bodies[at])
    return hand.rebuilt(parts)


@cheat("found", "came before the entry in front of it")
def entries_in_another_order(hand):
    parts = hand.bundle()
    at = parts.kinds(EntryKind.STATEMENT)[0]
    for held in (parts.entries, parts.bodies):
        held.append(held.pop(at))
    return hand.rebuilt(parts)


@cheat("told", "made before its newest entry came", "1 of 3        round weekly/2026-07-27")
def bundle_that_says_it_was_made_early(hand):
    """What was due after its making would not be counted."""
    parts = hand.bundle()
    parts.manifest = replace(parts.manifest, made_ms=parts.parsed(20).received_ms)
    parts.figures = []
    parts.write(hand.place, hand.context.signer)
    return hand.verdict()


@cheat("found", "bad_manifest")
def bundle_of_a_second_log_with_another_key(hand):
    parts = hand.bundle()
    other = Signer(sha256(b"other").digest())
    parts.seal(other)
    parts.write(hand.place, other)
    return hand.verdict()


@cheat("found", "bad_paper")
def second_log_of_the_same_name_and_key(hand):
    """Two views: the buyer's paper is of the one, the auditor's bundle of the other."""
    hand.bundle()
    head = spoil.take_apart(hand.place).end.decode().split("\n")
    hand.paper = Paper(int(head[1]), b64decode(head[2]).hex()[:20])
    parts = spoil.take_apart(hand.place)
    at = complaint_in(parts)
    header = cheaper(parts.parsed(at).header)
    parts.resign(at, header, hand.context.signer)
    return hand.rebuilt(parts)
