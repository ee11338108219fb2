"""Fingerprints of MySQL and MariaDB at the source: the client's own text, read as a dump of it is read.

There is no snapshot that two sessions could share. So tables are summed before the dump and after it: what is
equal was still and must be found again, what is not is bounded; or, for so long as the application can wait,
both are made under FLUSH TABLES WITH READ LOCK. The text of a row depends on options of the client
(`--hex-blob`, character set, time zone): they must be those of the job.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar

from checks.api import ErrorKind, ObservationError
from checks.artefacts.fingerprint import BOUNDED, EXACT, Counted, Fingerprint, root
from checks.artefacts.mysqldump import Dump, read_dump
from checks.places import Stream, Tools

T = TypeVar("T")
_CLIENTS = ("mariadb", "mysql")
_DUMPERS = ("mariadb-dump", "mysqldump")
_SECRET = 9  # the descriptor on which the option file with the password is handed over
_PASSWORD = re.compile(r"--(?:loose[-_])?pa|.*password")
_LONGEST_S = 31 * 24 * 3600
_NEVER = ("information_schema", "performance_schema", "sys", "mysql")


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach it: by `socket`, or `host` and `port`. `options`: of the job's dump, as far as they change
    the text of rows. Needs SELECT, SHOW VIEW, TRIGGER on the database; RELOAD to lock."""

    user: str
    password: str = ""
    socket: str = ""
    host: str = ""
    port: int = 3306
    options: tuple[str, ...] = ("--default-character-set=utf8mb4",)

    def __post_init__(self) -> None:
        # The clients take any beginning of an option that fits no other: `--pa=…` is the password as well.
        odd = [one for one in self.options if not one.startswith("--") or _PASSWORD.match(one)]
        if odd:
            raise ValueError(f"options: {odd[0][:4]!r}… is none of a dump's")
        if any("\n" in one or "\0" in one for one in (self.user, self.password, self.socket, self.host)):
            raise ValueError("user, password, host and socket hold no newline")


def take(
    tools: Tools,
    server: Server,
    database: str,
    now: Callable[[], int],
    paced: Callable[[BinaryIO], BinaryIO] = lambda stream: stream,
) -> Fingerprint:
    """Sum up all tables of a database, in one transaction; `now` is UTC epoch milliseconds. What the client
    writes is read through `paced`."""
    started = now()
    dump = Dump()
    argv = [
        *("--single-transaction", "--skip-triggers", "--skip-lock-tables", "--skip-dump-date"),
        *(*server.options, "--", database),
    ]
    with _running(tools, server, _DUMPERS, argv) as stream:
        read_dump(paced(stream.out), dump, database=database)
        status = stream.finish()
    if status or not dump.complete:
        raise ObservationError(*_why(stream.complaint))
    tables = {name: Counted(one.count, one.hex(), EXACT, one.count) for name, one in dump.tables.items()}
    return Fingerprint(
        v=1,
        kind="mariadb" if "MariaDB" in dump.tool + dump.server else "mysql",
        database=database,
        system="",
        server=dump.server,
        mode="exact",
        started=started,
        ended=now(),
        tables=tables,
        root=root(tables, None),
        tool=dump.tool,
        encoding=dump.charset,
        databases=databases(tools, server),
    )


def between(before: Fingerprint, after: Fingerprint) -> Fingerprint:
    """What a dump made between the two must hold: exactly, where both are equal; else within their counts."""
    tables: dict[str, Counted] = {}
    skipped = dict(before.skipped)
    for name in before.tables.keys() | after.tables.keys():
        one, two = before.tables.get(name), after.tables.get(name)
        if one is None or two is None:
            skipped[name] = "came or went"
        elif (one.count, one.sum) == (two.count, two.sum):
            tables[name] = one
        else:
            tables[name] = Counted(min(one.count, two.count), "", BOUNDED, max(one.count, two.count))
    return replace(
        after,
        mode="sandwich",
        started=before.started,
        tables=tables,
        skipped=skipped,
        root=root(tables, None),
    )


def around(
    tools: Tools,
    server: Server,
    database: str,
    now: Callable[[], int],
    make: Callable[[], T],
    *,
    lock: bool = False,
) -> tuple[Fingerprint, T]:
    """Make a dump with `make()` and the fingerprint around it; with `lock` nobody writes meanwhile."""
    if lock:
        with locked(tools, server):
            return take(tools, server, database, now), make()
    before = take(tools, server, database, now)
    made = make()
    return between(before, take(tools, server, database, now)), made


@contextlib.contextmanager
def locked(tools: Tools, server: Server, patience_s: int = 60) -> Iterator[None]:
    """Nobody writes: FLUSH TABLES WITH READ LOCK in a session of its own, released with it.

    Whoever writes waits behind us while we wait for the lock, so not longer than `patience_s`
    (ObservationError `timeout`). One that was lost meanwhile (the session killed, the server started anew) is
    ObservationError `unreachable` at the end: what was done under it is of no one instant.
    """
    read_end, write_end = os.pipe()
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(os.fdopen(write_end, "wb", buffering=0))
        theirs = stack.enter_context(os.fdopen(read_end, "rb", buffering=0))
        # A client that connects again would have a session without the lock.
        argv = ["--batch", "--skip-column-names", "--unbuffered", "--skip-reconnect"]
        stream = stack.enter_context(_running(tools, server, _CLIENTS, argv, stdin=theirs))
        # A session that says nothing while a dump is made is ended by many servers' `wait_timeout`.
        ours.write(
            b"SET SESSION lock_wait_timeout = %d; SET SESSION wait_timeout = %d;" % (patience_s, _LONGEST_S)
            + b"FLUSH TABLES WITH READ LOCK; SELECT 'locked';\n"
        )
        if stream.out.readline().strip() != b"locked":
            ours.close()
            stream.finish()
            raise ObservationError(*_why(stream.complaint))
        yield
        with contextlib.suppress(BrokenPipeError):
            ours.write(b"SELECT 'held';\n")
        if stream.out.readline().strip() != b"held":
            raise ObservationError(ErrorKind.UNREACHABLE, "the lock did not hold to the end")
        ours.close()


def databases(tools: Tools, server: Server) -> tuple[str, ...]:
    """Databases on the server, the system's own left out: what no policy names is not backed up."""
    return tuple(sorted(one for one in _asked(tools, server, "SHOW DATABASES") if one not in _NEVER))


def patience(tools: Tools, server: Server) -> int:
    """Seconds for which the server waits for a client that takes nothing of what it is sent."""
    said = _asked(tools, server, "SELECT @@global.net_write_timeout")
    return int(said[0]) if said and said[0].isdigit() else 1


def _asked(tools: Tools, server: Server, statement: str) -> list[str]:
    """Lines of the answer."""
    argv = ["--batch", "--skip-column-names", "-e", statement]
    with _running(tools, server, _CLIENTS, argv) as stream:
        lines = stream.out.read(1 << 20).decode("utf-8", "replace").splitlines()
        if stream.finish():
            raise ObservationError(*_why(stream.complaint))
    return lines


@contextlib.contextmanager
def _running(
    tools: Tools, server: Server, names: Sequence[str], argv: Sequence[str], stdin: BinaryIO | None = None
) -> Iterator[Stream]:
    program = next((one for one in names if tools.find(one) is not None), names[0])
    secrets: Mapping[int, bytes] = {_SECRET: _options(server)}
    words = [program, f"--defaults-file=/dev/fd/{_SECRET}", *argv]
    with tools.stream(words, stdin=stdin, secrets=secrets) as stream:
        yield stream


def _options(server: Server) -> bytes:
    lines = ["[client]", f"user={_quoted(server.user)}", f"password={_quoted(server.password)}"]
    if server.socket:
        lines += [f"socket={_quoted(server.socket)}", "protocol=socket"]
    else:
        lines += [f"host={_quoted(server.host)}", f"port={server.port}", "protocol=tcp"]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _why(complaint: bytes) -> tuple[ErrorKind, str]:
    text = complaint.decode("utf-8", "replace")
    if "Access denied" in text or "denied to user" in text:
        return ErrorKind.DENIED, "the account may not read or lock"
    if "Can't connect" in text or "Lost connection" in text:
        return ErrorKind.UNREACHABLE, "the server does not answer"
    if "Lock wait timeout" in text:
        return ErrorKind.TIMEOUT, "a statement under way keeps the lock away"
    return ErrorKind.GARBLED, "the client ended without a whole dump"
