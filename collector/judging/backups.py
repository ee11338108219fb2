"""Good backups of systems in a period, from the ledger of backups."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from collector.backups.ledger import Ledger, SlotState
from collector.judging.ground import BackedUp, Unseen, day
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Unit

Places = Mapping[tuple[str, str], tuple[int, int]]
Week = tuple[int, int]


def backed_up(
    ledger: Ledger, entries: Places, signers: Mapping[tuple[int, int], str], span: tuple[int, int]
) -> tuple[BackedUp, ...]:
    """Points begun in [from, to): `entries` has the look that read each, `signers` who signed it.

    What was good while it stood stays a good backup of its week when its time is over and it is gone.
    """
    made = []
    for one in ledger.objects:
        for point in one.points:
            found = entries.get((one.name, point.name))
            at = point.start_ms
            if at is None or not span[0] <= at < span[1] or found is None:
                continue
            signer = signers.get(found, "")
            place = point.places[0] if point.places else ""
            made.append(
                BackedUp(one.name, point.name, at, point.level, point.ever, place, *found, signer, "C")
            )
    return tuple(sorted(made, key=lambda p: (p.object, p.at_ms, p.artefact)))


def unseen(ledger: Ledger, span: tuple[int, int]) -> tuple[Unseen, ...]:
    """Backups due in [from, to) that nobody could look at since."""
    return tuple(
        Unseen(one.name, slot.opens_ms)
        for one in ledger.objects
        for slot in one.slots
        if slot.state is SlotState.UNSEEN and span[0] <= slot.opens_ms < span[1]
    )


def counts(point: BackedUp, rule: str) -> bool:
    """Whether it counts by the option `backup.counts_if`."""
    if rule == "verified":
        return point.good
    return rule == "job_ok" or point.level >= 0


def backups(
    points: Iterable[BackedUp], objects: Mapping[str, str], units: Mapping[str, str], period: PackPeriod
) -> Iterator[Item]:
    """One item for each time that every object of a system was backed up in the same ISO week.

    A system of two databases is not backed up by a copy of one of them: the n-th item of a week stands on
    the day when the n-th good backup of its slowest object was begun.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, system in objects.items():
        wanted[system].add(name)
    found: dict[tuple[str, Week], dict[str, list[BackedUp]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        system = objects.get(point.object, "")
        if system in units and period.from_ms <= point.at_ms < period.to_ms:
            year, week, _ = day(point.at_ms).isocalendar()
            found[system, (year, week)][point.object].append(point)
    for (system, _), held in sorted(found.items()):
        if held.keys() >= wanted[system]:
            for turn in zip(*held.values(), strict=False):
                yield _item(system, units[system], turn)


def _item(system: str, unit: str, turn: Sequence[BackedUp]) -> Item:
    last = max(turn, key=lambda point: (point.at_ms, point.object))
    return Item(
        kind="backup",
        day=day(last.at_ms),
        at_ms=last.at_ms,
        unit=unit,
        system=system,
        facts={"object": last.object, "place": last.place, "level": min(point.level for point in turn)},
        proofs=tuple(Proof(p.entry, p.signer, p.grade, p.line) for p in turn),
    )


def unproven(
    missed: Sequence[Unseen],
    objects: Mapping[str, str],
    units: Sequence[Unit],
    period: PackPeriod,
    as_of_ms: int,
) -> Iterator[Gap]:
    """Systems without a backup in the plan, or that nobody could look at; all while the period goes on."""
    blind: dict[str, int] = defaultdict(int)
    for one in missed:
        blind[objects.get(one.object, "")] += 1
    known = set(objects.values())
    for unit in units:
        for system in unit.systems:
            where = (unit.id, system.id)
            if as_of_ms < period.to_ms:
                yield Gap("backup", "period_open", *where, who="operator", until_ms=period.to_ms)
            elif system.id not in known:
                yield Gap("backup", "not_planned", *where, who="operator")
            elif blind[system.id]:
                yield Gap("backup", "not_observed", *where, at_most=blind[system.id], who="operator")
