"""Everything that counts in a period, in one order that does not depend on the order of arrival."""

from collections.abc import Sequence
from dataclasses import replace

from collector.judging import accepted, inspections, late_scans, moves, not_done, said, services, unwatched
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import Ground
from collector.judging.ledgers import ledgers
from collector.judging.regular import About, regular
from collector.judging.units import scope_of, unit_of, units_in
from collector.packs import archive
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Unit


def facts_of(ground: Ground, asked: Asked, periods: Sequence[PackPeriod]) -> PeriodFacts:
    """What the ground gives for a period; the ground holds nothing that was received after `as_of_ms`.

    `periods`: every period of the log's contracts, of which people may have spoken."""
    period, as_of_ms = asked.period, asked.as_of_ms
    estates = Estates.of(ground.applied, ground.said)
    scope = scope_of(estates, period, as_of_ms)
    units = units_in(scope, period)
    items: list[Item] = []
    gaps: list[Gap] = []
    for made, missing in (
        ledgers(ground, asked),
        _measured(ground, About(estates, scope, units), asked),
        _stated(ground, units, asked),
        _filed(ground, units, asked),
    ):
        items += made
        gaps += missing
    gaps += [*unwatched.placeless(items, asked), *unwatched.silent(ground.said, asked, items)]
    items, gaps = late_scans.doubted((items, gaps), ground.scans, ground.said, period)
    items, gaps = not_done.settled(ground.said, (items, gaps), asked)
    items, gaps = accepted.settled(ground.said, (items, gaps), asked)
    gaps += said.weighty(items, asked)
    ends = accepted.ends(ground.said, asked, periods)
    items += [*moves.moves(estates, period, as_of_ms), *moves.standing(estates, ends, period)]
    items = [_stamped(one, estates, period) for one in items]
    return PeriodFacts(period, as_of_ms, units, _ordered(items), _unique(gaps))


def _stamped(item: Item, estates: Estates, period: PackPeriod) -> Item:
    """A fault of a system whose terms changed in the period says by which entries."""
    if item.kind != "fault" or item.system is None:
        return item
    changed = estates.changed(item.system, period.from_ms, period.to_ms)
    return replace(item, facts={**item.facts, **services.changed_facts(changed)}) if changed else item


Found = tuple[Sequence[Item], Sequence[Gap]]


def _measured(ground: Ground, about: About, asked: Asked) -> Found:
    """From signed results: inspections, backups, scans, availability."""
    as_of_ms, owner = asked.as_of_ms, unit_of(about.units)
    silent = asked.options.get("inspection.silent")
    rounds = inspections.counting(ground.rounds, about.estates.words, silent)
    items, gaps = regular(ground, about, asked, rounds, ground.backups)
    vouched, _ = late_scans.doubted((items, ()), ground.scans, ground.said, asked.period)
    scanned = [one for one in vouched if one.kind == "scan"]
    if "availability" in asked.kinds:
        items += services.availability(ground.services, owner)

    def units_then(part: PackPeriod) -> Sequence[Unit]:
        return units_in(scope_of(about.estates, part, as_of_ms), part)

    more = [
        *unwatched.unproven(ground.services, owner, asked),
        *unwatched.unwatched(ground.services, about.units, asked),
        *unwatched.unscanned(scanned, units_then, asked),
    ]
    return items, [*gaps, *(gap for gap in more if gap.kind in asked.kinds)]


def _stated(ground: Ground, units: tuple[Unit, ...], asked: Asked) -> Found:
    """From people's statements."""
    made = list(said.statements(ground.said, unit_of(units), asked))
    wanted = said.Wanted(asked.kinds, units)
    gaps = said.unproven(ground.said, made, wanted, asked.period, asked.as_of_ms)
    return made, [*gaps, *said.unpriced(ground.said, asked.pack, asked.period)]


def _filed(ground: Ground, units: Sequence[Unit], asked: Asked) -> Found:
    """From the archive: documents required, present, missing."""
    terms = asked.pack.archive
    if terms is None:
        return (), ()
    question = archive.ArchiveAsked(asked.period, asked.as_of_ms, asked.options)
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
