"""Everything that counts in a period, in one order that does not depend on the order of arrival."""

from collections.abc import Sequence
from dataclasses import replace

from collector.judging import (
    backups,
    inspections,
    late_scans,
    moves,
    not_done,
    pending,
    said,
    scans,
    services,
    unwatched,
)
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import Ground
from collector.judging.ledgers import ledgers
from collector.judging.scope import Scope
from collector.judging.units import scope_of, unit_of, units_in
from collector.packs import archive
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Unit


def facts_of(ground: Ground, asked: Asked) -> PeriodFacts:
    """What the ground gives for a period; the ground holds nothing that was received after `as_of_ms`."""
    period, as_of_ms = asked.period, asked.as_of_ms
    estates = Estates.of(ground.applied, ground.said)
    scope = scope_of(estates, period, as_of_ms)
    units = units_in(scope, period)
    items: list[Item] = []
    gaps: list[Gap] = []
    for made, missing in (
        ledgers(ground, asked),
        _measured(ground, (estates, scope, units), asked),
        _stated(ground, units, asked),
        _filed(ground, units, asked),
    ):
        items += made
        gaps += missing
    gaps += [*unwatched.placeless(items, asked), *unwatched.silent(ground.said, asked)]
    items, gaps = late_scans.doubted((items, gaps), ground.scans, ground.said, period)
    items, gaps = not_done.settled(ground.said, (items, gaps), asked)
    gaps += said.weighty(items, asked)
    items += moves.moves(estates, period, as_of_ms)
    items = [_stamped(one, estates, period) for one in items]
    return PeriodFacts(period, as_of_ms, units, _ordered(items), _unique(gaps))


def _stamped(item: Item, estates: Estates, period: PackPeriod) -> Item:
    """A fault of a system whose terms changed in the period says by which entries."""
    if item.kind != "fault" or item.system is None:
        return item
    changed = estates.changed(item.system, period.from_ms, period.to_ms)
    return replace(item, facts={**item.facts, **services.changed_facts(changed)}) if changed else item


Found = tuple[Sequence[Item], Sequence[Gap]]


def _measured(ground: Ground, about: tuple[Estates, Scope, tuple[Unit, ...]], asked: Asked) -> Found:
    """From signed results: inspections, backups, scans, availability."""
    period, as_of_ms = asked.period, asked.as_of_ms
    estates, scope, units = about
    owner = unit_of(units)
    planned = estates.planned(period.from_ms, min(period.to_ms, max(as_of_ms, period.from_ms) + 1))
    least = asked.options.get("inspection.min_coverage", 95)
    enough = least if isinstance(least, int) else 95
    rounds = inspections.excused(ground.rounds, estates.words)
    rule = asked.options.get("backup.counts_if", "verified")
    points = [one for one in ground.backups if backups.counts(one, str(rule))]
    scanned = list(scans.scans(ground.scans, scope, owner, period))
    vouched, _ = late_scans.doubted((scanned, ()), ground.scans, ground.said, period)
    items = [
        *inspections.inspections(rounds, units, period, enough),
        *backups.backups(points, planned, owner, period),
        *scanned,
        *(services.availability(ground.services, owner) if "availability" in asked.kinds else ()),
    ]
    gaps = [
        *inspections.unproven(rounds, units, period, as_of_ms, enough),
        *backups.unproven(ground.unseen, planned, units, period, as_of_ms),
        *scans.unproven(scanned, units, period, as_of_ms),
        *pending.gaps(ground.pending, asked),
        *unwatched.unproven(ground.services, owner, asked),
        *unwatched.unwatched(ground.services, units, asked),
        *unwatched.unscanned(vouched, lambda part: units_in(scope_of(estates, part, as_of_ms), part), asked),
    ]
    return items, [gap for gap in gaps if gap.kind in asked.kinds]


def _stated(ground: Ground, units: tuple[Unit, ...], asked: Asked) -> Found:
    """From people's statements."""
    made = list(said.statements(ground.said, unit_of(units), asked))
    wanted = said.Wanted(asked.kinds, units)
    return made, list(said.unproven(ground.said, made, wanted, asked.period, asked.as_of_ms))


def _filed(ground: Ground, units: Sequence[Unit], asked: Asked) -> Found:
    """From the archive: documents required, present, missing."""
    terms = asked.pack.archive
    if terms is None:
        return (), ()
    question = archive.Asked(asked.period, asked.as_of_ms, asked.options)
    items, gaps = archive.facts_of(archive.archive(terms, question, units, ground.said), units)
    return items, [gap for gap in gaps if gap.kind in asked.kinds]


def _ordered(items: Sequence[Item]) -> tuple[Item, ...]:
    """By kind, place and time."""
    return tuple(sorted(items, key=_key))


def _key(item: Item) -> tuple[str, str, str, int, str, tuple[int, ...]]:
    at = -1 if item.at_ms is None else item.at_ms
    entries = tuple(proof.entry for proof in item.proofs)
    return (
        item.kind,
        item.unit or "",
        item.system or "",
        at,
        repr(sorted(item.facts.items(), key=str)),
        entries,
    )


def _unique(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Each gap once, by kind and place."""
    made = {
        (g.kind, g.unit or "", g.system or "", g.reason, repr(sorted(g.facts.items(), key=str))): g
        for g in gaps
    }
    return tuple(made[key] for key in sorted(made))
