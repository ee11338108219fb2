"""What people say; messages; documents. See cheating.py."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from parts import loaded

from checks.wire import entry as entries
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.jobs import projection
from collector.jobs.as_of import applied
from collector.judging.version import JUDGING
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.statements.kinds import KINDS
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Text, encode, listed, sign
from collector.store import packs

cheating = loaded("judging/cheating.py")
Hand, cheat = cheating.Hand, cheating.cheat

PERIOD = "2026-07"
HOUR = 3_600_000
BUYER = Signer(sha256(b"buyer").digest())


def stated(hand: Hand, by: str, role: str, points: str, signer: Signer | None = None, **more: str) -> int:
    """An entry that says how content a unit is."""
    fields = {"unit": "centre", "period": PERIOD, "points": points}
    text = encode(Text(hand.context.origin, "satisfaction", by, hand.site.world.at, fields))
    header = {"kind": "satisfaction", "by": by, "role": role, "late": True, "two": False, **more}
    whole = {**header, "subject": KINDS["satisfaction"].subject(fields), "said": text.decode()}
    if signer is not None:
        whole["signatures"] = listed([sign(text, signer)])
    return hand.entry(EntryKind.STATEMENT, whole)


@cheat("found", "no_right")
def buyers_word_by_the_manager(hand):
    stated(hand, "manager", "manager", "30")


@cheat("told", "statements of operator (buyer)", "statements of operator (operator)")
def operator_who_says_that_he_is_the_buyer(hand):
    """Roles of accounts that have no key stand in no log: both stand in the report."""
    stated(hand, "operator", "buyer", "30")


@cheat("told", "statements of somebody (buyer)")
def buyer_of_whom_nobody_has_heard(hand):
    """An account made for the purpose: human words, in the report with its name and role."""
    stated(hand, "somebody", "buyer", "30")


@cheat("told", "signed by the collector, not by buyer")
def buyers_word_through_a_session_that_was_none(hand):
    """Whoever runs the collector can write it: graded human, and the report says who could have."""
    stated(hand, "buyer", "buyer", "30")


def enrolled(hand: Hand) -> None:
    data = encode_request(Request(hand.context.origin, "buyer", "buyer", BUYER.public, hand.site.world.at))
    given = listed([sign(data, BUYER, PERSON_KEY)])
    header = {"kind": "key", "subject": "buyer", "by": "admin", "role": "admin", "said": data.decode()}
    projection.log(hand.context, [(EntryKind.STATEMENT, {**header, "signatures": given}, None)])


@cheat("found", "bad_person")
def buyers_signed_word_with_more_points(hand):
    enrolled(hand)
    hand.site.go("2026-08-10T01:10")
    idx = stated(hand, "buyer", "buyer", "12", BUYER)
    with hand.context.read() as conn:
        header = strict_json.loads(entries.parse(packs.data_of(conn, packs.entry(conn, idx))).header)
    header = {k: v for k, v in header.items() if k not in ("v", "log")}
    hand.entry(EntryKind.STATEMENT, {**header, "said": header["said"].replace('"12"', '"30"')})


@cheat("found", "other_key")
def buyers_word_with_a_key_that_he_does_not_have(hand):
    """The reader's own policy names the buyer's key; the collector enrolled another one."""
    enrolled(hand)
    hand.site.go("2026-08-10T01:10")
    stated(hand, "buyer", "buyer", "30", BUYER)
    hand.bundle()
    return hand.verdict(f"person buyer {Signer(bytes(32)).public.hex()}")


@cheat("found", "bad_late")
def late_word_that_says_it_came_in_time(hand):
    fields = {"unit": "centre", "at": hand.site.world.at - 20 * 24 * HOUR}
    text = encode(Text(hand.context.origin, "visit", "operator", hand.site.world.at, fields))
    header = {"kind": "visit", "by": "operator", "role": "operator", "late": False, "two": False}
    subject = KINDS["visit"].subject(fields)
    hand.entry(EntryKind.STATEMENT, {**header, "subject": subject, "said": text.decode()})


@cheat("found", "made_later")
def buyers_signed_word_with_a_receipt_from_before_he_signed(hand):
    """The collector's clock was set back, so that what came too late came in time."""
    enrolled(hand)
    hand.site.go("2026-08-10T09:10")
    fields = {"unit": "centre", "period": PERIOD, "points": "30"}
    text = encode(Text(hand.context.origin, "satisfaction", "buyer", hand.site.world.at + 4 * HOUR, fields))
    header = {"kind": "satisfaction", "by": "buyer", "role": "buyer", "late": True, "two": False}
    whole = {**header, "subject": KINDS["satisfaction"].subject(fields), "said": text.decode()}
    hand.entry(EntryKind.STATEMENT, {**whole, "signatures": listed([sign(text, BUYER)])})


@cheat("not found")
def statement_that_is_taken_and_never_logged(hand):
    """A complaint that the buyer typed into a page and the collector threw away: the log never had it."""


# -- messages


def receipt(hand: Hand, **more: Any) -> None:
    with hand.context.read() as conn:
        estate = applied(conn, 10**9)[-1].terms.estate
    header = {"event": "message", "key": "x", "kind": "fault", "subject": "fault:portal@1", "estate": estate}
    hand.entry(EntryKind.COLLECTOR, {**header, **more})


@cheat("found", "messages")
def receipt_of_a_message_that_nobody_asked_for(hand):
    receipt(hand, to="ab" * 8, channel="webhook", step=0, at=hand.context.now(), accepted=True, tries=1)


# -- documents


def documented(hand: Hand, kind: str, change: Callable[[Any], None], **header: Any) -> None:
    span = material_found.span_of(hand.context, PERIOD)
    material = Material(hand.context, span, material_found.found_in(hand.context, span))
    body = documents.body_of(documents.draft(kind, material, "zh"), material)
    body = strict_json.loads(strict_json.dumps(body))
    change(body)
    said = {"document": kind, "subject": body["subject"], "period": PERIOD, "from": span.from_ms}
    said |= {"to": span.to_ms, "as_of": span.as_of_ms, "estate": "", "judging": JUDGING, "by": "manager"}
    hand.entry(EntryKind.RECORD, {**said, **header}, strict_json.dumps(body))


@cheat("found", "the evidence gives other figures")
def document_with_better_figures(hand):
    def change(body):
        line = next(one for one in body["figures"]["values"] if one[0] == "line.inspection")
        line[2] = line[3] = line[4] = "8"

    documented(hand, "scorecard", change)


@cheat("found", "not those of its scorecard")
def document_whose_form_says_other_words(hand):
    def change(body):
        row = next(one for one in body["tables"][0]["rows"] if one[-1])
        row[-1] = "已达标"

    documented(hand, "scorecard", change)


@cheat("told", "worded by program 0.0.1, this is")
def document_whose_form_was_worded_by_another_program(hand):
    """Its figures are held against the evidence; its words could only be by that program."""

    def change(body):
        row = next(one for one in body["tables"][0]["rows"] if one[-1])
        row[-1], body["program"] = "已达标", "0.0.1"

    documented(hand, "scorecard", change)


@cheat("found", "gives another faults")
def document_whose_fault_is_shorter(hand):
    def change(body):
        table = next(one for one in body["tables"] if one["name"] == "doc-faults")
        table["rows"][0][table["columns"].index("j_to")] -= HOUR

    documented(hand, "fault-statistics", change)


@cheat("found", "gives another faults")
def document_without_its_faults(hand):
    def change(body):
        body["tables"] = [one for one in body["tables"] if one["name"] != "doc-faults"]

    documented(hand, "fault-statistics", change)


@cheat("found", "says another period")
def document_whose_entry_names_another_period(hand):
    documented(hand, "scorecard", lambda body: None, period="2026-06")
