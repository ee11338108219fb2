"""Regular work that machines show in a period: inspections, backups, scans, and what of it nobody could tell.

Pure. One rule for the lines of a scorecard and for months without (lapses).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.judging import backups, inspections, pending, scans
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import BackedUp, Ground, UnitRound
from collector.judging.scope import Scope
from collector.judging.units import unit_of
from collector.scoring.model import Gap, Item, Unit

Found = tuple[list[Item], list[Gap]]


@dataclass(frozen=True, slots=True)
class About:
    """Whose: the estates, what was in scope in the period, its units."""

    estates: Estates
    scope: Scope
    units: tuple[Unit, ...]


def least_coverage(asked: Asked) -> int:
    """Per cent of the looks of a round that must be answered."""
    least = asked.options.get("inspection.min_coverage", 95)
    return least if type(least) is int else 95


def regular(
    ground: Ground,
    about: About,
    asked: Asked,
    rounds: Sequence[UnitRound],
    points: Sequence[BackedUp],
    *,
    once: bool = False,
) -> Found:
    """Items and gaps of the period; `rounds` without what was excused, `points` of backups: of the period at
    least. `once`: of each system's backups no more than one item."""
    period, as_of_ms = asked.period, asked.as_of_ms
    owner, enough = unit_of(about.units), least_coverage(asked)
    planned = about.estates.planned(period.from_ms, min(period.to_ms, max(as_of_ms, period.from_ms) + 1))
    rule = str(asked.options.get("backup.counts_if", "verified"))
    weekly = asked.options.get("count") != "literal"
    good = [one for one in points if backups.counts(one, rule)]
    scanned = list(scans.scans(ground.scans, about.scope, owner, period))
    items = [
        *inspections.inspections(rounds, about.units, period, enough, weekly=weekly),
        *backups.backups(good, planned, owner, period, once=once),
        *scanned,
    ]
    gaps = [
        *inspections.unproven(rounds, about.units, period, as_of_ms, enough, weekly=weekly),
        *backups.unproven(ground.unseen, planned, about.units, period, as_of_ms),
        *scans.unproven(scanned, about.units, period, as_of_ms),
        *pending.gaps(ground.pending, asked),
    ]
    return items, [gap for gap in gaps if gap.kind in asked.kinds]
