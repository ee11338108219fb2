"""A read-only session on Kingbase by its maker's own driver (ksycopg2), where psycopg knows no way in.

A server set to SM3 asks for a way to log in that PostgreSQL has not. The driver is installed by whoever has
a licence of the product; it speaks PostgreSQL's protocol too, and on that it was tried. It runs in a process
of its own (sql_kingbase_child), which ends at the deadline whatever the driver waits for.
"""

import math
import os
import pickle
import select
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_kingbase_child import HEAD, MOST_FRAME, send
from agent.sources.sql_postgres import SSLMODE, certificates
from agent.sources.sql_session import Rows, dial
from agent.sources.sql_states import login_trouble, trouble
from agent.sources.sql_transaction import Transaction
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

_PIECE = 65_536
_GRACE_S = 5  # at the deadline this side ends the child; so much later the kernel, where this side is gone


def connect(at: Reach, secret: Secret, until: float) -> "KingbaseSession":
    """Log in; all of it is over at `until` (monotonic seconds)."""
    if find_spec("ksycopg2") is None:
        detail = "it wants Kingbase's own way to log in (SM3?), and no driver is here: pip install ksycopg2"
        raise ObservationError(ErrorKind.UNSUPPORTED, detail)
    port = at.port or PORTS["kingbase"]
    # Whether anybody listens is found out first: the driver's words for it differ.
    dial(at.address, port, until).close()
    with tempfile.TemporaryDirectory(prefix="roundseal-") as folder:
        given = {
            "host": at.address,
            "port": port,
            "dbname": at.database or "test",
            "user": secret["user"],
            "password": secret.get("password") or None,
            "application_name": "roundseal",
            "sslmode": SSLMODE[at.tls],
            "gssencmode": "disable",
            **certificates(at, secret, Path(folder)),
        }
        if given.get("sslrootcert") == "system":  # it knows no such word
            known = ssl.get_default_verify_paths()
            given["sslrootcert"] = known.cafile or known.openssl_cafile
        return KingbaseSession(given, until, f"{at.address}:{port}")


class KingbaseSession(Transaction):
    """The driver's connection in the child."""

    def __init__(self, given: dict[str, Any], until: float, peer: str) -> None:
        self._until = until
        self._peer = peer
        seconds = max(math.ceil(until - time.monotonic()), 0) + _GRACE_S
        words = [sys.executable, "-m", "agent.sources.sql_kingbase_child", str(seconds)]
        self._child = subprocess.Popen(  # noqa: S603  # this program itself; what connects goes by its input
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ
        )
        # Both are pipes, as was asked for.
        self._give: Any = self._child.stdin
        self._take: Any = self._child.stdout
        try:
            kind, *rest = self._asked(given)
            if kind != "rows":
                raise login_trouble(rest[1], peer, "login")
        except BaseException:
            self.close()
            raise
        self.begin(until)

    def run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        kind, *rest = self._asked((statement, tuple(given), most))
        if kind == "rows":
            return list(rest[0])
        raise trouble(rest[0], self._peer)

    def _asked(self, question: Any) -> tuple[Any, ...]:
        """The child's answer; at the deadline the child is ended."""
        try:
            send(self._give, question)
            size = HEAD.unpack(self._taken(HEAD.size))[0]
            if size > MOST_FRAME:
                raise ObservationError(ErrorKind.GARBLED, f"{self._peer}: an answer without end")
            found: tuple[Any, ...] = pickle.loads(self._taken(size))  # noqa: S301  # from our own child
        except (BrokenPipeError, EOFError):
            raise ObservationError(ErrorKind.GARBLED, f"{self._peer}: the driver ended") from None
        return found

    def _taken(self, size: int) -> bytes:
        number, data = self._take.fileno(), bytearray()
        while len(data) < size:
            left = self._until - time.monotonic()
            if left <= 0 or not select.select([number], [], [], left)[0]:
                raise ObservationError(ErrorKind.TIMEOUT, self._peer)
            piece = os.read(number, min(size - len(data), _PIECE))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def close(self) -> None:
        """End it: the server rolls back what never wrote."""
        self._child.kill()
        for stream in (self._give, self._take):
            with suppress(BrokenPipeError):
                stream.close()
        self._child.wait()
