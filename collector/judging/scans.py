"""Scans of systems in a period, from scanners' reports in the log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.judging.ground import ScanSeen, day
from collector.judging.scope import Scope
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Unit

IMPORTED = "E"


def scan_of(idx: int, received_ms: int, header: Mapping[str, Any]) -> ScanSeen:
    """A report by the header of its statement (collector/jobs/scans.py)."""
    at = header.get("ended") if header.get("ended") is not None else header.get("begun")
    verdict = "done" if header.get("complete") else "incomplete"
    if not header.get("examined") and not sum(header.get("counts", {}).values()):
        verdict = "proves_nothing"
    # A report that is dated later than it came has its scanner's clock wrong: it is held to its receipt.
    when = received_ms if at is None or at > received_ms else int(at)
    names = tuple(str(one) for one in header.get("assets", ()))
    return ScanSeen(
        idx, received_ms, when, str(header.get("tool", "")), str(header.get("by", "")), names, verdict
    )


def scans(
    found: Sequence[ScanSeen], scope: Scope, units: Mapping[str, str], period: PackPeriod
) -> Iterator[Item]:
    """One item for each system and complete report that names an asset of it, on the day of the scan."""
    systems = {one.id: one.system for one in scope.assets if one.system}
    for one in found:
        if one.verdict != "done" or not period.from_ms <= one.at_ms < period.to_ms:
            continue
        for system in sorted({systems[name] for name in one.assets if name in systems}):
            if system in units:
                yield Item(
                    kind="scan",
                    day=day(one.at_ms),
                    at_ms=one.at_ms,
                    unit=units[system],
                    system=system,
                    facts={"tool": one.tool},
                    proofs=(Proof(one.idx, one.by, IMPORTED),),
                )


def unproven(made: Sequence[Item], units: Sequence[Unit], period: PackPeriod, as_of_ms: int) -> Iterator[Gap]:
    """Systems of which no report came: while the period goes on, or for good."""
    told = {item.system for item in made}
    reason = "period_open" if as_of_ms < period.to_ms else "no_report"
    for unit in units:
        for system in unit.systems:
            if system.id not in told:
                yield Gap("scan", reason, unit.id, system.id, who="operator", until_ms=period.to_ms)
