"""The life cycle of findings: what successive reports of one tool and scope say together.

A finding that a later report does not show is fixed only if that report could have shown it: the tool came
to its end, looked at the finding's host, and was asked for the same as the report that showed it last (equal
`settings`). Else it stays as it was, and `looked` tells when it was last looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from collector.scans.model import Finding, Scan


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    FIXED = "fixed"
    MITIGATED = "mitigated"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Import:
    """A report as it was logged: its entry, when the log took it in (UTC ms), what it says."""

    idx: int
    received: int
    scan: Scan

    @property
    def time(self) -> int:
        """When it was taken; when it came, for a report that does not tell."""
        return self.scan.time if self.scan.time is not None else self.received


@dataclass(frozen=True, slots=True)
class Life:
    """A finding over time. Instants are UTC ms; `entries` are the imports that changed its state.

    `first` is the tool's own word where it gives one, else the first report that shows it; `last`: the last
    that shows it; `looked`: the last that could have shown it; `settings`: those of the last that shows it.
    """

    finding: Finding
    state: State
    first: int
    last: int
    looked: int
    entries: tuple[int, ...]
    settings: str = ""


def lives(imports: Sequence[Import]) -> tuple[Life, ...]:
    """Every finding of these imports (of one tool and scope), the gravest and oldest first."""
    known: dict[tuple[str, str, str], Life] = {}
    for one in sorted(imports, key=lambda one: (one.time, one.idx)):
        shown = _by_key(one.scan.findings)
        for key, finding in shown.items():
            known[key] = _shown(known.get(key), finding, one)
        for key in known.keys() - shown.keys():
            if tells(one.scan, known[key]):
                known[key] = _gone(known[key], one)
    return tuple(sorted(known.values(), key=_order))


def _by_key(findings: Iterable[Finding]) -> dict[tuple[str, str, str], Finding]:
    """One of each; of several under one key the one that still does harm."""
    found: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        if one.key not in found or found[one.key].mitigated:
            found[one.key] = one
    return found


def tells(scan: Scan, life: Life) -> bool:
    """Whether this report's silence about the finding means something."""
    return scan.complete and scan.settings == life.settings and life.finding.host in scan.examined


def _shown(life: Life | None, finding: Finding, one: Import) -> Life:
    state = State.MITIGATED if finding.mitigated else State.OPEN
    if life is None:
        first = one.time if finding.first_seen is None else min(one.time, finding.first_seen)
        return Life(finding, state, first, one.time, one.time, (one.idx,), one.scan.settings)
    if not finding.mitigated and life.state in (State.FIXED, State.REOPENED):
        state = State.REOPENED
    entries = life.entries if state is life.state else (*life.entries, one.idx)
    return replace(
        life,
        finding=finding,
        state=state,
        last=one.time,
        looked=one.time,
        entries=entries,
        settings=one.scan.settings,
    )


def _gone(life: Life, one: Import) -> Life:
    entries = life.entries if life.state is State.FIXED else (*life.entries, one.idx)
    return replace(life, state=State.FIXED, looked=one.time, entries=entries)


_GRAVEST = ("critical", "high", "unknown", "medium", "low", "info")
_FIRST = (State.REOPENED, State.OPEN, State.MITIGATED, State.FIXED)


def _order(life: Life) -> tuple[object, ...]:
    severity = _GRAVEST.index(life.finding.severity)
    return _FIRST.index(life.state), severity, life.first, life.finding.key
