"""D34-D52: logical dumps of databases."""

import gzip
import re
import subprocess
import sys

import case as c
import databases
import mariadb
import verify as v
import world as w

beside = sys.modules["plant_beside"]
ALL = (*databases.FORMATS, "mariadb")
PG = tuple(databases.FORMATS)
PLAIN = ("pg-plain", "pg-plain.gz", "mariadb")


@c.plants("D34", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "mariadb")
def killed(case):
    """The kernel kills it where the file may grow no further."""
    size = case.victim().stat().st_size
    limit = case.random.randrange(size // 3, size * 2 // 3)
    c.remove_alone(case.path)
    if case.base == "mariadb":
        maria = mariadb.server(case.world)
        words = [w.tool("mariadb-dump"), "--no-defaults", f"--socket={maria.socket}", "-uroot", mariadb.NAME]
        with open(case.path, "wb") as out:
            ended = subprocess.run(["prlimit", f"--fsize={limit}", *words], stdout=out, check=False)
    else:
        pg = databases.days(case.world)
        words = [
            pg.programs / "pg_dump",
            "-h",
            "127.0.0.1",
            "-p",
            pg.port,
            "-U",
            "postgres",
            *databases.FORMATS[case.base][0],
            "-f",
            case.path,
            databases.NAME,
        ]
        ended = w.run("prlimit", f"--fsize={limit}", *words, at=w.DAYS[case.place], check=False)
    assert ended.returncode != 0
    again(case)


def again(case):
    """Rights and times; its own digest is what the job recorded, and the fingerprint tells of rows alone."""
    give_back(kept(case))
    databases.finish(case.path, w.DAYS[case.place])


def text_of(path):
    """A dump's text."""
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def put(case, text, *, squeeze=None):
    """Another text in the dump's place, packed as it was."""
    if squeeze or (squeeze is None and case.path.name.endswith(".gz")):
        text = subprocess.run(["gzip", "-n"], input=text, capture_output=True, check=True).stdout
    case.path.write_bytes(text)
    again(case)


@c.plants("D35", "pg-plain.gz", "mariadb")
def killed_through_a_pipe(case):
    text = text_of(case.path)
    put(case, text[: case.offset(len(text))], squeeze=True)


@c.plants("D36", "pg-plain.gz", "mariadb")
def two_members(case):
    text = text_of(case.path)
    members = [text[: case.offset(len(text))], text]
    case.path.write_bytes(b"".join(gzip.compress(one, mtime=0) for one in members))
    again(case)


COMPLAINTS = {
    "pg": b'pg_dump: error: Dumping the contents of table "document" failed: PQgetResult() failed.\n'
    b"pg_dump: detail: Error message from server: ERROR:  invalid page in block 3 of relation base/5/16400\n",
    "mariadb": b"mariadb-dump: Error 2013: Lost connection to server during query"
    b" when dumping table `item` at row: 7\n",
}


@c.plants("D37", *PLAIN)
def error_text(case):
    """Standard error went into the file as well."""
    text = text_of(case.path)
    where = text.index(b"\n", case.offset(len(text))) + 1
    complaint = COMPLAINTS["mariadb" if case.base == "mariadb" else "pg"]
    put(case, text[:where] + complaint + text[where:])


@c.plants("D38", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "mariadb")
def wrong_database(case):
    at = w.DAYS[case.place]
    held = kept(case)
    c.remove_alone(case.path)
    if case.base == "mariadb":
        maria = mariadb.server(case.world)
        case.world.once("hr my", lambda _: mariadb.fill(maria, "hr", 300, 3))
        mariadb.dump(maria, case.path, at, database="hr", fingerprint=False)
    else:
        pg = databases.days(case.world)
        case.world.once(
            "hr pg",
            lambda _: (
                pg.sql("CREATE DATABASE hr_db")
                or pg.sql(
                    "CREATE TABLE staff AS SELECT g, md5(g::text) FROM generate_series(1, 4000) g",
                    database="hr_db",
                )
            ),
        )
        databases.dump(pg, case.base, case.path, at, database="hr_db", fingerprint=False)
    give_back(held)


def kept(case):
    """The fingerprint as it is."""
    return {
        path: beside._told(path, path.read_bytes(), case.path)
        for path in case.beside()
        if path.suffix == ".json"
    }


def give_back(held):
    for path, data in held.items():
        path.write_bytes(data)


def rows(defect, what, *kinds):
    """A plant that dumps a changed database."""

    @c.plants(defect, *kinds)
    def plant(case):
        beside.other_rows(case, what)

    return plant


rows("D39", "staging", "pg-custom", "pg-plain", "mariadb")
rows("D40", "no tables", *ALL)
rows("D42", "one table gone", *ALL)
rows("D43", "the rows of one table gone", *ALL)
rows("D45", "one row changed", *ALL)
rows("D46", "one twice, one lost", *ALL)
rows("D47", "read as Latin-1", "pg-custom", "pg-plain", "pg-plain.gz", "mariadb")


def with_words(case, what, *words):
    """The dump made with other words on its command line."""
    held = kept(case)
    c.remove_alone(case.path)
    at = w.DAYS[case.place]
    if case.base == "mariadb":
        mariadb.variant(case.world, case.path, at, what, options=words)
    else:
        databases.variant(case.world, case.base, case.path, at, what, *words)
    give_back(held)


@c.plants("D41", *ALL)
def schema_only(case):
    with_words(case, "as it is", "--no-data" if case.base == "mariadb" else "--schema-only")


@c.plants("D44", "pg-custom", "pg-directory", "pg-tar", "pg-plain")
def half_by_row_security(case):
    with_words(case, "row security", "--enable-row-security", "-U", "half_reader")


@c.plants("D48", "pg-custom", "pg-directory", "pg-tar", "pg-plain")
def no_large_objects(case):
    with_words(case, "as it is", "--no-blobs")


@c.plants("D49", "pg-custom", "pg-plain")
def no_globals(case):
    (case.top / "globals.sql").unlink()
    # Roles are of the whole cluster: no dump beside them can be restored as it was.
    case.victims |= {path.name for path in case.made.days}


@c.plants("D50", "pg-custom", "pg-directory", "pg-tar")
def too_new(case):
    program = w.SERVER.programs(18)
    if program is None:
        raise w.Missing("PostgreSQL 18 is not installed here")
    c.remove_alone(case.path)
    pg = databases.days(case.world)
    databases.dump(
        pg, case.base, case.path, w.DAYS[case.place], program=program / "pg_dump", fingerprint=False
    )
    again(case)
    case.params |= {"restore_major": 15}


@c.plants("D51", "pg-plain")
def cut_after_a_statement_pg(case):
    with_words(case, "as it is", "--inserts")
    text = text_of(case.path)
    ends = [found.end() for found in re.finditer(rb"\);\n", text)]
    put(case, text[: case.random.choice(ends[len(ends) // 4 : -len(ends) // 4])])


@c.plants("D51", "mariadb")
def cut_after_a_statement(case):
    text = text_of(case.path)
    ends = [found.end() for found in re.finditer(rb";\n", text)]
    put(case, text[: case.random.choice(ends[len(ends) // 3 : -8])])


@c.plants("D52", "pg-server", "mariadb-server")
def a_new_database(case):
    """Somebody made a database, and no job backs it up: the next fingerprint names it."""
    at = w.DAYS[case.place]
    if case.base == "mariadb-server":
        maria = mariadb.server(case.world)
        maria.sql("CREATE DATABASE newcomer", database=None)
        mariadb.write_fingerprint(maria, case.path)
        maria.sql("DROP DATABASE newcomer", database=None)
        mariadb.finish(case.path, at)
    else:
        pg = databases.days(case.world)
        pg.sql("CREATE DATABASE newcomer")
        databases.write_fingerprint(pg, case.path)
        pg.sql("DROP DATABASE newcomer")
        databases.finish(case.path, at)
    known = [databases.NAME, mariadb.NAME, "postgres"]
    case.params |= {"databases": known}
    case.checks.append(
        lambda state, at: v.look(
            state,
            "backup.fingerprint",
            {"path": case.made.params["path"], "databases": known},
            at,
            place="source",
        )
    )
