"""What is refused: the forged, the late, the doubled, the unknown."""

import json

import pytest

from collector.jobs import account_keys, statements
from collector.jobs.said import all_said, every_said
from collector.statements.text import pack, unpack

HOUR = 3_600_000


def test_bytes_changed_after_signing_are_nobodys_statement(office, code):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="两次未到场")
    data, signatures = unpack(file)
    forged = pack(data.replace("两次".encode(), "三次".encode()), signatures)
    assert code(lambda: statements.add_signed(office.context, forged)) == "bad_signature"


def test_another_persons_key_does_not_sign_for_the_buyer(office, code):
    office.everybody()
    file = json.loads(office.signed("jia", "reprimand", day="2026-11-15", text="x"))
    mine = json.loads(office.signed("root", "reprimand", day="2026-11-15", text="x"))
    both = json.dumps({**file, "signatures": mine["signatures"]}).encode()
    assert code(lambda: statements.add_signed(office.context, both)) == "bad_signature"


def test_a_key_that_nobody_enrolled_signs_nothing(office, code):
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"


def test_a_revoked_key_signs_nothing_more(office, code):
    office.everybody()
    office.say("root", "key_revoked", account="jia", reason="lost")
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"


def test_a_statement_for_another_log_is_refused(office, code):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x", log="other.example/log")
    assert code(lambda: statements.add_signed(office.context, file)) == "wrong_log"


def test_the_same_twice_is_refused_however_it_comes(office, code):
    office.everybody()
    fields = {"unit": "centre", "at": "2026-11-15T10:00"}
    office.say("zhao", "visit", **fields)
    office.hands.ms += HOUR
    assert code(lambda: office.say("zhao", "visit", **fields)) == "twice"
    again = office.signed("zhao", "visit", unit="centre", at=office.hands.ms - 15 * HOUR)
    assert code(lambda: statements.add_signed(office.context, again)) == "twice"


def test_a_file_brought_twice_counts_once(office, code):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    statements.add_signed(office.context, file)
    assert code(lambda: statements.add_signed(office.context, file)) == "twice"
    with office.context.read() as conn:
        assert [one.kind for one in all_said(conn, office.hands.ms)].count("reprimand") == 1


def test_a_session_cannot_bring_what_another_account_signed(office, code):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file, by="zhao")) == "other_account"


@pytest.mark.parametrize(
    ("by", "kind", "fields", "wanted"),
    [
        ("zhao", "visit", {"unit": "nowhere", "at": "2026-11-15T10:00"}, "unknown_unit"),
        (
            "zhao",
            "maintenance",
            {"system": "x", "from": "2026-11-17", "to": "2026-11-18", "reason": "r"},
            "unknown_system",
        ),
        ("wang", "baseline_accepted", {"asset": "x", "check": "host.ports", "digest": "ab"}, "unknown_asset"),
        ("jia", "level", {"fault": "portal", "level": "2"}, "unknown_fault"),
        ("jia", "level", {"fault": "other@20261115T021530Z", "level": "2"}, "unknown_fault"),
        ("jia", "maintenance_approved", {"entry": "0", "approved": "true"}, "unknown_entry"),
        ("zhao", "reprimand", {"day": "2026-11-15", "text": "x"}, "no_right"),
        ("gast", "visit", {"unit": "centre", "at": "2026-11-15T10:00"}, "no_right"),
        ("jia", "fault_acknowledged", {"fault": "portal@20261115T021530Z", "at": "2026-11-15"}, "no_right"),
        ("cli", "reprimand", {"day": "2026-11-15", "text": "x"}, "no_right"),
        ("nobody", "visit", {"unit": "centre", "at": "2026-11-15T10:00"}, "no_such_account"),
        ("zhao", "visit", {"unit": "centre", "at": "2026-11-16T00:10"}, "in_future"),
        ("jia", "reprimand", {"day": "2026-11-17", "text": "x"}, "in_future"),
        ("jia", "level", {"fault": "portal@20261115T021530Z", "level": "5"}, "bad_field"),
        ("jia", "level", {"fault": "portal@20261115T021530Z"}, "missing_field"),
        ("jia", "satisfaction", {"period": "2026-10", "points": "1e3"}, "bad_field"),
        ("jia", "satisfaction", {"period": "2026-10"}, "missing_field"),
        ("jia", "satisfaction", {"period": "october", "points": "30"}, "bad_field"),
        ("jia", "refusal", {"at": "2026-11-15T10:00", "text": " "}, "bad_field"),
        (
            "zhao",
            "maintenance",
            {"system": "portal", "from": "2026-11-18", "to": "2026-11-17", "reason": "r"},
            "bad_field",
        ),
        ("zhao", "visit", {"unit": "centre", "at": "2026-11-15", "mood": "good"}, "unknown_field"),
        ("zhao", "defect_report", {"period": "2026-10"}, "no_document"),
        ("zhao", "dance", {}, "unknown_kind"),
    ],
)
def test_each_wrong_statement_has_its_code(office, code, by, kind, fields, wanted):
    before = _size(office)
    assert code(lambda: statements.add(office.context, kind, fields, by=by)) == wanted
    assert _size(office) == before


def test_the_error_names_the_field(office):
    with pytest.raises(statements.StatementError, match=r"^level: 5 is not from 1 to 4"):
        office.say("jia", "level", fault="portal@20261115T021530Z", level="5")


def test_a_document_that_is_not_the_signed_one_is_refused(office, code):
    office.everybody()
    file = office.signed("zhao", "defect_report", b"the report", period="2026-10")
    assert code(lambda: statements.add_signed(office.context, file, document=b"other")) == "bad_document"
    assert code(lambda: statements.add_signed(office.context, file)) == "no_document"
    statements.add_signed(office.context, file, document=b"the report")


def test_a_document_larger_than_the_log_holds_is_refused(office, code):
    made = {"period": "2026-10"}
    big = bytes(4 * 1024 * 1024 + 1)
    assert code(lambda: office.say("zhao", "defect_report", big, **made)) == "too_large"


def test_the_same_person_does_not_join_in_twice_nor_with_himself(office, code):
    entry = office.say("wang", "baseline_accepted", asset="web-01", check="host.ports", digest="ab")
    assert code(lambda: statements.second(office.context, entry, by="wang")) == "same_person"
    assert code(lambda: statements.second(office.context, entry, by="zhao")) == "no_right"
    statements.second(office.context, entry, by="jia")
    assert code(lambda: statements.second(office.context, entry, by="jia")) == "twice"


def test_what_needs_no_second_person_takes_none(office, code):
    entry = office.say("zhao", "visit", unit="centre", at="2026-11-15T10:00")
    assert code(lambda: statements.second(office.context, entry, by="li")) == "unknown_entry"


def test_the_vendor_corrects_no_statement_of_the_buyer(office, code):
    entry = office.say("jia", "satisfaction", unit="centre", period="2026-10", points="20")
    made = {"unit": "centre", "period": "2026-10", "points": "30"}
    assert code(lambda: office.say("wang", "satisfaction", corrects=entry, **made)) == "no_right"
    assert code(lambda: office.say("jia", "satisfaction", corrects=99, **made)) == "bad_correction"
    newer = office.say("yi", "satisfaction", corrects=entry, **made)
    other = {**made, "points": "10"}
    assert code(lambda: office.say("jia", "satisfaction", corrects=entry, **other)) == "bad_correction"
    with office.context.read() as conn:
        stands = [one for one in all_said(conn, office.hands.ms) if one.kind == "satisfaction"]
        assert [(one.entry, one.fields["points"]) for one in stands] == [(newer, "30")]
        assert len([one for one in every_said(conn, office.hands.ms) if one.kind == "satisfaction"]) == 2


def test_what_the_buyer_signed_is_not_corrected_from_a_session(office, code):
    office.everybody()
    file = office.signed("jia", "satisfaction", unit="centre", period="2026-10", points="20")
    entry = statements.add_signed(office.context, file)
    better = {"unit": "centre", "period": "2026-10", "points": "30"}
    assert code(lambda: office.say("jia", "satisfaction", corrects=entry, **better)) == "no_right"


def _size(office) -> int:
    with office.context.read() as conn:
        return len(every_said(conn, office.hands.ms))


# -- keys ------------------------------------------------------------------------------------------


def test_nobody_enrols_his_own_key(office, code):
    assert (
        code(lambda: account_keys.enrol(office.context, office.request("jia"), by="jia")) == "own_enrolment"
    )


def test_after_the_first_key_of_a_side_a_session_alone_enrols_none(office, code):
    office.enrol("jia")
    assert code(lambda: office.enrol("yi")) == "unvouched_key"
    assert code(lambda: office.enrol("yi", "wang")) == "unvouched_key"  # whose key nobody knows
    office.enrol("wang", "jia", by="jia")
    assert code(lambda: office.enrol("yi", "wang")) == "unvouched_key"  # of the other side
    office.enrol("yi", "jia", by="jia")


def test_an_admin_cannot_replace_the_buyers_key(office, code):
    office.everybody()
    assert code(lambda: office.enrol("jia", "root", tag="2")) == "unvouched_key"
    office.say("root", "key_revoked", account="jia", reason="lost")
    assert code(lambda: office.enrol("jia", "root", "wang", tag="2")) == "unvouched_key"
    office.enrol("jia", "root", "yi", tag="2")


def test_a_key_follows_its_own_former_one(office, code):
    office.everybody()
    office.enrol("jia", "jia", tag="2")
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"
    statements.add_signed(
        office.context, office.signed("jia", "reprimand", day="2026-11-15", text="x", tag="2")
    )


def test_a_key_for_another_role_or_nobody_is_refused(office, code):
    request = office.request("gast", role="buyer")
    assert code(lambda: account_keys.enrol(office.context, request, by="root")) == "role_changed"
    with office.context.read() as conn:
        assert not every_said(conn, office.hands.ms)


def test_a_key_is_enrolled_once(office, code):
    office.enrol("jia")
    assert code(lambda: office.enrol("jia")) == "key_known"


def test_after_a_change_of_role_the_key_must_be_enrolled_anew(office, code):
    from collector.store import accounts

    office.everybody()
    with office.context.write() as conn:
        accounts.set_role(conn, "zhao", "manager")
    file = office.signed("zhao", "visit", unit="centre", at=office.hands.ms - HOUR)
    assert code(lambda: statements.add_signed(office.context, file)) == "role_changed"
