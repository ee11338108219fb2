"""Scanners' reports that came long after the period that they are dated in (pure).

A report is a file: whoever brings it could have dated it. What came within the first week after the period
counts by its own date; what came later fills its place only once the buyer has joined in (`second` ENTRY).
"""

from collections.abc import Iterable, Sequence

from collector.judging.ground import ScanSeen
from collector.scoring.model import Gap, Item, PackPeriod
from collector.statements.model import Said
from collector.statements.sides import agreed

GRACE_MS = 7 * 86_400_000
"""As long as the last month's report may take (LH-07)."""
REASON = "imported_late"


def doubted(
    found: tuple[Sequence[Item], Sequence[Gap]],
    scans: Iterable[ScanSeen],
    said: Iterable[Said],
    period: PackPeriod,
) -> tuple[list[Item], list[Gap]]:
    """Items and gaps without the scans that nobody but who brought them late vouches for; a gap for each."""
    known = {one.entry for one in said if agreed(one)}
    late = {one.idx for one in scans if one.received_ms >= period.to_ms + GRACE_MS} - known

    def doubtful(one: Item) -> bool:
        return one.kind == "scan" and all(proof.entry in late for proof in one.proofs)

    kept = [one for one in found[0] if not doubtful(one)]
    scanned = {(one.unit, one.system) for one in kept if one.kind == "scan"}
    open_ = {(one.unit, one.system): one for one in found[0] if doubtful(one)}
    wanted = [one for place, one in open_.items() if place not in scanned]
    gaps = [Gap("scan", REASON, one.unit, one.system, 1, dict(one.facts), "buyer") for one in wanted]
    return kept, [*found[1], *gaps]
