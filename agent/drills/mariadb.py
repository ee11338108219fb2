"""The course of a drill with a dump of MySQL or MariaDB, or with a mariabackup directory."""

import contextlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.drills import mariachain
from agent.drills.cell import Cell, Running
from agent.drills.compare import expected_of, put_beside
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import Fetched, fetch, unseal
from agent.drills.programs import program
from agent.drills.server import memory_file
from agent.drills.work import Work
from agent.sources.backup_local import LocalPlace
from checks.artefacts.fingerprint import Fingerprint
from checks.artefacts.mysqldump import Dump, read_dump
from checks.drills import Restored, Target
from checks.places import Backups, Entry, Place

SOCKET = "/drill/s/m.s"
_NEVER = ("information_schema", "performance_schema", "mysql", "sys")
_PLACES = ("/usr/sbin", "/usr/bin", "/usr/libexec")
_UNSAFE = ("--innodb-flush-method=nosync", "--sync-frm=0")
# Nothing that runs by itself, nothing that reaches out, nothing that is flushed.
_SETTINGS = (
    "--datadir=/drill/data", f"--socket={SOCKET}", "--pid-file=/drill/s/m.pid", "--tmpdir=/drill/tmp",
    "--skip-networking", "--event-scheduler=DISABLED", "--skip-slave-start", "--skip-log-bin",
    "--skip-name-resolve", "--local-infile=0", "--secure-file-priv=/drill/tmp", "--max-allowed-packet=1G",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=128M",
    "--character-set-server=utf8mb4", "--innodb-use-native-aio=0",
    *_UNSAFE,
)  # fmt: skip
_KEPT = re.compile(
    r"^(innodb_(?:page_size|data_file_path|undo_tablespaces|checksum_algorithm))=([\w:;.]+)$", re.M
)
_TABLE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`]|``)+)`")
_USE = re.compile(rb"USE `((?:[^`]|``)+)`;")
_HOST = re.compile(rb"-- Host: \S* +Database: ?(\S*)")
_DONE = re.compile(rb"-- Dump completed on +(\d{4}-\d\d-\d\d +\d\d?:\d\d:\d\d)")
_LINE = 1 << 20
_MOST = 64 * 1024
_START_S = 60.0


@dataclass(slots=True)
class Scan:
    """What a dump's text says: tables it makes (database, name), the database it is of."""

    tables: set[tuple[str, str]] = field(default_factory=set)
    database: str = ""
    uses: bool = False
    empty: bool = True
    done: str = ""


@dataclass(slots=True)
class Server:
    """A throwaway MariaDB in the cell."""

    work: Work
    cell: Cell
    folder: str

    def path(self, *names: str) -> str:
        """The first of these programs that is here."""
        return program(names, (self.folder, *_PLACES))

    def init(self) -> None:
        """A new data directory."""
        words = ["--no-defaults", "--datadir=/drill/data", "--auth-root-authentication-method=normal"]
        words += ["--skip-test-db", "--skip-name-resolve", "--tmpdir=/drill/tmp", *_UNSAFE]
        status, out, said = self.cell.run([self.path("mariadb-install-db", "mysql_install_db"), *words])
        if status:
            raise why(out + said, "no_tool")

    def start(self, *more: str) -> None:
        """Start it, wait until it answers; it ends with the cell."""
        argv = [self.path("mariadbd", "mysqld"), "--no-defaults", *_SETTINGS, *more]
        running = self.work.open.enter_context(self.cell.start(argv))
        end = time.monotonic() + _START_S
        while not self._answers(running):
            if time.monotonic() > end:
                raise StopError(
                    "restore_failed", "start", running.complaint[-500:].decode("utf-8", "replace")
                )
            self.work.check()
            time.sleep(0.02)

    def _answers(self, running: Running) -> bool:
        if not running.alive():
            running.finish()
            raise why(running.complaint, "restore_failed")
        there = os.path.exists(self.work.room / "s" / "m.s")
        return there and self.cell.run(self.words("-e", "SELECT 1"))[0] == 0

    def words(self, *more: str) -> list[str]:
        """The client."""
        return [*self.client("mariadb", "mysql"), "--batch", "--skip-column-names", "--raw", *more]

    def client(self, *names: str) -> list[str]:
        """One of the client programs, as root over the socket."""
        made = [self.path(*names), "--no-defaults", f"--socket={SOCKET}", "--user=root"]
        return [*made, "--default-character-set=utf8mb4"]

    def answer(self, text: str, database: str = "") -> str:
        """Rows of a query, tabs between columns."""
        with memory_file(text) as file:
            status, out, said = self.cell.run(self.words(*filter(None, [database])), stdin=file)
        if status:
            raise why(said, "unreadable_after_restore")
        return out.decode("utf-8", "surrogateescape").rstrip("\n")

    def ask(self, text: str, database: str) -> str:
        """Rows of a question, which may change nothing."""
        return self.answer(f"START TRANSACTION READ ONLY; {text.rstrip().rstrip(';')};", database)

    def databases(self) -> list[str]:
        """All but its own."""
        return [one for one in self.answer("SHOW DATABASES").splitlines() if one not in _NEVER]


def run(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, start, restore, ask, read, pages, compare: a dump."""
    work, wish = course.work, course.wish
    fetched = _fetched(course, place, entry)
    expected = expected_of(course, place, entry)
    path = unseal(work, backups, fetched, wish.sealed)
    with work.phase("start"):
        told = scan(path)
        if told.empty:
            raise StopError("empty")
        cell = work.make_cell(_binds(work))
        server = Server(work, cell, _folder(work))
        server.init()
        server.start()
    _describe(course, server)
    with work.phase("restore", course.base.bytes) as span:
        database = _restore(course, server, path, told, expected)
        span.bytes = course.base.bytes
    _finish(course, server, database, expected)


def run_physical(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, prepare, start, ask, read, pages, compare: what mariabackup copied, an increment with all that
    it rests on."""
    work = course.work
    links = mariachain.chain(course, place, entry)
    _fetched(course, place, entry)
    paths = mariachain.bring(work, place, links)
    expected = expected_of(course, place, entry)
    with work.phase("start"):
        cell = work.make_cell(_binds(work))
        server = Server(work, cell, _folder(work))
    with work.phase("recover"):
        mariachain.prepare(cell, server.path("mariabackup", "mariadb-backup"), paths)
        os.rename(work.room / "in" / paths[0].rpartition("/")[2], work.room / "data")
        # Its accounts are the source's, and their passwords nobody's here.
        server.start("--skip-grant-tables", *_kept(work.room / "data" / "backup-my.cnf"))
    _describe(course, server)
    databases = server.databases()
    wanted = course.wish.database or course.wish.source.database
    if wanted and wanted not in databases:
        raise StopError("wrong_source", wanted[:100])
    _finish(course, server, wanted or (databases[0] if databases else ""), expected)


def _fetched(course: Course, place: Place, entry: Entry) -> Fetched:
    made = fetch(course.work, place, entry)
    course.base = replace(
        course.base,
        sha256=made.sha256,
        bytes=made.bytes,
        parts=made.parts,
        read_at=int(time.time() * 1000),
    )
    return made


def scan(path: Path) -> Scan:
    """Read its lines once; those of rows are passed over."""
    made, database = Scan(), ""
    with path.open("rb") as file:
        whole = True
        while piece := file.readline(_LINE):
            if whole:
                made.empty = made.empty and not piece.strip()
                database = _line(made, piece, database)
            whole = piece.endswith(b"\n")
    return made


def _line(made: Scan, line: bytes, database: str) -> str:
    """Take a line; the database that holds from here on."""
    if (found := _TABLE.match(line)) is not None:
        made.tables.add((database, _text(found[1])))
    elif (found := _USE.match(line)) is not None:
        made.uses = True
        return _text(found[1])
    elif (found := _HOST.match(line)) is not None:
        made.database = found[1].decode("utf-8", "replace")
    elif (found := _DONE.match(line)) is not None:
        made.done = found[1].decode("ascii", "replace")
    return database


def _text(name: bytes) -> str:
    return name.replace(b"``", b"`").decode("utf-8", "replace")


def _restore(course: Course, server: Server, path: Path, told: Scan, expected: Fingerprint | None) -> str:
    """Run the dump; the database it is in. The client stops at the first error."""
    recorded = expected.database if expected is not None else ""
    database = course.wish.source.database or recorded or told.database or "drill"
    quoted = database.replace("`", "``")
    if not told.uses:
        server.answer(f"CREATE DATABASE `{quoted}`")
    where = [] if told.uses else [database]
    argv = [*server.client("mariadb", "mysql"), "--binary-mode", "--max-allowed-packet=1G", *where]
    with path.open("rb") as file:
        status, _, said = server.cell.run(argv, stdin=file)
    if status:
        raise why(said, "restore_failed")
    listed = {(one or database, table) for one, table in told.tables}
    there = server.answer("SELECT table_schema, table_name FROM information_schema.tables")
    found = listed & {tuple(line.split("\t")) for line in there.splitlines()}
    course.restored = Restored(tables=len(found), listed=len(listed), found=len(found))
    if listed and not found:
        raise StopError("rolled_back", f"0 of {len(listed)}")
    if told.uses and database not in server.databases():
        return sorted({one for one, _ in listed})[0] if listed else database
    return database


def _describe(course: Course, server: Server) -> None:
    work, proof = course.work, server.cell.proof
    version = server.answer("SELECT VERSION()")
    course.target = Target(
        product="mariadb",
        version=version[:60],
        directory=str(work.room),
        user=work.user.name,
        isolation=proof.mode,
        interfaces=proof.interfaces,
        refused=proof.refused,
    )


def _finish(course: Course, server: Server, database: str, expected: Fingerprint | None) -> None:
    work = course.work
    with work.phase("ask"):
        server.answer("SELECT 1", database)
        course.ask(lambda sql: server.ask(sql, course.wish.database or database))
    with work.phase("read") as span:
        dump = _read(course, server, [database] if expected is not None else server.databases())
        span.bytes = dump.bytes
    with work.phase("pages"):
        course.restored = replace(course.restored, pages=_check_tables(server))
    with work.phase("compare"):
        put_beside(course, expected, dump.tables, None)


def _read(course: Course, server: Server, databases: Sequence[str]) -> Dump:
    """Every row, as the client writes it into a dump: the same text as at the source gives the same sums."""
    made = Dump()
    for database in databases:
        words = ["--single-transaction", "--skip-triggers", "--skip-lock-tables", "--skip-dump-date"]
        argv = [*server.client("mariadb-dump", "mysqldump"), *words, "--", database]
        one = Dump()
        with server.cell.start(argv, read=True) as running:
            read_dump(running.out, one, database=database)
            if running.finish() or not one.complete:
                course.restored = replace(course.restored, read="failed")
                raise why(running.complaint, "unreadable_after_restore")
        made.tables.update(one.tables)
        made.bytes += one.bytes
    rows = sum(one.count for one in made.tables.values())
    course.restored = replace(
        course.restored, tables=len(made.tables), rows=rows, bytes=made.bytes, read="whole"
    )
    return made


_ILL = re.compile(rb"^(?:error|Error) |(?:Corrupt|crashed|failed)$", re.M)


def _check_tables(server: Server) -> str:
    """CHECK TABLE … EXTENDED of all tables: good, damaged."""
    names = server.databases()
    if not names:
        return "good"
    argv = [*server.client("mariadb-check", "mysqlcheck"), "--check", "--extended", "--databases", *names]
    status, out, said = server.cell.run(argv)
    if status:
        raise why(said, "unreadable_after_restore")
    return "damaged" if _ILL.search(out) else "good"


def _kept(path: Path) -> list[str]:
    """Settings without which InnoDB cannot read these files; nothing else is taken over."""
    with contextlib.suppress(OSError):
        text = LocalPlace().block(str(path), 0, _MOST).decode("utf-8", "replace")
        return [f"--{name.replace('_', '-')}={value}" for name, value in _KEPT.findall(text)]
    return []


def _folder(work: Work) -> str:
    return next(iter(work.given.programs.get("mariadb", ())), "/usr/sbin")


def _binds(work: Work) -> tuple[tuple[str, str, bool], ...]:
    tops = {str(Path(one).parent) for one in work.given.programs.get("mariadb", ())}
    return tuple((top, top, False) for top in sorted(tops) if not top.startswith("/usr"))
