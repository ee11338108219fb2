"""Dumps of a real MariaDB, broken one way at a time."""

import gzip
import io
import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.fingerprints.mariadb import Server, around, between, locked, take
from agent.sources.backup_tools import LocalTools
from checks.api import ObservationError
from checks.artefacts import fingerprint
from checks.artefacts.mysqldump import read_dump

CHECK = "backup.mariadb"


def now():
    return time.time_ns() // 1_000_000


@pytest.fixture
def shop(maria, tmp_path):
    """A dump with its fingerprint, in a directory of its own."""
    tmp_path.chmod(0o700)
    return maria.dump(tmp_path / "shop.sql", "--routines", "--events")


@pytest.fixture
def look(looker, tmp_path):
    """What is not good of a dump."""

    def one(path=tmp_path / "shop.sql", keep="", **more):
        given = {"database": "shop", "zone_min": 0, **more}
        seen = looker(CHECK, path=path).look(**given)
        if keep:
            seen.kept(keep)
        return {name.rpartition(":")[2]: word for name, word in seen.bad().items()}

    return one


def edit(path, old, new, count=1):
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, count))


def test_a_dump_is_good_and_equal_to_its_source(shop, look, looker):
    assert look(keep="ok") == {}
    seen = looker(CHECK, path=shop, database="shop", zone_min=0).look()
    one = seen.facts.artefacts[0]
    assert one.compared.same == one.compared.tables == 5 and one.base.fingerprint == one.base.expected
    assert abs(one.base.made.end - seen.taken_at) < 60_000
    assert one.text.routines == 1 and one.text.views >= 1


def test_the_sandbox_line_is_no_error(shop, look):
    assert shop.read_bytes().startswith(b"/*M!999999\\-")
    shop.write_bytes(shop.read_bytes().partition(b"\n")[2])
    assert look() == {}


@pytest.mark.parametrize("words", [
    ("--skip-extended-insert",), ("--complete-insert", "--order-by-primary"), ("--skip-opt",),
    ("--databases",), ("--replace",), ("--insert-ignore", "--skip-quick"),
])  # fmt: skip
def test_the_way_rows_are_written_does_not_change_their_sum(maria, tmp_path, look, words):
    tmp_path.chmod(0o700)
    maria.dump(tmp_path / "shop.sql", *words)
    assert look() == {}


def test_rows_of_mysql_stand_on_one_line_and_sum_up_to_the_same(shop, look):
    lines = shop.read_bytes().split(b"\n")
    joined = b"\n".join(lines).replace(b" VALUES\n(", b" VALUES (").replace(b"),\n(", b"),(")
    assert joined.count(b"\n") < len(lines) - 1000
    shop.write_bytes(joined)
    assert look() == {}
    edit(shop, b"),(", b"),,(")
    assert look() == {"well_formed": "crit damaged"}


def test_a_dump_without_comments_ends_where_its_settings_are_put_back(maria, tmp_path, look):
    tmp_path.chmod(0o700)
    maria.dump(tmp_path / "shop.sql", "--skip-comments")
    assert look(end="closed") == {}
    assert look() == {"fresh": "unknown not_recorded", "well_formed": "crit no_end_mark"}
    maria.dump(tmp_path / "shop.sql", "--compact")
    assert look(end="none") == {}
    os.unlink(tmp_path / "shop.sql.fingerprint.json")
    # Without its sidecar nothing tells either whose dump it is: the database was asked for.
    assert look(end="none") == {"well_formed": "unknown no_end_mark", "true": "unknown not_recorded"}


def test_a_dump_cut_after_a_statement_has_no_end(shop, look):
    raw = shop.read_bytes()
    shop.write_bytes(raw[: raw.index(b"-- Table structure for table `nokey`") - 3])
    found = look(keep="crit_cut_after_statement")
    assert found["well_formed"] == "crit no_end_mark" and found["true"] == "crit table_missing"


@pytest.mark.parametrize(("share", "word"), [(0.5, "crit truncated"), (0.9, "crit truncated")])
def test_a_dump_cut_anywhere_is_cut(shop, look, share, word):
    os.truncate(shop, int(shop.stat().st_size * share))
    assert look()["well_formed"] in (word, "crit no_end_mark")


def test_a_pipe_that_lost_its_dump_makes_a_valid_gzip_of_half_of_it(shop, look):
    raw = shop.read_bytes()
    packed = shop.parent / "shop.sql.gz"
    for name, content, word in (
        ("half", raw[: len(raw) // 2], "crit truncated"),
        ("whole", raw, None),
    ):
        packed.write_bytes(gzip.compress(content))
        packed.chmod(0o600)
        shutil.copy(f"{shop}.fingerprint.json", f"{packed}.fingerprint.json")
        assert look(packed).get("well_formed") == word, name
    packed.write_bytes(gzip.compress(raw[: len(raw) // 2]) + gzip.compress(raw))
    assert look(packed)["well_formed"] == "crit several_members"
    packed.write_bytes(gzip.compress(raw)[:-900] + gzip.compress(raw))
    assert look(packed)["well_formed"] == "crit several_members"
    packed.write_bytes(gzip.compress(b""))
    assert look(packed)["present"] == "crit nothing_inside"
    packed.write_bytes(gzip.compress(raw)[:-9])
    assert look(packed)["well_formed"] == "crit truncated"


@pytest.mark.parametrize("said", [
    b"mysqldump: Error 2013: Lost connection to server during query when dumping table `item` at row: 7\n",
    b"mariadb-dump: Got error: 1146: \"Table doesn't exist\" when using LOCK TABLES\n",
    b"ERROR 1045 (28000): Access denied\n",
])  # fmt: skip
def test_text_of_an_error_is_found_outside_rows_and_between_them(shop, look, said):
    raw = shop.read_bytes()
    for before in (b"-- Table structure for table `nokey`", b"(2,"):
        shop.write_bytes(raw.replace(before, said + before, 1))
        found = look(keep="crit_error_text")
        assert found["well_formed"] == "crit error_text"


def test_text_that_looks_like_an_error_inside_a_row_is_a_row(maria, tmp_path, look):
    tmp_path.chmod(0o700)
    maria.sql(
        "INSERT INTO shop.nokey VALUES (7, 'x'); UPDATE shop.item SET name = '\nERROR 1 (a)\n' WHERE id = 3"
    )
    maria.dump(tmp_path / "shop.sql")
    assert look() == {}


def test_what_is_wrong_with_rows_is_said_by_its_name(shop, look):
    raw = shop.read_bytes()

    def after(old, new):
        assert old in raw
        shop.write_bytes(raw.replace(old, new, 1))
        return look()

    assert after(b"(1,'a'),\n", b"") == {"true": "crit rows_missing"}
    assert after(b"(1,'a'),\n", b"(1,'a'),\n(1,'a'),\n") == {"true": "crit rows_extra"}
    assert after(b"(1,'a'),\n", b"(1,'A'),\n") == {"true": "crit rows_differ"}
    # One row twice, another lost: the count is right.
    assert after(b"(3,'b'),\n", b"(1,'a'),\n") == {"true": "crit rows_differ"}
    assert after(b"Database: shop\n", b"Database: oa\n")["true"] == "crit wrong_source"
    begin, end = (
        raw.index(b"--\n-- Table structure for table `item`"),
        raw.index(b"--\n-- Table structure for table `made`"),
    )
    shop.write_bytes(raw[:begin] + raw[end:])
    assert look() == {"true": "crit table_missing"}


def test_text_that_was_encoded_again_differs(shop, look):
    edit(shop, "名".encode(), "名".encode("gbk").decode("latin-1").encode(), count=-1)
    assert look() == {"true": "crit rows_differ"}


def test_empty_databases_and_bare_structures_are_found(maria, tmp_path, look):
    tmp_path.chmod(0o700)
    maria.dump(tmp_path / "shop.sql", "--no-data", noted=False)
    assert look() == {"true": "crit no_rows_at_all"}
    maria.dump(tmp_path / "shop.sql", database="nothing", noted=False)
    assert look(database="") == {"true": "crit nothing_in_it"}
    maria.dump(tmp_path / "shop.sql", "--no-data")
    assert look() == {"true": "crit no_rows_at_all"}


def test_without_a_fingerprint_nobody_can_tell_unless_there_must_be_one(maria, tmp_path, look):
    tmp_path.chmod(0o700)
    maria.dump(tmp_path / "shop.sql", noted=False)
    assert look(keep="unknown_no_fingerprint") == {"true": "unknown no_fingerprint"}
    assert look(compare=True) == {"true": "crit no_fingerprint"}


def test_an_edited_fingerprint_is_found(shop, look, looker):
    looks = looker(CHECK, path=shop, database="shop", zone_min=0)
    assert looks.look().bad() == {}
    path = Path(f"{shop}.fingerprint.json")
    right = path.read_bytes()
    raw = json.loads(right)
    raw["tables"]["shop.item"]["count"] += 1
    path.write_text(json.dumps(raw))
    assert look() == {"true": "crit fingerprint_edited"}
    edit(shop, b"(1,'a'),\n", b"")
    made = fingerprint.parse(right)
    with open(shop, "rb") as stream:
        dump = read_dump(stream)
    tables = {name: fingerprint.Counted(one.count, one.hex()) for name, one in dump.tables.items()}
    fits = replace(made, tables=tables, root=fingerprint.root(tables, None))
    path.write_bytes(fingerprint.dump(fits))
    assert look() == {}
    assert looks.look().bad()["shop.sql:true"] == "crit fingerprint_edited"


def test_tables_without_transactions_are_of_no_one_instant(maria, tmp_path, look):
    tmp_path.chmod(0o700)
    maria.dump(tmp_path / "shop.sql", database="loose", noted=False)
    assert look(database="") == {"true": "unknown not_consistent"}
    assert look(database="", single_transaction=False) == {"true": "unknown no_fingerprint"}
    maria.dump(tmp_path / "shop.sql", database="loose")
    assert look(database="") == {}


def test_something_else_is_no_dump(tmp_path, look):
    tmp_path.chmod(0o700)
    path = tmp_path / "shop.sql"
    path.write_bytes(os.urandom(5000))
    path.chmod(0o600)
    assert look()["well_formed"] == "crit unknown_format"
    path.write_bytes(b"")
    assert look() == {"present": "crit empty", "fresh": "unknown not_recorded"}


def test_the_same_dump_under_another_name_is_no_second_backup(shop, looker):
    second = shop.parent / "tomorrow.sql"
    shutil.copy2(shop, second)
    os.utime(second)
    seen = looker(CHECK, path=f"{shop.parent}/*.sql", artefacts=2, zone_min=0).look()
    assert seen.bad()["tomorrow.sql:fresh"] == "crit same_as_before"


def test_what_changed_during_the_dump_is_bounded_and_the_rest_proven(maria, tmp_path):
    before = take(LocalTools(), maria.server, "shop", now)
    maria.sql("INSERT INTO shop.nokey VALUES (8, 'during')")
    after = take(LocalTools(), maria.server, "shop", now)
    both = between(before, after)
    assert both.mode == "sandwich" and both.tables["shop.nokey"].how == "bounded"
    assert {one.how for name, one in both.tables.items() if name != "shop.nokey"} == {"exact"}
    assert fingerprint.parse(fingerprint.dump(both)) == both
    assert {"shop", "loose", "nothing"} <= set(both.databases)


def test_nobody_writes_while_tables_are_locked(maria, tmp_path):
    def dump():
        return maria.dump(tmp_path / "locked.sql", noted=False)

    made, path = around(LocalTools(), maria.server, "shop", now, dump, lock=True)
    with open(path, "rb") as stream:
        seen = fingerprint.compare(made, read_dump(stream).tables, None)
    assert made.mode == "exact" and seen.same == seen.tables
    maria.sql("INSERT INTO shop.nokey VALUES (8, 'after')")


def test_a_lock_that_was_lost_meanwhile_is_told(maria):
    """As a restart of the server or a timeout of its own ends it: the dump is then of no one instant."""

    def job():
        others = maria.sql("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
        for one in others.split():
            maria.sql(f"KILL {one}")

    with pytest.raises(ObservationError) as caught:
        around(LocalTools(), maria.server, "shop", now, job, lock=True)
    assert caught.value.kind == "unreachable"


def test_the_lock_outlives_a_server_that_ends_silent_sessions_early(maria):
    maria.sql("SET GLOBAL wait_timeout = 1")
    try:
        with locked(LocalTools(), maria.server):
            maria.sql("SELECT SLEEP(2.5)")  # the session that holds the lock says nothing for longer
    finally:
        maria.sql("SET GLOBAL wait_timeout = 28800")


def test_nobody_waits_long_behind_a_lock_that_does_not_come(maria):
    holder = subprocess.Popen(
        ["mariadb", "--no-defaults", f"--socket={maria.place / 's'}", "-uroot", "--unbuffered", "-BN"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdin.write(b"LOCK TABLES shop.item WRITE; SELECT 'mine';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"mine\n"
        with pytest.raises(ObservationError) as caught, locked(LocalTools(), maria.server, patience_s=1):
            raise AssertionError("there is no lock to be had")
        assert caught.value.kind == "timeout"
    finally:
        holder.stdin.close()
        holder.wait(60)
        holder.stdout.close()


def test_a_login_that_may_not_is_denied_and_no_password_is_shown(maria):
    with pytest.raises(ObservationError) as caught:
        take(LocalTools(), Server("nobody", password="not-a-secret", socket=maria.server.socket), "shop", now)
    assert caught.value.kind == "denied" and "not-a-secret" not in str(caught.value)
    for odd in ("--password=xyz", "--pa=xyz", "--loose-pass=xyz", "-p xyz", "--loose_password1=xyz"):
        with pytest.raises(ValueError) as refused:
            Server("root", options=(odd,))
        assert "xyz" not in str(refused.value)
    Server("root", options=("--max-allowed-packet=64M", "--skip-tz-utc"))
    with pytest.raises(ValueError):
        Server("root", password="two\nlines")


def test_a_dump_of_hostile_bytes_is_read_without_an_error():
    begun = b"INSERT INTO `x", b"INSERT INTO `t` VALUES (1,'a", b"CREATE TABLE `", b"INSERT INTO `t` VALUES\n"
    # A name that no bracket ends: one way only through it.
    begun = (
        *begun,
        b"INSERT INTO t (" + b"a" * 60 + b"; VALUES (1);\n",
        b"INSERT INTO t VALUES (" + b"'" * 90 + b"!\n",
    )
    odd = b"\0" * 100, b"'\n" * 50, b"DELIMITER ;;\nERROR 1\n", b"-- Dump completed on 9999-99-99 99:99:99\n"
    for raw in (*begun, *odd):
        assert read_dump(io.BytesIO(raw)).complete in (True, False)
