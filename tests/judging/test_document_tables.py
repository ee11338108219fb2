"""Documents of every kind, table by table: a number, time, state or entry that is another is found."""

import copy
import re
import shutil

import pytest
from luohe_site import AGENTS, BEGIN, Site, worlds

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.jobs import projection
from collector.judging.version import JUDGING
from collector.reports import documents, material_found
from collector.reports.material import Material
from collector.reports.record_view import EmptyRecordError
from collector.scans.model import Finding, Severity
from collector.verify.document_tables import COLUMNS, MOST, TABLES, WANTED, fitting
from collector.verify.document_words import filled
from collector.words.document import doc

PERIOD = "2026-07"


@pytest.fixture(scope="module")
def full(fresh, tmp_path_factory):
    """A month of which most kinds have something to tell: a fault, a finding, a flaw, gaps."""
    place = tmp_path_factory.mktemp("documents") / "collector"
    shutil.copytree(fresh, place)
    world = worlds.World(place, BEGIN)
    world.open()
    for name in AGENTS:
        world.agent(name)
    site = Site(world)
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


@pytest.fixture(scope="module")
def english(full):
    """The same in English."""
    return bodies(full, "en")


def bodies(site, lang="zh"):
    span = material_found.span_of(site.context, PERIOD)
    found = material_found.found_in(site.context, span)
    made = {}
    site.world.at += 60_000  # what is logged from now on had not come when they were made
    for kind in documents.KINDS.values():
        subject = found.faults.faults[0].id if kind.subject else ""
        material = Material(site.context, span, found, subject)
        try:
            body = documents.body_of(documents.draft(kind.id, material, lang), material)
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


def as_version_7(body):
    """The same as the version of documents before it had it: words, and a heading of what was imported."""
    held = copy.deepcopy(body)
    tables = {table["name"]: table for table in held["tables"]}
    scans = tables["doc-scans"]
    scans["columns"] = ["j_tool", "j_filed", "j_kind", "j_count", "j_evidence"]
    for row in scans["rows"]:
        row[2] = "完成"
    for row in tables["doc-backups"]["rows"]:
        row[3] = 7
    return {**held, "v": 7}


def test_a_document_that_an_earlier_version_worded_is_not_contradicted_by_its_words(full, made, tmp_path):
    header, body = made["monthly-inspection"]
    old = as_version_7(body)
    assert old["tables"] != body["tables"] and body["v"] == 8
    other_entry = copy.deepcopy(old)
    next(one for one in other_entry["tables"] if one["name"] == "doc-scans")["rows"][0][4] = "#1"
    new = {**old, "v": 8}
    found = [log(full, header, one) for one in (old, other_entry, new)]
    said = verdicts(full, tmp_path / "b.zip")
    assert [said[idx][0] for idx in found] == ["not proven", "contradicted", "contradicted"], said


def test_tables_of_every_kind_that_evidence_fills_are_proven(full, made, tmp_path):
    logged = {kind: log(full, *pair) for kind, pair in made.items()}
    found = verdicts(full, tmp_path / "b.zip")
    for kind, idx in logged.items():
        assert found[idx][0] == "proven if", (kind, found[idx])
        anew, every, left = cells(found[idx][1])
        assert anew + sum(left.values()) == every, found[idx]
        assert set(left) <= {"ledger", "months", "overview", "rounds", "summary", "sheet"}, (kind, left)
        assert anew > (0.9 if "ledger" not in left else 0.3) * every, (kind, found[idx])
    assert {"fault", "defects", "fault-statistics"} <= {
        kind for kind, idx in logged.items() if not cells(found[idx][1])[2]
    }


def cells(detail):
    """How many were made anew, of how many, and by table how many were not."""
    anew, every = map(int, re.search(r"(\d+) of (\d+) filled cells", detail).groups())
    left = detail.rpartition("not made anew: ")[2]
    return (
        anew,
        every,
        dict((name, int(n)) for name, _, n in (one.rpartition(" ") for one in left.split(", ")) if name),
    )


def test_no_blank_and_no_dash_is_counted_as_filled(made):
    body = made["fault"][1]
    blanks = sum(cell == "(待填写)" for one in body["tables"] for row in one["rows"] for cell in row)
    assert not any(map(filled, (None, "", "–"))) and filled(0) and blanks


def test_tables_in_english_are_proven_like_the_chinese_ones(full, made, english, tmp_path):
    """Lines too, where fines and ranges stand in words."""
    logged = {kind: log(full, *pair) for kind, pair in english.items()}
    found = verdicts(full, tmp_path / "b.zip")
    assert set(english) == set(made) >= {"service-year", "self-assessment", "rectification"}
    for kind, idx in logged.items():
        assert found[idx][0] == "proven if", (kind, found[idx])
    (lines,) = [one for one in english["self-assessment"][1]["tables"] if one["name"] == "doc-lines"]
    assert any("yuan" in str(row) for row in lines["rows"])


def other(cell):
    return cell + 1 if isinstance(cell, int) else 7 if cell is None else f"{cell}9"


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


def test_points_that_a_line_without_proof_does_not_have_are_found(full, english, tmp_path):
    header, body = copy.deepcopy(english["self-assessment"])
    (table,) = [one for one in body["tables"] if one["name"] == "doc-lines"]
    points, state = (table["columns"].index(key) for key in ("j_points", "j_state"))
    row = next(one for one in table["rows"] if " – " in one[points])
    assert "not_proven" in row[state]
    row[points] = row[points].rpartition(" ")[2]
    idx = log(full, header, body)
    word, detail = verdicts(full, tmp_path / "b.zip")[idx]
    assert word == "contradicted" and "another lines" in detail


def test_a_column_that_comes_twice_or_that_the_table_has_not_is_found(full, made, tmp_path):
    """The first of two is honest, the second is what people would read."""
    wanted = []
    for key in ("j_span", "j_target"):
        header, body = copy.deepcopy(made["fault-statistics"])
        (table,) = [one for one in body["tables"] if one["name"] == "doc-faults"]
        table["columns"].append(key)
        for row in table["rows"]:
            row.append(1)
        wanted.append(log(full, header, body))
    found = verdicts(full, tmp_path / "b.zip")
    assert [found[idx][0] for idx in wanted] == ["contradicted"] * 2, found


def test_the_columns_of_each_table_are_those_that_it_is_made_with(made):
    seen = {
        name: tuple(one["columns"])
        for _, body in made.values()
        for one in body["tables"]
        if (name := one["name"].removeprefix("doc-")) in TABLES
    }
    assert len(seen) > 10 and seen == {name: COLUMNS[name] for name in seen}
    assert set(COLUMNS) == set(TABLES)
    for name, (columns, _) in TABLES.items():
        assert set(columns) <= set(COLUMNS[name]), name


def cut_table(columns, rows):
    """As a document has a long one: the first rows, and how many are left out."""
    left = [["…", *(None for _ in columns[1:])]] if len(rows) > MOST else []
    return {"columns": list(columns), "rows": [list(row) for row in rows[:MOST]] + left}


PROBLEMS = "j_state", "j_times", "j_evidence"


def problems(count):
    """Distinct ones, as evidence gives them: every seventh crit."""
    return [("warn" if n % 7 else "crit", 1, f"#{n}/0") for n in range(count)]


@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 1, 3 * MOST])
def test_a_long_table_of_problems_is_cut_behind_the_gravest(count):
    wanted = problems(count)
    shown = sorted(wanted, key=lambda one: (one[0] != "crit", one[2]))
    assert fitting("problems", cut_table(PROBLEMS, shown), PROBLEMS, wanted)
    mild = sorted(wanted, key=lambda one: (one[0] == "crit", one[2]))
    assert fitting("problems", cut_table(PROBLEMS, mild), PROBLEMS, wanted) is (count <= MOST)
    other_entry = [(*shown[0][:2], "#x"), *shown[1:]]
    assert not fitting("problems", cut_table(PROBLEMS, other_entry), PROBLEMS, wanted)
    if count > MOST:
        assert not fitting("problems", cut_table(PROBLEMS, shown[: MOST - 1]), PROBLEMS, wanted)


def test_a_table_that_is_cut_without_need_is_found():
    wanted = problems(MOST)
    table = cut_table(PROBLEMS, [*sorted(wanted, key=lambda one: one[0]), ("x", 1, "#0")])
    assert not fitting("problems", table, PROBLEMS, wanted)


ROUNDS = "j_from", "j_evidence"


def test_a_long_table_of_rounds_is_cut_and_may_leave_out_none_that_began_before_its_end():
    """Every third goes on, and has no record."""
    every = [(at, "–" if at % 3 == 0 else f"#{at}") for at in range(MOST + 600)]
    wanted = [one for one in every if one[1] != "–"]
    assert fitting("rounds", cut_table(ROUNDS, every), ROUNDS, wanted)
    assert fitting("rounds", cut_table(ROUNDS, every[:900]), ROUNDS, [one for one in wanted if one[0] < 900])
    assert not fitting("rounds", cut_table(ROUNDS, [*every[:50], *every[51 : MOST + 300]]), ROUNDS, wanted)
    assert not fitting("rounds", cut_table(ROUNDS, every[:900]), ROUNDS, wanted)


def test_a_long_table_in_order_is_cut_and_holds_nothing_behind_that():
    columns, wanted = ("j_when", "j_evidence"), [(at, f"#{at}") for at in range(MOST + 5)]
    table = cut_table(columns, wanted)
    assert fitting("timeline", table, columns, wanted)
    assert not fitting("timeline", {**table, "rows": [*table["rows"], [0, "#0"]]}, columns, wanted)
    assert not fitting("timeline", {**table, "rows": table["rows"][:-1]}, columns, wanted)


def test_the_tables_that_a_kind_may_not_leave_out_are_those_that_it_is_made_of():
    for kind, names in WANTED.items():
        assert names <= set(documents.KINDS[kind].parts) & set(TABLES), kind


NOT_ANEW = {
    ("rounds", "j_round"),
    ("sheet", "j_model"),
    ("sheet", "j_location"),
    ("sheet", "j_days_full"),
    ("months", "j_rounds_of"),
    ("months", "j_looks_of"),
}
"""A window of the month has no record yet: how it stood cannot be told."""


def test_every_compared_cell_that_is_another_is_found(full, made, tmp_path):
    """Words too: a document for each table and column, with one cell of it changed; and its title; and each
    line of an overview. What is told to be not made anew is left out."""
    wanted = {}
    seen = set()
    for kind, (header, body) in made.items():
        for at, table in enumerate(body["tables"]):
            name = table["name"].removeprefix("doc-")
            if name in seen or not table["rows"]:
                continue
            seen.add(name)
            for place, key in enumerate(table["columns"]):
                # Of the stretch before its term nobody judged faults; how an open round stood cannot be told.
                row = 1 if name in ("months", "summary") else 0
                if (name, key) in NOT_ANEW or (name == "ledger" and place > 2):
                    continue
                changed = copy.deepcopy(body)
                cells_of = changed["tables"][at]["rows"][row]
                cells_of[place] = other(cells_of[place])
                wanted[log(full, header, changed)] = f"another {name}"
            if name not in ("rounds", "ledger"):
                changed = copy.deepcopy(body)
                changed["tables"][at]["title"] += "x"
                wanted[log(full, header, changed)] = f"another {name}"
        for place, (key, _) in enumerate(body["facts"]):
            if key != doc("doc.fact.rounds", "zh") and kind in ("scorecard", "fault", "monthly-inspection"):
                changed = copy.deepcopy(body)
                changed["facts"][place][1] += "9"
                wanted[log(full, header, changed)] = "another overview"
    found = verdicts(full, tmp_path / "b.zip")
    missed = {
        idx: (name, found[idx])
        for idx, name in wanted.items()
        if found[idx][0] != "contradicted"
        or not (name in found[idx][1] or "its form and tables" in found[idx][1])
    }
    assert not missed and len(wanted) > 150, (len(wanted), missed)
