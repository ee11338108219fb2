"""Restoring PostgreSQL: a logical dump into a new cluster, or a base backup as its own."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agent.drills import programs as found_programs
from agent.drills import tablespaces
from agent.drills.cell import MOST_COMPLAINT, Cell
from agent.drills.complaints import why
from agent.drills.dumpscan import Scan, scan
from agent.drills.errors import StopError
from agent.drills.programs import Programs
from agent.drills.reading import present
from agent.drills.server import SOCKET, Server
from agent.drills.work import Work
from checks.artefacts.formats import named
from checks.drills import Roles

_LINE = 1 << 20
_DUMPED = re.compile(r"Dumped (?:from database|by \S+) version: (\d+)")
_ERROR = re.compile(rb"^psql:[^\n]*: (?:ERROR|FATAL|PANIC): ", re.M)
DATABASE = "drill"


@dataclass(slots=True)
class Dump:
    """A dump in the room. `inside`: its path in the cell; `format`: custom, directory, tar, plain."""

    path: Path
    inside: str
    format: str
    scan: Scan = field(default_factory=Scan)
    made: int | None = None  # when, as it says itself

    @property
    def encoding(self) -> str:
        """Of the database to restore it into: every other encoding is converted on the way in."""
        return "SQL_ASCII" if self.scan.encoding.upper() == "SQL_ASCII" else "UTF8"

    @property
    def archive(self) -> bool:
        """Whether pg_restore reads it."""
        return self.format != "plain"


def known(path: Path, inside: str) -> Dump:
    """What kind of dump this is; StopError `unknown_format`."""
    if path.is_dir():
        if (path / "toc.dat").exists():
            return Dump(path, inside, "directory")
        raise StopError("unknown_format")
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if not head:
        raise StopError("empty")
    kind = {"pg_custom": "custom", "tar": "tar"}.get(named(head), "plain")
    return Dump(path, inside, kind)


def look(cell: Cell, dump: Dump, installed: list[Programs]) -> Programs:
    """Read what the dump says of itself, with the newest programs; the ones to restore it with."""
    if not installed:
        raise StopError("no_tool", "postgres")
    if not dump.archive:
        dump.scan = scan(_lines(dump.path))
        return found_programs.choose(installed, dump.scan.major)
    for one in installed:
        status, out, said = cell.run([one.path("pg_restore"), "-l", dump.inside])
        if status == 0:
            break
    else:
        raise why(said, "damaged")
    needed = _listing(dump, out)
    chosen = found_programs.choose(installed, needed)
    words = ["--schema-only", "--no-owner", "--no-acl", "-f", "-", dump.inside]
    with cell.start([one.path("pg_restore"), *words], read=True) as running:
        dump.scan = scan(running.out)
        if running.finish():
            raise why(running.complaint, "damaged")
    dump.scan.major = needed
    return chosen


def _listing(dump: Dump, listing: bytes) -> int:
    """Major version it needs: of the server it was dumped from, or of a newer client that dumped it. When (in
    the cell all clocks are UTC) is kept in `dump`."""
    major = 0
    for line in listing[:4096].decode("utf-8", "replace").splitlines():
        words = line.strip("; ")
        if words.startswith("Archive created at "):
            with contextlib.suppress(ValueError):
                when = datetime.strptime(words[19:38], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
                dump.made = int(when.timestamp()) * 1000
        elif (found := _DUMPED.match(words)) is not None:
            major = max(major, int(found[1]))
    return major


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of a text; a piece of an overlong one is none."""
    with path.open("rb") as file:
        whole = True
        while piece := file.readline(_LINE):
            ends = piece.endswith(b"\n")
            if whole:
                yield piece
            whole = ends


def make_roles(server: Server, dump: Dump, from_globals: Path | None) -> Roles:
    """The separately judged pass: roles of the globals, then those that are still missing, made here."""
    errors = 0
    if from_globals is not None:
        with from_globals.open("rb") as file:
            _, _, said = server.run("psql", *server.words("postgres", stop=False), "-f", "-", stdin=file)
        errors = sum(b"ERROR:" in line and b'"postgres" already' not in line for line in said.splitlines())
    held = set(server.answer("SELECT quote_ident(rolname) FROM pg_catalog.pg_roles").encode().split(b"\n"))
    missing = sorted(dump.scan.roles - held)
    if missing:
        server.script(b"".join(b"CREATE ROLE %b;\n" % one for one in missing), stop=False)
    return Roles(from_globals is not None, tuple(_shown(one) for one in missing[:100]), errors)


def _shown(name: bytes) -> str:
    return "".join(c if c.isprintable() else "?" for c in name.decode("utf-8", "replace"))[:100]


def restore(server: Server, dump: Dump, jobs: int) -> str:
    """Restore it; the database it is in. StopError for what it failed at."""
    database = DATABASE
    if dump.archive or not dump.scan.connects:
        server.answer(f"CREATE DATABASE {database} TEMPLATE template0")
    if dump.archive:
        _archive(server, dump, database, jobs)
    else:
        database = _plain(server, dump, database)
    return database


def _archive(server: Server, dump: Dump, database: str, jobs: int) -> None:
    many = ["-j", str(jobs)] if dump.format in ("custom", "directory") else []
    words = ["--exit-on-error", "--no-owner", "--no-acl", "--no-security-labels", "--no-tablespaces"]
    words += ["--no-subscriptions", *many, "-h", SOCKET, "-U", "postgres", "-d", database, dump.inside]
    status, _, said = server.run("pg_restore", *words)
    if status:
        raise why(said, "restore_failed")


def _plain(server: Server, dump: Dump, database: str) -> str:
    """psql runs what stands in it, `\\!` included: that is what the cell is for."""
    once = [] if dump.scan.connects else ["-1"]
    first = "postgres" if dump.scan.connects else database
    before = set(server.answer("SELECT datname FROM pg_catalog.pg_database").split("\n"))
    with dump.path.open("rb") as file:
        status, _, said = server.run("psql", *server.words(first), *once, "-f", "-", stdin=file)
    if status or _ERROR.search(said):  # the dump itself may have switched off that errors count
        raise why(said, "restore_failed")
    if len(said) >= MOST_COMPLAINT:  # only the end was kept: before it may stand what went wrong
        raise StopError("too_much", "complaints")
    after = set(server.answer("SELECT datname FROM pg_catalog.pg_database").split("\n"))
    made = sorted(after - before)
    return made[0] if dump.scan.connects and made else first


def listed(server: Server, dump: Dump, database: str) -> tuple[int, int]:
    """Tables that the dump says it makes, and how many of them are there: none after a rolled-back restore
    that claims success."""
    wanted = dump.scan.tables or dump.scan.copied
    return len(wanted), len(wanted & present(server, database))


# Physical.

_OWN = "# of the drill\n"
_GONE = ("standby.signal", "recovery.signal", "recovery.conf", "postmaster.pid", "postmaster.opts")


def take_over(work: Work, data: Path) -> None:
    """Make a base backup ours: settings, access and identity files of the drill, nothing that makes it a
    standby. Its own settings may name files, hosts and commands of the source."""
    for name in _GONE:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(data / name)
    for name, text in (
        ("postgresql.conf", _OWN),
        ("postgresql.auto.conf", _OWN),
        ("pg_hba.conf", "local all all trust\n"),
        ("pg_ident.conf", _OWN),
    ):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(data / name)
        number = os.open(data / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(number, "w") as file:
            file.write(text)
        work.give(data / name)
    tablespaces.ours(data)
