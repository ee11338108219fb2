"""What a scan says, the same for every tool."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from checks.wire import strict_json

MOST_BYTES = 64 * 1024 * 1024  # of a report
MOST_FINDINGS = 100_000
_MOST_TEXT = 300


class Severity(StrEnum):
    """How grave a finding is; UNKNOWN: the report's word is none that we know (could not tell)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNKNOWN = "unknown"


class ScanError(ValueError):
    """The file cannot be taken as a report: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `id`: the tool's (OID, plugin, QID, CVE); `place`: port, package, page or file.

    `first_seen` (UTC ms) only where the tool itself says it. `mitigated`: the tool still sees it and says
    that it does no harm any more (override, accepted, not affected).
    """

    id: str
    host: str
    place: str
    title: str
    severity: Severity
    first_seen: int | None = None
    mitigated: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding in the next report."""
        return self.id, self.host, self.place


@dataclass(frozen=True, slots=True)
class Scan:
    """A report.

    `scope`: what was asked for, in the tool's words; `examined`: targets that were looked at and answered.
    `settings`: what bounds what the report may show (filters, tests, plugins), so that two reports are
    comparable only if it is equal. `begun`, `ended`: UTC ms. `complete`: the tool came to its end.
    `unused` (headings of columns) and `doubts` (row and reason) are for whoever imports it, not in the log.
    """

    tool: str
    version: str
    scope: tuple[str, ...]
    examined: tuple[str, ...]
    begun: int | None
    ended: int | None
    findings: tuple[Finding, ...]
    complete: bool = True
    settings: str = ""
    unused: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def time(self) -> int | None:
        """When it was taken: its end, else its begin (UTC ms)."""
        return self.ended if self.ended is not None else self.begun

    @property
    def proves_nothing(self) -> bool:
        """Nothing was examined and nothing was found: no statement about any machine."""
        return not self.examined and not self.findings

    def counts(self) -> dict[str, int]:
        """Rows of each severity, all six named."""
        seen = Counter(one.severity for one in self.findings)
        return {str(word): seen[word] for word in Severity}


def short(text: object) -> str:
    """One line of bounded length, safe in a signed document: no control characters, no lone surrogates."""
    line = " ".join(str(text or "").split())
    clean = "".join(c if c.isprintable() else "�" for c in line)
    return clean if len(clean) <= _MOST_TEXT else clean[: _MOST_TEXT - 1] + "…"


def body(scan: Scan) -> bytes:
    """The scan as canonical JSON: what is logged.

    {"tool","version","scope":[…],"examined":[…],"begun","ended","complete","settings",
     "findings":[[id, host, place, title, severity, first_seen, mitigated]…]} findings sorted.
    """
    rows = sorted(
        ([f.id, f.host, f.place, f.title, str(f.severity), f.first_seen, f.mitigated] for f in scan.findings),
        key=lambda row: (row[:5], row[5] or 0, row[6]),
    )
    whole = {
        "tool": scan.tool,
        "version": scan.version,
        "scope": list(scan.scope),
        "examined": list(scan.examined),
        "begun": scan.begun,
        "ended": scan.ended,
        "complete": scan.complete,
        "settings": scan.settings,
        "findings": rows,
    }
    return strict_json.dumps(whole)


def from_body(data: bytes) -> Scan:
    """The scan that `body` made these bytes of."""
    whole: dict[str, Any] = strict_json.loads(data)
    rows = whole.pop("findings")
    findings = tuple(
        Finding(row[0], row[1], row[2], row[3], Severity(row[4]), row[5], row[6]) for row in rows
    )
    scope, examined = tuple(whole.pop("scope")), tuple(whole.pop("examined"))
    return Scan(scope=scope, examined=examined, findings=findings, **whole)
