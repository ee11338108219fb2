"""Backups in the estate file: objects, places, policies; mistakes at their line; what agents look at."""

from pathlib import Path

import pytest

from collector.availability.calendar_cn import shipped
from collector.availability.estate_terms import encode, parse
from collector.estate import changes
from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import Loaded, read_estate, unpacked
from collector.estate.services import document

ESTATE = """\
estate: huaian
assets:
  - {id: city-db, kind: server, agent: city-db}
  - {id: county-1, kind: server, agent: county-1}
  - {id: county-2, kind: server, agent: county-2}
  - {id: backup-1, kind: backup, via: city-db, ssh: {address: 10.0.0.9, port: 2222}}
objects:
  - {id: city/oa-db, asset: city-db, name: 市级平台}
  - {id: county/xian-1/oa-db, asset: county-1}
  - {id: county/xian-2/oa-db, asset: county-2}
places:
  - {id: backup-server, asset: backup-1, path: "/srv/{object}/", secret: sftp}
backups:
  - object: city/oa-db
    clause: HA-06 HA-07
    full: {every: week, on: sunday, window: "22:00-06:00", grace: 4h, keep: 3 months}
    source: {kind: file, path: "/backup/*.dmp"}
  - object: county/*/oa-db
    clause: HA-08
    source: {kind: file, path: "/b/{object}/%Y%m%d*.dmp"}
    full: {every: day, window: "00:00-05:00", grace: 3h, keep: 3 months}
    copy: {to: backup-server, within: 2h}
    access: {owner: backup, mode: "0600"}
    drill: {every: month, restore_within: 12h}
backup_success: {at_least: 99%}
"""
PLAIN = """\
estate: e
assets: [{id: a, kind: server, agent: a}]
checks: [{check: host.cpu, assets: all, every: 60s}]
"""


def load(text: str) -> Loaded:
    return read_estate("estate.yaml", lambda _: text.encode(), installed())


def test_each_place_of_each_object_is_looked_at_by_the_agent_that_can() -> None:
    looks = {look.target: look for look in load(ESTATE).regular}
    assert sorted(looks) == [
        "city/oa-db@city-db",
        "county/xian-1/oa-db@backup-server",
        "county/xian-1/oa-db@county-1",
        "county/xian-2/oa-db@backup-server",
        "county/xian-2/oa-db@county-2",
    ]
    own, copy = looks["county/xian-1/oa-db@county-1"], looks["county/xian-1/oa-db@backup-server"]
    assert (own.agent, own.params["path"], own.params["address"]) == (
        "county-1",
        "/b/county/xian-1/oa-db/%Y%m%d*.dmp",
        "",
    )
    assert (copy.agent, copy.params["path"]) == ("city-db", "/srv/county/xian-1/oa-db/%Y%m%d*.dmp")
    assert (copy.params["address"], copy.params["port"], copy.params["secret"]) == ("10.0.0.9", 2222, "sftp")
    assert own.params["mode"] == "0600" and own.params["owner"] == ["backup"]
    assert own.every_ms == 3_600_000 and own.deadline_ms < own.every_ms


def test_a_drill_is_asked_of_the_asset_that_the_object_names_where_it_can_reach_the_copies() -> None:
    text = ESTATE.replace('kind: file, path: "/b/', 'kind: postgres, path: "/b/')
    text = text.replace("asset: county-1}", "asset: county-1, drill: city-db}")
    [drill] = [look for look in load(text).regular if look.check.id == "backup.drill"]
    assert (drill.agent, drill.target) == ("city-db", "county/xian-1/oa-db@backup-server")
    assert (drill.params["kind"], drill.params["restore_within_s"]) == ("postgres", 43_200)
    assert (drill.params["address"], drill.params["secret"]) == ("10.0.0.9", "sftp")
    assert drill.params["path"] == "/srv/county/xian-1/oa-db/%Y%m%d*.dmp"
    assert drill.every_ms == 28 * 86_400_000 and drill.deadline_ms > 43_200_000


def test_fingerprints_are_taken_where_the_object_tells_so() -> None:
    told = "asset: county-1, params: {backup.fingerprint: {database: oa}}}"
    looks = load(ESTATE.replace("asset: county-1}", told)).regular
    [one] = [look for look in looks if look.check.id == "backup.fingerprint"]
    assert (one.agent, one.target) == ("county-1", "county/xian-1/oa-db@county-1")
    assert (one.params["path"], one.params["database"]) == ("/b/county/xian-1/oa-db/%Y%m%d*.dmp", "oa")


def test_the_logged_terms_hold_the_policy_and_read_back() -> None:
    loaded = load(ESTATE)
    terms = document(loaded, unpacked(loaded.body), shipped())
    assert parse(encode(terms)) == terms
    assert terms.backups is not None
    assert [one.place for one in terms.backups.objects] == ["city-db", "county-1", "county-2"]


def test_an_estate_without_backups_is_logged_as_it_ever_was() -> None:
    loaded = load(PLAIN)
    terms = document(loaded, unpacked(loaded.body), shipped())
    assert b"backups" not in encode(terms).replace(b"files", b"") and parse(encode(terms)) == terms


def test_promised_encryption_is_asked_of_every_look_at_the_artefacts() -> None:
    text = ESTATE.replace('kind: file, path: "/b/', 'kind: archive, path: "/b/')
    text = text.replace("    access: {owner", "    sealed: {scheme: age, for: [ops]}\n    access: {owner")
    own = "county-1, params: {backup.archive: {sealed: {secret: k}}}}"
    looks = {
        look.target: look
        for look in load(
            text.replace("county-1}\n  - {id: county/xian-2", own + "\n  - {id: county/xian-2")
        ).regular
        if look.check.id == "backup.archive"
    }
    assert {look.params["sealed"]["scheme"] for look in looks.values()} == {"age"} and len(looks) == 4
    assert looks["county/xian-1/oa-db@county-1"].params["sealed"]["secret"] == "k"


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "reason"),
    [
        ("keep: 3 months}\n    source", "keep: 3 m}\n    source", 16, "backups[0].full.keep", "3 months"),
        ("grace: 4h, keep: 3 months}", "grace: 4h}", 16, "backups[0].full.keep", "missing"),
        ("object: county/*/oa-db", "object: county/*/oa", 18, "backups[1].object", "matches no object"),
        ("to: backup-server", "to: backup-sever", 22, "backups[1].copy.to", "no place"),
        ("drill: {every: month,", "drill: {evry: month,", 24, "backups[1].drill.evry", "unknown key"),
        ("at_least: 99%", "at_least: 99", 25, "backup_success.at_least", "share"),
        ("asset: county-2}", "asset: county-3}", 10, "objects[county/xian-2/oa-db].asset", "no asset"),
        ("asset: backup-1,", "asset: backup-2,", 12, "places[backup-server].asset", "no asset"),
        ('kind: file, path: "/backup', 'kind: tape, path: "/b', 8, "objects[city/oa-db]", "no check reads"),
        (
            "access: {owner",
            "sealed: {scheme: age}\n    access: {owner",
            9,
            "objects[county/xian-1/oa-db]",
            "archive",
        ),
        (
            "access: {owner",
            "sealed: {scheme: agee}\n    access: {owner",
            23,
            "backups[1].sealed.scheme",
            "none of: age",
        ),
        (", ssh: {address: 10.0.0.9, port: 2222}", "", 9, "objects[county/xian-1/oa-db]", "nobody can"),
        ('path: "/srv/{object}/"', 'path: "/srv/{objekt}/"', 12, "places[backup-server].path", "{objekt}"),
        ('path: "/b/{object}/', 'path: "/b/{name}/', 20, "backups[1].source.path", "{name}: nobody fills"),
        ("%Y%m%d*", "%Y%m%Q*", 20, "backups[1].source.path", "%Q: no field of a date"),
        (
            "restore_within: 12h}",
            "restore_within: 12h, questions: oa}",
            24,
            "backups[1].drill.questions",
            "'oa'",
        ),
        ("clause: HA-08", "believe: 0 days", 19, "backups[1].believe", "no time at all"),
        ("within: 2h}", "within: 2h, keep: 3}", 22, "backups[1].copy.keep", "3 months"),
    ],
)
def test_a_mistake_is_named_by_line_path_and_reason(
    old: str, new: str, line: int, path: str, reason: str
) -> None:
    assert old in ESTATE
    with pytest.raises(EstateError) as found:
        load(ESTATE.replace(old, new))
    problems = [(one.line, one.path, one.reason) for one in found.value.problems]
    assert any(p[:2] == (line, path) and reason in p[2] for p in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("name: 市级平台}", "look: often}", "objects[city/oa-db].look"),
        (
            "places:\n  - {id: backup-server, asset: backup-1,",
            "places:\n  - {id: backup-server,",
            "places[backup-server].asset",
        ),
    ],
)
def test_what_cannot_be_read_is_not_said_to_be_missing_as_well(old: str, new: str, path: str) -> None:
    assert old in ESTATE
    with pytest.raises(EstateError) as found:
        load(ESTATE.replace(old, new))
    assert [one.path for one in found.value.problems] == [path]


QUESTIONS = """\
backup_questions:
  oa:
    - {id: q1, sql: "SELECT count(*) FROM document", expected: "7"}
"""


def test_a_drill_is_told_all_that_the_policy_says_of_it() -> None:
    text = ESTATE.replace('kind: file, path: "/b/', 'kind: postgres, path: "/b/')
    text = text.replace("asset: county-1}", "asset: county-1, drill: city-db, since: 2026-03-01}")
    more = "restore_within: 12h, pick: rotating, compare: bounded, questions: oa, needs_approval: true"
    more += ", approval: WO-7"
    text = (
        text.replace("drill: {every: month, restore_within: 12h", "drill: {every: month, " + more) + QUESTIONS
    )
    [drill] = [look for look in load(text).regular if look.check.id == "backup.drill"]
    assert drill.params["questions"] == [
        {"id": "q1", "sql": "SELECT count(*) FROM document", "path": "", "expected": "7"}
    ]
    assert (drill.params["needs_approval"], drill.params["approval"]) == (True, "WO-7")
    assert (drill.params["pick"], drill.params["since"]) == ("rotating", 1_772_294_400_000)
    assert drill.params["compare"] == "bounded"


@pytest.mark.parametrize(
    ("old", "new", "line", "path"),
    [
        ("{id: q1, sql:", "{id: q1, path: /x, sql:", 28, "backup_questions.oa[q1]"),
        ("    - {id: q1", "    - {ident: q1", 28, "backup_questions.oa[0]"),
        ("  oa:\n    - ", "  oa: []\n  other:\n    - ", 27, "backup_questions.oa"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_mistake(old: str, new: str, line: int, path: str) -> None:
    with pytest.raises(EstateError) as found:
        load(ESTATE + QUESTIONS.replace(old, new))
    assert [(one.line, one.path) for one in found.value.problems] == [(line, path)]


def test_fewer_recipients_than_people_are_asked_of_age_without_knowing_their_keys() -> None:
    text = ESTATE.replace('kind: file, path: "/b/', 'kind: archive, path: "/b/')
    text = text.replace(
        "    access: {owner", "    sealed: {scheme: age, for: [ops, escrow]}\n    access: {owner"
    )
    found = [
        look.params["sealed"]["recipients"]
        for look in load(text).regular
        if look.check.id == "backup.archive"
    ]
    assert found == [["ops", "escrow"]] * 4


def test_objects_without_a_promise_are_named() -> None:
    text = ESTATE.replace("places:", "  - {id: city/files, kind: files, asset: city-db}\nplaces:")
    assert "no backup policy for city/files" in load(text).notes
    assert any("never tested" in note for note in load(text).notes)


def test_a_changed_promise_shows_in_the_difference() -> None:
    before, after = (
        load(ESTATE),
        load(ESTATE.replace("keep: 3 months}\n    source", "keep: 6 months}\n    source")),
    )
    shown = [str(one) for one in changes.between(before, after)]
    assert any("backup city/oa-db" in line and "3 -> 6" in line for line in shown), shown


def test_the_example_of_the_documentation_is_a_whole_estate() -> None:
    page = Path(__file__).resolve().parents[3] / "docs/backups.md"
    blocks = page.read_text(encoding="utf-8").split("```yaml\n")[1:]
    for block in blocks:
        assert load(block.partition("```")[0]).backups is not None
