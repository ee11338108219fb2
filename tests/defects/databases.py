"""PostgreSQL databases of the world: what changes from day to day, dumps in all formats, variants."""

import gzip
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
import verify as v
import world as w

from agent.fingerprints import wrap
from agent.fingerprints.login import Login
from agent.fingerprints.take import Pace
from agent.sources.backup_local import LocalPlace
from checks.artefacts import standing
from checks.artefacts.copyrows import SHA256
from checks.artefacts.fingerprint import ENDING, Bytes
from checks.artefacts.fingerprint import dump as dumped

NAME = "oa_db"
FORMATS = {
    "pg-custom": (("-Fc",), ".dump"),
    "pg-directory": (("-Fd",), ".dir"),
    "pg-tar": (("-Ft",), ".tar"),
    "pg-plain": (("-Fp", "-v"), ".sql"),
    "pg-plain.gz": (("-Fp", "-v"), ".sql.gz"),
}
# What a working day changes: new rows, changed rows, deleted rows.
CHANGES = (
    "INSERT INTO oa.document (person, title, body, fee, made) SELECT 1 + g % 5, '收文 {day} ' || g,"
    " md5('{day}' || g) || repeat('正文', g % 40), g, timestamptz '2026-03-01 08:00+08' + g * interval '1 s'"
    " FROM generate_series(1, {rows}) g",
    "UPDATE oa.document SET fee = fee + 1 WHERE id % 97 = {day}",
    "DELETE FROM oa.log_2025 WHERE ctid IN (SELECT ctid FROM oa.log_2025 LIMIT {few})",
)


def server(world, major=15):
    """A running server with the database in its first day's state."""

    def start(_):
        try:
            pg = world.open.enter_context(w.SERVER.running(major))
        except pytest.skip.Exception as gone:
            raise w.Missing(str(gone)) from gone
        # 2 000 rows are about 1 MB of COPY text.
        pg.rows = max(world.size // 500, 300)
        pg.create(NAME, rows=pg.rows, seed=world.seed)
        return pg

    return world.once(f"pg{major}", start)


def change(pg, day):
    """One working day."""
    few = max(pg.rows // 200, 3)
    pg.sql(*(text.format(day=day, rows=few * 2, few=few) for text in CHANGES), database=NAME)


def dump(pg, kind, path, at, *more, database=NAME, program=None, fingerprint=True):
    """A dump in this format, made at `at`, with the fingerprint beside it (one that was taken of the same
    rows, or True: it is taken now)."""
    words, _ = FORMATS[kind]
    target = path.with_suffix("") if kind == "pg-plain.gz" else path
    argv = [
        program or pg.programs / "pg_dump",
        "-h",
        "127.0.0.1",
        "-p",
        pg.port,
        "-U",
        "postgres",
        *words,
        *more,
        "-f",
        target,
        database,
    ]
    w.run(*argv, at=at)
    if kind == "pg-plain.gz":
        packed(target, path)
    if fingerprint:
        write_fingerprint(pg, path, database, at, None if fingerprint is True else fingerprint)
    finish(path, at)


def packed(plain, path, level=6):
    """gzip without a name or time of its own, as from a pipe."""
    with (
        open(plain, "rb") as source,
        open(path, "wb") as out,
        gzip.GzipFile("", "wb", level, out, 0) as zipped,
    ):
        shutil.copyfileobj(source, zipped)
    plain.unlink()


def finish(path, at):
    """Modes and times as a tidy job leaves them: the dump ends a minute after it began."""
    w.noted(path)
    for one in (path, *path.parent.glob(path.name + ".*")):
        one.chmod(0o700 if one.is_dir() else 0o600)
        for inner in one.rglob("*") if one.is_dir() else ():
            inner.chmod(0o600)
        w.dated(one, at + w.timedelta(minutes=1))


def taken_of(pg, folder, database=NAME):
    """The product's own fingerprint of the source (the database is at rest)."""
    login = Login(database, "127.0.0.1", pg.port, "postgres", programs=str(pg.programs))
    return wrap.alone(wrap.Wish(login, Pace(), SHA256, folder))


def write_fingerprint(pg, path, database=NAME, at=None, taken=None):
    """The sidecar."""
    at = at or w.DAYS[-1]
    taken = taken or taken_of(pg, path.parent, database)
    names = tuple(one for one in taken.databases if not one.startswith("kept"))
    found = standing.digest(LocalPlace(), LocalPlace().stat(str(path)))
    made = replace(
        taken,
        started=w.ms(at),
        ended=w.ms(at) + 9000,
        databases=names,
        artefact=Bytes(path.name, found.bytes, found.sha256),
    )
    path.with_name(path.name + ENDING).write_bytes(dumped(made))


def days(world):
    """The server after three days of work: the newest as it is, others kept, each with its fingerprint."""

    def make(_):
        pg = server(world)
        pg.taken = {}
        for number, at in enumerate(w.DAYS):
            if number:
                change(pg, number)
            pg.taken[at] = taken_of(pg, world.folder("state"))
            if at != w.DAYS[-1]:
                pg.sql(f'CREATE DATABASE "{_as_of(at)}" TEMPLATE "{NAME}" STRATEGY FILE_COPY')
        argv = [pg.programs / "pg_dumpall", "-h", "127.0.0.1", "-p", pg.port, "-U", "postgres"]
        pg.globals = w.run(*argv, "--globals-only").stdout
        return pg

    return world.once("pg days", make)


@contextmanager
def standing_as_of(pg, at):
    """The database of an earlier day under its own name; nothing of it is copied."""
    if at == w.DAYS[-1]:
        yield
        return
    pg.sql(f'ALTER DATABASE "{NAME}" RENAME TO newest', f'ALTER DATABASE "{_as_of(at)}" RENAME TO "{NAME}"')
    try:
        yield
    finally:
        pg.sql(
            f'ALTER DATABASE "{NAME}" RENAME TO "{_as_of(at)}"', f'ALTER DATABASE newest RENAME TO "{NAME}"'
        )


def _as_of(at):
    """Where the database stands as it was on that day; the newest day is as it is now."""
    return f"kept {at:%Y%m%d}" if at in w.DAYS[:-1] else NAME


@contextmanager
def other(pg, *statements, template=NAME):
    """The database under its own name, changed by `statements`; as it was at the end."""
    pg.sql(f'ALTER DATABASE "{NAME}" RENAME TO kept')
    try:
        of = "kept" if template == NAME else template
        pg.sql(f'CREATE DATABASE "{NAME}" TEMPLATE "{of}" STRATEGY FILE_COPY')
        if statements:
            pg.sql(*statements, database=NAME)
        yield
    finally:
        pg.sql(
            f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)',
            f'ALTER DATABASE kept RENAME TO "{NAME}"',
            "DROP ROLE IF EXISTS half_reader",
        )


def make(world, kind):
    """A kind's artefacts."""
    pg = days(world)
    top = world.folder("good", kind)
    top.chmod(0o700)
    ending = FORMATS[kind][1]
    found = [top / f"{at:%Y%m%d}{ending}" for at in w.DAYS]
    for path, at in zip(found, w.DAYS, strict=True):
        with standing_as_of(pg, at):
            dump(pg, kind, path, at, fingerprint=pg.taken[at])
    (top / "globals.sql").write_bytes(pg.globals)
    finish(top / "globals.sql", w.DAYS[0])
    params = {
        "path": str(top / f"%Y%m%d{ending}"),
        "database": NAME,
        "must_match": True,
        "globals": str(top / "globals.sql"),
    }
    return w.Made(kind, top, found, "backup.postgres", params, {"prints": v.prints_of(found)})


VARIANTS = {
    "one row changed": [
        "UPDATE oa.document SET fee = fee + 0.01 WHERE id = (SELECT min(id) + {n} FROM oa.document)"
    ],
    "a third": [
        "DELETE FROM oa.document WHERE id % 10 > {keep}",
        "DELETE FROM oa.log WHERE abs(hashtext(line) % 10) > {keep}",
        "DELETE FROM oa.booking WHERE year % 10 > {keep}",
        "DELETE FROM oa.types WHERE id % 10 > {keep}",
        "SELECT lo_unlink(content) FROM oa.attachment WHERE id > 1",
    ],
    "fourfold": [
        "INSERT INTO oa.document (person, title, body, fee, made) SELECT person, title, md5(body || g)"
        " || md5(g || body) || repeat('内容', (id % 50)::int), fee, made"
        " FROM oa.document, generate_series(1, {times}) g",
        "INSERT INTO oa.log SELECT at, '日志 ' || g || ' ' || md5(line || g) || md5(g || line)"
        " FROM oa.log, generate_series(1, {times}) g",
        "INSERT INTO oa.booking SELECT county, year, 'room ' || md5(room || g)"
        " FROM oa.booking, generate_series(1, {times}) g",
    ],
    "no tables": [
        "DROP SCHEMA oa CASCADE",
        "DROP TABLE public.setting",
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
    ],
    "one table gone": ["DROP TABLE oa.secret_note"],
    "the rows of one table gone": ["TRUNCATE oa.log_2025"],
    "one twice, one lost": [
        "DELETE FROM oa.log_2026 WHERE ctid = (SELECT max(ctid) FROM oa.log_2026)",
        "INSERT INTO oa.log_2026 SELECT * FROM oa.log_2026 OFFSET {n} LIMIT 1",
    ],
    "no large objects": ["SELECT lo_unlink(oid) FROM pg_largeobject_metadata"],
    "staging": ["UPDATE oa.person SET name = 'TEST ' || id", "DELETE FROM oa.log_2026 WHERE line LIKE '%7%'"],
    "read as Latin-1": ["UPDATE oa.person SET name = convert_from(convert_to(name, 'GBK'), 'LATIN1')"],
    "row security": [
        "CREATE ROLE half_reader LOGIN IN ROLE pg_read_all_data",
        f"ALTER DATABASE {NAME} SET lo_compat_privileges = on",
        "DROP POLICY own ON oa.secret_note",
        "CREATE POLICY own ON oa.secret_note USING (id % 2 = 0)",
    ],
    "as it is": [],
}


def variant(world, kind, path, at, what, *more, fingerprint=False, statements=None, **how):
    """A dump of the database of that day (of the newest where `at` is no slot) after VARIANTS[what]."""
    pg = days(world)
    n = world.random.randrange(1, 20)
    # Of a small database much is the same whatever its rows are: it takes more of them to be a third.
    small = world.size < 3_000_000
    given = {"n": n, "keep": 0 if small else 2, "times": 7 if small else 3}
    done = VARIANTS[what] if statements is None else statements
    with other(pg, *(one.format(**given) for one in done), template=_as_of(at)):
        dump(pg, kind, path, at, *more, fingerprint=fingerprint, **how)
