"""Under a contract: known faults only, the pack's limits and its two persons, and what the verifier finds."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from checks.wire.note import format_vkey
from checks.wire.numbers import EntryKind
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.evidence.periods import parse_period
from collector.evidence.policy import parse_policy
from collector.jobs import derive, estates, scorecards, statements
from collector.jobs.bundles import make_bundle
from collector.jobs.fsck import Fsck
from collector.jobs.said import all_said
from collector.statements.fields import FieldsError
from collector.statements.kind import written
from collector.statements.kinds import KINDS
from collector.statements.text import Text, encode, listed, sign
from collector.verify.verify import Options, verify_bundle

HOUR, DAY = 3_600_000, 86_400_000
ORIGIN = "people.example/log"


@pytest.fixture
def contract(office):
    """The office under the pack of Luohe."""
    with office.context.read() as conn:
        text = next(iter(_files(conn).values()))
    text += "contract: {pack: luohe-2026, start: 2026-06-10}\n"
    estates.apply(office.context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="root")
    office.everybody()
    derive.catch_up(office.context)
    return office


def _files(conn) -> dict[str, str]:
    from collector.store import estates as store

    applied = store.newest(conn)
    assert applied is not None
    return store.terms(conn, applied.idx).files


def test_a_fault_that_nobody_saw_or_reported_is_unknown(contract, code):
    fault = "portal@20261115T021500Z"
    said = {"fault": fault, "level": "2"}
    assert code(lambda: contract.say("wang", "level", **said)) == "unknown_fault"
    contract.say("zhao", "fault_reported", system="portal", at="2026-11-15T10:15", text="网站打不开")
    derive.catch_up(contract.context)
    contract.say("wang", "level", **said)
    other = {"fault": "portal@20261114T021500Z", "vendor": "false"}
    assert code(lambda: contract.say("jia", "vendor_cause", **other)) == "unknown_fault"


def test_the_packs_limit_decides_what_is_late(contract):
    begin = contract.hands.ms + 2 * DAY
    entry = statements.add_signed(
        contract.context, contract.signed("jia", "key_moment", id="k1", from_=begin, to=begin + DAY)
    )
    early = statements.add_signed(
        contract.context,
        contract.signed("jia", "key_moment", id="k2", from_=begin + 2 * DAY, to=begin + 3 * DAY),
    )
    with contract.context.read() as conn:
        late = {one.entry: one.late for one in all_said(conn, contract.hands.ms)}
    assert (late[entry], late[early]) == (True, False)  # three days ahead are wanted


def test_the_verifier_knows_the_contracts_rights_and_limits(contract, tmp_path: Path):
    begin = contract.hands.ms + 2 * DAY
    fields = {"id": "k1", "from": begin, "to": begin + DAY}
    statements.add_signed(
        contract.context, contract.signed("jia", "key_moment", id="k0", from_=begin, to=begin + 1)
    )
    forged = [
        _write(contract, "jia", "buyer", "key_moment", fields, late=False),
        _write(contract, "wang", "manager", "notice", {"at": 1, "from_whom": "city", "text": "x"}),
    ]
    contract.publish()
    out = tmp_path / "b.zip"
    period = parse_period("2026-11-16", ZoneInfo("Asia/Shanghai"), contract.hands.ms + DAY)
    make_bundle(contract.context, period, out)
    policy = parse_policy(f"log {format_vkey(contract.context.vkey)}\nquorum none\n")
    verdict = verify_bundle(out, policy, Options(full=True, processes=1))
    found = [(p.where, p.detail.rpartition("(")[2]) for p in verdict.findings.problems]
    assert found == [(f"entry {forged[0]}", "bad_late)"), (f"entry {forged[1]}", "no_right)")]


def _write(office, by: str, role: str, kind: str, fields: dict, **header) -> int:
    data = encode(Text(ORIGIN, kind, by, office.hands.ms, fields))
    whole = {"kind": kind, "subject": "", "by": by, "role": role, "late": False, "two": False, **header}
    signed = {"said": data.decode(), "signatures": listed([sign(data, office.key(by))])}
    return office.context.append_collector_entry(EntryKind.STATEMENT, {**whole, **signed})


def test_fsck_takes_every_kind_of_statement(contract):
    contract.say("zhao", "visit", unit="centre", at="2026-11-15T10:15")
    contract.say("jia", "approval", window="w-patch")
    contract.publish()
    report = Fsck(contract.context, full=True, bodies=True).run()
    assert [problem.detail for problem in report.problems] == []


@pytest.mark.parametrize(
    ("name", "kind", "fields", "wanted"),
    [
        (
            "jia",
            "deduction",
            {"item": "nope", "day": "2026-11-15", "points": "5", "text": "x"},
            "unknown_item",
        ),
        (
            "jia",
            "complaint",
            {"at": "2026-11-15", "justified": "true", "points": "50", "text": "x"},
            "out_of_range",
        ),
        ("jia", "satisfaction", {"period": "2026-10", "unit": "centre", "points": "99"}, "out_of_range"),
        ("jia", "satisfaction", {"period": "cycle-1", "unit": "centre", "points": "9"}, "unknown_period"),
        ("jia", "satisfaction", {"period": "2027-01", "unit": "centre", "points": "9"}, "in_future"),
        ("jia", "satisfaction", {"period": "2026-10", "unit": "centre", "row1": "mostly"}, "missing_field"),
        ("wang", "finding_closed", {"finding": "Hdeadbeef00", "reason": "x"}, "unknown_finding"),
        ("wang", "not_done", {"item": "visit", "unit": "centre", "period": "2026-11"}, "in_future"),
        ("zhao", "not_done", {"item": "visit", "unit": "centre", "period": "2026-10"}, "no_right"),
        ("zhao", "fault_reported", {"at": "2026-11-15", "text": "x"}, "missing_field"),
        ("zhao", "vulnerability_reported", {"at": "2026-11-15", "text": "x"}, "missing_field"),
    ],
)
def test_what_does_not_fit_the_contract_is_refused_by_session_key_and_what_if(
    contract, code, name, kind, fields, wanted
):
    assert code(lambda: contract.say(name, kind, **fields)) == wanted
    if wanted not in ("no_right", "missing_field", "in_future"):
        read = written(KINDS[kind], fields)
        signed = contract.signed(name, kind, **read)
        assert code(lambda: statements.add_signed(contract.context, signed)) == wanted
        text = f"{kind}:" + ",".join(f"{key}={value}" for key, value in fields.items())
        made = scorecards.scorecard(contract.context, "2026-10")
        with pytest.raises(FieldsError) as refused:
            scorecards.suppose(contract.context, made, text)
        assert refused.value.code == wanted


def test_a_what_if_may_speak_of_what_is_not_over(contract):
    made = scorecards.scorecard(contract.context, "2026-11")
    other = scorecards.suppose(
        contract.context, made, "complaint:at=2026-12-05,justified=true,points=3,text=x"
    )
    line = next(one for one in other.scorecard.lines if one.id == "deduction.complaint")
    assert line.high == -3


def test_the_buyer_joins_in_what_the_vendors_side_said_alone(contract, code):
    contract.say("zhao", "fault_reported", system="portal", at="2026-11-15T10:15", text="网站打不开")
    derive.catch_up(contract.context)
    entry = contract.say("wang", "level", fault="portal@20261115T021500Z", level="4")
    assert code(lambda: contract.say("root", "second", entry=str(entry))) == "unknown_entry"
    contract.say("jia", "second", entry=str(entry))
    with contract.context.read() as conn:
        (said,) = (one for one in all_said(conn, contract.context.now()) if one.kind == "level")
    assert said.confirmed


def test_what_root_wrote_beyond_a_range_is_told_by_the_verifier(contract, tmp_path):
    text = Text(
        ORIGIN,
        "complaint",
        "jia",
        contract.hands.ms,
        {"at": contract.hands.ms, "justified": True, "points": "50", "text": "x"},
    )
    data = encode(text)
    header = {"kind": "complaint", "subject": "", "by": "jia", "role": "buyer", "late": False, "two": False}
    header |= {"said": data.decode(), "signatures": listed([sign(data, contract.key("jia"))])}
    entry = contract.context.append_collector_entry(EntryKind.STATEMENT, header, None)
    contract.publish()
    out = tmp_path / "b.zip"
    period = parse_period("2026-11-16", ZoneInfo("Asia/Shanghai"), contract.hands.ms + DAY)
    make_bundle(contract.context, period, out)
    policy = parse_policy(f"log {format_vkey(contract.context.vkey)}\nquorum none\n")
    verdict = verify_bundle(out, policy, Options(full=True, processes=1))
    told = [one for one in verdict.findings.notices if one.startswith(f"entry {entry} (complaint)")]
    assert len(told) == 1 and "50 is not from 1 to 10 points" in told[0]
