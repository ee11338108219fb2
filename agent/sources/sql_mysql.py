"""A read-only session on MySQL or MariaDB, by PyMySQL."""

import ssl
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_session import Rows, Session, Watch, dial
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

try:
    import pymysql
except ImportError:
    raise ObservationError(
        ErrorKind.UNSUPPORTED, "no driver here: pip install 'roundseal[agent-sql]' (PyMySQL)"
    ) from None

_KINDS = {
    1040: (ErrorKind.REFUSED, "too many connections: "),
    1203: (ErrorKind.REFUSED, "too many connections: "),
    1226: (ErrorKind.REFUSED, "too many connections: "),
    1053: (ErrorKind.REFUSED, "closed: "),
    2006: (ErrorKind.REFUSED, "closed: "),
    2013: (ErrorKind.REFUSED, "closed: "),
    1129: (ErrorKind.REFUSED, "host blocked: "),
    2026: (ErrorKind.REFUSED, "TLS: "),
    1205: (ErrorKind.TIMEOUT, ""),
    1969: (ErrorKind.TIMEOUT, ""),
    3024: (ErrorKind.TIMEOUT, ""),
    1317: (ErrorKind.TIMEOUT, ""),
    **dict.fromkeys(
        (1044, 1045, 1049, 1130, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 3118), (ErrorKind.DENIED, "")
    ),
    **dict.fromkeys((1792, 1290, 4151), (ErrorKind.DENIED, "writing is not allowed: ")),
    **dict.fromkeys((1054, 1064, 1109, 1146, 1193, 1235, 1305), (ErrorKind.UNSUPPORTED, "not known there: ")),
}


def connect(at: Reach, secret: Secret) -> "MysqlSession":
    """Log in; the deadline runs from here."""
    deadline = time.monotonic() + at.timeout_ms / 1000
    port = at.port or PORTS[at.platform]
    peer = f"{at.address}:{port}"
    sock = dial(at.address, port, deadline)
    watch = Watch(sock.fileno(), deadline)
    try:
        conn = _login(at, secret, sock, port)
    except BaseException as error:
        cut = watch.cut
        watch.close()
        sock.close()
        if isinstance(error, _DRIVER):
            raise _error(error, peer, cut) from None
        raise
    return MysqlSession(conn, watch, deadline, peer)


# What PyMySQL lets through of a server that answers nonsense.
_DRIVER = (pymysql.Error, OSError, AssertionError, IndexError, ValueError, TypeError, KeyError, RuntimeError)


def _this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # not what only begins like it


class _InTheClear:
    """A way to log in by which the password itself goes over the wire: under TLS, or to this machine, only.

    Any server may ask for it, and the driver by itself would answer: who listens on the way could be that
    server. MySQL's own client refuses it too.
    """

    def __init__(self, conn: Any) -> None:
        self._conn = conn

    def authenticate(self, _packet: Any) -> Any:
        """Send it (plugin mysql_clear_password)."""
        self._allow()
        self._conn.write_packet(self._conn.password + b"\0")
        answer = self._conn._read_packet()
        answer.check_error()
        return answer

    def _allow(self) -> None:
        if not self._conn._secure and not _this_machine(str(self._conn.host)):
            detail = f"{self._conn.host}: it wants the password in the clear: set tls"
            raise ObservationError(ErrorKind.DENIED, detail)


class _Dialog(_InTheClear):
    """The driver's own conversation (MariaDB's PAM), once it is allowed."""

    def authenticate(self, _packet: Any) -> Any:
        """AttributeError: this the driver takes for `go on yourself`."""
        self._allow()
        raise AttributeError


_CLEAR: dict[str, Callable[[Any], Any]] = {"mysql_clear_password": _InTheClear, "dialog": _Dialog}


def _login(at: Reach, secret: Secret, sock: Any, port: int) -> Any:
    conn: Any = pymysql.connections.Connection(
        host=at.address,
        port=port,
        user=secret["user"],
        password=secret.get("password"),
        database=at.database or None,
        connect_timeout=max(at.timeout_ms // 1000, 1),
        read_timeout=max(at.timeout_ms // 1000, 1),
        autocommit=True,
        defer_connect=True,
        charset="utf8mb4",
        local_infile=False,
        auth_plugin_map=_CLEAR,
        program_name="roundseal",
        **_tls(at),
    )
    try:
        conn.connect(sock)
    except BaseException:
        conn._force_close()  # its own close() speaks to the server first
        raise
    return conn


def _tls(at: Reach) -> dict[str, Any]:
    if at.tls == "off":
        return {"ssl_disabled": True}
    if at.tls == "prefer":
        return {}
    context = ssl.create_default_context(cadata=at.ca or None)
    if at.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _error(error: BaseException, peer: str, cut: bool) -> ObservationError:
    if cut or isinstance(error, TimeoutError):
        return ObservationError(ErrorKind.TIMEOUT, peer)
    if isinstance(error, ssl.SSLError):
        return ObservationError(ErrorKind.REFUSED, f"TLS: {peer}")
    number = error.args[0] if isinstance(error, pymysql.Error) and error.args else None
    inner = getattr(error, "original_exception", None)
    if number == 2003 and inner is not None:
        return _error(inner, peer, cut)
    if isinstance(number, int) and number in _KINDS:
        kind, words = _KINDS[number]
        if number == 2013 and "timed out" in str(error):
            kind, words = ErrorKind.TIMEOUT, ""
        return ObservationError(kind, f"{words}{peer} ({number})")
    if isinstance(error, ConnectionError):
        return ObservationError(ErrorKind.GARBLED, f"closed: {peer}")
    return ObservationError(ErrorKind.GARBLED, f"{peer}: {type(error).__name__} {number or ''}".rstrip())


class MysqlSession(Session):
    """One connection inside one read-only transaction."""

    def __init__(self, conn: Any, watch: Watch, deadline: float, peer: str) -> None:
        self._conn = conn
        self._watch = watch
        self._peer = peer
        self.mariadb = "mariadb" in str(conn.get_server_info()).lower()
        left = max(int((deadline - time.monotonic()) * 1000), 1)
        try:
            self._begin(left)
        except ObservationError:
            self.close()
            raise

    def _begin(self, left_ms: int) -> None:
        if self.mariadb:
            self._run(f"SET SESSION max_statement_time = {left_ms / 1000:.3f}", (), 0)
        else:
            self._run(f"SET SESSION max_execution_time = {left_ms}", (), 0)
        self._run(f"SET SESSION lock_wait_timeout = {min(left_ms // 1000 + 1, 2)}", (), 0)
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", (), 0)
        self._run("START TRANSACTION READ ONLY", (), 0)

    def rows(self, statement: str, given: Sequence[Any] = (), *, most: int = 5000) -> Rows:
        """Rows of one statement."""
        return self._run(statement, given, most)

    def named(self, statement: str) -> list[dict[str, Any]]:
        """Rows by column name, lower case: SHOW differs from version to version."""
        try:
            with self._conn.cursor() as cursor:
                cursor.execute(statement)
                names = [str(column[0]).lower() for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(1000)]
        except _DRIVER as error:
            raise _error(error, self._peer, self._watch.cut) from None

    def _run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        try:
            with self._conn.cursor() as cursor:
                cursor.execute(statement, tuple(given) or None)
                return list(cursor.fetchmany(most)) if most else []
        except _DRIVER as error:
            raise _error(error, self._peer, self._watch.cut) from None

    def close(self) -> None:
        """End it: the server rolls back what never wrote."""
        self._watch.close()
        self._conn._force_close()  # does not wait for a server that may be stopped
