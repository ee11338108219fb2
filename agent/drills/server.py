"""A throwaway PostgreSQL in the cell: a socket and nothing else, nothing durable, nothing that wakes up."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from agent.drills.cell import Cell, Running
from agent.drills.complaints import why
from agent.drills.errors import StopError
from agent.drills.programs import Programs
from agent.drills.work import Work
from checks.artefacts.copyrows import Lines

DATA, SOCKET = "/drill/data", "/drill/s"
# Nothing outlives a drill, so nothing is flushed; nothing of the source's settings may wake anything.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "unix_socket_directories": SOCKET,
    "unix_socket_permissions": "0700",
    "archive_mode": "off",
    "archive_command": "/bin/false",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
    "shared_buffers": "64MB",
    "jit": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "ssl": "off",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "posix",
    "external_pid_file": "",
}
_START_S = 60.0
_PLAIN = (
    "SET datestyle TO 'ISO, YMD'; SET intervalstyle TO postgres; SET extra_float_digits TO 3;"
    " SET row_security TO off; SET client_encoding TO 'UTF8'; SET synchronize_seqscans TO off;"
    " SET statement_timeout TO 0; SET lock_timeout TO 0; SET xmloption TO content;"
    " SET default_transaction_read_only TO on;\n"
)
_READ_ONLY = "SET default_transaction_read_only TO on; SET client_encoding TO 'UTF8';\n"


@dataclass(slots=True)
class Server:
    """`kept`: its process while it runs."""

    work: Work
    cell: Cell
    programs: Programs
    kept: Running | None = None

    def init(self, encoding: str) -> None:
        """A new cluster."""
        utf8 = encoding.upper().replace("-", "") in ("UTF8", "UNICODE")
        for locale in ("C.UTF-8", "C") if utf8 else ("C",):
            words = ["-N", "-A", "trust", "-U", "postgres", "-E", encoding, f"--locale={locale}"]
            status, _, said = self.run("initdb", *words, "--no-instructions", "-D", DATA)
            if status == 0:
                return
        raise why(said, "no_tool")

    def run(
        self,
        name: str,
        *words: str,
        stdin: BinaryIO | int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, bytes]:
        """One of its programs."""
        return self.cell.run([self.programs.path(name), *words], stdin=stdin, env=self._env(env))

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start it, wait until it answers; it ends with the cell."""
        given = {**SETTINGS, **(more or {})}
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        argv = [self.programs.path("postgres"), "-D", DATA, *words]
        self.kept = self.work.open.enter_context(self.cell.start(argv, env=self._env(None)))
        self._wait(self.kept)

    def _wait(self, running: Running) -> None:
        end = time.monotonic() + _START_S
        while True:
            if not running.alive():
                running.finish()
                raise why(running.complaint, "restore_failed")
            if self.run("pg_isready", "-q", "-h", SOCKET, "-U", "postgres", "-d", "postgres")[0] == 0:
                return
            # Recovery may take as long as the whole drill; a start without it may not.
            if time.monotonic() > end and b"redo starts" not in running.complaint:
                said = running.complaint[-500:].decode("utf-8", "replace")
                raise StopError("restore_failed", "start", said)
            self.work.check()
            time.sleep(0.02)

    def answer(self, text: str, database: str = "postgres") -> str:
        """Rows of a query, tabs between columns, NULL empty. StopError where it fails."""
        status, out, said = self.script(text, database)
        if status:
            raise why(said, "unreadable_after_restore")
        return out.decode("utf-8", "surrogateescape").rstrip("\n")

    def ask(self, text: str, database: str) -> str:
        """Rows of a question, which may change nothing."""
        return self.answer(f"{_READ_ONLY}{text.rstrip().rstrip(';')};\n", database)

    def script(
        self, text: str | bytes, database: str = "postgres", *, stop: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Run statements; `stop` at the first that fails."""
        with memory_file(text) as file:
            return self.run("psql", *self.words(database, stop), "-f", "-", stdin=file)

    def words(self, database: str, stop: bool = True) -> list[str]:
        """What psql is told each time."""
        on = ["-v", "ON_ERROR_STOP=1"] if stop else []
        return ["-X", "-q", "-A", "-t", "-F", "\t", *on, "-h", SOCKET, "-U", "postgres", "-d", database]

    @contextlib.contextmanager
    def copies(self, database: str, statements: Sequence[str], zone: str) -> Iterator[Lines]:
        """Output of COPY statements one after the other, `\\.` behind each, all read in one session."""
        text = "".join(f"{one}\n\\echo '\\\\.'\n" for one in statements)
        begin = f"{_PLAIN}SET timezone TO '{zone}';\nBEGIN ISOLATION LEVEL REPEATABLE READ;\n"
        argv = [self.programs.path("psql"), *self.words(database), "-f", "-"]
        with (
            memory_file(begin + text) as file,
            self.cell.start(argv, stdin=file, env=self._env(None), read=True) as running,
        ):
            try:
                yield Lines(running.out)
            except StopError as problem:
                running.finish()
                raise why(running.complaint, problem.reason) from None
            if running.finish():
                raise why(running.complaint, "unreadable_after_restore")

    def _env(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {"PGOPTIONS": "", "PSQL_HISTORY": "/dev/null", **(more or {})}


@contextlib.contextmanager
def memory_file(text: str | bytes) -> Iterator[int]:
    """A descriptor from which this can be read."""
    number = os.memfd_create("drill", os.MFD_CLOEXEC)
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
        os.lseek(number, 0, os.SEEK_SET)
        yield number
    finally:
        os.close(number)
