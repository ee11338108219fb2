"""What root gains by SQL, by other clocks, other logs and other histories: the buyer's verifier finds it."""

from unicodedata import normalize

import pytest
from parts import loaded
from sqlalchemy import text as sql

from checks.wire.numbers import EntryKind
from collector.jobs import account_keys, derive, statements
from collector.jobs.checkpoints import Publisher
from collector.jobs.said import all_said
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Text, encode, listed, pack, sign
from collector.store import accounts
from collector.verify.growth import Paper

bundles = loaded("statements/test_bundles.py")
verifier = bundles.verifier
write, HOUR, ORIGIN = bundles.write, bundles.HOUR, bundles.ORIGIN
REPRIMAND = {"kind": "reprimand", "subject": "", "by": "jia", "role": "buyer", "late": False, "two": False}


def execute(office, statement: str, **values: str) -> None:
    with office.context.write() as conn:
        conn.execute(sql(statement), values)


def logged(office, data: bytes, signer, **changes: object) -> int:
    """An entry about a reprimand by jia, signed by whatever key."""
    header = {**REPRIMAND, **changes, "said": data.decode(), "signatures": listed([sign(data, signer)])}
    return write(office, header)


def reprimand(office, log: str = ORIGIN, made: int = 0, text: str = "x") -> bytes:
    return encode(Text(log, "reprimand", "jia", office.hands.ms + made, {"day": "2026-11-15", "text": text}))


def problems(verifier, *persons: str) -> list[tuple[str, str]]:
    found = verifier.look(*persons).findings.problems
    return [(one.where, one.detail.rpartition("(")[2].rstrip(")")) for one in found]


def printed(office) -> tuple[int, str]:
    """What stands on the sheet that somebody printed: size and root of the checkpoint."""
    office.publish()
    made = Publisher(office.context).publish()
    assert made is not None
    return made.size, made.root.hex()


def test_what_the_buyer_signed_for_another_log_is_nothing_here(office, verifier):
    office.everybody()
    entry = logged(office, reprimand(office, log="rehearsal.example/log"), office.key("jia"))
    assert problems(verifier, "jia") == [(f"entry {entry}", "bad_text")]


@pytest.mark.parametrize("change", [{"by": "yi"}, {"role": "admin"}, {"subject": "portal"}])
def test_a_header_that_says_other_things_than_the_signed_text_is_found(office, verifier, change):
    office.everybody()
    entry = logged(office, reprimand(office), office.key("jia"), **change)
    ((where, _),) = problems(verifier, "jia")
    assert where == f"entry {entry}"


def test_a_receipt_that_root_dated_before_the_buyer_signed_is_found_and_counts_for_nothing(office, verifier):
    """With the collector's clock set back an approval of tonight came before the work of this afternoon."""
    office.everybody()
    late = logged(office, reprimand(office, made=4 * HOUR), office.key("jia"))
    good = logged(office, reprimand(office, made=60_000, text="y"), office.key("jia"))
    verdict = verifier.look("jia")
    (problem,) = verdict.findings.problems
    assert (problem.code, problem.where) == ("bad_statement", f"entry {late}")
    assert problem.detail == "its receipt is 14400 s before its author made it (made_later)"
    ((word, detail),) = [(b, c) for a, b, c in verdict.claims if a == "statements of jia (buyer)"]
    assert word == "contradicted" and "1 problems" in detail and good
    derive.rebuild(office.context)
    with office.context.read() as conn:  # what an earlier program took: both tell the same story
        counted = [one.entry for one in all_said(conn, office.hands.ms + 9 * HOUR)]
    assert good in counted and late not in counted


def test_what_is_signed_ahead_of_the_collectors_clock_is_not_taken(office, code):
    office.everybody()
    office.hands.ms += 4 * HOUR
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    office.hands.ms -= 4 * HOUR
    assert code(lambda: statements.add_signed(office.context, file)) == "in_future"
    office.hands.ms += 4 * HOUR - 60_000
    assert statements.add_signed(office.context, file)


def test_a_manager_whom_sql_made_a_buyer_is_no_buyer(office, verifier, code):
    office.everybody()
    execute(office, "update account set role = 'buyer' where name = 'wang'")
    file = office.signed("wang", "reprimand", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file)) == "role_changed"
    entry = office.say("wang", "complaint", at="2026-11-15T10:00", justified="false", text="x")
    assert problems(verifier) == [(f"entry {entry}", "bad_role")]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_whoever_got_another_role_after_the_key_speaks_in_it(office, verifier, form):
    """As the commands and pages do it; keyboards differ in how they compose a name's letters."""
    office.everybody()
    with office.context.write() as conn:
        accounts.create(conn, "zoé", "correct-horse-7", "manager")
    request = office.request("zoé", office.key("wang"), role="manager")
    account_keys.enrol(office.context, request, by="wang")
    typed = normalize(form, "zoé")
    with office.context.write() as conn:
        accounts.set_role(conn, typed, "buyer")
    header = {"event": "role_changed", "account": None, "by": "command line", "subject": typed}
    office.context.append_collector_entry(EntryKind.COLLECTOR, {**header, "role": "buyer"})
    office.say("zoé", "complaint", at="2026-11-15T10:00", justified="false", text="x")
    assert problems(verifier) == []


def test_a_manager_whose_account_sql_gave_the_buyers_name_cannot_sign_as_the_buyer(office, verifier, code):
    office.everybody()
    execute(office, "update account set name = 'gone' where name = 'jia'")
    execute(office, "update account set name = 'jia', role = 'buyer' where name = 'wang'")
    file = pack(data := reprimand(office), [sign(data, office.key("wang"))])
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"
    office.say("jia", "complaint", at="2026-11-15T10:00", justified="false", text="x")
    ((word, detail),) = verifier.claim("statements of jia", "jia")
    assert word == "human" and "though that account has a key of its own" in detail


def test_another_key_in_the_table_of_keys_signs_nothing(office, verifier, code):
    """The table is derived: what counts is the enrolment in the log."""
    office.everybody()
    false = office.key("jia", "false")
    execute(office, "update account_key set public = :key where account = 'jia'", key=false.public.hex())
    file = office.signed("jia", "reprimand", tag="false", day="2026-11-15", text="x")
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"
    entry = logged(office, reprimand(office), false)
    assert problems(verifier, "jia") == [(f"entry {entry}", "bad_signature")]


def test_one_key_for_two_accounts_does_not_make_two_people(office, verifier):
    office.everybody()
    key = office.key("wang")
    data = encode_request(Request(ORIGIN, "li", "operator", key.public, office.hands.ms))
    signatures = [sign(data, one, PERSON_KEY) for one in (key, office.key("root"))]
    header = {"kind": "key", "subject": "li", "by": "root", "role": "admin", "said": data.decode()}
    entry = write(office, {**header, "signatures": listed(signatures)})
    assert problems(verifier) == [(f"entry {entry}", "key_known")]


@pytest.mark.parametrize("name", ["jiа", "ｊｉａ", "jιa", "jia\u200d"])
def test_no_account_has_a_name_that_looks_like_the_buyers(office, name):
    with office.context.write() as conn, pytest.raises(accounts.AccountError) as refused:
        accounts.create(conn, name, "Cold-harbour-42", "buyer")
    assert refused.value.code == "bad_name"


@pytest.mark.parametrize("name", ["жанна", "王芳", "wang王", "josé", "γιάννης", "li.3"])
def test_names_of_one_alphabet_and_han_are_names(office, name):
    with office.context.write() as conn:
        assert accounts.create(conn, name, "Cold-harbour-42", "viewer").name == name


def test_a_history_without_what_the_buyer_said_is_another_one(office, verifier, tmp_path):
    """Root makes the whole log anew, all but one entry, with the log's own key. The log alone cannot tell;
    whoever kept a printed checkpoint of that evening can, and whoever kept his own signed file."""
    office.everybody()
    spoken = office.signed("jia", "reprimand", day="2026-11-15", text="两次未到场")
    statements.add_signed(office.context, spoken)
    office.say("wang", "visit", unit="centre", at="2026-11-15T09:00")
    size, root = printed(office)
    assert verifier.look("jia", paper=Paper(size, root)).good

    other = type(office)(tmp_path / "again", office.hands, office.keys)
    other.open()
    try:
        other.everybody()
        other.say("wang", "visit", unit="centre", at="2026-11-15T09:00")
        other.say("wang", "visit", unit="centre", at="2026-11-15T09:30")  # as many entries as before
        assert printed(other)[0] == size and printed(other)[1] != root
        forger = type(verifier)(other, verifier.place)
        assert forger.look("jia").good
        found = forger.look("jia", paper=Paper(size, root))
        assert [problem.code for problem in found.findings.problems] == ["bad_paper"]
    finally:
        other.context.close()
