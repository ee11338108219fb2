"""Restore drills with real dumps of PostgreSQL in a real cell."""

import gzip
import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from parts import loaded

from agent.drills import programs
from checks.api import Seen
from checks.artefacts.fingerprint import dump, root
from checks.backup.drill import CHECK
from checks.codec import from_json, to_json

SERVER = loaded("backups/logical/server.py")
RECORDINGS = Path(__file__).parents[2] / "checks/recordings/backup.drill"
ROWS = {"id": "rows", "sql": "SELECT count(*) FROM oa.document", "expected": "300"}
DAY_MS = 86_400_000
NAMES = {"id": "names", "sql": "SELECT NULL, 'a', '中' FROM oa.document WHERE id = 1", "expected": "\ta\t中"}


@pytest.mark.parametrize("name", ["custom.dump", "plain.sql"])
def test_a_good_dump_of_any_format_is_restored_read_whole_and_gone_again(site, source, name):
    seen = site.drill(source / name, questions=[ROWS, NAMES])
    assert seen.said("true") == ("ok", "")
    assert seen.said("restorable") == ("ok", "")
    assert seen.said("usable") == ("ok", "")
    one = seen.one
    assert one.restored.read == "whole"
    assert one.restored.pages == "good"
    assert one.restored.found == one.restored.listed > 20
    assert one.restored.root == one.against.root == source.fingerprint.root
    assert one.against.compared.objects == "same"
    assert one.rto_by == "question"
    phases = [phase.name for phase in one.phases]
    assert phases[:2] == ["locate", "fetch"]
    assert phases[-7:] == ["start", "restore", "ask", "read", "pages", "compare", "clean"]
    assert one.target.interfaces == ("lo",)
    assert one.target.system != source.system
    assert site.left() == []
    assert ("oa_reader" in one.roles.made) == (name == "plain.sql")  # nobody brings it: made here, and said
    if name == "custom.dump":
        assert 0 <= one.rpo < 3_600_000
        seen.kept("ok_custom")


def test_a_dump_below_compression_is_opened_and_roles_come_from_the_globals(site, source, tmp_path):
    with gzip.open(tmp_path / "plain.sql.gz", "wb") as out:
        out.write((source / "plain.sql").read_bytes())
    globals_ = str(source / "globals.sql")
    seen = site.drill(tmp_path / "plain.sql.gz", questions=[ROWS], compare="none", globals=globals_)
    assert seen.said("usable") == ("ok", "")
    assert (seen.one.roles.from_globals, seen.one.roles.made) == (True, ())
    assert "open" in {phase.name for phase in seen.one.phases}


def test_a_dump_cut_in_half_is_bad_and_nothing_of_it_stays(site, source, tmp_path):
    whole = (source / "custom.dump").read_bytes()
    (tmp_path / "cut.dump").write_bytes(whole[: len(whole) // 2])
    seen = site.drill(tmp_path / "cut.dump")
    assert str(seen["restorable"].state) == "crit"
    assert seen.one.ended in ("start", "restore")
    assert seen.one.rto is None
    assert site.left() == []
    seen.kept("crit_cut")


def test_a_wrong_answer_is_bad_where_everything_else_is_right(site, source):
    wrong = {"id": "rows", "sql": "SELECT count(*) FROM oa.document", "expected": "301"}
    fails = {"id": "none", "sql": "SELECT * FROM oa.not_there", "expected": "1"}
    writes = {"id": "writes", "sql": "DELETE FROM oa.document RETURNING 1", "expected": "1"}
    seen = site.drill(source / "custom.dump", questions=[wrong, fails, writes], compare="none")
    assert seen.said("restorable") == ("ok", "")
    assert seen.said("usable") == ("crit", "wrong_answer")
    assert [one.trouble != "" for one in seen.one.questions] == [False, True, True]
    assert seen.one.rto is None
    seen.kept("crit_wrong_answer")


def test_a_restore_that_rolls_back_and_says_success_is_not_believed(site, source, tmp_path):
    text = (source / "plain.sql").read_text("utf-8")
    # What pg_dump writes around large objects would commit half of it.
    text = text.replace("\nBEGIN;\n", "\n").replace("\nCOMMIT;\n", "\n")
    (tmp_path / "back.sql").write_text(text + "\nROLLBACK;\n", "utf-8")
    seen = site.drill(tmp_path / "back.sql", compare="none")
    assert seen.said("restorable") == ("crit", "rolled_back")
    seen.kept("crit_rolled_back")


def test_an_extension_that_this_host_lacks_is_no_verdict_on_the_dump(site, source, tmp_path):
    text = (source / "plain.sql").read_text("utf-8")
    at = text.index("CREATE SCHEMA oa;")
    (tmp_path / "ext.sql").write_text(text[:at] + "CREATE EXTENSION zhparser;\n" + text[at:], "utf-8")
    seen = site.drill(tmp_path / "ext.sql")
    assert seen.said("restorable") == ("unknown", "needs_extension")
    assert seen.one.subject == "zhparser"
    seen.kept("unknown_needs_extension")


def test_roles_missing_from_the_globals_are_a_finding_of_the_globals_and_not_of_the_dump(
    site, source, tmp_path
):
    (tmp_path / "globals.sql").write_text("CREATE ROLE oa_owner;\n")
    seen = site.drill(source / "plain.sql", compare="none", globals=str(tmp_path / "globals.sql"))
    assert seen.said("true") == ("crit", "globals_missing")
    assert seen.said("restorable") == ("ok", "")


def test_without_the_approval_it_needs_nothing_begins(site, source):
    seen = site.drill(source / "custom.dump", needs_approval=True)
    assert seen.said("restorable") == ("crit", "no_approval")
    assert seen.one.phases == ()
    assert not (site.state / "drills" / "attempts.json").exists()
    seen.kept("crit_no_approval")


def test_a_target_that_could_be_the_source_is_refused(site, source):
    for known in (
        {"directory": str(site.state)},
        {"directory": str(site.state / "drills" / "rooms")},
        {"socket": "/"},
    ):
        seen = site.drill(source / "custom.dump", source=known)
        assert seen.said("restorable") == ("crit", "wrong_target"), known
        assert seen.one.phases == ()


def test_over_the_agreed_time_is_bad_however_good_the_rest():
    seen = json.loads((RECORDINGS / "ok_custom.json").read_text("utf-8"))
    facts = from_json(CHECK.facts, seen["facts"])

    def judged(**more):
        params = from_json(CHECK.params, {**seen["params"], **more})
        return {
            r.name.partition(":")[2]: (str(r.state), r.reason) for r in CHECK.judge(Seen(facts, 0), params)
        }

    assert judged()["usable"] == ("ok", "")
    assert judged(restore_within_s=1)["usable"] == ("crit", "overran")
    # Restored into, or compared with, what it must not be.
    system, directory = facts.artefacts[0].target.system, facts.artefacts[0].target.directory
    assert judged(source={"system": system})["restorable"] == ("crit", "wrong_target")
    assert judged(source={"directory": directory + "/data"})["restorable"] == ("crit", "wrong_target")
    assert judged(source={"directory": directory[:-1]})["restorable"] == ("ok", "")


def test_a_drill_past_its_limit_is_ended_and_no_verdict_on_the_dump(site, source):
    slow = {"id": "slow", "sql": "SELECT pg_sleep(300)", "expected": ""}
    begun = time.monotonic()
    seen = site.drill(source / "tiny.dump", compare="none", limit_s=2, questions=[slow])
    assert time.monotonic() - begun < 60
    assert seen.said("restorable") == ("unknown", "timeout")
    assert site.left() == []


def test_what_comes_back_is_compared_with_what_the_source_recorded(site, source, tmp_path):
    made = source.fingerprint
    name = "oa.document"
    other = replace(made.tables[name], sum="0" * 64)
    tables = {**made.tables, name: other, "oa.gone": other}
    made = replace(made, tables=tables, root=root(tables, made.objects))
    (tmp_path / "f.json").write_bytes(dump(made))
    seen = site.drill(source / "custom.dump", fingerprint=str(tmp_path / "f.json"))
    assert seen.said("true") == ("crit", "table_missing")
    assert seen.one.against.compared.differ.first == (name,)
    assert seen.one.restored.root != made.root
    seen.kept("crit_differs")
    # A fingerprint of somebody else's database proves nothing, whatever it says.
    facts, params = to_json(seen.facts), seen.params
    for known in ({"system": "1"}, {"database": "other_db"}):
        wish = replace(params, source=from_json(type(params.source), known))
        found = {r.reason for r in CHECK.judge(Seen(from_json(CHECK.facts, facts), 0), wish)}
        assert "wrong_target" in found


@pytest.mark.parametrize(
    ("how", "said"),
    [("exact", ("unknown", "not_recorded")), ("bounded", ("ok", "")), ("sampled", ("ok", ""))],
)
def test_a_source_that_knows_bounds_only_is_enough_where_the_policy_says_so(how, said):
    seen = json.loads((RECORDINGS / "ok_custom.json").read_text("utf-8"))
    facts, params = from_json(CHECK.facts, seen["facts"]), from_json(CHECK.params, seen["params"])
    [drilled] = facts.artefacts
    of = drilled.against.compared

    def judged(compared):
        one = replace(drilled, against=replace(drilled.against, compared=compared))
        found = CHECK.judge(Seen(CHECK.facts((one,), facts.stands), 0), replace(params, compare=how))
        return next((str(r.state), r.reason) for r in found if r.name.endswith(":true"))

    bounded = replace(of, same=0, same_rows=0, alike=0, within=of.tables)
    assert judged(bounded) == said
    # Tables that the source was denied are within no bounds, and a row too few is bad however it is compared.
    assert judged(replace(bounded, within=0, untold=of.tables)) == ("unknown", "not_recorded")
    fewer = replace(bounded, alike=1, fewer=replace(of.missing, total=1, first=("oa.document",)))
    assert judged(fewer) == ("crit", "rows_missing")
    assert judged(of) == ("ok", "")


def test_what_a_drill_did_not_show_is_never_good():
    seen = json.loads((RECORDINGS / "ok_custom.json").read_text("utf-8"))
    [drilled] = from_json(CHECK.facts, seen["facts"]).artefacts
    stands = from_json(CHECK.facts, seen["facts"]).stands

    def judged(one, **more):
        params = from_json(CHECK.params, {**seen["params"], **more})
        found = CHECK.judge(Seen(CHECK.facts((one,) if one else (), stands), 0), params)
        return {r.name.rpartition(":")[2]: (str(r.state), r.reason) for r in found}

    assert judged(drilled)["restorable"] == judged(drilled)["true"] == ("ok", "")
    assert judged(replace(drilled, target=None))["restorable"] == ("unknown", "no_network_cut")
    # The file of roles was asked for and not there: that this dump needs none says nothing of it.
    assert judged(drilled, globals="/backup/globals.sql")["true"] == ("unknown", "globals_missing")
    nothing = replace(drilled, restored=replace(drilled.restored, tables=0, bytes=0, rows=0), against=None)
    assert judged(nothing, compare="none")["true"] == ("crit", "nothing_in_it")
    assert judged(nothing, compare="none", kind="tree")["true"] == ("unknown", "not_recorded")
    # Others stand there; none was restored.
    assert stands.count
    assert judged(None) == {"stands": ("unknown", "not_drilled")}
    assert judged(None, artefact="gone.dump")["present"] == ("crit", "missing")


def test_nothing_to_restore_is_bad(site, tmp_path):
    seen = site.drill(tmp_path / "*.dump")
    assert [(r.name, str(r.state), r.reason) for r in seen.readings] == [("stands", "crit", "missing")]


def test_which_artefact_is_taken_needs_nobodys_word(site, source, tmp_path):
    for day in (1, 2, 3):
        shutil.copy(source / "custom.dump", tmp_path / f"{day}.dump")
        os.utime(tmp_path / f"{day}.dump", (day * 86_400, day * 86_400))
    from agent.drills.choice import period_of, rule_of
    from agent.drills.drill import pick
    from agent.sources.backup_local import LocalPlace
    from checks.artefacts.standing import survey
    from checks.backup.drill import Params

    def taken(now=0, **more):
        wish = Params(path=str(tmp_path / "*.dump"), **more)
        return pick(survey(LocalPlace(), wish), wish, now).path[-6]

    assert [taken(pick=rule) for rule in ("newest", "oldest", "middle")] == ["3", "1", "2"]
    assert taken(artefact="1.dump") == "1"
    assert taken(pick="random") in "123"
    # Service began on 15 January 2026 in China: February owes the first drill.
    since = 1_768_406_400_000
    months = [rule_of("rotating", "month", since, since + month * 30 * DAY_MS) for month in range(1, 7)]
    assert months == ["newest", "oldest", "middle", "random", "newest", "oldest"]
    begin = 1_767_196_800_000  # 1 January, midnight in China: January owes one
    assert rule_of("rotating", "month", begin, begin) == "newest"
    assert rule_of("rotating", "month", begin, begin + 31 * DAY_MS) == "oldest"
    assert period_of("week", begin) + 1 == period_of("week", begin + 7 * DAY_MS)


def test_what_the_host_has_is_chosen_by_major_version():
    def one(major, kind="local"):
        return programs.Programs(major, "/bin", kind)

    have = [one(16), one(15), one(18, "wheel")]
    assert programs.choose(have, 15).major == 15
    assert programs.choose(have, 14).major == 15
    assert programs.choose(have, 17).kind == "wheel"
    with pytest.raises(Exception, match="no_tool postgres 19"):
        programs.choose(have, 19)


def test_a_base_backup_is_copied_made_consistent_and_read_whole(site, source):
    ask = [{**ROWS}, {"id": "unlogged", "sql": "SELECT count(*) FROM oa.cache", "expected": "0"}]
    known = {"system": source.system, "database": "oa_db"}
    seen = site.drill(source / "base", kind="basebackup", questions=ask, source=known)
    assert [seen.said(level) for level in ("true", "restorable", "usable")] == [("ok", "")] * 3, seen.one
    assert seen.one.restored.root == source.fingerprint.root
    assert seen.one.target.system == source.system  # of a physical backup it must be the same
    assert seen.one.rpo is not None
    assert "recover" in {phase.name for phase in seen.one.phases}
    assert site.left() == []


def test_one_flipped_byte_of_a_page_starts_and_is_found_by_reading_whole(site, source, tmp_path):
    shutil.copytree(source / "base", tmp_path / "base", symlinks=True)
    biggest = max((tmp_path / "base/base").glob("*/[0-9]*"), key=lambda path: path.stat().st_size)
    with biggest.open("r+b") as file:
        file.seek(8192 + 24)
        file.write(b"\xff\x7f\xff\x7f")  # line pointers of the second page
    seen = site.drill(tmp_path / "base", kind="basebackup", source={"database": "oa_db"}, compare="none")
    assert str(seen["restorable"].state) == "crit"


def test_a_copy_of_a_running_data_directory_is_no_backup(site, source, tmp_path):
    shutil.copytree(source / "base", tmp_path / "base", symlinks=True)
    (tmp_path / "base" / "backup_label").unlink()
    seen = site.drill(tmp_path / "base", kind="basebackup")
    assert seen.said("connected") == ("crit", "not_a_backup")


@pytest.fixture(scope="module")
def increments(tmp_path_factory):
    """PostgreSQL 18: a full base backup and two incrementals of it, each after more rows."""
    place = tmp_path_factory.mktemp("chain")
    with SERVER.running(18, "summarize_wal=on") as pg:
        pg.sql(
            "CREATE TABLE t AS SELECT g FROM generate_series(1, 50000) g", "ALTER TABLE t ADD PRIMARY KEY (g)"
        )
        before = None
        for day in (1, 2, 3):
            more = [] if before is None else ["--incremental", before / "backup_manifest"]
            before = place / f"day-{day}"
            pg.tool("pg_basebackup", "-D", before, "-c", "fast", *more)
            os.utime(before, (day * 86_400, day * 86_400))
            pg.sql(f"INSERT INTO t SELECT 100000 * {day} + g FROM generate_series(1, 100) g")
    return place


def test_an_incremental_comes_back_with_all_that_it_rests_on(site, increments, tmp_path):
    count = {"id": "count", "sql": "SELECT count(*) FROM t", "expected": "50200"}
    more = {"kind": "basebackup", "compare": "none", "questions": [count]}
    seen = site.drill(increments / "day-*", **more)
    assert seen.one.base.name == "day-3"
    assert [seen.said(level) for level in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
    shutil.copytree(increments, tmp_path / "chain", symlinks=True)
    changed = max(
        (tmp_path / "chain/day-2/base").glob("*/INCREMENTAL.*"), key=lambda path: path.stat().st_size
    )
    data = bytearray(changed.read_bytes())
    data[-100] ^= 1
    changed.write_bytes(data)
    seen = site.drill(tmp_path / "chain/day-*", **more, artefact="day-3")
    assert seen.said("connected") == ("crit", "link_damaged")
    assert seen.one.subject == "2 of 3"
    shutil.rmtree(tmp_path / "chain/day-2")
    seen = site.drill(tmp_path / "chain/day-*", **more, artefact="day-3")
    assert seen.said("connected") == ("crit", "orphan")
    assert site.left() == []


def test_a_dump_by_a_newer_client_is_restored_by_programs_that_can_read_it(site, source, tmp_path):
    with SERVER.running(15) as pg:
        pg.sql("CREATE TABLE t AS SELECT 1 AS a")
        # Some minor versions give columns an option of their own, which no newer server takes.
        pg.sql("UPDATE pg_attribute SET attoptions = NULL WHERE attrelid = 't'::regclass")
        newer = SERVER.programs(18)
        if newer is None:
            pytest.skip("NOT TESTED: no PostgreSQL 18 here")
        env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(pg.port), "PGUSER": "postgres"}
        words = [str(newer / "pg_dump"), "-Fd", "-f", str(tmp_path / "a.dir"), "postgres"]
        subprocess.run(words, env=env, check=True)
    seen = site.drill(tmp_path / "a.dir", compare="none")
    assert seen.said("restorable") == ("ok", ""), seen.one
    assert seen.one.target.version.startswith("18")


def test_what_no_server_of_this_version_knows_is_no_verdict_on_the_dump(site, cells, tmp_path):
    if not programs.installed(site.given):
        pytest.skip("NOT TESTED: no PostgreSQL here")
    text = "CREATE TABLE t (a int);\nALTER TABLE t ALTER COLUMN a SET (of_another_server=1);\n"
    (tmp_path / "a.sql").write_text(text)
    seen = site.drill(tmp_path / "a.sql", compare="none")
    assert (seen.said("restorable"), seen.one.subject) == (("unknown", "unsupported"), "of_another_server")
