"""PostgreSQL by its files: base backups, incremental chains, archived WAL, a pgBackRest repository."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import verify as v
import world as w

NAME = "oa_db"


def server(world, major=18):
    """A server that archives its WAL below `world/archive`, with the database in it."""

    def start(_):
        archive = world.folder(f"archive{major}")
        # Under its name when it is whole: a segment half copied is another defect.
        command = f"cp %p {archive}/.new && mv {archive}/.new {archive}/%f"
        options = ["archive_mode=on", f"archive_command='{command}'", "wal_level=replica"]
        if major >= 17:
            options.append("summarize_wal=on")
        try:
            pg = world.open.enter_context(w.SERVER.running(major, *options))
        except pytest.skip.Exception as gone:
            raise w.Missing(str(gone)) from gone
        own(pg, archive)
        pg.archive = archive
        pg.options = (
            f"-p {pg.port} -k {pg.place} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB"
        )
        pg.options += " -c timezone=Asia/Shanghai" + "".join(f" -c {one}" for one in options)
        pg.plain = list(pg.user)
        pg.rows = max(world.size // 500, 300)
        pg.create(NAME, rows=pg.rows, seed=world.seed)
        return pg

    return world.once(f"physical{major}", start)


def own(pg, place):
    """Hand a directory to the server's user."""
    if os.geteuid() == 0:
        shutil.chown(place, (pg.place / "data").owner(), (pg.place / "data").group())


def restart(pg, at, options=None):
    """Start it again with its clock at `at`."""
    pg.control("-m", "fast", "stop")
    pg.user = [*pg.plain, *w.clock(at)]
    pg.control("-o", options or pg.options, "-l", str(pg.place / "log"), "start")


def base(pg, target, *more):
    """One pg_basebackup."""
    shutil.rmtree(target, ignore_errors=True)
    w.run(
        pg.programs / "pg_basebackup",
        "-h",
        "127.0.0.1",
        "-p",
        pg.port,
        "-U",
        "postgres",
        "-D",
        target,
        "-c",
        "fast",
        "--manifest-checksums=SHA256",
        "-X",
        "stream",
        *more,
    )


def days(world):
    """Three days: a full each day, and a chain of a full and two increments; the WAL between them."""

    def make(_):
        pg = server(world)
        full, chain = world.folder("good", "pg-basebackup"), world.folder("good", "pg-incremental")
        for place in (full, chain):
            place.chmod(0o700)
        before = None
        for number, at in enumerate(w.DAYS):
            restart(pg, at)
            if number:
                pg.sql(
                    "INSERT INTO oa.document (title, made) SELECT 'x' || g, now()"
                    " FROM generate_series(1, 500) g",
                    database=NAME,
                )
            name = f"{at:%Y%m%d}"
            base(pg, full / name)
            base(pg, chain / name, *([f"--incremental={before}/backup_manifest"] if before else ()))
            before = chain / name
            pg.sql("SELECT pg_switch_wal()")
            for place in (full, chain):
                (place / name).chmod(0o700)
                w.dated(place / name, at + w.timedelta(minutes=1))
        archived(pg)
        return pg

    return world.once("physical days", make)


def archived(pg):
    """Switch to the next segment, and wait until all before it is archived."""
    pg.sql("SELECT txid_current()")
    wanted = pg.sql("SELECT pg_walfile_name(pg_switch_wal())")[0][0]
    for _ in range(600):
        if (pg.archive / wanted).exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{wanted} is not archived")


def make_base(world, kind):
    """Full backups."""
    days(world)
    top = world.folder("good", kind)
    facts = {"policy": v.CHAIN} if kind == "pg-incremental" else {}
    params = {"path": str(top / "%Y%m%d"), "system": system(world)}
    return w.Made(kind, top, [top / f"{at:%Y%m%d}" for at in w.DAYS], "backup.basebackup", params, facts)


def system(world):
    """The cluster's own number."""
    return str(days(world).sql("SELECT system_identifier FROM pg_control_system()")[0][0])


make_chain = make_base


def make_wal(world, kind):
    """Archived segments of the three days, and the base backups that need them."""
    pg = days(world)
    top = world.folder("good", kind)
    archive = top / "archive"
    shutil.copytree(pg.archive, archive, ignore=shutil.ignore_patterns(".new"))
    for number, path in enumerate(reversed(sorted(archive.iterdir()))):
        path.chmod(0o600)
        w.dated(path, w.NOW - w.timedelta(minutes=5 + 60 * number))
    held = top / "bases"
    subprocess.run(["cp", "-a", world.folder("good", "pg-basebackup"), held], check=True)
    for place in (top, archive, held):
        place.chmod(0o700)
    bases = {"path": str(held / "%Y%m%d")}
    params = {"path": str(archive), "backups": bases["path"], "archive_timeout_s": 3600, "margin_s": 1800}
    return w.Made(kind, top, [archive] * 3, "backup.wal", params, {"also": [("backup.basebackup", bases)]})


def make_pgbackrest(world, kind):
    """A repository: full, incremental, incremental, and the WAL."""
    w.tool("pgbackrest")
    try:
        pg = world.open.enter_context(w.SERVER.running(15))
    except pytest.skip.Exception as gone:
        raise w.Missing(str(gone)) from gone
    pg.plain = list(pg.user)
    top = world.folder("good", kind)
    home = Path(pg.place) / "pgbackrest"
    home.mkdir()
    repository = home / "repository"
    conf = home / "pgbackrest.conf"
    conf.write_text(
        f"[global]\nrepo1-path={repository}\nlog-path={home}/log\nlock-path={home}/lock\nlog-level-file=off\n"
        "start-fast=y\nrepo1-retention-full=2\ncompress-level=1\n\n"
        f"[oa]\npg1-path={pg.place}/data\npg1-port={pg.port}\npg1-socket-path={pg.place}\npg1-user=postgres\n"
    )
    for name in ("repository", "log", "lock", ""):
        (home / name).mkdir(exist_ok=True)
        own(pg, home / name)
    options = f"-p {pg.port} -k {pg.place} -c listen_addresses=127.0.0.1 -c fsync=off -c archive_mode=on"
    options += f" -c archive_command='pgbackrest --config={conf} --stanza=oa archive-push %p'"
    pg.create(NAME, rows=max(world.size // 500, 300), seed=world.seed)
    for number, at in enumerate(w.DAYS):
        restart(pg, at, options)
        if not number:
            rest(pg, conf, "stanza-create")
        pg.sql(
            "INSERT INTO oa.document (title, made) SELECT 'x' || g, now() FROM generate_series(1, 500) g",
            database=NAME,
        )
        rest(pg, conf, f"--type={'incr' if number else 'full'}", "backup", faked=w.clock(at))
        pg.sql("SELECT pg_switch_wal()")
    rest(pg, conf, "check")
    shutil.copytree(repository, top / "repository", symlinks=True, dirs_exist_ok=True)
    w.dated(top / "repository", w.DAYS[2])
    return w.Made(
        kind,
        top,
        [top / "repository"] * 3,
        "backup.pgbackrest",
        {"path": str(top / "repository")},
        {"policy": v.CHAIN},
    )


def rest(pg, conf, *words, faked=()):
    """Run pgbackrest as the server's user."""
    argv = [*pg.plain, *faked, "pgbackrest", f"--config={conf}", "--stanza=oa", *words]
    subprocess.run(argv, check=True, capture_output=True, cwd=pg.place, timeout=600)
