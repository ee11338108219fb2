"""Errors, failed logins and kernel faults written to the logs since the last look."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, Upper
from checks.logs import ERRORS, MOST_BYTES, Pattern, check_expression, judge_growth
from checks.sources import Host, LogGrowth

_FAILED_LOGINS = (
    r"authentication failure|failed password|failed publickey|invalid user|failed login|failed su\b"
    r"|maximum authentication attempts|认证失败|鉴权失败|登录失败|密码错误|口令错误"
)
_KERNEL_FAULTS = (
    r"kernel panic|\boops\b|\bBUG: |soft lockup|hard lockup|blocked for more than \d+ seconds"
    r"|I/O error|EXT4-fs error|XFS .*(corruption|shut ?down)|machine check|hardware error|out of memory"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Growth of each log: counts and a digest, no lines."""

    logs: tuple[LogGrowth, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Logs (paths, or `journal`; none: the system's own) and limits in lines since the last look.

    Lines that fit an `ignore` expression are not counted. At most `most_bytes` of each log are read.
    """

    logs: tuple[str, ...] = ()
    errors: Upper = Upper(100, 1000)
    failed_logins: Upper = Upper(5, 20)
    kernel_faults: Upper = Upper(1, 1)
    patterns: tuple[Pattern, ...] = ()
    ignore: tuple[str, ...] = ()
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        for text in self.ignore:
            check_expression("ignore", text)


def observe(host: Host, params: Params) -> Facts:
    """Count what came since the last look."""
    logs = params.logs or tuple(host.system_logs())
    if not logs:
        raise ObservationError(ErrorKind.UNSUPPORTED, "this machine keeps no log that we know")
    patterns = {
        "errors": ERRORS,
        "failed_logins": _FAILED_LOGINS,
        "kernel_faults": _KERNEL_FAULTS,
        **{each.name: each.pattern for each in params.patterns},
    }
    return Facts(tuple(host.log_growth(log, patterns, params.ignore, params.most_bytes) for log in logs))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per log: `LOG` when it could not be read in full, and `LOG:PATTERN`."""
    limits = {
        "errors": params.errors,
        "failed_logins": params.failed_logins,
        "kernel_faults": params.kernel_faults,
        **{each.name: each.limit for each in params.patterns},
    }
    yield from judge_growth(seen.facts.logs, limits)


CHECK = Check(
    id="host.log",
    version=1,
    title="日志错误与登录失败",
    title_en="Errors and failed logins in logs",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-31", "PD-37", "LH rule 10"),
    needs=("log files or journalctl",),
)
