"""Starts, stops and grave errors in a database's log since the last look."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.logs import judge_growth
from checks.sources import Host, LogGrowth
from checks.sql import SERVERS

_PATTERNS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "fatal": r"\b(FATAL|致命错误)\s*[:：]",
        "panic": r"\b(PANIC|比致命错误还过分的错误)\s*[:：]",
        "corruption": r"invalid page in block|checksum verification failed|could not read block"
        r"|missing chunk number",
        "starts": r"database system is ready to accept|数据库系统准备接受连接",
        "stops": r"database system is shut down|数据库系统已关闭",
    },
    "mysql": {
        "fatal": r"\[ERROR\]",
        "panic": r"got signal \d+|Assertion failure|\[FATAL\]",
        "corruption": r"page corruption|marked as crashed|is corrupted|checksum mismatch",
        "starts": r"ready for connections",
        "stops": r"Shutdown complete",
    },
    "oracle": {
        "fatal": r"\bORA-\d{5}",
        "panic": r"\bORA-0?(0600|7445|0603)\b|Instance terminated",
        "corruption": r"\bORA-0?(1578|1110|0353)\b|[Cc]orrupt block",
        "starts": r"Completed: ALTER DATABASE OPEN|Starting ORACLE instance",
        "stops": r"Instance shutdown complete|Shutting down instance",
    },
    "dameng": {
        "fatal": r"\[(ERROR|FATAL)\]",
        "panic": r"\[FATAL\]|halt",
        "corruption": r"corrupt|checksum",
        "starts": r"SYSTEM IS READY",
        "stops": r"shutdown successfully|SYSTEM SHUTDOWN",
    },
}
# The reason of a count beyond its limit.
_BEYOND: Mapping[str, str] = {
    "fatal": "errors_logged",
    "panic": "errors_logged",
    "corruption": "corruption",
    "starts": "restarted",
    "stops": "has_stopped",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Growth of each log: counts and a digest, no lines."""

    logs: tuple[LogGrowth, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`logs`: paths of the server's logs on this machine. Limits in lines since the last look; lines that fit
    an `ignore` expression (a wrong password's, say) are not counted."""

    logs: tuple[str, ...]
    platform: str = "postgresql"
    fatal: Upper = Upper(1, 100)
    panic: Upper = Upper(1, 1)
    corruption: Upper = Upper(1, 1)
    starts: Upper = Upper(1, None)
    stops: Upper = Upper(1, None)
    ignore: tuple[str, ...] = ()
    most_bytes: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        if not self.logs:
            raise ValueError("logs must be given")
        if self.platform not in SERVERS:
            raise ValueError(f"platform must be one of {', '.join(SERVERS)}")


def observe(host: Host, params: Params) -> Facts:
    """Count what came since the last look."""
    kin = "postgresql" if params.platform == "kingbase" else params.platform
    patterns = _PATTERNS[kin]
    return Facts(
        tuple(host.log_growth(log, patterns, params.ignore, params.most_bytes) for log in params.logs)
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per log: `LOG` when it could not be read in full, and `LOG:PATTERN`."""
    if not seen.facts.logs:
        yield Reading("log", None, Unit.COUNT, State.UNKNOWN, "not_found")
    limits = {
        "fatal": params.fatal,
        "panic": params.panic,
        "corruption": params.corruption,
        "starts": params.starts,
        "stops": params.stops,
    }
    yield from judge_growth(seen.facts.logs, limits, _BEYOND)


CHECK = Check(
    id="database.log",
    version=1,
    title="数据库日志：启停与严重错误",
    title_en="Database log: starts, stops and grave errors",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-34",),
    needs=(
        "read access to the server's log (its group, or an ACL)",
        "patterns tried on the logs of PostgreSQL and MariaDB;"
        " Kingbase, Oracle and Dameng never on the product itself",
    ),
)
