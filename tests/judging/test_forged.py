"""What a collector that cheats can seal, and what the offline verifier says of it."""

from dataclasses import replace
from hashlib import sha256

import pytest

from checks.wire import entry as entries
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.documents.draft import WORDED
from collector.evidence.policy import parse_policy
from collector.inspection import record as records
from collector.jobs import projection
from collector.jobs import scorecards as jobs
from collector.judging import sealed
from collector.judging.version import JUDGING
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.statements.kinds import KINDS
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Text, encode, listed, sign
from collector.store import packs, rounds
from collector.store.content import content
from collector.verify.cli import main as verify
from collector.verify.verify import Options, verify_bundle

PERIOD = "2026-07"
HOUR = 3_600_000


@pytest.fixture
def quiet(site):
    """A month in which the portal was watched on one day, before an outage that comes at once."""
    site.apply()
    site.inspect("2026-07-13")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", True))
    return site


def log(site, whole):
    header = {**sealed.header_of(whole, None), "by": "manager"}
    return projection.log(site.context, [(EntryKind.RECORD, header, sealed.encode(whole))])[0]


def scorecards_of(verdict):
    return [(word, detail) for name, word, detail in verdict.claims if name.startswith("scorecard")]


def as_of(whole, now):
    """The scorecard as if it had been made at an instant."""
    card, facts = replace(whole.scorecard, as_of_ms=now), replace(whole.facts, as_of_ms=now)
    return replace(whole, scorecard=card, facts=facts)


def test_a_seal_that_leaves_out_the_batches_of_an_outage_is_contradicted(quiet, tmp_path):
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    before = jobs.scorecard(quiet.context, PERIOD)
    quiet.go("2026-07-14T10:00")
    quiet.probe(("2026-07-14T10:00", False), ("2026-07-14T20:00", True), ("2026-07-14T20:05", True))
    quiet.go("2026-08-10T02:00")
    honest = jobs.scorecard(quiet.context, PERIOD)
    assert honest.size > before.size and honest.facts != before.facts
    whole = sealed.now(before.size, before.estate, (before.facts, before.scorecard))
    log(quiet, as_of(whole, quiet.context.now() - 1))
    place = tmp_path / "b.zip"
    verdict = quiet.verdict(place)
    ((word, detail),) = scorecards_of(verdict)
    assert word == "contradicted" and "had been received" in detail and not verdict.good
    with pytest.raises(SystemExit) as ended:
        verify([str(place), "--policy", str(policy_of(quiet, tmp_path / "policy"))])
    assert ended.value.code == 1


def policy_of(site, place):
    place.write_text(f"log {site.context.vkey}\nquorum none\n")
    return place


def write(site, by, role, points, *, projected):
    """An entry that says how content a unit is, in the name of whoever; past all that refuses it."""
    fields = {"unit": "centre", "period": PERIOD, "points": points}
    text = encode(Text(site.context.origin, "satisfaction", by, site.world.at, fields))
    header = {"kind": "satisfaction", "by": by, "role": role, "late": False, "two": False}
    whole = {**header, "subject": KINDS["satisfaction"].subject(fields), "said": text.decode()}
    if not projected:
        return site.context.append_collector_entry(EntryKind.STATEMENT, whole, None)
    return projection.log(site.context, [(EntryKind.STATEMENT, whole, None)])[0]


def problems(verdict):
    return [(one.code, one.where, one.detail.rpartition("(")[2]) for one in verdict.findings.problems]


@pytest.mark.parametrize("projected", [True, False])
def test_what_the_vendor_says_in_the_buyers_place_counts_nowhere_and_is_told(quiet, tmp_path, projected):
    quiet.say("satisfaction", unit="centre", period=PERIOD, points="12")
    quiet.go("2026-08-09T12:00")
    entry = write(quiet, "manager", "manager", "30", projected=projected)
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    jobs.seal(quiet.context, PERIOD, by="manager")
    verdict = quiet.verdict(tmp_path / "b.zip")
    assert ("bad_statement", f"entry {entry}", "no_right)") in problems(verdict) and not verdict.good
    ((word, _),) = scorecards_of(verdict)
    # A seal that took it is contradicted; one that did not stands on what the buyer said.
    assert word == ("contradicted" if projected else "proven if"), verdict.claims


def key_of(site, name, role, vouchers=()):
    """A key that root enrols for somebody, vouched for by nobody else."""
    signer = Signer(sha256(name.encode()).digest())
    data = encode_request(Request(site.context.origin, name, role, signer.public, site.world.at))
    given = listed([sign(data, one, PERSON_KEY) for one in (signer, *vouchers)])
    header = {"kind": "key", "subject": name, "by": "admin", "role": "admin", "said": data.decode()}
    projection.log(site.context, [(EntryKind.STATEMENT, {**header, "signatures": given}, None)])
    return signer


def test_a_key_that_only_the_policy_knows_counts_in_the_scorecard_as_among_statements(quiet, tmp_path):
    key_of(quiet, "first", "buyer")  # a first key needs nobody
    signer = key_of(quiet, "buyer", "buyer")
    quiet.go("2026-07-20T12:00")
    fields = {"unit": "centre", "period": PERIOD, "points": "12"}
    text = encode(Text(quiet.context.origin, "satisfaction", "buyer", quiet.world.at, fields))
    header = {"kind": "satisfaction", "by": "buyer", "role": "buyer", "late": False, "two": False}
    header |= {"subject": KINDS["satisfaction"].subject(fields), "said": text.decode()}
    header["signatures"] = listed([sign(text, signer)])
    projection.log(quiet.context, [(EntryKind.STATEMENT, header, None)])
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    jobs.seal(quiet.context, PERIOD, by="manager")  # the collector trusts nobody's word for that key
    stranger = quiet.verdict(tmp_path / "b.zip")
    assert [word for word, _ in scorecards_of(stranger)] == ["proven if"]
    assert "unvouched_key)" in {detail for _, _, detail in problems(stranger)}
    policy = f"log {quiet.context.vkey}\nquorum none\nperson buyer {signer.public.hex()}\n"
    known = verify_bundle(tmp_path / "b.zip", parse_policy(policy), Options(None, True, 1))
    assert [word for word, _ in scorecards_of(known)] == ["contradicted"]
    words = [word for name, word, _ in known.claims if name == "statements of buyer (buyer)"]
    assert words == ["proven"]


def test_a_round_that_was_held_after_its_window_is_not_made_punctual_by_a_wider_one(site, tmp_path):
    site.apply()
    site.inspect("2026-07-13", hour="17:30")
    with site.context.read() as conn:
        row = next(one for one in rounds.records(conn) if one.window == "weekly/2026-07-13")
        honest = records.parse(content(packs.body(conn, row.idx)))
        header = strict_json.loads(entries.parse(packs.data_of(conn, packs.entry(conn, row.idx))).header)
    assert honest.overview.late == 3
    window = replace(honest.window, to_ms=honest.window.to_ms + HOUR)
    items = tuple(replace(one, late=False) for one in honest.items)
    forged = replace(honest, window=window, items=items, overview=replace(honest.overview, late=0))
    body = records.encode(forged)
    counts = {**header["counts"], "late": 0}
    header = {**header, "to": window.to_ms, "counts": counts}
    for name in ("v", "log", "digest", "bytes"):
        header.pop(name, None)
    # In the place of the honest one: nothing of that is in the log.
    site.context.append_collector_entry(EntryKind.RECORD, header, body)
    verdict = site.verdict(tmp_path / "b.zip")
    found = [(word, detail) for name, word, detail in verdict.claims if name.startswith("inspection")]
    assert [word for word, _ in found][-1] == "contradicted", found
    assert {word for word, _ in found[:-1]} == {"proven if"} and "no plan in force" in found[-1][1]


def document(site, change=None, kind="scorecard"):
    """A document of the month in the log, after `change` of its body."""
    span = material_found.span_of(site.context, PERIOD)
    material = Material(site.context, span, material_found.found_in(site.context, span))
    body = documents.body_of(documents.draft(kind, material, "zh"), material)
    if change is not None:
        change(body)
    header = {"document": kind, "subject": "", "period": PERIOD, "from": span.from_ms, "to": span.to_ms}
    header |= {"as_of": span.as_of_ms, "estate": "", "by": "manager", "judging": JUDGING}
    return projection.log(site.context, [(EntryKind.RECORD, header, strict_json.dumps(body))])[0]


def documents_of(verdict):
    return [(word, detail) for name, word, detail in verdict.claims if name.startswith("document ")]


def dearer(body):
    line = next(one for one in body["figures"]["values"] if one[0] == "line.inspection")
    line[2] = line[3] = line[4] = "8"


@pytest.mark.parametrize("sealed_first", [False, True])
def test_the_figures_and_the_form_that_a_scorecards_document_prints_are_made_anew(
    quiet, tmp_path, sealed_first
):
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    if sealed_first:
        jobs.seal(quiet.context, PERIOD, by="manager")
    document(quiet)
    document(quiet, dearer)
    document(quiet, lambda body: body.pop("figures"))
    verdict = quiet.verdict(tmp_path / "b.zip")
    found = documents_of(verdict)
    assert [word for word, _ in found] == ["proven if", "contradicted", "not proven"], found
    assert "its form and tables are those that they give" in found[0][1] and not verdict.good


def told(site, kind="scorecard", lang="zh"):
    """A document of the month, as it is logged."""
    span = material_found.span_of(site.context, PERIOD)
    material = Material(site.context, span, material_found.found_in(site.context, span))
    body = documents.body_of(documents.draft(kind, material, lang), material)
    header = {"document": kind, "subject": "", "period": PERIOD, "from": span.from_ms, "to": span.to_ms}
    return {**header, "as_of": span.as_of_ms, "estate": "", "by": "manager", "judging": JUDGING}, body


def reworded(body):
    """A cell of the form in other words."""
    row = next(one for one in body["tables"][0]["rows"] if one[-1])
    row[-1] = "已达标"


def dropped(body):
    """The table of what is not proven goes."""
    body["tables"] = [one for one in body["tables"] if one["name"] != "doc-todo"][:-1]


def filled(body):
    """What the buyer writes by hand is there already."""
    body["tables"][-1]["rows"][0][1] = "同意"


def test_a_form_in_other_words_than_its_scorecard_gives_is_contradicted(quiet, tmp_path):
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    header, honest = told(quiet)
    _, english = told(quiet, lang="en")
    _, others = told(quiet, "self-assessment")
    bodies = [honest, english]
    for change in (reworded, dropped, filled):
        bodies.append(strict_json.loads(strict_json.dumps(honest)))
        change(bodies[-1])
    bodies.append({**bodies[2], "program": "0.0.1"})
    quiet.go("2026-08-10T01:01")
    for body in bodies:
        projection.log(quiet.context, [(EntryKind.RECORD, header, strict_json.dumps(body))])
    other = {**header, "document": "self-assessment"}
    projection.log(quiet.context, [(EntryKind.RECORD, other, strict_json.dumps(others))])
    found = documents_of(quiet.verdict(tmp_path / "b.zip"))
    good, bad = "proven if", "contradicted"
    assert [word for word, _ in found] == [good, good, bad, bad, bad, "not proven", good], found
    assert "worded by program 0.0.1" in found[5][1] and "filled cells made anew" in found[6][1]


def praised(body):
    """The overview says another grade and total; the form below it stays."""
    body["facts"] = [[key, "100" if "分" in key else value] for key, value in body["facts"]]


@pytest.mark.parametrize("older", [{"program": "0.0.1"}, {"v": WORDED - 1}])
@pytest.mark.parametrize(
    ("kind", "change"), [("scorecard", praised), ("scorecard", reworded), ("self-assessment", filled)]
)
def test_who_names_another_program_or_version_of_documents_is_not_proven_by_figures_alone(
    quiet, tmp_path, kind, change, older
):
    quiet.go("2026-08-10T01:00")
    quiet.settle()
    header, honest = told(quiet, kind)
    forged = strict_json.loads(strict_json.dumps(honest))
    change(forged)
    assert forged != honest
    quiet.go("2026-08-10T01:01")
    for body in (honest, forged):
        projection.log(quiet.context, [(EntryKind.RECORD, header, strict_json.dumps({**body, **older}))])
    verdict = quiet.verdict(tmp_path / "b.zip")
    # Word by word what this program says: proven, whoever wrote it. Else its figures are, and no more.
    (good, _), (bad, why) = documents_of(verdict)
    assert good == "proven if" and bad in ("not proven", "other version"), (good, bad, why)
    assert bad != "not proven" or verdict.findings.counted["documents of judging that are not proven"] == 1
