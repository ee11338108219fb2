"""A read-only session on PostgreSQL or Kingbase, by psycopg."""

import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from traceback import clear_frames
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_session import Rows, Watch
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

try:
    import psycopg
    from psycopg import errors
except ImportError:
    raise ObservationError(
        ErrorKind.UNSUPPORTED, "no driver here: pip install 'roundseal[agent-sql]' (psycopg)"
    ) from None

_SSLMODE = {"off": "disable", "prefer": "prefer", "require": "require", "verify": "verify-full"}


def connect(at: Reach, secret: Secret) -> "PostgresSession":
    """Log in; the deadline runs from here."""
    deadline = time.monotonic() + at.timeout_ms / 1000
    port = at.port or PORTS[at.platform]
    peer = f"{at.address}:{port}"
    with tempfile.TemporaryDirectory(prefix="roundseal-") as folder:
        try:
            conn = psycopg.connect(
                host=at.address,
                port=port,
                dbname=at.database or ("test" if at.platform == "kingbase" else "postgres"),
                user=secret["user"],
                password=secret.get("password") or None,
                connect_timeout=max(at.timeout_ms // 1000, 2),  # libpq's least
                application_name="roundseal",
                sslmode=_SSLMODE[at.tls],
                gssencmode="disable",
                passfile="/dev/null",
                autocommit=True,
                **_certificates(at, secret, Path(folder)),
            )
        except psycopg.Error as error:
            # A login that took too long hangs in the frames of the driver's error, in a circle: the server
            # would see it open until the garbage is collected.
            clear_frames(error.__traceback__)
            raise _login_error(error, peer) from None
    return PostgresSession(conn, deadline, peer)


def _certificates(at: Reach, secret: Secret, folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if at.tls == "verify":
        made["sslrootcert"] = "system"
        if at.ca:  # libpq reads it from a file only
            (folder / "ca.pem").write_text(at.ca)
            made["sslrootcert"] = str(folder / "ca.pem")
    if secret.get("cert"):
        made |= {"sslcert": secret["cert"], "sslkey": secret["key"]}
    return made


def _login_error(error: psycopg.Error, peer: str) -> ObservationError:
    """libpq gives no SQLSTATE for failed logins: its own English words are what there is."""
    said = str(error).lower()
    for kind, detail, marks in _SAID:
        if re.search(marks, said):
            return ObservationError(kind, f"{detail}: {peer}" if detail else peer)
    return ObservationError(ErrorKind.GARBLED, f"{peer}: {type(error).__name__}")


_SAID = (
    (ErrorKind.REFUSED, "too many connections", r"too many (clients|connections)|remaining connection"),
    (ErrorKind.REFUSED, "starting", r"starting up|shutting down|in recovery mode|not yet accepting"),
    (ErrorKind.DENIED, "no such database", r'database "[^"]*" does not exist'),
    (ErrorKind.DENIED, "login", r"authentication failed|no password|role .* does not exist|_hba\.conf"),
    (ErrorKind.DENIED, "login", r"not permitted to log in|permission denied|password .*expired"),
    (ErrorKind.UNSUPPORTED, "way to log in (SM3? ksycopg2)", r"authentication method|no sasl"),
    (ErrorKind.TIMEOUT, "", r"timeout|timed out"),
    (ErrorKind.REFUSED, "", r"connection refused"),
    (ErrorKind.REFUSED, "TLS", r"certificate|does not support ssl|ssl error"),
    (ErrorKind.UNREACHABLE, "", r"could not translate|no route|unreachable|resolve|name or service"),
    (ErrorKind.GARBLED, "closed", r"closed the connection|connection reset|eof|lost synchronization"),
)


class PostgresSession:
    """One connection inside one read-only transaction."""

    def __init__(self, conn: "psycopg.Connection[Any]", deadline: float, peer: str) -> None:
        self._conn = conn
        self._peer = peer
        self._watch = Watch(conn.fileno(), deadline)
        left = max(int((deadline - time.monotonic()) * 1000), 1)
        try:
            self._run("BEGIN TRANSACTION READ ONLY", (), 0)
            self._run(f"SET LOCAL statement_timeout = {left}", (), 0)
            self._run(f"SET LOCAL lock_timeout = {min(left, 2000)}", (), 0)
        except ObservationError:
            self.close()
            raise

    def rows(self, statement: str, given: Sequence[Any] = (), *, most: int = 5000) -> Rows:
        """Rows of one statement; a failed one leaves the session usable."""
        self._run("SAVEPOINT look", (), 0)
        try:
            found = self._run(statement, given, most)
        except ObservationError as problem:
            if problem.kind in (ErrorKind.DENIED, ErrorKind.UNSUPPORTED):
                self._run("ROLLBACK TO SAVEPOINT look", (), 0)
            raise
        return found

    def missing(self, statement: str) -> bool:
        """Whether a table or function is not there."""
        try:
            self.rows(statement, most=1)
        except ObservationError as problem:
            if problem.kind is ErrorKind.UNSUPPORTED:
                return True
            raise
        return False

    def _run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        try:
            with self._conn.cursor() as cursor:
                # A prepared statement holds one command: the server itself refuses a second one.
                cursor.execute(statement, tuple(given) or None, prepare=most > 0)
                return list(cursor.fetchmany(most)) if most and cursor.description else []
        except psycopg.Error as error:
            raise self._error(error) from None

    def _error(self, error: psycopg.Error) -> ObservationError:
        if self._watch.cut or isinstance(error, errors.QueryCanceled | errors.LockNotAvailable):
            return ObservationError(ErrorKind.TIMEOUT, self._peer)
        state = error.sqlstate or ""
        if state == "42501" or state.startswith("28"):
            return ObservationError(ErrorKind.DENIED, f"{self._peer}: a right is missing ({state})")
        if state == "25006":
            return ObservationError(ErrorKind.DENIED, f"{self._peer}: writing is not allowed here")
        if state[:2] in ("42", "0A", "3F", "55"):
            return ObservationError(ErrorKind.UNSUPPORTED, f"{self._peer}: not known there ({state})")
        if state.startswith("57P") or not state:
            return ObservationError(ErrorKind.REFUSED, f"closed: {self._peer}")
        return ObservationError(ErrorKind.GARBLED, f"{self._peer}: {state}")

    def close(self) -> None:
        """End it: the server rolls back what never wrote."""
        self._watch.close()
        self._conn.close()
