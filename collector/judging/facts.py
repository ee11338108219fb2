"""Everything that counts in a period, in one order that does not depend on the order of arrival."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

from collector.judging import backups, inspections, said, scans, services
from collector.judging.ground import Ground, scope_at
from collector.judging.units import unit_of, units_of
from collector.packs import archive
from collector.packs.model import Pack
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Unit
from collector.scoring.terms import Given, Select, Value


@dataclass(frozen=True, slots=True)
class Asked:
    """What facts are wanted of: the pack, the kinds of items its rules count, all its options, as of when."""

    pack: Pack
    kinds: frozenset[str]
    options: Mapping[str, Value]
    period: PackPeriod
    as_of_ms: int


def facts_of(ground: Ground, asked: Asked) -> PeriodFacts:
    """What the ground gives for a period; the ground holds nothing that was received after `as_of_ms`."""
    period, as_of_ms = asked.period, asked.as_of_ms
    units = units_of(ground.applied, period, as_of_ms)
    items: list[Item] = [*ground.items]
    gaps: list[Gap] = [*ground.gaps]
    for made, missing in (
        _measured(ground, units, asked),
        _stated(ground, units, asked),
        _filed(ground, units, asked),
    ):
        items += made
        gaps += missing
    return PeriodFacts(period, as_of_ms, units, _ordered(items), _unique(gaps))


Found = tuple[Sequence[Item], Sequence[Gap]]


def _measured(ground: Ground, units: Sequence[Unit], asked: Asked) -> Found:
    """From signed results: inspections, backups, scans, availability."""
    period, as_of_ms = asked.period, asked.as_of_ms
    owner = unit_of(units)
    scope = scope_at(ground.applied, min(period.to_ms - 1, as_of_ms))
    least = asked.options.get("inspection.min_coverage", 95)
    rule = asked.options.get("backup.counts_if", "verified")
    points = [one for one in ground.backups if backups.counts(one, str(rule))]
    scanned = list(scans.scans(ground.scans, scope, owner, period))
    items = [
        *inspections.inspections(ground.rounds, units, period, least if isinstance(least, int) else 95),
        *backups.backups(points, scope.objects, owner, period),
        *scanned,
        *services.availability(ground.services, owner),
    ]
    gaps = [
        *inspections.unproven(ground.rounds, units, period, as_of_ms),
        *backups.unproven(ground.unseen, scope.objects, units, period, as_of_ms),
        *scans.unproven(scanned, units, period, as_of_ms),
        *services.unproven(ground.services, owner, period, as_of_ms),
    ]
    return items, [gap for gap in gaps if gap.kind in asked.kinds]


def _stated(ground: Ground, units: tuple[Unit, ...], asked: Asked) -> Found:
    """From people's statements."""
    made = list(said.statements(ground.said, unit_of(units), asked.period))
    wanted = said.Wanted(asked.kinds, units)
    return made, list(said.unproven(ground.said, made, wanted, asked.period, asked.as_of_ms))


def _filed(ground: Ground, units: Sequence[Unit], asked: Asked) -> Found:
    """From the archive: documents required, present, missing."""
    terms = asked.pack.archive
    if terms is None:
        return (), ()
    question = archive.Asked(asked.period, asked.as_of_ms, asked.options)
    return archive.facts_of(archive.archive(terms, question, units, ground.said), units)


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


def kinds_of(pack: Pack) -> frozenset[str]:
    """Kinds of items that any rule of the pack counts."""
    return frozenset(_kinds(pack.scoring))


def _kinds(part: object) -> Iterator[str]:
    if isinstance(part, Select | Given):
        yield part.kind
    elif isinstance(part, tuple):
        for one in part:
            yield from _kinds(one)
    elif is_dataclass(part):
        for spec in fields(part):
            yield from _kinds(getattr(part, spec.name))
