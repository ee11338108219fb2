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
from collector.jobs import derive, estates, statements
from collector.jobs.bundles import make_bundle
from collector.jobs.fsck import Fsck
from collector.jobs.said import all_said
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
