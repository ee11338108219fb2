"""The version of judging: seals name it, and what another one made is neither verified nor contradicted."""

import json
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from checks.codec import FieldError, to_json
from checks.wire import entry as entries
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.cli import main
from collector.inspection import record as records
from collector.jobs import derive, projection, rounds, settlements
from collector.jobs import scorecards as jobs
from collector.jobs.as_of import applied
from collector.judging import paid, sealed
from collector.judging.judge import NoScorecard
from collector.judging.version import JUDGING
from collector.packs.loading import packaged
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.scoring.cases import run_cases
from collector.store import evidence, packs
from collector.store import rounds as stored
from collector.store import scorecards as store
from collector.store.content import content
from collector.verify.cli import main as verify
from collector.verify.report import as_json, as_text

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-07"
OWN_CASES = ROOT / "tests" / "scoring" / "cases.yaml"
# What worked results are with this version of judging: the cases, and a month, a quarter, a year of evidence.
PINNED = (
    2,
    {
        "cases": "b50a287ddcd52030",
        "luohe-2026": "53ed6764413d211f",
        "pingdingshan-2025": "2914c28bf266f408",
        "huaian-2025": "1a4e5283b1d82a2e",
    },
)
FORGOTTEN = """the same facts are judged otherwise than when this was pinned.
If a program with judging version {0} has been released: raise JUDGING (collector/judging/version.py), write a
line under Judgement in CHANGELOG.md and a row in docs/verifier.md. In any case pin here: {1}"""


PERIODS = {"luohe-2026": PERIOD, "pingdingshan-2025": "cycle-1", "huaian-2025": "year-1"}


def digest(value):
    return sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def played(site, estate, contract):
    """What a month with rounds, an outage, statements and silence gives under a contract."""
    site.apply(estate.replace("luohe-2026, start: 2026-06-10", contract))
    site.inspect("2026-07-06")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.say("visit", "operator", unit="centre", at="2026-07-14T12:00+08:00")
    site.go("2026-07-15T09:00")
    site.scan("web-01", "web-02")
    site.inspect("2026-07-20", web_01="error")
    site.inspect("2026-07-27", ("web-01", "mail-01"))
    if contract.startswith("luohe"):
        site.say("complaint", at="2026-07-26T09:00+08:00", justified="true", points="2", text="x")
    site.go("2026-08-10T01:00")
    site.settle()
    with site.context.read() as conn:
        name = next(
            one.name for one in jobs.periods(conn, site.world.at) if one.to_ms > site.world.at - 10**9
        )
    made = jobs.scorecard(site.context, name)
    return digest([to_json(made.facts), {**to_json(made.scorecard), "pack_digest": ""}])


@pytest.mark.parametrize(
    "contract",
    [
        "luohe-2026, start: 2026-06-10",
        "pingdingshan-2025, start: 2026-05-05",
        "huaian-2025, start: 2026-07-01",
    ],
)
def test_what_evidence_gives_is_what_this_version_gave(site, estate, contract):
    assert PINNED[0] == JUDGING
    pack = contract.partition(",")[0]
    made = played(site, estate, contract)
    assert made == PINNED[1][pack], FORGOTTEN.format(JUDGING, f'"{pack}": "{made}"')


def test_what_the_worked_cases_give_is_what_this_version_gave():
    examples = yaml.safe_load(OWN_CASES.read_text(encoding="utf-8"))["examples"]
    made = digest([repr(one.got) for one in run_cases({"examples": examples}, packaged).results])
    assert made == PINNED[1]["cases"], FORGOTTEN.format(JUDGING, f'"cases": "{made}"')


def test_the_version_stands_in_the_verifiers_page():
    assert f"\n| {JUDGING} | " in (ROOT / "docs" / "verifier.md").read_text(encoding="utf-8")


@pytest.fixture
def month(site):
    """A month that is over, of which nothing in the log names a version yet: its rounds are not closed."""
    site.apply()
    site.go("2026-08-10T01:00")
    derive.catch_up(site.context)
    return site


def forge(site, header, body):
    """An entry past all that refuses it."""
    return site.context.append_collector_entry(EntryKind.RECORD, header, body)


def whole_of(site):
    made = jobs.scorecard(site.context, PERIOD)
    return sealed.now(made.size, made.estate, (made.facts, made.scorecard))


def log(site, whole, **more):
    header = {**sealed.header_of(whole, None), "by": "manager", **more}
    return projection.log(site.context, [(EntryKind.RECORD, header, sealed.encode(whole))])[0]


def better(whole):
    """The same scorecard with an inspection line that the evidence does not give."""
    lines = [
        replace(one, points=Fraction(8), low=Fraction(8), high=Fraction(8)) if one.id == "inspection" else one
        for one in whole.scorecard.lines
    ]
    return replace(whole, scorecard=replace(whole.scorecard, lines=tuple(lines)))


def of(verdict, what):
    return [(word, detail) for name, word, detail in verdict.claims if name.startswith(what)]


def test_a_seal_names_the_version_that_made_it_in_header_and_body(month):
    idx, whole = jobs.seal(month.context, PERIOD, by="manager")
    assert whole.judging == JUDGING and sealed.header_of(whole, None)["judging"] == JUDGING
    with month.context.read() as conn:
        (row,) = jobs.history(conn, PERIOD)
        assert (row.idx, jobs.read_sealed(conn, row).judging) == (idx, JUDGING)


@pytest.mark.parametrize("version", [JUDGING + 1, 0])
def test_a_difference_to_another_version_is_neither_verified_nor_contradicted(
    month, tmp_path, version, capsys
):
    whole = replace(better(whole_of(month)), judging=version, v=2 if version else 1)
    log(month, whole)
    verdict = month.verdict(tmp_path / "b.zip")
    ((word, detail),) = of(verdict, "scorecard")
    assert word == "other version" and "verify with a program of" in detail, detail
    assert (f"judging version {version}" if version else "no judging version") in detail
    assert f"this program judges by {JUDGING}: differs by lines" in detail
    assert not verdict.findings.problems and not verdict.good and verdict.exit == 2
    assert as_json(verdict)["unchecked"] == [f"scorecard {PERIOD} (seal)"]
    assert "\nVERIFIED" not in as_text(verdict)
    policy = tmp_path / "policy"
    policy.write_text(f"log {month.context.vkey}\nquorum none\n")
    with pytest.raises(SystemExit) as ended:
        verify([str(tmp_path / "b.zip"), "--policy", str(policy), "--processes", "1"])
    assert ended.value.code == 2 and "NOT VERIFIED: another version" in capsys.readouterr().out


@pytest.mark.parametrize("version", [JUDGING + 1, 0])
def test_what_both_versions_give_is_proven_and_says_by_which_it_was_sealed(month, tmp_path, version):
    log(month, replace(whole_of(month), judging=version, v=2 if version else 1))
    verdict = month.verdict(tmp_path / "b.zip")
    ((word, detail),) = of(verdict, "scorecard")
    assert word == "proven if" and "it makes the same" in detail and verdict.good


def test_a_difference_under_the_same_version_stays_contradicted(month, tmp_path):
    log(month, better(whole_of(month)))
    verdict = month.verdict(tmp_path / "b.zip")
    assert [word for word, _ in of(verdict, "scorecard")] == ["contradicted"] and verdict.exit == 1


def test_a_version_excuses_nothing_that_no_judging_makes(month, tmp_path):
    """What was left out, and an entry that says another thing than its body, are bad under every version."""
    month.say("satisfaction", unit="centre", period=PERIOD, points="3")
    whole = replace(whole_of(month), judging=JUDGING + 1)
    size = whole.size - 1
    log(month, replace(whole, size=size))
    header = {**sealed.header_of(whole, None), "by": "manager", "judging": JUDGING}
    forge(month, header, sealed.encode(whole))
    verdict = month.verdict(tmp_path / "b.zip")
    (left, other) = of(verdict, "scorecard")
    assert left[0] == "contradicted" and f"leaves out entry {size}" in left[1]
    assert other[0] == "contradicted" and "another" in other[1] and "judging" in other[1]


@pytest.mark.parametrize("version", [JUDGING - 1, JUDGING + 1])
def test_a_version_below_an_earlier_one_of_the_log_is_contradicted_and_a_higher_one_is_not(
    month, tmp_path, version
):
    idx, _ = jobs.seal(month.context, PERIOD, by="manager")
    month.settle()
    whole = replace(better(whole_of(month)), judging=version, v=2 if version else 1, number=1)
    header = {**sealed.header_of(whole, idx), "by": "manager"}
    forge(month, header, sealed.encode(whole))
    verdict = month.verdict(tmp_path / "b.zip")
    first, (word, detail) = of(verdict, "scorecard")
    assert first[0] == "proven if"
    if version > JUDGING:
        assert word == "other version" and verdict.exit == 2
    else:
        assert word == "contradicted" and f"entry {idx} before it names" in detail and verdict.exit == 1


def test_a_settlement_of_a_version_below_that_of_its_scorecards_is_contradicted(site, tmp_path):
    site.apply()
    site.go("2026-09-10T01:00")
    site.settle()
    for name in ("2026-06", "2026-08"):
        jobs.seal(site.context, name, by="manager")
    site.settle()
    log(site, replace(whole_of(site), judging=JUDGING + 1))
    with pytest.raises(NoScorecard) as refused:
        settlements.seal(site.context, by="manager")
    assert refused.value.code == "older_judging"
    with site.context.read() as conn:
        held = applied(conn, 10**9)
        seals = {row.period: (row.idx, jobs.read_sealed(conn, row)) for row in store.sealed(conn)}
    made = paid.make(held, site.world.at, seals, "payment-1", 0)
    forge(site, {**paid.header_of(made, None), "by": "manager"}, paid.encode(made))
    ((word, detail),) = of(site.verdict(tmp_path / "b.zip"), "settlement")
    assert word == "contradicted" and "versions only rise" in detail


def test_a_seal_from_before_there_were_versions_is_still_read(month):
    whole = replace(whole_of(month), judging=0, v=1)
    assert b"judging" not in sealed.encode(whole)
    log(month, whole)
    with month.context.read() as conn:
        (row,) = jobs.history(conn, PERIOD)
        assert jobs.read_sealed(conn, row) == whole
    for v, judging in ((1, 3), (2, 0), (3, 1), (2, -1)):
        with pytest.raises(FieldError, match="not known here"):
            sealed.parse(strict_json.dumps({**to_json(whole), "v": v, "judging": judging}))


def test_a_settlement_names_it_too_and_is_as_good_as_its_scorecards(site, tmp_path):
    site.apply()
    site.go("2026-09-10T01:00")
    derive.catch_up(site.context)
    log(site, replace(better(whole_of(site)), judging=0, v=1))
    for name in ("2026-06", "2026-08"):
        jobs.seal(site.context, name, by="manager")
    site.settle()
    ((idx, made),) = settlements.seal(site.context, by="manager")
    assert made.judging == JUDGING
    ((word, detail),) = of(site.verdict(tmp_path / "b.zip"), "settlement")
    assert word == "other version" and "2026-07" in detail, detail
    first, *rest = made.settlement.money
    dear = replace(made.settlement, money=(replace(first, clause="x"), *rest))
    whole = replace(made, settlement=dear, judging=JUDGING + 1, number=1)
    header = {**paid.header_of(whole, idx), "by": "manager"}
    projection.log(site.context, [(EntryKind.RECORD, header, paid.encode(whole))])
    verdict = site.verdict(tmp_path / "c.zip")
    word, detail = of(verdict, "settlement")[1]
    assert word == "other version" and "the scorecards give another settlement" in detail
    with site.context.read() as conn:
        assert [row.number for row in store.settled(conn)] == [0, 1]


def test_a_document_of_another_version_is_not_contradicted(month, tmp_path):
    span = material_found.span_of(month.context, PERIOD)
    material = Material(month.context, span, material_found.found_in(month.context, span))
    body = documents.body_of(documents.draft("scorecard", material, "zh"), material)
    assert body["figures"]["judging"] == JUDGING
    header = {
        "document": "scorecard",
        "subject": "",
        "period": PERIOD,
        "from": span.from_ms,
        "to": span.to_ms,
    }
    header |= {"as_of": span.as_of_ms, "estate": "", "by": "manager"}
    body["figures"]["values"][0][3] = "7"
    for version in (JUDGING, JUDGING + 1):
        body["figures"]["judging"] = version
        projection.log(month.context, [(EntryKind.RECORD, header, strict_json.dumps(body))])
    verdict = month.verdict(tmp_path / "b.zip")
    assert [word for word, _ in of(verdict, "document ")] == ["contradicted", "other version"]


def test_the_command_says_by_which_version_a_period_was_sealed(month):
    jobs.seal(month.context, PERIOD, by="manager")
    place = str(month.context.directory)
    month.context.close()
    done = CliRunner().invoke(main, ["scorecard", place, "--period", PERIOD])
    assert f"judging version {JUDGING}" in done.output, done.output


def test_an_older_program_logs_nothing_that_it_judged(month):
    """Not a seal, a settlement, a record or a document; what it would have logged is still to come."""
    whole = replace(whole_of(month), judging=JUDGING + 1)
    above = log(month, whole, number=0)
    month.world.at += 60_000
    month.say("satisfaction", unit="centre", period=PERIOD, points="3", amendment="yes")
    with month.context.read() as conn:
        before = evidence.size(conn)
    for attempt in (
        lambda: jobs.seal(month.context, PERIOD, by="manager"),
        lambda: jobs.seal(month.context, "2026-06", by="manager"),
        lambda: rounds.close_due(month.context),
        lambda: told(month),
    ):
        with pytest.raises(NoScorecard, match=f"entry {above} of the log names version {JUDGING + 1}") as no:
            attempt()
        assert no.value.code == "older_judging"
    with month.context.read() as conn:
        assert evidence.size(conn) == before
        assert not rows_of(conn)
    month.context.close()
    place = str(month.context.directory)
    done = CliRunner().invoke(main, ["scorecard", "seal", place, "--period", PERIOD, "--by", "manager"])
    assert done.exit_code == 2 and "older_judging: this program judges by version" in done.output, done.output


def rows_of(conn):
    return stored.records(conn)


def told(site):
    """A document of the month, logged."""
    span = material_found.span_of(site.context, PERIOD)
    material = Material(site.context, span, material_found.found_in(site.context, span))
    return documents.export("scorecard", material, "json")


def closed(site):
    """Header and body of the month's first record of a round."""
    with site.context.read() as conn:
        row = stored.records(conn)[0]
        header = strict_json.loads(entries.parse(packs.data_of(conn, packs.entry(conn, row.idx))).header)
        return row.idx, header, content(packs.body(conn, row.idx))


def forged_record(site, judging):
    """The first record once more, of another window's looks, as a program of this version would name it."""
    _, header, body = closed(site)
    record = records.parse(body)
    items = tuple(replace(one, state="ok") for one in record.items)
    body = records.encode(replace(record, items=items, closed_ms=record.closed_ms + 1, name="x"))
    for name in ("v", "log", "digest", "bytes", "judging"):
        header.pop(name, None)
    return forge(site, header | ({"judging": judging} if judging else {}), body)


@pytest.mark.parametrize(
    ("version", "word"), [(JUDGING, "contradicted"), (JUDGING + 1, "other version"), (0, "contradicted")]
)
def test_a_record_of_a_round_names_its_version_and_a_newer_ones_difference_is_no_contradiction(
    site, tmp_path, version, word
):
    site.apply()
    site.inspect("2026-07-13")
    idx, header, _ = closed(site)
    assert header["judging"] == JUDGING
    forged_record(site, version)
    verdict = site.verdict(tmp_path / "b.zip")
    found = of(verdict, "inspection record")
    assert [one for one, _ in found][-1] == word, found
    assert verdict.exit == (2 if word == "other version" else 1)
    if not version:
        assert f"entry {idx}" in found[-1][1] or "before it names judging version" in found[-1][1]


def test_records_of_before_they_named_a_version_are_verified_and_held_to_the_first(site, tmp_path):
    """As a program left them that named none: what it gives is proven, all else is of another version."""
    site.apply()
    site.go("2026-07-13T09:30")
    for name in ("web-01", "web-02", "mail-01"):
        site.send(name, site.look(name, "weekly/2026-07-13", site.world.at))
    derive.catch_up(site.context)
    with site.context.read() as conn:
        one = next(o for o in rounds.ledger(conn, site.world.at, 0, site.world.at + 1) if o.due)
        honest = rounds.draft(site.context, conn, one.round, one.window)
    counts, window = honest.overview, honest.window
    header = {"window": window.id, "round": honest.round, "from": window.from_ms, "to": window.to_ms}
    header |= {"until": window.until_ms, "estate": honest.estate}
    names = ("due", "done", "late", "missed", "errors", "problems")
    header |= {"counts": {name: getattr(counts, name) for name in names}}
    forge(site, header, records.encode(honest))
    forge(site, header, records.encode(replace(honest, name="x")))
    verdict = site.verdict(tmp_path / "b.zip")
    assert [word for word, _ in of(verdict, "inspection record")][:2] == ["proven if", "other version"]
    assert verdict.exit == 2
