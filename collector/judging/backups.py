"""Good backups of systems in a period, from the ledger of backups."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Protocol

from checks.recurrence import instant
from collector.backups.ledger import Begun
from collector.judging.estates import Planned
from collector.judging.ground import CHINA, BackedUp, Earlier, Unseen, day
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Unit

Place = tuple[int, int]
"""Entry and line of a look."""
Places = Mapping[tuple[str, str], Place]
Week = tuple[int, int]


class Object(Protocol):
    """An object's account: what was begun, what nobody could look at."""

    @property
    def name(self) -> str:
        """As the policy names it."""
        ...

    def begun(self, from_ms: int, to_ms: int) -> Iterable[Begun]:
        """Artefacts begun in [from, to)."""
        ...

    def unseen(self, from_ms: int, to_ms: int) -> Iterable[int]:
        """When the slots of [from, to) open that nobody could look at since."""
        ...


class Account(Protocol):
    """A ledger of backups, or as much of it as a scorecard counts."""

    @property
    def objects(self) -> Sequence[Object]:
        """All objects of the policy."""
        ...


@dataclass(frozen=True, slots=True)
class Stood:
    """What a ground has of backups."""

    backups: tuple[BackedUp, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    earlier: Earlier | None = None


NOTHING = Stood()


def stood(
    account: Account,
    entries: Places,
    signers: Callable[[Collection[Place]], Mapping[Place, str]],
    span: tuple[int, int],
    since: int,
) -> Stood:
    """Backups begun in [from, to): those before `since` are left to be read where a lapse reaches so far."""

    def read(from_ms: int, to_ms: int) -> tuple[BackedUp, ...]:
        return backed_up(account, entries, lambda _: {}, (max(from_ms, span[0]), min(to_ms, span[1])))

    near = max(span[0], since), span[1]
    earlier = Earlier(near[0], read) if near[0] > span[0] else None
    return Stood(backed_up(account, entries, signers, near), unseen(account, span), earlier)


def backed_up(
    ledger: Account,
    entries: Places,
    signers: Callable[[Collection[Place]], Mapping[Place, str]],
    span: tuple[int, int],
) -> tuple[BackedUp, ...]:
    """Points begun in [from, to): `entries` has the look that read each, `signers` tells who signed these.

    What was good while it stood stays a good backup of its week when its time is over and it is gone.
    """
    found = [
        (one.name, point, entries[one.name, point.name])
        for one in ledger.objects
        for point in one.begun(*span)
        if (one.name, point.name) in entries
    ]
    signed = signers({place for _, _, place in found})
    made = [
        BackedUp(
            name,
            point.name,
            point.start_ms,
            point.level,
            point.ever,
            point.place,
            *at,
            signed.get(at, ""),
            "C",
        )
        for name, point, at in found
    ]
    return tuple(sorted(made, key=lambda p: (p.object, p.at_ms, p.artefact)))


def unseen(ledger: Account, span: tuple[int, int]) -> tuple[Unseen, ...]:
    """Backups due in [from, to) that nobody could look at since."""
    return tuple(Unseen(one.name, opens) for one in ledger.objects for opens in one.unseen(*span))


def counts(point: BackedUp, rule: str) -> bool:
    """Whether it counts by the option `backup.counts_if`."""
    if rule == "verified":
        return point.good
    return rule == "job_ok" or point.level >= 0


def backups(
    points: Iterable[BackedUp],
    objects: Mapping[str, Planned],
    units: Mapping[str, str],
    period: PackPeriod,
    *,
    once: bool = False,
) -> Iterator[Item]:
    """One item for each time that every object of a system was backed up in the same ISO week.

    A system of two databases is not backed up by a copy of one of them: the n-th item of a week stands on
    the day when the n-th good backup of its slowest object was begun. An object is wanted from the first
    week on that begins after it was first named, and to the end of the period: dropping it ends no duty.
    `once`: no more than one item of a system, for who asks only whether there is any.
    """
    found: dict[tuple[str, Week], dict[str, list[BackedUp]]] = defaultdict(lambda: defaultdict(list))
    begin, end = period.from_ms, period.to_ms
    for point in points:
        planned = objects.get(point.object)
        if planned and begin <= point.at_ms < end and planned.system in units:
            found[planned.system, _week(day(point.at_ms))][point.object].append(point)
    every = _by_system(objects)
    told: set[str] = set()
    for (system, week), held in sorted(found.items()):
        if once and system in told:
            continue
        since = max(_begin(week), begin)
        wanted = {name for name in every[system] if objects[name].from_ms <= since} or every[system]
        if held.keys() >= wanted:
            told.add(system)
            turns = zip(*(held[name] for name in sorted(wanted)), strict=False)
            yield from (_item(system, units[system], turn) for turn in islice(turns, 1 if once else None))


def _by_system(objects: Mapping[str, Planned]) -> Mapping[str, set[str]]:
    made: dict[str, set[str]] = defaultdict(set)
    for name, one in objects.items():
        made[one.system].add(name)
    return made


@lru_cache(maxsize=4096)
def _week(of: date) -> Week:
    year, number, _ = of.isocalendar()
    return year, number


@lru_cache(maxsize=1024)
def _begin(week: Week) -> int:
    """The instant at which an ISO week begins."""
    return instant(datetime.fromisocalendar(*week, 1), CHINA)


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
    objects: Mapping[str, Planned],
    units: Sequence[Unit],
    period: PackPeriod,
    as_of_ms: int,
) -> Iterator[Gap]:
    """Systems without a backup in the plan (one of their objects left it), or that nobody could look at; all
    while the period goes on."""
    blind: dict[str, int] = defaultdict(int)
    for one in missed:
        if one.object in objects and period.from_ms <= one.at_ms < period.to_ms:
            blind[objects[one.object].system] += 1
    ends = max((one.to_ms for one in objects.values()), default=0)
    left = {one.system for one in objects.values() if one.to_ms < ends}
    known = {one.system for one in objects.values()} - left
    for where in ((unit.id, system.id) for unit in units for system in unit.systems):
        _, system_id = where
        if as_of_ms < period.to_ms:
            yield Gap("backup", "period_open", *where, who="operator", until_ms=period.to_ms)
        elif system_id not in known:
            yield Gap("backup", "not_planned", *where, who="operator")
        elif blind[system_id]:
            yield Gap("backup", "not_observed", *where, at_most=blind[system_id], who="operator")
