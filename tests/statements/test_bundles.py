"""Real bundles: what root on the collector can write, and what a buyer's verifier says of it."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from checks.wire.note import format_vkey
from checks.wire.numbers import EntryKind
from collector.evidence.periods import parse_period
from collector.evidence.policy import PolicyError, parse_policy
from collector.jobs import account_keys, derive, statements
from collector.jobs.bundles import make_bundle
from collector.jobs.said import all_said
from collector.statements.model import Through
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Text, encode, listed, sign, unpack
from collector.statements.text import pack as repack
from collector.verify.growth import Paper
from collector.verify.verify import Options, verify_bundle

HOUR, DAY = 3_600_000, 86_400_000
ORIGIN = "people.example/log"


class Verifier:
    """A buyer with his own policy."""

    def __init__(self, office, place: Path) -> None:
        self.office, self.place = office, place

    def look(self, *persons: str, day: str = "2026-11-16", paper: Paper | None = None):
        """The verdict on a bundle of the day; `persons`: whose keys the policy names."""
        self.office.publish()
        out = self.place / f"{len(list(self.place.iterdir()))}.zip"
        period = parse_period(day, ZoneInfo("Asia/Shanghai"), self.office.hands.ms + DAY)
        make_bundle(self.office.context, period, out)
        lines = [f"log {format_vkey(self.office.context.vkey)}", "quorum none"]
        lines += [f"person {name} {self.office.key(name).public.hex()}" for name in persons]
        policy = parse_policy("\n".join(lines) + "\n")
        return verify_bundle(out, policy, Options(paper, full=True, processes=1))

    def codes(self, *persons: str) -> list[str]:
        return [problem.code for problem in self.look(*persons).findings.problems]

    def claim(self, name: str, *persons: str) -> list[tuple[str, str]]:
        return [
            (word, detail) for claim, word, detail in self.look(*persons).claims if claim.startswith(name)
        ]


@pytest.fixture
def verifier(office, tmp_path: Path) -> Verifier:
    place = tmp_path / "bundles"
    place.mkdir()
    return Verifier(office, place)


def write(office, header: dict, body: bytes | None = None) -> int:
    """What root on the collector can do: any entry, signed by the log key, past all checks."""
    return office.context.append_collector_entry(EntryKind.STATEMENT, header, body)


def forged(office, name: str, role: str, signer, **more) -> int:
    """A statement in somebody's name, signed by whichever key is at hand."""
    fields = {"day": "2026-11-15", "text": "一切满意", **more}
    data = encode(Text(ORIGIN, "reprimand", name, office.hands.ms, fields))
    header = {"kind": "reprimand", "subject": "", "by": name, "role": role, "late": False, "two": False}
    signatures = {} if signer is None else {"signatures": listed([sign(data, signer)])}
    return write(office, {**header, "said": data.decode(), **signatures})


def enrolment(office, name: str, role: str, signer, *vouchers, by: str) -> int:
    data = encode_request(Request(ORIGIN, name, role, signer.public, office.hands.ms))
    signatures = [sign(data, one, PERSON_KEY) for one in (signer, *vouchers)]
    header = {"kind": "key", "subject": name, "by": by, "role": "admin"}
    return write(office, {**header, "said": data.decode(), "signatures": listed(signatures)})


def test_a_statement_signed_by_the_buyer_is_proven_where_the_policy_names_the_key(office, verifier):
    office.everybody()
    statements.add_signed(office.context, office.signed("jia", "reprimand", day="2026-11-15", text="x"))
    verdict = verifier.look("jia")
    assert verdict.good, verdict.findings.problems
    ((word, detail),) = [(b, c) for a, b, c in verdict.claims if a == "statements of jia (buyer)"]
    assert (word, detail) == ("proven", "signed with the key that your policy names: 1 reprimand")
    ((word, detail),) = verifier.claim("statements of jia")
    assert word == "proven if" and office.keys["jia"].public and "with the code" in detail


def test_root_signing_with_his_own_key_does_not_verify_as_the_buyer(office, verifier):
    office.everybody()
    entry = forged(office, "jia", "buyer", office.key("root"))
    verdict = verifier.look()
    assert [(p.code, p.where) for p in verdict.findings.problems] == [("bad_person", f"entry {entry}")]
    assert not [claim for claim in verdict.claims if claim[0].startswith("statements of jia")]


def test_root_entering_it_through_a_session_is_told_as_a_session(office, verifier):
    office.everybody()
    forged(office, "jia", "buyer", None)
    verdict = verifier.look("jia")
    ((word, detail),) = [(b, c) for a, b, c in verdict.claims if a == "statements of jia (buyer)"]
    assert word == "human"
    assert "entered through jia's session though that account has a key" in detail
    assert "signed by the collector, not by jia" in detail
    assert any("whoever runs it could have written them" in text for text in verdict.findings.notices)


def test_what_the_command_line_wrote_in_his_name_is_told_as_that(office, verifier):
    office.everybody()
    fields = {"day": "2026-11-01", "text": "两次未到场"}
    statements.add(office.context, "reprimand", fields, by="jia", through=Through.COMMAND)
    (detail,) = [c for a, _, c in verifier.look("jia").claims if a == "statements of jia (buyer)"]
    assert "on the collector's command line in the name of jia, without a login" in detail
    notices = verifier.look("jia").findings.notices
    assert any("were written on the collector's command line" in text for text in notices)
    assert not any("came through a session" in text for text in notices)


def test_a_first_key_from_the_command_line_is_told_as_that(office, verifier):
    account_keys.enrol(office.context, office.request("jia"), by="wang", through=Through.COMMAND)
    (detail,) = [c for a, _, c in verifier.look().claims if a == "key of jia (buyer)"]
    assert "nobody: the collector's command line only, in the name of wang, without a login" in detail
    assert "session" not in detail


def test_root_enrolling_a_second_key_for_the_buyer_is_found(office, verifier):
    office.everybody()
    false = office.key("jia", "false")
    key = enrolment(office, "jia", "buyer", false, office.key("root"), by="root")
    entry = forged(office, "jia", "buyer", false)
    found = [(p.code, p.where) for p in verifier.look().findings.problems]
    assert found == [("bad_person", f"entry {key}"), ("bad_person", f"entry {entry}")]


def test_root_revoking_the_buyers_key_first_gains_nothing(office, verifier):
    office.everybody()
    data = encode(Text(ORIGIN, "key_revoked", "cli", 0, {"account": "jia", "reason": "lost"}))
    header = {"kind": "key_revoked", "subject": "jia", "by": "cli", "role": "", "late": False, "two": False}
    write(office, {**header, "said": data.decode()})
    false = office.key("jia", "false")
    enrolment(office, "jia", "buyer", false, office.key("root"), office.key("wang"), by="root")
    forged(office, "jia", "buyer", false)
    assert verifier.codes() == ["bad_person", "bad_person"]


def test_root_inventing_another_buyer_is_found(office, verifier):
    office.everybody()
    new = office.key("bing", "new")
    enrolment(office, "bing", "buyer", new, office.key("root"), by="root")
    forged(office, "bing", "buyer", new)
    assert verifier.codes() == ["bad_person", "bad_person"]


def test_root_calling_himself_the_buyer_with_his_own_key_is_found(office, verifier):
    office.everybody()
    forged(office, "root", "buyer", office.key("root"))
    assert verifier.codes() == ["bad_person"]


def test_root_from_the_first_day_on_is_found_by_whoever_names_the_buyers_key(office, verifier):
    false = office.key("jia", "false")
    enrolment(office, "jia", "buyer", false, by="root")
    forged(office, "jia", "buyer", false)
    verdict = verifier.look()
    assert verdict.good  # the log alone cannot tell: the code has to be compared, and the report says so
    assert [word for name, word, _ in verdict.claims if "jia" in name] == ["proven if", "proven if"]
    verdict = verifier.look("jia")
    assert [p.code for p in verdict.findings.problems] == ["bad_person"]
    assert {word for name, word, _ in verdict.claims if "jia" in name} == {"contradicted"}


def test_root_logging_what_the_buyer_signed_a_second_time_is_found(office, verifier):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    statements.add_signed(office.context, file)
    data, signatures = unpack(file)
    header = {"kind": "reprimand", "subject": "", "by": "jia", "role": "buyer", "late": False, "two": False}
    write(office, {**header, "said": data.decode(), "signatures": listed(signatures)})
    assert verifier.codes("jia") == ["bad_statement"]


def test_root_hiding_that_it_came_late_is_found_and_that_it_wants_two_changes_nothing(office, verifier):
    office.everybody()
    at = office.hands.ms - 9 * DAY
    for kind, fields in (
        ("visit", {"unit": "centre", "at": at}),
        ("baseline_accepted", {"asset": "web-01", "check": "host.ports", "digest": "ab"}),
    ):
        data = encode(Text(ORIGIN, kind, "wang", office.hands.ms, fields))
        subject = str(next(iter(fields.values())))
        header = {
            "kind": kind,
            "subject": subject,
            "by": "wang",
            "role": "manager",
            "late": False,
            "two": False,
        }
        write(
            office, {**header, "said": data.decode(), "signatures": listed([sign(data, office.key("wang"))])}
        )
    details = [problem.detail for problem in verifier.look().findings.problems]
    assert [detail.rpartition(" ")[2] for detail in details] == ["(bad_late)"]
    derive.rebuild(office.context)
    with office.context.read() as conn:
        stands = [one.kind for one in all_said(conn, office.hands.ms)]
    assert "visit" in stands and "baseline_accepted" not in stands


def test_root_correcting_what_the_buyer_signed_is_found_and_changes_nothing(office, verifier):
    office.everybody()
    entry = statements.add_signed(
        office.context, office.signed("jia", "reprimand", day="2026-11-15", text="x")
    )
    data = encode(Text(ORIGIN, "reprimand", "jia", 1, {"day": "2026-11-15", "text": "nothing"}, None, entry))
    header = {"kind": "reprimand", "subject": "", "by": "jia", "role": "buyer", "late": False, "two": False}
    write(office, {**header, "said": data.decode()})
    assert verifier.codes() == ["bad_statement"]
    derive.rebuild(office.context)
    with office.context.read() as conn:
        stands = all_said(conn, office.hands.ms)
    assert [one.entry for one in stands if one.kind == "reprimand"] == [entry]


def test_what_was_said_without_the_right_is_found(office, verifier):
    office.everybody()
    data = encode(Text(ORIGIN, "reprimand", "zhao", 1, {"day": "2026-11-15", "text": "x"}))
    header = {
        "kind": "reprimand",
        "subject": "",
        "by": "zhao",
        "role": "operator",
        "late": False,
        "two": False,
    }
    write(office, {**header, "said": data.decode(), "signatures": listed([sign(data, office.key("zhao"))])})
    (problem,) = verifier.look().findings.problems
    assert problem.code == "bad_statement" and "(no_right)" in problem.detail


def test_who_enrolled_whom_is_told_for_each_key(office, verifier):
    office.everybody()
    told = dict((name, (word, detail)) for name, word, detail in verifier.look("jia").claims)
    assert told["key of jia (buyer)"][0] == "proven"
    assert "vouched for by nobody: the collector's entry only" in told["key of jia (buyer)"][1]
    assert "enrolled by jia; vouched for by jia" in told["key of yi (buyer)"][1]
    assert "enrolled by wang; vouched for by wang" in told["key of zhao (operator)"][1]


def test_keys_of_before_a_bundle_come_along(office, verifier):
    office.everybody()
    office.publish()
    office.hands.ms += 3 * DAY
    statements.add_signed(office.context, office.signed("jia", "reprimand", day="2026-11-15", text="x"))
    verdict = verifier.look("jia", day="2026-11-19")
    assert verdict.range[0] > 0
    assert verdict.good, verdict.findings.problems
    assert ("statements of jia (buyer)", "proven") in [claim[:2] for claim in verdict.claims]


@pytest.mark.parametrize("key", ["00" * 32, "ab", "no key"])
def test_a_policy_with_a_key_that_is_none_is_refused(office, key):
    with pytest.raises(PolicyError, match="line 3"):
        parse_policy(f"log {format_vkey(office.context.vkey)}\nquorum none\nperson jia {key}\n")


def test_a_role_that_the_log_does_not_know_of_is_found(office, verifier):
    header = {"event": "role_changed", "account": None, "by": "command line", "subject": "zhao"}
    office.context.append_collector_entry(EntryKind.COLLECTOR, {**header, "role": "operator"})
    forged(office, "zhao", "buyer", None)
    (problem,) = verifier.look().findings.problems
    assert "(bad_role)" in problem.detail
    office.context.append_collector_entry(EntryKind.COLLECTOR, {**header, "role": "buyer"})
    forged(office, "zhao", "buyer", None, text="anderes")
    assert len(verifier.codes()) == 1


def test_no_byte_of_what_was_signed_can_change(office):
    office.everybody()
    file = office.signed("jia", "reprimand", day="2026-11-15", text="两次未到场")
    data, signatures = unpack(file)
    for place in range(0, len(data), 3):
        changed = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        with pytest.raises((statements.StatementError, UnicodeDecodeError)):
            statements.add_signed(office.context, repack(changed, signatures))
    (one,) = signatures
    for place in range(0, 64, 7):
        sig = bytes([*one.sig[:place], one.sig[place] ^ 1, *one.sig[place + 1 :]])
        with pytest.raises(statements.StatementError):
            statements.add_signed(office.context, repack(data, [replace(one, sig=sig)]))
    statements.add_signed(office.context, file)
