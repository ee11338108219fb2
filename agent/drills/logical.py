"""The course of a drill with a logical dump of PostgreSQL (or Kingbase, by its own names of the tools)."""

import re
import time
from dataclasses import replace
from pathlib import Path

from agent.drills import postgres, programs
from agent.drills.compare import expected_of, put_beside
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch, unseal
from agent.drills.reading import Rows, check_pages, read_rows
from agent.drills.server import Server
from agent.drills.work import Span
from checks.artefacts.fingerprint import Fingerprint
from checks.backup.drill import LOGICAL
from checks.drills import Restored, Target
from checks.places import Backups, Entry, Place

_ZONE = re.compile(r"[\w/+:-]{1,64}")


def run(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, start, restore, ask, read, pages, compare."""
    work, wish = course.work, course.wish
    fetched = fetch(work, place, entry)
    course.base = replace(
        course.base,
        sha256=fetched.sha256,
        bytes=fetched.bytes,
        parts=fetched.parts,
        read_at=int(time.time() * 1000),
    )
    roles = _beside(course, place, wish.globals)
    expected = expected_of(course, place, entry)
    path = unseal(work, backups, fetched, wish.sealed)
    installed = programs.installed(work.given, wish.kind)
    with work.phase("start"):
        dump = postgres.known(path, f"/drill/in/{path.name}")
        cell = work.make_cell(tuple(bind for one in installed for bind in one.binds))
        chosen = postgres.look(cell, dump, installed)
        course.says_made(dump.made)
        server = Server(work, cell, chosen)
        server.init(dump.encoding)
        server.start()
    describe(course, server, dump.scan.major)
    with work.phase("restore", fetched.bytes) as span:
        course.roles = postgres.make_roles(server, dump, roles)
        database = postgres.restore(server, dump, work.given.jobs)
        span.bytes = fetched.bytes
        listed, found = postgres.listed(server, dump, database)
        course.restored = Restored(tables=found, listed=listed, found=found)
        if listed and not found:
            raise StopError("rolled_back", f"0 of {listed}")
    finish(course, server, database, expected)


def describe(course: Course, server: Server, major: int) -> None:
    """What it is restored into; StopError `wrong_target` where that is the source's own cluster."""
    work = course.work
    cell = server.cell
    line = server.answer(
        "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
        " current_setting('server_version')"
    )
    system, _, version = line.partition("\t")
    course.target = Target(
        product=course.wish.kind if course.wish.kind == "kingbase" else "postgres",
        version=version,
        programs=programs.label(server.programs, major),
        system=system,
        directory=str(work.room),
        user=work.user.name,
        isolation=cell.proof.mode,
        interfaces=cell.proof.interfaces,
        refused=cell.proof.refused,
    )
    if course.wish.kind in LOGICAL and course.wish.source.system and system == course.wish.source.system:
        raise StopError("wrong_target", "system")


def finish(course: Course, server: Server, database: str, expected: Fingerprint | None) -> None:
    """All that comes after it is there: the questions first, they end the clock."""
    work = course.work
    with work.phase("ask"):
        server.answer("SELECT 1", database)
        course.ask(lambda sql: server.ask(sql, course.wish.database or database))
    with work.phase("read") as span:
        rows = _read(course, server, database, expected, span)
    with work.phase("pages"):
        pages = check_pages(server, work.given.jobs)
        course.restored = replace(course.restored, pages=pages)
    with work.phase("compare"):
        put_beside(course, expected, rows.tables, rows.objects)


def _read(course: Course, server: Server, database: str, expected: Fingerprint | None, span: Span) -> Rows:
    zone = expected.timezone if expected is not None and _ZONE.fullmatch(expected.timezone) else "UTC"
    how = expected.how if expected is not None else "sha256"
    try:
        rows = read_rows(server, database, zone, how, span)
    except StopError as problem:
        if problem.reason == "unreadable_after_restore":
            course.restored = replace(course.restored, read="failed")
        raise
    course.restored = replace(
        course.restored,
        tables=len(rows.tables) + len(rows.unlogged),
        rows=rows.count,
        bytes=rows.bytes,
        read="whole",
    )
    return rows


def _beside(course: Course, place: Place, path: str) -> Path | None:
    """A second file of the backup (globals), fetched too; None where none is named. One that is named and
    missing is found by its roles missing."""
    if not path:
        return None
    try:
        return fetch(course.work, place, place.stat(path), "globals").path
    except (OSError, StopError):
        return None
