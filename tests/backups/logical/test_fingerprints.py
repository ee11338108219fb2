"""`roundseal-agent fingerprint` on real servers, and backup.fingerprint, which signs what it wrote."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from agent.cli import main
from checks.artefacts import fingerprint
from checks.artefacts.fingerprint import Counted, FingerprintError, dump, parse

CHECK = "backup.fingerprint"


def beside(path: Path) -> fingerprint.Fingerprint:
    """The fingerprint of a dump."""
    return parse(Path(f"{path}.fingerprint.json").read_bytes())


@pytest.fixture(params=[15, 18])
def pg(request):
    """Both servers."""
    return request.getfixturevalue(f"pg{request.param}")


@pytest.fixture
def moving(pg15):
    """A database that a test may write to."""
    pg15.sql("DROP DATABASE IF EXISTS moving", "CREATE DATABASE moving TEMPLATE oa_db")
    yield "moving"
    pg15.sql("DROP DATABASE moving WITH (FORCE)")


def test_everything_in_the_schema_is_in_it(pg, taker, schema, tmp_path):
    done = taker(pg)("take", "--out", tmp_path / "f.json")
    assert done.code == 0, done.error
    made = parse((tmp_path / "f.json").read_bytes())
    assert tuple(sorted(made.tables)) == tuple(sorted(schema.TABLES))
    assert set(made.skipped) == set(schema.UNLOGGED)
    assert made.objects.count == schema.LARGE_OBJECTS
    assert made.tables["oa.document"].count == 600
    assert made.sequences["oa.receipt"] == 100_006
    assert made.timezone == "Asia/Shanghai"
    assert "oa_db" in made.databases
    assert made.roles == len(schema.ROLES) + 1


def test_it_holds_under_constant_writes_because_the_dump_has_the_same_snapshot(
    pg15, moving, taker, backup, verified
):
    stop = threading.Event()

    def write() -> None:
        with closing(pg15.connect(moving)) as conn:
            while not stop.is_set():
                conn.execute("INSERT INTO oa.archive SELECT g, 'w' FROM generate_series(1, 50) g")
                conn.execute("UPDATE oa.person SET county = county || '.' WHERE id % 7 = 0")
                conn.execute(
                    "DELETE FROM oa.archive WHERE ctid IN (SELECT ctid FROM ONLY oa.archive LIMIT 20)"
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(2):
            path = backup / f"oa-{number}.dump"
            done = taker(pg15)("wrap", "--out", path, "--format", "custom", database=moving)
            assert done.code == 0, done.error
            assert path.stat().st_mode & 0o027 == 0
            found = verified("backup.postgres", {"path": str(path), "zone_min": 0})
            assert found.reasons == {}
        assert beside(backup / "oa-0.dump").root != beside(backup / "oa-1.dump").root, "nothing was written"
    finally:
        stop.set()
        writer.join()


def test_a_sandwich_proves_what_stood_still_and_bounds_the_rest(pg15, moving, taker, backup, verified):
    path = backup / "oa.dump"
    taker15 = taker(pg15)
    assert taker15("take", "--before", backup / "first", database=moving).code == 0
    pg15.sql("INSERT INTO oa.archive VALUES (-1, 'between')", database=moving)
    pg15.tool("pg_dump", "-Fc", "-f", path, moving)
    path.chmod(0o640)
    pg15.sql("INSERT INTO oa.archive VALUES (-2, 'later')", database=moving)
    done = taker15("sandwich", "--artefact", path, "--before", backup / "first", database=moving)
    assert done.code == 0, done.error
    assert done.value["bounded"] == ["oa.archive"]
    found = verified("backup.postgres", {"path": str(path), "zone_min": 0})
    assert found.reasons == {}
    one = found.facts.artefacts[0].compared
    assert (one.same, one.within) == (one.tables - 1, 1)
    assert next(r for r in found.result.readings if r.name.endswith(":proven")).value < 100


def test_a_sandwich_around_a_command_runs_it(pg15, taker, backup, verified):
    path = backup / "oa.sql"
    words = [str(pg15.programs / "pg_dump"), "-h", "127.0.0.1", "-p", str(pg15.port), "-U", "postgres"]
    done = taker(pg15)("sandwich", "--artefact", path, "--", *words, "-f", path, "oa_db")
    assert done.code == 0, done.error
    path.chmod(0o640)
    assert done.value["mode"] == "sandwich"
    assert verified("backup.postgres", {"path": str(path), "zone_min": 0}).reasons == {}
    refused = taker(pg15)("sandwich", "--artefact", path, "--", "false")
    assert (refused.code, refused.value["status"]) == (2, "dump_failed")
    assert refused.value["detail"] == "false: exit 1"


def test_a_server_that_is_not_there_is_named_on_one_line(pg15, taker, tmp_path):
    done = taker(pg15)("take", "--host", tmp_path)
    assert (done.code, done.value["status"]) == (2, "database")
    assert f"{tmp_path}/.s.PGSQL." in done.value["detail"] and "\t" not in done.value["detail"]


def test_a_dump_that_fails_leaves_nothing(pg15, taker, backup):
    done = taker(pg15)("wrap", "--out", backup / "oa.dump", "--", "--table=nothing.there")
    assert (done.code, done.value["status"]) == (2, "dump_failed")
    assert list(backup.iterdir()) == []


def test_what_may_not_be_read_is_denied_and_the_rest_is_there(pg15, taker, tmp_path):
    pg15.sql(
        "DROP ROLE IF EXISTS poor",
        "CREATE ROLE poor LOGIN",
        "GRANT USAGE ON SCHEMA oa TO poor",
        "GRANT SELECT ON oa.document, oa.secret_note TO poor",
        database="oa_db",
    )
    done = taker(pg15)("take", "--out", tmp_path / "f.json", user="poor")
    pg15.sql("DROP OWNED BY poor", "DROP ROLE poor", database="oa_db")
    made = parse((tmp_path / "f.json").read_bytes())
    assert done.code == 1
    assert made.tables["oa.document"].how == "exact"
    # Row security would have hidden half of these: that is refused, not counted.
    assert made.tables["oa.secret_note"].how == "denied"
    assert made.tables["oa.person"].how == "denied"
    assert made.objects.how == "denied"


def test_a_login_that_may_only_read_is_enough(pg15, taker, tmp_path):
    pg15.sql("DROP ROLE IF EXISTS taker", "CREATE ROLE taker LOGIN BYPASSRLS IN ROLE pg_read_all_data")
    done = taker(pg15)("take", "--json", user="taker")
    pg15.sql("DROP ROLE taker")
    assert done.value["denied"] == []


def test_the_password_stands_on_no_command_line(pg15, taker, tmp_path):
    made = taker(pg15)
    (made.state / "secrets.yaml").write_text("db: {user: postgres, password: 'not-a-real:Secret\\7'}\n")
    (made.state / "secrets.yaml").chmod(0o600)
    spy = tmp_path / "spy"
    spy.mkdir()
    for name in ("psql", "pg_dump"):
        (spy / name).write_text(
            f'#!/bin/sh\necho "$@" >> {spy}/said\nenv >> {spy}/said\ncp "$PGPASSFILE" {spy}/pass\n'
            f'stat -c %a "$PGPASSFILE" >> {spy}/mode\nexec {pg15.programs}/{name} "$@"\n'
        )
        (spy / name).chmod(0o755)
    argv = ["fingerprint", "wrap", "--database", "oa_db", "--host", "127.0.0.1", "--port", str(pg15.port)]
    argv += [
        "--secret",
        "db",
        "--state",
        str(made.state),
        "--programs",
        str(spy),
        "--out",
        str(tmp_path / "d"),
    ]
    assert main(argv) == 0
    assert "not-a-real" not in (spy / "said").read_text()
    assert (spy / "pass").read_text() == "*:*:*:*:not-a-real\\:Secret\\\\7\n"
    assert set((spy / "mode").read_text().split()) == {"600"}


def test_strong_sums_are_compared_too(pg15, taker, backup, verified):
    path = backup / "oa.sql"
    assert taker(pg15)("wrap", "--out", path, "--format", "plain", "--strong").code == 0
    path.chmod(0o640)
    assert beside(path).how == "shake256"
    assert len(beside(path).tables["oa.person"].sum) == 512
    assert verified("backup.postgres", {"path": str(path), "zone_min": 0}).reasons == {}


def test_it_keeps_to_its_rate_and_waits_while_it_is_told_to(pg15, taker, tmp_path):
    pause = tmp_path / "pause"
    pause.touch()
    release = threading.Timer(1.0, pause.unlink)
    release.start()
    assert taker(pg15)("take", "--pause-file", pause, "--json").code == 0
    assert not pause.exists(), "it did not wait"
    release.join()
    pause.touch()
    late = taker(pg15)("take", "--pause-file", pause, "--longest", "1")
    assert (late.code, late.value["status"]) == (2, "timeout")


def test_large_objects_of_many_pieces_are_summed_up_whole(pg15, taker, backup, verified):
    pg15.sql("DROP DATABASE IF EXISTS big", "CREATE DATABASE big")
    pg15.sql(
        "CREATE TABLE t (id int)",
        "INSERT INTO t VALUES (1)",
        "SELECT lo_from_bytea(0, decode(repeat('00ff5c', 1024 * 1024), 'hex'))",
        "SELECT lo_from_bytea(0, decode(repeat('00', 1024 * 1024), 'hex'))",
        "SELECT lo_put(lo_create(0), 3000000, 'behind a hole')",
        database="big",
    )
    path = backup / "big.dump"
    done = taker(pg15)("wrap", "--out", path, database="big")
    pg15.sql("DROP DATABASE big")
    assert done.value["objects"] == 3
    path.chmod(0o640)
    assert verified("backup.postgres", {"path": str(path), "zone_min": 0}).reasons == {}


def test_an_agent_killed_in_between_leaves_no_dump_under_its_name(pg15, backup, tmp_path):
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "psql").symlink_to(pg15.programs / "psql")
    (slow / "pg_dump").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {pg15.programs}/pg_dump --version\n'
        f"touch {slow}/begun\nexec sleep 60\n"
    )
    (slow / "pg_dump").chmod(0o755)
    reach = ["--database", "oa_db", "--host", "127.0.0.1", "--port", str(pg15.port), "--user", "postgres"]
    argv = [sys.executable, "-m", "agent.cli", "fingerprint", "wrap", *reach, "--state", str(tmp_path)]
    argv += ["--programs", str(slow), "--out", str(backup / "x")]
    with subprocess.Popen(argv, start_new_session=True) as child:
        deadline = time.monotonic() + 60
        while not (slow / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(child.pid, 9)
    assert (slow / "begun").exists()
    assert not (backup / "x").exists()
    assert not (backup / "x.fingerprint.json").exists()


def test_the_roots_are_signed_at_the_source(pg15, made15, lay, backup, verified, now_ms):
    path = lay(made15, "custom", "oa.dump")
    given = {"path": str(backup / "*.dump"), "database": "oa_db"}
    found = verified(CHECK, given, name="ok", now=now_ms + 60_000)
    assert found.reasons == {}
    (one,) = found.facts.fingerprints
    assert (one.artefact, one.root) == ("oa.dump", beside(path).root)
    assert one.bytes == path.stat().st_size
    assert one.system == beside(path).system


def test_an_edited_one_is_bad_and_a_garbled_one_cannot_be_told(made15, lay, backup, verified, now_ms):
    path = Path(f"{lay(made15, 'custom', 'oa.dump')}.fingerprint.json")
    raw = json.loads(path.read_text("utf-8"))
    raw["tables"]["oa.person"]["sum"] = "0" * 64
    path.write_text(json.dumps(raw), "utf-8")
    given = {"path": str(backup / "*.dump")}
    assert (
        verified(CHECK, given, name="crit_edited", now=now_ms + 60_000).reasons["true"]
        == "fingerprint_edited"
    )
    path.write_text("{", "utf-8")
    found = verified(CHECK, given, name="unknown_garbled", now=now_ms + 60_000)
    assert found.reasons["true"] == "no_fingerprint"
    assert found.result.state.value == "unknown"


def test_of_another_database_or_server_it_is_a_wrong_source(made15, lay, backup, verified):
    lay(made15, "custom", "oa.dump")
    given = {"path": str(backup / "*.dump")}
    assert verified(CHECK, {**given, "database": "other"}).reasons["true"] == "wrong_source"
    assert verified(CHECK, {**given, "system": "1"}).reasons["true"] == "wrong_source"
    assert verified(CHECK, {**given, "databases": ["oa_db"]}).reasons["present"] == "not_in_policy"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "garbled"),
        (b"[]", "garbled"),
        (b'{"v": 2}', "unsupported"),
        (b'{"v": 1}', "garbled"),
        (b'{"v": 1, "started": 1}', "garbled"),
        (b"[" * 100_000, "garbled"),
        (b'{"v": 1e400}', "unsupported"),
    ],
)
def test_what_is_no_fingerprint_is_said_to_be_none(data, reason):
    with pytest.raises(FingerprintError) as caught:
        parse(data)
    assert caught.value.reason == reason


def test_what_may_not_stand_in_one_is_refused(made15):
    raw = json.loads(Path(f"{made15.path('custom')}.fingerprint.json").read_text("utf-8"))
    for name, value in (
        ("mode", "x"),
        ("how", "md5"),
        ("tables", {"t": {"count": -1, "sum": "0" * 64}}),
        ("x", 1),
    ):
        with pytest.raises(FingerprintError):
            parse(json.dumps({**raw, name: value}).encode())


def test_the_root_does_not_hang_on_the_order_of_tables():
    tables = {"b": Counted(1, "0" * 64, most=1), "a": Counted(2, "1" * 64, most=2)}
    assert fingerprint.root(tables, None) == fingerprint.root(dict(reversed(tables.items())), None)
    assert dump.__doc__
