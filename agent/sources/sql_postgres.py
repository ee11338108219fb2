"""A read-only session on PostgreSQL or Kingbase, by psycopg."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from traceback import clear_frames
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_session import Rows, Watch
from agent.sources.sql_states import login_trouble, trouble
from agent.sources.sql_transaction import Transaction
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

try:
    import psycopg
except ImportError:
    raise ObservationError(
        ErrorKind.UNSUPPORTED, "no driver here: pip install 'roundseal[agent-sql]' (psycopg)"
    ) from None

SSLMODE = {"off": "disable", "prefer": "prefer", "require": "require", "verify": "verify-full"}


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
                sslmode=SSLMODE[at.tls],
                gssencmode="disable",
                passfile="/dev/null",
                autocommit=True,
                **certificates(at, secret, Path(folder)),
            )
        except psycopg.Error as error:
            # A login that took too long hangs in the frames of the driver's error, in a circle: the server
            # would see it open until the garbage is collected.
            clear_frames(error.__traceback__)
            # The driver reads the server's words as UTF-8, whatever they are in.
            said = getattr(error.pgconn, "error_message", b"") or str(error)
            raise login_trouble(said, peer, type(error).__name__) from None
    return PostgresSession(conn, deadline, peer)


def certificates(at: Reach, secret: Secret, folder: Path) -> dict[str, Any]:
    """Parameters of libpq for TLS; what it reads from files only lies in `folder`."""
    made: dict[str, Any] = {}
    if at.tls == "verify":
        made["sslrootcert"] = "system"
        if at.ca:  # libpq reads it from a file only
            (folder / "ca.pem").write_text(at.ca)
            made["sslrootcert"] = str(folder / "ca.pem")
    if secret.get("cert"):
        made |= {"sslcert": secret["cert"], "sslkey": secret["key"]}
    return made


class PostgresSession(Transaction):
    """The driver's connection, cut at the deadline."""

    def __init__(self, conn: "psycopg.Connection[Any]", deadline: float, peer: str) -> None:
        self._conn = conn
        self._peer = peer
        self._watch = Watch(conn.fileno(), deadline)
        self.begin(deadline)

    def run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        try:
            with self._conn.cursor() as cursor:
                # A prepared statement holds one command: the server itself refuses a second one.
                cursor.execute(statement, tuple(given) or None, prepare=most > 0)
                return list(cursor.fetchmany(most)) if most and cursor.description else []
        except psycopg.Error as error:
            if self._watch.cut:
                raise ObservationError(ErrorKind.TIMEOUT, self._peer) from None
            raise trouble(error.sqlstate or "", self._peer) from None

    def close(self) -> None:
        """End it: the server rolls back what never wrote."""
        self._watch.close()
        self._conn.close()
