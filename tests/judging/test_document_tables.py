"""Documents of every kind, table by table: a number, time, state or entry that is another is found."""

import copy
import shutil

import pytest

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.jobs import projection
from collector.judging.version import JUDGING
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.reports.record_view import EmptyRecordError
from collector.scans.model import Finding, Severity
from collector.verify.document_tables import TABLES, WANTED

PERIOD = "2026-07"


@pytest.fixture(scope="module")
def full(fresh, tmp_path_factory, site_class):
    """A month of which most kinds have something to tell: a fault, a finding, a flaw, gaps."""
    place = tmp_path_factory.mktemp("documents") / "collector"
    shutil.copytree(fresh, place)
    world = site_class.worlds.World(place, site_class.begin)
    world.open()
    for name in site_class.agents:
        world.agent(name)
    site = site_class.kind(world)
    site.apply()
    site.inspect("2026-07-06")
    site.inspect("2026-07-13", web_01="crit")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.probe(("2026-07-14T13:00", True), ("2026-07-14T15:00", True))
    site.go("2026-07-15T12:00")
    flaw = Finding("CVE-2026-1", "web-01", "443/tcp", "x", Severity.CRITICAL)
    site.scan("web-01", "web-02", findings=(flaw,))
    site.say("visit", "operator", unit="centre", at="2026-07-15T11:00+08:00")
    site.inspect("2026-07-20", web_01="error")
    site.inspect("2026-07-27", ("web-01",))
    site.go("2026-08-10T01:00")
    site.settle()
    yield site
    world.context.close()


@pytest.fixture(scope="module")
def made(full):
    """Header and body of a document of each kind that the month fills."""
    return bodies(full)


def bodies(site):
    span = material_found.span_of(site.context, PERIOD)
    found = material_found.found_in(site.context, span)
    made = {}
    site.world.at += 60_000  # what is logged from now on had not come when they were made
    for kind in documents.KINDS.values():
        subject = found.faults.faults[0].id if kind.subject else ""
        material = Material(site.context, span, found, subject)
        try:
            body = documents.body_of(documents.draft(kind.id, material, "zh"), material)
        except EmptyRecordError:
            continue
        header = {"document": kind.id, "subject": subject, "period": PERIOD, "from": span.from_ms}
        header |= {"to": span.to_ms, "as_of": span.as_of_ms, "estate": "", "judging": JUDGING, "by": "cli"}
        made[kind.id] = header, strict_json.loads(strict_json.dumps(body))
    return made


def log(site, header, body):
    return projection.log(site.context, [(EntryKind.RECORD, header, strict_json.dumps(body))])[0]


def verdicts(site, place):
    found = site.verdict(place)
    return {
        int(name.rpartition("entry ")[2].rstrip(")")): (word, detail)
        for name, word, detail in found.claims
        if name.startswith("document ")
    }


def test_tables_of_every_kind_that_evidence_fills_are_proven(full, made, tmp_path):
    logged = {kind: log(full, *pair) for kind, pair in made.items()}
    found = verdicts(full, tmp_path / "b.zip")
    for kind, idx in logged.items():
        assert found[idx][0] == "proven if", (kind, found[idx])
    told = [detail.partition("; not its words")[0] for _, detail in found.values()]
    anew = {name for name in TABLES if any(name in one for one in told)}
    assert anew >= {"faults", "clocks", "timeline", "rounds", "problems", "findings", "log"}, anew


def other(cell):
    return cell + 1 if isinstance(cell, int) else 7 if cell is None else f"{cell}9"


def test_every_compared_cell_that_is_another_is_found(full, made, tmp_path):
    """One document for each kind, table and compared column; each has one cell of that column changed."""
    wanted = {}
    seen = set()
    for kind, (header, body) in made.items():
        for at, table in enumerate(body["tables"]):
            name = table["name"].removeprefix("doc-")
            if name not in TABLES or name in seen or not table["rows"] or kind == "special-inspection":
                continue
            seen.add(name)
            for key in TABLES[name][0]:
                changed = copy.deepcopy(body)
                row = changed["tables"][at]["rows"][0]
                place = table["columns"].index(key)
                row[place] = other(row[place])
                wanted[log(full, header, changed)] = f"another {name}"
    found = verdicts(full, tmp_path / "b.zip")
    missed = {
        idx: (name, found[idx])
        for idx, name in wanted.items()
        if found[idx][0] != "contradicted" or name not in found[idx][1]
    }
    assert not missed and len(wanted) > 25, missed


def test_a_table_left_out_a_row_left_out_and_a_fault_that_is_none_are_found(full, made, tmp_path):
    header, body = made["fault-statistics"]
    bare, short = copy.deepcopy(body), copy.deepcopy(body)
    bare["tables"] = [one for one in bare["tables"] if one["name"] != "doc-faults"]
    next(one for one in short["tables"] if one["name"] == "doc-faults")["rows"].pop()
    wanted = [log(full, header, bare), log(full, header, short)]
    header, body = copy.deepcopy(made["fault"])
    for one in (header, body):
        one["subject"] = "portal@2026-07-20T08:00:00+08:00"
    wanted.append(log(full, header, body))
    found = verdicts(full, tmp_path / "b.zip")
    assert [found[idx][0] for idx in wanted] == ["contradicted"] * 3, found
    assert "another subject" in found[wanted[2]][1]


def test_another_programs_tables_that_differ_are_neither_proven_nor_contradicted(full, made, tmp_path):
    header, body = copy.deepcopy(made["fault-statistics"])
    table = next(one for one in body["tables"] if one["name"] == "doc-faults")
    table["rows"][0][table["columns"].index("j_from")] += 1
    idx = log(full, header, {**body, "program": "0.0.1"})
    word, detail = verdicts(full, tmp_path / "b.zip")[idx]
    assert word == "other version" and "made by program 0.0.1" in detail


def test_the_tables_that_a_kind_may_not_leave_out_are_those_that_it_is_made_of():
    for kind, names in WANTED.items():
        assert names <= set(documents.KINDS[kind].parts) & set(TABLES), kind
