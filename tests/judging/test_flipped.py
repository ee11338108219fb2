"""A sealed month of everything, with one byte of one entry another: never verified."""

from dataclasses import replace
from hashlib import sha256

import pytest
from parts import loaded

from checks.wire import entry as entries
from checks.wire import lines, strict_json
from checks.wire.numbers import EntryKind
from collector.evidence.bundle import Document, Lines
from collector.evidence.policy import parse_policy
from collector.jobs import faults, scorecards, settlements
from collector.scans.model import Finding, Severity
from collector.verify.verify import Options, verify_bundle

FLAW = Finding("CVE-2026-1", "web-01", "443/tcp", "x", Severity.CRITICAL)
spoil, dumps = loaded("verify/spoil.py"), loaded("judging/dumps.py")


@pytest.fixture
def month(site, estate):
    """A Luohe month: rounds, looks, a fault, a finding, dumps, a flaw that was mended late, statements."""
    site.apply(estate + dumps.BACKUPS)
    site.inspect("2026-07-13", web_02="crit")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.say("visit", "operator", unit="centre", at="2026-07-14T12:00+08:00")
    site.go("2026-07-15T09:00")
    site.scan("web-01", "web-02", findings=(FLAW,))
    dumps.look_at_backups(site, "2026-07-16", "2026-07-23")
    with site.context.read() as conn:
        found, *_ = faults.told(conn, site.world.at).account.findings
    entry = site.say("finding_closed", finding=found.id, reason="已扩容")
    site.say("second", "manager", entry=str(entry))
    return site


@pytest.fixture
def sealed(month):
    """The same, sealed and settled."""
    site = month
    site.go("2026-07-24T09:00")
    site.scan("web-01", "web-02")
    site.inspect("2026-07-27", web_01="error")
    site.say("complaint", at="2026-07-26T09:00+08:00", justified="true", points="2", text="x")
    for day, period in (("2026-07-31", "2026-06"), ("2026-08-10", "2026-07"), ("2026-09-10", "2026-08")):
        site.go(f"{day}T01:00")
        site.settle()
        scorecards.seal(site.context, period, by="manager")
    settlements.seal(site.context, by="manager")
    return site


def words(verdict):
    return {name: word for name, word, _ in verdict.claims}


def name_of(one, body):
    """What an entry is; batches by the check of their first line."""
    if one.kind is EntryKind.BATCH:
        return "batch " + lines.split(body.data)[0].split(b'"')[3].decode()
    header = strict_json.loads(one.header)
    kinds = ("scorecard", "settlement", "window", "backups")
    what = next((kind for kind in kinds if kind in header), str(header.get("kind")))
    return f"{one.kind.name.lower()} {what}"


def flipped(data):
    """The same with one bit of its middle byte another."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_one_byte_of_any_kind_of_entry_or_body_is_noticed(sealed, tmp_path):
    good = tmp_path / "good.zip"
    verdict = sealed.verdict(good)
    assert verdict.good, verdict.findings
    found = words(verdict)
    assert found["scorecard 2026-07 (seal)"] == found["settlement payment-1"] == "proven if", found
    with sealed.context.read() as conn:
        july = scorecards.read_sealed(conn, scorecards.history(conn, "2026-07")[-1])
        closed = {one.closed_by for one in faults.told(conn, sealed.world.at).account.findings}
    assert {"vulnerability_late", "fault", "scan"} <= {one.kind for one in july.facts.items}
    assert closed == {"statement", "reading"}, closed
    policy = parse_policy(f"log {sealed.context.vkey}\nquorum none\n")
    parts = spoil.take_apart(good)
    every = zip(parts.entries, parts.bodies, strict=True)
    places = {name_of(entries.parse(data), body): at for at, (data, body) in enumerate(every)}
    wanted = {"batch backup.file", "batch service.tcp", "batch host.load", "enrol None", "approve approve"}
    wanted |= {f"statement {kind}" for kind in ("scan", "visit", "complaint", "finding_closed", "second")}
    wanted |= {"plan estate", "plan plan", "record window", "record scorecard", "record settlement"}
    assert wanted <= set(places), places
    for name, at in places.items():
        for part in ("entries", "bodies"):
            bad = spoil.take_apart(good)
            held = getattr(bad, part)
            if part == "entries":
                held[at] = flipped(held[at])
            elif isinstance(held[at], Document | Lines):
                held[at] = replace(held[at], data=flipped(held[at].data))
            else:
                continue
            place = bad.write(tmp_path / "bad.zip", sealed.context.signer)
            assert not verify_bundle(place, policy, Options(None, False, 1)).good, (name, part)


def test_a_body_that_its_maker_changes_and_signs_again_is_contradicted(sealed, tmp_path):
    good = tmp_path / "good.zip"
    sealed.verdict(good)
    policy = parse_policy(f"log {sealed.context.vkey}\nquorum none\n")
    parts = spoil.take_apart(good)
    for at in parts.kinds(EntryKind.RECORD):
        bad = spoil.take_apart(good)
        name = name_of(bad.parsed(at), bad.bodies[at])
        data = bad.bodies[at].data
        place = max(data.rfind(b'"due":'), data.rfind(b'"low":"'), data.rfind(b'"counted":['))
        digit = next(n for n in range(place, len(data)) if data[n : n + 1].isdigit())
        other = data[:digit] + str(9 - int(data[digit : digit + 1])).encode() + data[digit + 1 :]
        bad.bodies[at] = replace(bad.bodies[at], data=other)
        header = {**strict_json.loads(bad.parsed(at).header), "digest": sha256(other).hexdigest()}
        bad.resign(at, strict_json.dumps(header), sealed.context.signer)
        bad.notes = []
        bad.seal(sealed.context.signer)
        place = bad.write(tmp_path / "bad.zip", sealed.context.signer)
        verdict = verify_bundle(place, policy, Options(None, False, 1))
        assert not verdict.good and "contradicted" in words(verdict).values(), name
