"""What PostgreSQL and its kin say when they refuse, as our own kinds of error: their words are never kept."""

import re

from checks.api import ErrorKind, ObservationError


def login_trouble(said: bytes | str, peer: str, name: str) -> ObservationError:
    """Failed logins have no SQLSTATE: the words `said` are what there is, the driver's in English and the
    server's in English or Chinese (its `lc_messages`; UTF-8 or GB18030). `name`: of the driver's error."""
    text = (said if isinstance(said, str) else _decoded(said)).lower()
    for kind, detail, marks in _SAID:
        if re.search(marks, text):
            return ObservationError(kind, f"{detail}: {peer}" if detail else peer)
    return ObservationError(ErrorKind.GARBLED, f"{peer}: {name}")


def _decoded(said: bytes) -> str:
    try:
        return said.decode("utf-8")
    except UnicodeDecodeError:
        return said.decode("gb18030", "replace")


# The Chinese words are those of PostgreSQL's own translation.
_SAID = (
    (
        ErrorKind.REFUSED,
        "too many connections",
        r"too many (clients|connections)|remaining connection|太多的客户|连接太多|保留的连接",
    ),
    (
        ErrorKind.REFUSED,
        "starting",
        r"starting up|shutting down|in recovery mode|not yet accepting|系统启动中|系统停止中|恢复模式",
    ),
    (ErrorKind.DENIED, "no such database", r'database "[^"]*" does not exist|数据库 ?"[^"]*" ?不存在'),
    (
        ErrorKind.DENIED,
        "login",
        r"authentication failed|no password|role .* does not exist|_hba\.conf|认证失败|空口令|角色.*不存在",
    ),
    (
        ErrorKind.DENIED,
        "login",
        r"not permitted to log in|permission denied|password .*expired|不允许角色|权限不够|密码过期",
    ),
    (ErrorKind.UNSUPPORTED, "way to log in", r"authentication method|no sasl"),
    (ErrorKind.TIMEOUT, "", r"timeout|timed out"),
    # A socket of a server that is not there is a file that is not there.
    (ErrorKind.REFUSED, "", r"connection refused|is the server running"),
    (ErrorKind.REFUSED, "TLS", r"certificate|does not support ssl|ssl error"),
    (ErrorKind.UNREACHABLE, "", r"could not translate|no route|unreachable|resolve|name or service"),
    (ErrorKind.GARBLED, "closed", r"closed the connection|connection reset|eof|lost synchronization"),
)


def trouble(state: str, peer: str) -> ObservationError:
    """A refused statement, by its SQLSTATE (empty: the connection is gone)."""
    if state in ("57014", "55P03"):  # statement_timeout, lock_timeout
        return ObservationError(ErrorKind.TIMEOUT, peer)
    if state == "42501" or state.startswith("28"):
        return ObservationError(ErrorKind.DENIED, f"{peer}: a right is missing ({state})")
    if state == "25006":
        return ObservationError(ErrorKind.DENIED, f"{peer}: writing is not allowed here")
    if state[:2] in ("42", "0A", "3F", "55"):
        return ObservationError(ErrorKind.UNSUPPORTED, f"{peer}: not known there ({state})")
    if state.startswith("57P") or not state:
        return ObservationError(ErrorKind.REFUSED, f"closed: {peer}")
    return ObservationError(ErrorKind.GARBLED, f"{peer}: {state}")
