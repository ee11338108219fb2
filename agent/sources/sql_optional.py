"""Sessions by drivers that are not part of any extra: Oracle (oracledb) and Dameng (dmPython).

Never tried on the product itself: only the ways in which they fail are (nobody listens, silence, no driver).
"""

import importlib
import re
import time
from collections.abc import Sequence
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_session import Rows, Session, dial
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

_PACKAGES = {"oracle": ("oracledb", "oracledb"), "dameng": ("dmPython", "dmPython")}


def driver(platform: str) -> Any:
    """The driver's module; ObservationError `unsupported` says how to install it."""
    module, package = _PACKAGES[platform]
    try:
        return importlib.import_module(module)
    except ImportError:
        detail = f"no driver here: pip install {package}"
        raise ObservationError(ErrorKind.UNSUPPORTED, detail) from None


def connect(at: Reach, secret: Secret) -> "OptionalSession":
    """Log in and begin what can only read."""
    module = driver(at.platform)
    deadline = time.monotonic() + at.timeout_ms / 1000
    port = at.port or PORTS[at.platform]
    peer = f"{at.address}:{port}"
    # Whether anybody listens is found out first: the drivers' words for it differ.
    dial(at.address, port, deadline).close()
    try:
        conn = (_oracle if at.platform == "oracle" else _dameng)(module, at, secret, port)
    except (module.Error, OSError) as error:
        raise _error(error, peer) from None
    return OptionalSession(conn, module, peer, at.platform)


def _oracle(module: Any, at: Reach, secret: Secret, port: int) -> Any:
    seconds = max(at.timeout_ms / 1000, 1)
    conn = module.connect(
        user=secret["user"],
        password=secret.get("password"),
        host=at.address,
        port=port,
        service_name=at.database or "ORCL",
        protocol="tcps" if at.tls in ("require", "verify") else "tcp",
        ssl_server_dn_match=at.tls == "verify",
        tcp_connect_timeout=seconds,
        retry_count=0,
        program="roundseal",
    )
    conn.call_timeout = at.timeout_ms
    return conn


def _dameng(module: Any, at: Reach, secret: Secret, port: int) -> Any:
    conn = module.connect(
        user=secret["user"],
        password=secret.get("password"),
        server=at.address,
        port=port,
        autoCommit=False,
        login_timeout=at.timeout_ms,
        connection_timeout=max(at.timeout_ms // 1000, 1),
        app_name="roundseal",
    )
    return conn


_CODE = re.compile(r"\b(ORA|DPY)-(\d{4,5})|CODE:(-\d+)")
_KINDS = {
    **dict.fromkeys(("ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "ORA-01031"), ErrorKind.DENIED),
    **dict.fromkeys(("ORA-00018", "ORA-00020", "ORA-12514", "ORA-12516", "ORA-12519"), ErrorKind.REFUSED),
    **dict.fromkeys(("ORA-01033", "ORA-01034", "ORA-12528", "DPY-6000", "DPY-6001"), ErrorKind.REFUSED),
    **dict.fromkeys(("ORA-00942", "ORA-00904", "ORA-00900"), ErrorKind.UNSUPPORTED),
    **dict.fromkeys(("ORA-03136", "ORA-12170", "ORA-01013", "DPY-4024", "DPY-6005"), ErrorKind.TIMEOUT),
    **dict.fromkeys(("-2501", "-2504", "-5504", "-2507"), ErrorKind.DENIED),
    **dict.fromkeys(("-70028", "-6001", "-70019"), ErrorKind.REFUSED),
    **dict.fromkeys(("-2106", "-2111", "-2207"), ErrorKind.UNSUPPORTED),
}


def _error(error: BaseException, peer: str) -> ObservationError:
    """By the product's own number; the driver's words may name an account and are not kept."""
    if isinstance(error, TimeoutError):
        return ObservationError(ErrorKind.TIMEOUT, peer)
    found = _CODE.search(str(error))
    code = "" if found is None else found[3] or f"{found[1]}-{found[2]}"
    return ObservationError(_KINDS.get(code, ErrorKind.GARBLED), f"{peer}: {code or type(error).__name__}")


class OptionalSession(Session):
    """One connection inside one read-only transaction."""

    def __init__(self, conn: Any, module: Any, peer: str, platform: str) -> None:
        self._conn = conn
        self._module = module
        self._peer = peer
        self._platform = platform
        try:
            self._run("SET TRANSACTION READ ONLY", (), 0)
        except ObservationError:
            self.close()
            raise

    def rows(self, statement: str, given: Sequence[Any] = (), *, most: int = 5000) -> Rows:
        """Rows of one statement."""
        return self._run(statement, given, most)

    def _run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        try:
            cursor = self._conn.cursor()
            try:
                cursor.execute(statement, *([list(given)] if given else []))
                return [tuple(row) for row in cursor.fetchmany(most)] if most else []
            finally:
                cursor.close()
        except (self._module.Error, OSError) as error:
            raise _error(error, self._peer) from None

    def close(self) -> None:
        """End it; a connection that is gone already is fine."""
        try:
            self._conn.close()
        except (self._module.Error, OSError):
            return
