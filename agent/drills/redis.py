"""The course of a drill with a Redis dump or append-only directory: loaded by a throwaway server in the cell.

Loading parses every value, and what was loaded is written out whole again and counted. A question is a
command of redis-cli; writing is refused while it is asked.
"""

import io
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agent.drills.cell import Cell, Running
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch, unseal
from agent.drills.programs import program
from agent.drills.server import memory_file
from agent.drills.work import Work
from agent.sources.backup_local import LocalPlace
from checks.artefacts import rdb
from checks.drills import Against, Restored, Target
from checks.places import Backups, Entry, Place

SOCKET = "/drill/s/r.s"
_PLACES = ("/usr/bin", "/usr/local/bin", "/usr/sbin")
_SERVERS = ("redis-server", "valkey-server")
_LOG = "tmp/redis.log"
_HEAD = 4096
_START_S = 600.0  # of silence: a large dump says how far it is
# No port, nothing saved by itself, no replica; with a replica wanted and none there every write is refused.
_SETTINGS = (
    *("--port", "0", "--unixsocket", SOCKET, "--unixsocketperm", "700", "--dir", "/drill/data"),
    *("--dbfilename", "dump.rdb", "--save", "", "--daemonize", "no", "--logfile", f"/drill/{_LOG}"),
    *("--aof-load-truncated", "no", "--min-replicas-to-write", "1", "--databases", "1024"),
)
# What the server's log says; the first that fits decides.
_SAID: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("no_room", re.compile(rb"No space left|Out Of Memory")),
    ("needs_extension", re.compile(rb"no matching module type '?([\w-]+)")),
    ("no_tool", re.compile(rb"Can't handle RDB format version (\d+)")),
    ("truncated", re.compile(rb"Short read or OOM|Unexpected EOF|Unexpected end of file")),
    ("unknown_format", re.compile(rb"Wrong signature trying to load DB|[Bb]ad signature")),
    ("part_missing", re.compile(rb"obtain the AOF file ([\w.-]+) length. stat: No such file")),
    ("damaged", re.compile(rb"Wrong RDB checksum|Bad file format|Internal error in RDB|RDB CRC error")),
)
_KEYS = re.compile(rb"\[info\] (\d+) keys read")


@dataclass(slots=True)
class Server:
    """A throwaway Redis in the cell."""

    work: Work
    cell: Cell
    folder: str

    def path(self, *names: str) -> str:
        """The first of these programs that is here."""
        return program(names, (self.folder, *_PLACES))

    def start(self, *more: str) -> None:
        """Start it, wait until all is loaded; it ends with the cell."""
        argv = [self.path(*_SERVERS), *_SETTINGS, *more]
        running = self.work.open.enter_context(self.cell.start(argv))
        moved, size = time.monotonic(), -1
        while not self._answers(running):
            grown = self._log_bytes()
            if grown != size:
                moved, size = time.monotonic(), grown
            if time.monotonic() - moved > _START_S:
                raise self.why("restore_failed")
            self.work.check()
            time.sleep(0.02)

    def _answers(self, running: Running) -> bool:
        if not running.alive():
            running.finish()
            raise self.why("restore_failed")
        return os.path.exists(self.work.room / "s" / "r.s") and self.ask("PING")[0] == "PONG"

    def _log_bytes(self) -> int:
        with suppress(OSError):
            return (self.work.room / _LOG).lstat().st_size
        return 0

    def why(self, otherwise: str) -> StopError:
        """What its log says."""
        said = b""
        with suppress(OSError):
            said = LocalPlace().block(str(self.work.room / _LOG), 0, 1 << 20)
        detail = said[-600:].decode("utf-8", "replace")
        for reason, pattern in _SAID:
            if (found := pattern.search(said)) is not None:
                subject = next((one for one in found.groups() if one), b"")
                return StopError(reason, subject.decode("ascii", "replace"), detail)
        return StopError(otherwise, "", detail)

    def ask(self, command: str, database: str = "") -> tuple[str, bool]:
        """A command's answer as redis-cli prints it to a program; whether it is an error."""
        words = [self.path("redis-cli", "valkey-cli"), "-s", SOCKET]
        words += ["-n", database] if database.isdigit() else []
        made = []
        for form in ("--no-raw", "--raw"):
            with memory_file(f"{command}\n") as file:
                made.append(self.cell.run([*words, form], stdin=file)[1].decode("utf-8", "surrogateescape"))
        return made[1].rstrip("\n"), made[0].startswith("(error)")

    def told(self, section: str) -> dict[str, str]:
        """A section of INFO."""
        lines = self.ask(f"INFO {section}")[0].splitlines()
        return {key: value for key, _, value in (one.partition(":") for one in lines) if value}


def run(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, start, restore (load), ask, read."""
    work = course.work
    made = fetch(work, place, entry)
    course.base = replace(
        course.base, sha256=made.sha256, bytes=made.bytes, parts=made.parts, read_at=int(time.time() * 1000)
    )
    path = unseal(work, backups, made, course.wish.sealed)
    with work.phase("start"):
        tops = {str(Path(one).parent) for one in work.given.programs.get("redis", ())}
        cell = work.make_cell(tuple((one, one, False) for one in sorted(tops) if not one.startswith("/usr")))
        server = Server(work, cell, next(iter(work.given.programs.get("redis", ())), ""))
        head, words = _put(work, path)
    _describe(course, server)
    course.says_made(head.made, head.made, tool=f"redis {head.server}" if head.server else "")
    with work.phase("restore", made.bytes) as span:
        server.start(*words)
        span.bytes = made.bytes
        _loaded(course, server, head)
    with work.phase("ask"):
        course.ask(lambda sql: _answer(server, sql, course.wish.database))
    with work.phase("read") as span:
        span.bytes = _read(course, server)
    course.against = None if course.wish.compare == "none" else Against("missing")


def _put(work: Work, path: Path) -> tuple[rdb.Dump, list[str]]:
    """Lay it where the server looks for it; what an RDB file says of itself, and how to start."""
    data = work.room / "data"
    if path.is_dir():
        names = sorted(os.listdir(path))
        manifest = next((one for one in names if one.endswith(".manifest")), "")
        if manifest:
            data.mkdir(mode=0o700)
            work.give(data)
            os.rename(path, data / "aof")
            name = manifest.removesuffix(".manifest")
            return rdb.Dump(), ["--appendonly", "yes", "--appenddirname", "aof", "--appendfilename", name]
        if "dump.rdb" not in names:
            raise StopError("unknown_format")
        path = path / "dump.rdb"
    head = LocalPlace().block(str(path), 0, _HEAD)
    if not head:
        raise StopError("empty")
    data.mkdir(mode=0o700)
    work.give(data)
    if head.startswith(b"*"):
        os.rename(path, data / "appendonly.aof")  # of before Redis 7: one file
        return rdb.Dump(), ["--appendonly", "yes", "--appendfilename", "appendonly.aof"]
    found = rdb.read(io.BytesIO(head), 0)
    if found.version is None:
        raise StopError("unknown_format")
    os.rename(path, data / "dump.rdb")
    return found, ["--appendonly", "no"]


def _describe(course: Course, server: Server) -> None:
    work, proof = course.work, server.cell.proof
    status, out, _ = server.cell.run([server.path(*_SERVERS), "--version"])
    found = re.search(rb"v=([\w.]+)", out)
    course.target = Target(
        product="redis",
        version=found[1].decode("ascii")[:60] if found and not status else "",
        directory=str(work.room),
        user=work.user.name,
        isolation=proof.mode,
        interfaces=proof.interfaces,
        refused=proof.refused,
    )


def _loaded(course: Course, server: Server, head: rdb.Dump) -> None:
    """Keys that the dump says it holds, and those of them that came: some have run out since, and are not
    loaded."""
    told = server.told("persistence")
    counts = [told.get(f"rdb_last_load_keys_{one}", "") for one in ("loaded", "expired")]
    if head.keys is not None and all(one.isdigit() for one in counts):  # Redis 7 counts them
        course.restored = Restored(listed=head.keys, found=sum(map(int, counts)))


def _answer(server: Server, command: str, database: str) -> str:
    got, wrong = server.ask(command, database)
    if wrong:
        raise StopError("unreadable_after_restore")
    return got


def _read(course: Course, server: Server) -> int:
    """Everything that was loaded is written out again and gone through; bytes of that."""
    said, wrong = server.ask("SAVE")
    status, out, more = server.cell.run(
        [server.path("redis-check-rdb", "valkey-check-rdb"), "/drill/data/dump.rdb"]
    )
    found = _KEYS.search(out + more)
    if wrong or status or found is None:
        course.restored = replace(course.restored, read="failed")
        raise StopError("unreadable_after_restore", "", f"{said} {(out + more)[-300:]!r}")
    rows, size = int(found[1]), (course.work.room / "data" / "dump.rdb").lstat().st_size
    spaces = sum(key.startswith("db") for key in server.told("keyspace"))
    course.restored = replace(
        course.restored, tables=spaces, rows=rows, bytes=size if rows else 0, read="whole", pages="good"
    )
    return size
