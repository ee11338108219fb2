"""Errors and stack traces that applications wrote to their logs since the last look."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.files import SFTP_NEEDS, Files, Where, check_paths
from checks.logs import ERRORS, MOST_BYTES, Pattern, check_expression, judge_growth
from checks.sources import LogGrowth

# The first line of a trace: Java's `Caused by` and exception line, Python's, .NET's and PHP's.
_TRACES = (
    r"^Traceback \(most recent call last\)|^\s*Caused by: \S|^PHP (?:Fatal|Stack trace)"
    r"|^(?:Exception in thread \S+ )?(?:[a-z_$][\w$]*\.)+\w*(?:Exception|Error)\b"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Growth of each log: counts and a digest, no lines."""

    logs: tuple[LogGrowth, ...]


@dataclass(frozen=True, slots=True)
class Params(Where):
    """Where the logs lie, and limits in lines since the last look.

    `logs`: paths (required). Lines that fit an `ignore` expression are not counted. At most `most_bytes` of
    each log are read; UTF-8, GBK and GB 18030 are understood.
    """

    logs: tuple[str, ...] = ()
    errors: Upper = Upper(100, 1000)
    stack_traces: Upper = Upper(1, 100)
    patterns: tuple[Pattern, ...] = ()
    ignore: tuple[str, ...] = ()
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        check_paths(self.logs, "logs")
        if not 1 <= self.most_bytes <= 256 * 1024 * 1024:
            raise ValueError("most_bytes must be 1 to 268435456")
        for text in self.ignore:
            check_expression("ignore", text)


def observe(files: Files, params: Params) -> Facts:
    """Count what came since the last look."""
    patterns = {
        "errors": ERRORS,
        "stack_traces": _TRACES,
        **{each.name: each.pattern for each in params.patterns},
    }
    return Facts(
        tuple(files.grown(params, log, patterns, params.ignore, params.most_bytes) for log in params.logs)
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per log: `LOG` when it could not be read in full, and `LOG:PATTERN`."""
    limits = {
        "errors": params.errors,
        "stack_traces": params.stack_traces,
        **{each.name: each.limit for each in params.patterns},
    }
    if not seen.facts.logs:
        yield Reading("logs", None, Unit.COUNT, State.UNKNOWN, "not_asked")
    yield from judge_growth(seen.facts.logs, limits, "many")


CHECK = Check(
    id="file.log",
    version=1,
    title="应用日志",
    title_en="Application logs",
    source=Source.FILES,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-37", "LH-31", "HA-01"),
    needs=(SFTP_NEEDS, "tried on files of this machine and, through OpenSSH's SFTP, on another's"),
)
