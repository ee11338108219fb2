"""One session on a database through its own shell (psql, ksql): the settings of pg_dump, one snapshot.

The tool needs no driver of ours (SM3 logins of KingbaseES defeat libpq's), and gives the rows in blocks. Each
statement is followed by one that prints a random mark, so that we know where its rows end. What went wrong
is read from the tool's complaints: of a COPY that breaks off it sets no variable.
"""

import contextlib
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from agent.errors import AgentError
from agent.fingerprints.login import Login
from checks.artefacts.copyrows import Lines, Sum

_SETTINGS = (
    "SET DateStyle = ISO",
    "SET IntervalStyle = postgres",
    "SET extra_float_digits = 3",
    "SET synchronize_seqscans = off",
    "SET row_security = off",
    "SET statement_timeout = 0",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = 0",
    "SET transaction_timeout = 0",
    "SET client_min_messages = error",
)
_COMPLAINT = re.compile(rb"^[^\s:]+:\s+([0-9A-Z]{5}): ", re.MULTILINE)
_MILD = (b"00", b"01", b"02")  # classes of notices and warnings
_ESCAPED = re.compile(r"\\(.)")
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODES = {"42501": "denied", "55P03": "busy", "57014": "timeout", "42P01": "gone", "3F000": "gone"}


class StatementError(Exception):
    """The server refused one statement; the session goes on. `state`: SQLSTATE, `reason`: denied, busy,
    timeout, gone, or refused."""

    code = "bad_statement"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
        self.reason = _CODES.get(state, "refused")


class Session:
    """One transaction of one connection."""

    def __init__(self, child: "subprocess.Popen[bytes]", complaint: IO[bytes]) -> None:
        self._child = child
        self._complaint = complaint.fileno()
        self._heard = 0
        self._mark = secrets.token_hex(16)
        self._end = self._mark.encode() + b"\n"
        assert child.stdout is not None  # noqa: S101  # Popen was given a pipe
        self._lines = Lines(child.stdout)  # type: ignore[arg-type]  # raw: a read gives what is there

    def begin(self) -> None:
        """Settings as pg_dump makes them, then one snapshot for everything."""
        self.prepare()
        for setting in _SETTINGS:
            with contextlib.suppress(StatementError):  # an older server does not know them all
                self.do(setting)
        self.do("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Names in values (regclass, regtype) are written with their schema, as in a dump.
        self.rows("SELECT pg_catalog.set_config('search_path', '', false)")

    def prepare(self) -> None:
        """Complaints with their SQLSTATE."""
        self._write("\\set VERBOSITY verbose\n")

    def guard(self) -> None:
        """From now on a statement that fails leaves the transaction usable."""
        self._write("\\set ON_ERROR_ROLLBACK on\n")

    def do(self, statement: str) -> None:
        """A statement without rows."""
        for _ in self._run(statement):
            pass

    def rows(self, query: str) -> list[list[str | None]]:
        """Rows of a query, as text."""
        made = []
        for batch in self._run(f"COPY ({query}) TO STDOUT"):
            made += [_row(line) for line in batch]
        return made

    def one(self, query: str) -> str | None:
        """The one value of a query."""
        found = self.rows(query)
        return found[0][0] if found else None

    def copy(self, statement: str, into: Sum) -> Iterator[int]:
        """Add the rows of a COPY to a sum; gives the bytes of each batch."""
        for batch in self._run(statement):
            before = into.size
            into.add(batch)
            yield into.size - before

    def batches(self, query: str) -> Iterator[list[bytes]]:
        """Lines of a query, as COPY gives them."""
        return self._run(f"COPY ({query}) TO STDOUT")

    def _write(self, text: str) -> None:
        assert self._child.stdin is not None  # noqa: S101  # likewise
        try:
            self._child.stdin.write(text.encode())
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None

    def _run(self, statement: str) -> Iterator[list[bytes]]:
        self._write(f"{statement};\nSELECT '{self._mark}';\n")
        lines, end, open_line = self._lines, self._end, False
        while True:
            batch = lines.ahead()
            if not batch:
                raise self._gone()
            try:
                at = batch.index(end, 1 if open_line else 0)
            except ValueError:
                at = -1
            given = batch if at < 0 else batch[:at]
            if given:
                yield given
                open_line = given[-1][-1] != 10
            lines.take(len(given) + (at >= 0))
            if at >= 0:
                break
        if state := self._complained():
            raise StatementError(state)

    def _complained(self) -> str:
        """SQLSTATE of what went wrong since the last time, "" for nothing."""
        said = os.pread(self._complaint, 1 << 20, self._heard)
        self._heard += len(said)
        states = _COMPLAINT.findall(said)
        hard = [one.decode() for one in states if one[:2] not in _MILD]
        # A complaint without a state is the tool's own.
        return hard[0] if hard else "XX000" if said.strip() and not states else ""

    def _gone(self) -> AgentError:
        self._child.wait()
        said = os.pread(self._complaint, 1 << 20, self._heard).decode("utf-8", "replace").strip()
        # A line that begins with a tab goes on with the one before it: libpq's advice, not what happened.
        lines = [one for one in said.splitlines() if not one.startswith(("LOCATION:", "\t"))]
        return AgentError("database", f"the session ended: {lines[-1] if lines else 'no word'}")


def _row(line: bytes) -> list[str | None]:
    cells = line.rstrip(b"\n").decode("utf-8", "backslashreplace").split("\t")
    return [None if one == "\\N" else _ESCAPED.sub(_letter, one) for one in cells]


def _letter(found: re.Match[str]) -> str:
    return _PLAIN.get(found.group(1), found.group(1))


@contextlib.contextmanager
def opened(login: Login, env: Mapping[str, str], user: str) -> Iterator[Session]:
    """A session; ended with its program."""
    program = login.program(login.tools.shell)
    argv = [program, "-X", "-q", "-A", "-t", *login.words(user), "-d", login.database]
    # Appended to by the tool, read from anywhere: the two share one position.
    with tempfile.TemporaryFile("a+b") as complaint, contextlib.ExitStack() as stack:
        try:
            child: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  # no shell
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaint, env=dict(env),
                bufsize=0, start_new_session=True,
            )  # fmt: skip
        except OSError as problem:
            raise AgentError("no_tool", f"{program}: {problem.strerror}") from None
        stack.callback(_end, child)
        _widen(child.stdout)
        yield Session(child, complaint)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _widen(pipe: Any) -> None:
    import fcntl

    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


def program_version(login: Login, name: str, env: Mapping[str, str]) -> str:
    """What a tool says it is: `15.20`; AgentError where there is none."""
    program = login.program(name)
    try:
        said = subprocess.run(  # noqa: S603  # no shell
            [program, "--version"], capture_output=True, env=dict(env), timeout=60, check=False
        ).stdout.decode("utf-8", "replace")
    except OSError as problem:
        raise AgentError("no_tool", f"{os.path.basename(program)}: {problem.strerror}") from None
    found = re.search(r"\d+(?:\.\d+)*", said)
    return found.group() if found else ""
