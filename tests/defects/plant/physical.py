"""D53-D59: base backups, chains, archived WAL; what is wrong with repositories of pgBackRest."""

import shutil
import subprocess

import case as c
import databases
import mariadb
import physical
import verify as v
import world as w


@c.plants("D53", "pg-basebackup", "pgbackrest", standing=True)
def page_flipped(case):
    """One bit in a data page of a table."""
    victim = case.victim()
    where = case.offset(victim.stat().st_size)
    c.patch(victim, where, bytes([victim.read_bytes()[where] ^ 16]))


def segments(case):
    top = case.path if case.base == "wal" else case.path / "archive"
    found = [
        p
        for p in top.rglob("*")
        if p.is_file() and len(p.name.split("-")[0]) == 24 and "." not in p.name[:24]
    ]
    return sorted(found, key=lambda p: p.name)


@c.plants("D54", "wal", "pgbackrest", standing=True)
def segment_missing(case):
    found = segments(case)
    # What lies before the oldest backup is not needed by any.
    case.random.choice(found[len(found) // 2 : -1] or found[:-1]).unlink()


@c.plants("D55", "wal", "pgbackrest")
def archiving_stopped(case):
    """Two days later nothing new has come."""
    if case.base == "pgbackrest":
        case.params |= {"archive_timeout_s": 3600}
    case.at = w.NOW + w.timedelta(hours=6)
    case.asked = True


@c.plants("D56", "tree")
def increment_without_its_full(case):
    """Copies that hold one day's increment each; the first, which has all, is deleted with its manifest."""
    for newer, older in ((2, 1), (1, 0)):
        for path in [p for p in case.made.days[newer].rglob("*") if p.is_file()]:
            before = case.made.days[older] / path.relative_to(case.made.days[newer])
            if before.is_file() and before.read_bytes() == path.read_bytes():
                path.unlink()
        w.dated(case.made.days[newer], w.DAYS[newer] + w.timedelta(minutes=1))
    c.remove(case.made.days[0])
    case.params |= {"layout": "increments"}
    case.policy |= v.CHAIN
    case.victims |= {path.name for path in case.made.days}
    case.ignored |= {"vanished", "eating_good", "retention_short", "manifest_missing", "changed", "missing"}


@c.plants("D56", "pg-incremental", "mariabackup", standing=True)
def parent_deleted(case):
    case.place = 2
    shutil.rmtree(case.made.days[0])
    case.victims |= {path.name for path in case.made.days}
    case.ignored |= {"vanished", "eating_good", "retention_short"}


@c.plants("D56", "pgbackrest", standing=True)
def full_deleted(case):
    full = next(p for p in sorted((case.path / "backup" / "oa").iterdir()) if p.name.endswith("F"))
    shutil.rmtree(full)
    case.ignored |= {"vanished", "eating_good", "retention_short"}


@c.plants("D57", "pg-incremental")
def of_another_full(case):
    """An increment of a full that is not here, though another one is."""
    pg = physical.days(case.world)
    at = w.DAYS[case.place]
    spare = case.world.folder("empty") / "full"
    physical.restart(pg, at)
    physical.base(pg, spare)
    shutil.rmtree(case.path)
    pg.sql("INSERT INTO oa.document (title, made) VALUES ('y', now())", database=physical.NAME)
    physical.base(pg, case.path, f"--incremental={spare}/backup_manifest")
    case.path.chmod(0o700)
    w.dated(case.path, at + w.timedelta(minutes=1))


@c.plants("D57", "mariabackup")
def of_another_full_maria(case):
    maria = mariadb.server(case.world)
    at = w.DAYS[case.place]
    spare = case.world.folder("empty") / "mariafull"
    shutil.rmtree(spare, ignore_errors=True)
    # Two backups with no checkpoint between them end at the same position: an increment fits either.
    maria.sql("INSERT INTO item VALUES (99999999, 'z', 0)", "SET GLOBAL innodb_log_checkpoint_now = 1")
    mariadb.backup(maria, spare, at - w.timedelta(hours=1))
    maria.sql("DELETE FROM item WHERE id = 99999999")
    shutil.rmtree(case.path)
    mariadb.backup(maria, case.path, at, spare)


@c.plants("D58", "pg-incremental")
def combined_after_a_flip(case):
    """The middle link is flipped, all three are combined, and the result stands as the newest backup."""
    pg = physical.days(case.world)
    case.place = 2
    middle = case.made.days[1]
    files = [p for p in (middle / "base").rglob("*") if p.is_file()]
    victim = max(sorted(files), key=lambda p: p.stat().st_size)
    where = case.offset(victim.stat().st_size)
    c.patch(victim, where, bytes([victim.read_bytes()[where] ^ 2]))
    whole = case.top / f"{c.slot(case.path)}"
    newest = case.world.folder("empty") / "newest"
    c.run_cp(whole, newest)
    shutil.rmtree(whole)
    made = w.run(
        pg.programs / "pg_combinebackup", case.made.days[0], middle, newest, "-o", whole, check=False
    )
    assert made.returncode == 0, made.stderr
    checked = w.run(pg.programs / "pg_verifybackup", "-n", whole, check=False)
    assert checked.returncode == 0, checked.stderr
    whole.chmod(0o700)
    w.dated(whole, w.DAYS[2] + w.timedelta(minutes=1))
    case.victims |= {middle.name}
    for link in case.made.days[:2]:
        w.dated(link, w.DAYS[case.made.days.index(link)] + w.timedelta(minutes=1))
    # Its links lie beside it, for who asks where it came from.
    c.run_cp(newest, case.top / f"{c.slot(case.path)}".replace("04", "05"))
    case.victims |= {"20260305"}
    # Of the link itself that is the word, one level below.
    case.ignored |= {"changed"}


@c.plants("D59", "pg-basebackup")
def copied_while_running(case):
    pg = physical.days(case.world)
    shutil.rmtree(case.path)
    subprocess.run(["cp", "-a", pg.place / "data", case.path], check=True)
    (case.path / "postmaster.pid").unlink(missing_ok=True)
    subprocess.run(["chown", "-R", "--reference", case.made.days[0], case.path], check=True)
    case.path.chmod(0o700)
    w.dated(case.path, w.DAYS[case.place] + w.timedelta(minutes=1))


@c.plants("D39", "pg-basebackup")
def of_another_server(case):
    other = databases.server(case.world, 18)
    at = w.DAYS[case.place]
    # Only its own clock: what is asked is whose it is.
    physical.base(other, case.path)
    case.path.chmod(0o700)
    w.dated(case.path, at + w.timedelta(minutes=1))
    case.ignored |= {"from_the_future", "missing"}


@c.plants("D07", "pg-basebackup", "mariabackup")
def yesterdays_again(case):
    """Yesterday's under today's name and with today's time; a file more, so that it is not the same bytes."""
    shutil.rmtree(case.path)
    c.run_cp(case.before, case.path)
    w.dated(case.path, w.DAYS[case.place] + w.timedelta(minutes=1))


@c.plants("D01", "wal", "pgbackrest", "restic", "borg")
def nothing_at_all(case):
    """What was due last night never came."""
    import repositories

    if case.base == "wal":
        for path in segments(case)[-2:]:
            path.unlink()
        shutil.rmtree(case.path)
    elif case.base == "pgbackrest":
        newest = max(p for p in (case.path / "backup" / "oa").iterdir() if p.name.startswith("2"))
        shutil.rmtree(newest)
    elif case.base == "restic":
        repositories.restic(case.path, "forget", "latest", "--tag", "daily")
    else:
        repositories.borg(
            "delete", f"{case.path}::oa-{w.DAYS[2]:%Y%m%d}", base=case.world.folder("borg-base")
        )


@c.plants("D61", "pgbackrest", standing=True)
def another_cluster(case):
    """A repository of another cluster's, under the same stanza."""
    pg = databases.server(case.world)
    home = pg.place / "other"
    if not home.exists():
        home.mkdir()
        for name in ("repository", "log", "lock", ""):
            (home / name).mkdir(exist_ok=True)
            physical.own(pg, home / name)
        conf = home / "pgbackrest.conf"
        conf.write_text(
            f"[global]\nrepo1-path={home}/repository\nlog-path={home}/log\nlock-path={home}/lock\n"
            f"log-level-file=off\n[oa]\npg1-path={pg.place}/data\npg1-port={pg.port}\n"
            f"pg1-socket-path={pg.place}\npg1-user=postgres\n"
        )
        pg.plain = list(pg.user)
        physical.rest(pg, conf, "--no-online", "stanza-create")
        physical.rest(pg, conf, "--no-online", "--force", "--type=full", "backup", faked=w.clock(w.DAYS[2]))
    c.run_cp(home / "repository", case.path)
    # Made while that cluster archived nothing: its log is empty.
    case.ignored |= {"vanished", "eating_good", "retention_short", "empty"}
