"""What faults, vulnerabilities and findings are judged from: evidence and statements, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.availability.faults import BAD, Outage
from collector.availability.runs import Outcome, Run
from collector.availability.terms import Runs, ServiceTerms
from collector.inspection.record import Record
from collector.judging.scope import Scope
from collector.scans.lifecycle import Import
from collector.scoring.model import Proof
from collector.statements.model import Said

_BAD = (Outcome.FAIL, Outcome.DEGRADED)


@dataclass(frozen=True, slots=True)
class Seen:
    """An outage of a system with what else the evidence says of it.

    `detected_ms`: when the fault was confirmed, at the latest; `probes`: the most failing looks of one
    vantage point; `open`: the evidence ends while it is bad, or before it was up for long enough.
    `observed_to_ms`: up to where the service was looked at. `flags`: stable codes.
    """

    system: str
    outage: Outage
    detected_ms: int | None = None
    probes: int | None = None
    observed_to_ms: int | None = None
    flags: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A scan report in the log, and who brought it (`vendor`, `buyer`, `superior`)."""

    series: str
    imported: Import
    found_by: str = "vendor"
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Inspected:
    """An inspection record in the log."""

    entry: int
    record: Record
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """All of it. `term`: of the contract, UTC ms; `window`: what `outages` were looked for in.

    `core`: core systems; `announced`: fault id -> receipt of the first alert; `hosts`: what scanners call a
    host -> system.
    """

    term: tuple[int, int]
    window: tuple[int, int]
    scope: Scope = field(default_factory=Scope)
    core: frozenset[str] = frozenset()
    outages: tuple[Seen, ...] = ()
    said: tuple[Said, ...] = ()
    announced: Mapping[str, int] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    records: tuple[Inspected, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)

    def unit_of(self, system: str | None) -> str | None:
        """The unit of a system, if the estate names one."""
        return next((one.unit for one in self.scope.systems if one.id == system), None)


def confirmed(terms: ServiceTerms, runs: Runs, outage: Outage) -> tuple[int | None, int]:
    """When an outage was confirmed at the latest, and the most bad looks of one vantage point in it.

    The second bad look of a run came at most its longest gap after the first; so exact where looks are
    evenly spaced. None: no vantage point saw it as often as its leaf wants.
    """
    best: int | None = None
    most = 0
    for leaf in terms.leaves.values():
        for run_list in runs.get((leaf.check, leaf.target), {}).values():
            bad = [run for run in run_list if _touches(run, outage)]
            most = max(most, sum(run.n for run in bad))
            times = [at for run in bad if (at := _second(run, leaf.confirm)) is not None]
            if times and (best is None or min(times) < best):
                best = min(times)
    return (None if best is None else max(best, outage.from_ms)), most


def _touches(run: Run, outage: Outage) -> bool:
    return run.outcome in _BAD and run.last_ms >= outage.from_ms and run.first_ms < outage.to_ms


def _second(run: Run, confirm: int) -> int | None:
    if confirm <= 1:
        return run.first_ms
    if run.n < confirm:
        return None
    return min(run.last_ms, run.first_ms + (confirm - 1) * run.longest_gap_ms)


def unapproved(segments: Sequence[tuple[int, int, str]], windows: Mapping[str, tuple[int, int]]) -> list[str]:
    """Ids of windows without effect that overlap one of these stretches: work nobody had approved."""
    return [
        name
        for name, (start, end) in windows.items()
        if any(a < end and b > start and word in BAD for a, b, word in segments)
    ]
