"""What an honest collector logs is never contradicted: a clock that was ahead, one behind, an old program."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.cli import main
from collector.jobs import derive, projection
from collector.jobs import scorecards as jobs
from collector.jobs.as_of import applied
from collector.judging import paid, sealed
from collector.judging.judge import NoScorecard
from collector.judging.version import JUDGING
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.store import evidence, series
from collector.store import scorecards as store

PERIOD = "2026-07"
MINUTE = 60_000
KINDS = ("scorecard", "monthly-inspection", "quarterly-operation", "service-year", "self-assessment")


def material(site):
    span = material_found.span_of(site.context, PERIOD)
    return Material(site.context, span, material_found.found_in(site.context, span))


def written(site, kind):
    """A document of the month as now, logged; some seconds later."""
    made = material(site)
    draft = documents.draft(kind, made, "zh")
    site.world.at += 5_000
    return documents.logged(made, draft, "manager")[0]


def words(site, place, what="document "):
    found = site.verdict(place)
    return found, [word for name, word, _ in found.claims if name.startswith(what)]


def test_what_is_made_after_a_clock_was_set_right_is_proven(site, tmp_path):
    """It was three hours ahead; the log's receipts stay ahead until the clock has come there."""
    site.apply()
    site.inspect("2026-07-06")
    for hour in ("02", "03", "04"):
        site.go(f"2026-08-10T{hour}:00")
        site.scan("web-01")
    site.settle()
    site.go("2026-08-10T01:20")
    with site.context.read() as conn:
        assert evidence.last_received(conn) - site.world.at > 2 * 60 * MINUTE
    for kind in KINDS:
        written(site, kind)
        site.settle()
    found, said = words(site, tmp_path / "b.zip")
    assert said == ["proven if"] * len(KINDS) and found.exit == 0, found.claims


def test_a_collector_that_is_minutes_behind_says_of_what_its_documents_are_made(site, tmp_path):
    """Batches of an outage have come and are not derived: documents are of before, and say so."""
    site.apply()
    site.inspect("2026-07-13")
    site.go("2026-07-15T03:00")
    site.send("web-02", site.look("web-02", "weekly/2026-07-13", site.world.at, "crit"))
    came = site.world.at
    site.world.at += 5 * MINUTE
    made = material(site)
    assert made.span.as_of_ms < came
    with site.context.read() as conn:
        assert made.span.size == series.cursor(conn) < evidence.size(conn)
    for kind in KINDS:
        written(site, kind)
    site.settle()
    found, said = words(site, tmp_path / "b.zip")
    assert said == ["proven if"] * len(KINDS) and found.exit == 0, found.claims


def test_no_document_is_logged_that_leaves_out_what_came_long_before(site):
    site.apply()
    site.inspect("2026-07-13")
    site.go("2026-07-15T03:00")
    site.send("web-02", site.look("web-02", "weekly/2026-07-13", site.world.at, "crit"))
    site.world.at += 11 * MINUTE
    with pytest.raises(NoScorecard, match="still being derived") as refused:
        written(site, "scorecard")
    assert refused.value.code == "not_settled"


def test_no_document_is_logged_of_rounds_that_were_closed_while_it_was_made(site):
    site.apply()
    site.inspect("2026-07-13")
    site.world.at += MINUTE
    made = material(site)
    draft = documents.draft("monthly-inspection", made, "zh")
    site.inspect("2026-07-20")
    with pytest.raises(NoScorecard, match="while it was made") as refused:
        documents.logged(made, draft, "manager")
    assert refused.value.code == "not_settled"


def test_the_command_derives_what_has_come_where_no_server_runs(site, tmp_path):
    site.apply()
    site.inspect("2026-07-06")
    site.go("2026-08-10T01:00")
    site.settle()
    idx = site.scan("web-01")
    place, target = str(site.context.directory), tmp_path / "x.json"
    site.context.close()
    asked = ["report", place, "scorecard", "--period", PERIOD, "--to", str(target)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    body = strict_json.loads(target.read_bytes())
    assert body["size"] > idx and body["figures"]["size"] > idx
    wrong = CliRunner().invoke(main, [*asked[:3], "--period", "nope", "--to", str(target)])
    assert wrong.exit_code == 2 and wrong.output.startswith("roundseal-collector: bad_period: "), wrong.output
    site.world.open()
    site.context = site.world.context


def forge(site, header, body):
    return site.context.append_collector_entry(EntryKind.RECORD, header, body)


def told(site, kind="fault-statistics"):
    """Header and body of a document, as this program makes it."""
    made = material(site)
    body = documents.body_of(documents.draft(kind, made, "zh"), made)
    at = made.span
    header = {"document": kind, "subject": "", "period": PERIOD, "from": at.from_ms}
    header |= {"to": at.to_ms, "as_of": at.as_of_ms, "estate": "", "judging": JUDGING, "by": "manager"}
    return header, strict_json.loads(strict_json.dumps(body))


@pytest.fixture
def outage(site):
    """A month with an outage that is over; no round is closed, so nothing in the log names a version."""
    site.settle = lambda: derive.catch_up(site.context)
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.probe(("2026-07-14T13:00", True), ("2026-07-14T15:00", True))
    site.go("2026-08-10T01:00")
    site.settle()
    site.world.at += MINUTE
    return site


def changed(body):
    """Its fault an hour shorter."""
    body = strict_json.loads(strict_json.dumps(body))
    table = next(one for one in body["tables"] if one["name"] == "doc-faults")
    table["rows"][0][table["columns"].index("j_to")] -= 60 * MINUTE
    return body


def first(header, body):
    """As the first version logged it: it says nowhere how much of the log it is made of."""
    figures = {**body["figures"], "judging": 1}
    body = {**{name: part for name, part in body.items() if name != "size"}, "v": 4, "figures": figures}
    return {**header, "judging": 1}, body


def test_a_document_of_the_first_version_is_compared_and_never_contradicted(outage, tmp_path):
    header, body = told(outage)
    outage.world.at += MINUTE
    for one in (body, changed(body)):
        named, old = first(header, one)
        forge(outage, named, strict_json.dumps(old))
    found, said = words(outage, tmp_path / "b.zip")
    assert said == ["proven if", "other version"] and found.exit == 2, found.claims


def test_a_scorecards_form_that_the_first_version_worded_otherwise_is_never_contradicted(outage, tmp_path):
    header, body = told(outage, "scorecard")
    row = next(one for one in body["tables"][0]["rows"] if one[-1])
    row[-1] = "x"
    outage.world.at += MINUTE
    named, old = first(header, body)
    forge(outage, named, strict_json.dumps(old))
    forge(outage, header, strict_json.dumps(body))
    found, said = words(outage, tmp_path / "b.zip")
    assert said == ["other version", "contradicted"], found.claims


def test_a_form_that_says_an_older_version_of_documents_is_left_to_that_and_never_proven(outage, tmp_path):
    header, body = told(outage, "scorecard")
    row = next(one for one in body["tables"][0]["rows"] if one[-1])
    row[-1] = "x"
    outage.world.at += MINUTE
    forge(outage, header, strict_json.dumps({**body, "v": 6}))
    found, said = words(outage, tmp_path / "b.zip")
    assert said == ["other version"] and found.exit == 2, found.claims


def test_a_document_says_how_much_of_the_log_it_is_made_of_and_by_one_version(outage, tmp_path):
    header, body = told(outage)
    outage.world.at += MINUTE
    bare = {name: part for name, part in body.items() if name != "size"}
    older = {**body, "figures": {**body["figures"], "judging": 1}}
    for one in (body, changed(body), bare, older, {**body, "size": 10**6}, {**body, "size": 0}):
        forge(outage, header, strict_json.dumps(one))
    found, said = words(outage, tmp_path / "b.zip")
    assert said == ["proven if"] + ["contradicted"] * 5 and found.exit == 1, found.claims


def test_a_document_that_prints_a_seal_may_be_no_older_than_others(outage, tmp_path):
    jobs.seal(outage.context, PERIOD, by="manager")
    outage.settle()
    outage.world.at += MINUTE
    header, body = told(outage)
    assert body["figures"]["seal"] is not None
    outage.world.at += MINUTE
    outage.say("satisfaction", unit="centre", period=PERIOD, points="3", amendment="yes")
    outage.world.at += 11 * MINUTE
    forge(outage, header, strict_json.dumps(body))
    found, said = words(outage, tmp_path / "b.zip")
    assert said == ["contradicted"] and found.exit == 1, found.claims


@pytest.mark.parametrize(("judging", "word"), [(1, "proven if"), (JUDGING, "contradicted")])
def test_a_seal_of_the_first_version_is_not_asked_how_old_it_is(outage, tmp_path, judging, word):
    """Its program's deriver was eleven minutes behind."""
    made = jobs.scorecard(outage.context, PERIOD)
    outage.world.at += MINUTE
    outage.scan("web-01")
    outage.world.at += 11 * MINUTE
    whole = replace(sealed.now(made.size, made.estate, (made.facts, made.scorecard)), judging=judging)
    header = {**sealed.header_of(whole, None), "by": "manager"}
    forge(outage, header, sealed.encode(whole))
    found, said = words(outage, tmp_path / "b.zip", "scorecard ")
    assert said == [word], found.claims


@pytest.mark.parametrize(("judging", "word"), [(1, "proven if"), (JUDGING, "contradicted")])
def test_a_settlement_of_the_first_version_is_not_asked_how_old_it_is(outage, tmp_path, judging, word):
    outage.go("2026-09-10T01:00")
    for name in ("2026-06", PERIOD, "2026-08"):
        outage.settle()
        outage.world.at += MINUTE
        made = jobs.scorecard(outage.context, name)
        whole = replace(sealed.now(made.size, made.estate, (made.facts, made.scorecard)), judging=judging)
        header = {**sealed.header_of(whole, None), "by": "manager"}
        projection.log(outage.context, [(EntryKind.RECORD, header, sealed.encode(whole))])
    with outage.context.read() as conn:
        held = applied(conn, 10**9)
        seals = {row.period: (row.idx, jobs.read_sealed(conn, row)) for row in store.sealed(conn)}
    settled = replace(paid.make(held, outage.world.at, seals, "payment-1", 0), judging=judging)
    outage.world.at += 11 * MINUTE
    forge(outage, {**paid.header_of(settled, None), "by": "manager"}, paid.encode(settled))
    found, said = words(outage, tmp_path / "b.zip", "settlement ")
    assert said == [word], found.claims
