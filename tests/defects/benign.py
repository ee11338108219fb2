"""B01-B30: what looks odd and is right."""

import os
import re
import shutil
import subprocess
import sys

import case as c
import databases
import files
import mariadb
import physical
import repositories
import small
import verify as v
import world as w


def again(case, what="as it is", *words, statements=None, **how):
    """The dump made again of the database as it is after some statements, with its fingerprint; the source's
    agent signs that one."""
    at = how.pop("at", w.DAYS[case.place])
    c.remove(case.path)
    if case.base == "mariadb":
        mariadb.VARIANTS["benign"] = statements or []
        mariadb.variant(case.world, case.path, at, "benign", options=words, fingerprint=True)
    else:
        databases.variant(
            case.world, case.base, case.path, at, what, *words, fingerprint=True, statements=statements, **how
        )
    case.prints = v.prints_of(case.made.days)


def changed(name, statements, *kinds):
    """A variation by statements at the source."""

    @c.benign(name, *kinds)
    def plant(case):
        again(case, statements=statements)

    return plant


@c.benign("B01", "pg-custom", "pg-directory")
def compression(case):
    again(case, "as it is", "-Z", "9" if case.random.random() < 0.5 else "1")


@c.benign("B01", "pg-plain.gz")
def compression_of_plain(case):
    data = subprocess.run(["gzip", "-dc", case.path], capture_output=True, check=True).stdout
    case.path.write_bytes(subprocess.run(["gzip", "-n1"], input=data, capture_output=True, check=True).stdout)
    noted_again(case)


@c.benign("B01", "tar.gz")
def compression_of_files(case):
    c.remove(case.path)
    files.archive("tar.gz", files.documents(case.world)[case.place], case.path, w.DAYS[case.place], level=1)


def noted_again(case):
    """What the job records of it."""
    pg = databases.days(case.world)
    with databases.standing_as_of(pg, w.DAYS[case.place]):
        databases.write_fingerprint(pg, case.path, at=w.DAYS[case.place])
    databases.finish(case.path, w.DAYS[case.place])
    case.prints = v.prints_of(case.made.days)


@c.benign("B02", "pg-custom", "pg-plain")
def minor_client(case):
    data = case.path.read_bytes()
    data = re.sub(rb"(15\.)(\d)(\d)", lambda m: m[1] + b"9" + m[3], data, count=2)
    case.path.write_bytes(data)
    noted_again(case)


@c.benign("B03", "pg-custom", "pg-plain")
def major_client(case):
    program = w.SERVER.programs(18)
    if program is None:
        raise w.Missing("PostgreSQL 18 is not installed here")
    again(case, program=program / "pg_dump")


changed("B04", [f"ALTER DATABASE {databases.NAME} SET timezone = 'UTC'"], "pg-custom")
changed("B05", databases.VARIANTS["fourfold"], "pg-custom")
changed("B07", ["TRUNCATE oa.log_2025"], "pg-custom")
changed("B07", ["TRUNCATE item"], "mariadb")
changed("B08", [], "pg-custom", "mariadb")
changed("B09", ["SELECT setval('oa.receipt', 99999999)"], "pg-custom")
changed("B11", ["REFRESH MATERIALIZED VIEW oa.per_person"], "pg-custom")
changed("B12", ["VACUUM FULL oa.document", "REINDEX TABLE oa.document"], "pg-custom")
changed(
    "B13",
    [
        "CREATE TABLE oa.log_2027 PARTITION OF oa.log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
        "INSERT INTO oa.log VALUES ('2027-02-01', '新')",
    ],
    "pg-custom",
)
changed("B14", ["ALTER TABLE oa.person DROP COLUMN county"], "pg-custom")
changed("B19", [], "pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz")


@c.benign("B17", "pg-plain", "pg-plain.gz")
def another_token(case):
    again(case, at=w.DAYS[case.place] + w.timedelta(minutes=7))


@c.benign("B18", "mariadb")
def sandbox_line(case):
    data = case.path.read_bytes()
    line = b"/*M!999999\\- enable the sandbox mode */ \n"
    case.path.write_bytes(data.removeprefix(line) if data.startswith(line) else line + data)
    w.noted(case.path)
    mariadb.finish(case.path, w.DAYS[case.place])


@c.benign("B20", "pg-custom", "mariadb")
def deleted_afterwards(case):
    """The source goes on; what was dumped before is as it was."""
    if case.base == "mariadb":
        maria = mariadb.server(case.world)
        mariadb.copy_of(maria, mariadb.NAME, "goes_on")
        maria.sql("DELETE FROM item", database="goes_on")
        maria.sql("DROP DATABASE goes_on", database=None)
    else:
        with databases.other(databases.days(case.world), "DELETE FROM oa.secret_note"):
            pass


@c.benign("B21", "pg-custom", "pg-directory", "tree")
def running_now(case):
    part = case.path.with_name(case.path.name.replace(c.slot(case.path), "20260305") + ".part")
    c.run_cp(case.path, part)
    case.at = w.NOW + w.timedelta(hours=14, minutes=10)
    w.dated(part, case.at - w.timedelta(minutes=1))


@c.benign("B22", "pg-custom")
def late_inside_grace(case):
    again(case, at=w.DAYS[case.place].replace(hour=7, minute=30))


@c.benign("B22", "tree")
def copied_late(case):
    os.utime(case.path, ((w.DAYS[case.place].replace(hour=7, minute=30)).timestamp(),) * 2)


@c.benign("B23", "pg-custom", "mariadb")
def two_in_a_slot(case):
    second = case.path.with_name(case.path.name.replace(c.slot(case.path), f"{c.slot(case.path)}b"))
    at = w.DAYS[case.place] + w.timedelta(minutes=90)
    if case.base == "mariadb":
        mariadb.dump(mariadb.server(case.world), second, at)
    else:
        databases.dump(databases.days(case.world), case.base, second, at)
    case.params |= {"path": case.made.params["path"].replace("%Y%m%d", "%Y%m%d*"), "artefacts": 4}


@c.benign("B24", "pg-custom", "tree", standing=True)
def expired(case):
    # A tree's manifests are a chain, and stay.
    (c.remove_alone if case.base == "tree" else c.remove)(case.made.days[0])
    case.policy |= {"full": {**v.DAILY, "keep": "1 days"}}


@c.benign("B25", "age", "gpg")
def key_rotated(case):
    """Newer ones are for another key; the agent holds both."""
    source = case.world.made(files.INNER[case.base][0]).days[case.place]
    files.seal(case.world, case.base, source, case.path, w.DAYS[case.place], to=("stranger", "escrow"))
    sys.modules["plant_placing"].of_rows_alone(case)
    held = {**case.made.params["sealed"], "secret": "both"}
    if case.base == "gpg":
        held["recipients"] = [files.key_id(case.world, "escrow")]
    case.params |= {"sealed": held}


@c.benign("B26", "wal")
def failover(case):
    """A standby took over: a new timeline, with its history."""
    pg = physical.days(case.world)
    physical.restart(pg, w.NOW - w.timedelta(minutes=30))
    pg.control("-m", "fast", "stop")
    (pg.place / "data" / "standby.signal").touch()
    physical.own(pg, pg.place / "data" / "standby.signal")
    pg.control("-o", pg.options, "-l", str(pg.place / "log"), "start")
    pg.control("promote")
    physical.archived(pg)
    held = {p.name for p in case.path.iterdir()}
    for path in sorted(pg.archive.iterdir()):
        if path.name not in held:
            shutil.copy2(path, case.path / path.name)
            (case.path / path.name).chmod(0o600)
            w.dated(case.path / path.name, w.NOW - w.timedelta(minutes=3))


@c.benign("B27", "restic", standing=True)
def pruned(case):
    repositories.restic(case.path, "prune", "--max-unused", "0")


@c.benign("B27", "borg", standing=True)
def compacted(case):
    repositories.borg("compact", "--threshold", "0", case.path, base=case.world.folder("borg-base"))


@c.benign("B05", "tree")
def doubled(case):
    def more(top):
        for number in range(20):
            (top / f"月末{number}.bin").write_bytes(case.random.randbytes(20_000))

    new_source(case, more)


@c.benign("B06", "tree")
def weekend(case):
    new_source(case, lambda top: None, of=1)


@c.benign("B28", "tree")
def odd_files(case):
    def odd(top):
        with open(os.fsencode(top) + b"/" + "会议纪要.doc".encode("gbk"), "wb") as out:
            out.write(b"x" * 100)
        with open(top / "sparse.img", "wb") as out:
            out.truncate(3_000_000)
        (top / "first").write_bytes(b"the same inode\n")
        os.link(top / "first", top / "second")
        (top / "link").symlink_to("first")

    new_source(case, odd)


def new_source(case, change, of=None):
    """The source of the newest day, whatever the place, is otherwise; manifest and copy are made of it."""
    case.place = 2
    day = case.place if of is None else of
    source = case.world.folder("empty") / "source"
    c.run_cp(files.documents(case.world)[day], source)
    change(source)
    sources = [*files.documents(case.world)[: case.place], source]
    sources += [source] * (len(w.DAYS) - len(sources))
    made, prints = files.manifests(case.world, sources, "oa-files", shelf=f"benign-{case.seed}")
    c.remove(case.path)
    subprocess.run(["cp", "-a", source, case.path], check=True)
    case.path.chmod(0o700)
    shutil.copy2(made[case.place], case.top / f"{c.slot(case.path)}.manifest.gz")
    for one in (case.path, case.top / f"{c.slot(case.path)}.manifest.gz"):
        os.utime(one, (w.DAYS[case.place].timestamp() + 60,) * 2)
    case.prints = prints


@c.benign("B29", "redis")
def keys_expired(case):
    given = [one for one in small.commands(case.world, case.place) if one[:2] != ("SET", "short")]
    small.redis(case.world, given, case.path, w.DAYS[case.place])


@c.benign("B30", "device-config")
def clock_lines(case):
    case.path.write_text(small.config("2026-03-04 01:59:12"))
    small.finish(case.path, w.DAYS[case.place])


@c.benign("B24", "pg-incremental", standing=True)
def chain_kept(case):
    """Nothing of a chain that is still needed may go, so nothing does."""
    case.policy |= {
        "full": {**v.CHAIN["full"], "keep": "2 days"},
        "incremental": {**v.CHAIN["incremental"], "keep": "2 days"},
    }
