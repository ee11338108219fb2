"""Accounts of objects that are remembered: what nothing has changed since is not evaluated again.

An account is a function of what is known of its object and of the instant. It is good as long as all that is
known is the same, from the instant at which it was made until the first one at which any of it can change by
time alone: a day begins, a slot opens or its deadline passes, a copy is due, a doubt runs out.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from checks.china import day_of, start_of
from collector.backups.assign import Series
from collector.backups.calendar import slots
from collector.backups.case import Case
from collector.backups.copies import Copied
from collector.backups.ledger import ObjectLedger
from collector.backups.observed import Change, Drill, Epoch, Excuse, Fingerprint, Place, Record, SealedPeriod
from collector.backups.paths import Words
from collector.backups.policy import DAY_MS, BackupObject
from collector.backups.runs import Runs
from collector.backups.sources import Signed

_MOST = 500


@dataclass(frozen=True, slots=True)
class Known:
    """All that an object's account is made of but the instant. `places`: by its present name and its former
    ones; these are many, and whoever reads them hands over the same ones as long as no look came."""

    one: BackupObject
    places: tuple[Mapping[str, Place] | None, ...]
    fingerprints: tuple[Fingerprint, ...]
    drills: tuple[Drill, ...]
    excuses: tuple[Excuse, ...]
    changes: tuple[Change, ...]
    epochs: tuple[Epoch, ...]
    sealed: tuple[SealedPeriod, ...]
    seeds: Mapping[str, tuple[str, str]]

    def same(self, other: "Known") -> bool:
        """Whether an account of the one is an account of the other."""
        if len(self.places) != len(other.places):
            return False
        return all(a is b for a, b in zip(self.places, other.places, strict=True)) and (
            (self.one, self.fingerprints, self.drills, self.excuses, self.changes, self.epochs, self.sealed)
            == (
                other.one,
                other.fingerprints,
                other.drills,
                other.excuses,
                other.changes,
                other.epochs,
                other.sealed,
            )
            and self.seeds == other.seeds
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """An object's runs, judged, and its slots with what fills them; its account is told from these."""

    runs: Runs
    series: Sequence[Series]
    looks: Sequence[int]
    words: Words
    signed: Signed
    epochs: Sequence[int]
    drills: Sequence[Drill]
    excuses: Sequence[Excuse]
    required: Sequence[tuple[int, int]]


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _Held(Generic[Made]):
    known: Known
    from_ms: int
    until_ms: int
    made: Made


def _of(held: Mapping[str, _Held[Made]], known: Known, now: int) -> Made | None:
    one = held.get(known.one.name)
    if one is None or not one.from_ms <= now < one.until_ms or not one.known.same(known):
        return None
    return one.made


def _keep(held: dict[str, _Held[Made]], one: _Held[Made]) -> None:
    name = one.known.one.name
    if len(held) >= _MOST and name not in held:
        held.clear()
    held[name] = one


@dataclass(slots=True)
class Memory:
    """The newest account of each object, and what it is told from: that alone where nobody asked for more.
    One is as good as no memory at all, only slower."""

    _filled: dict[str, _Held[Filled]] = field(default_factory=dict)
    _accounts: dict[str, _Held[tuple[ObjectLedger, Case]]] = field(default_factory=dict)

    def filled(self, known: Known, now: int) -> Filled | None:
        """What was remembered of runs and slots and holds at `now`."""
        return _of(self._filled, known, now)

    def of(self, known: Known, now: int) -> tuple[ObjectLedger, Case] | None:
        """What was remembered and holds at `now`, but for the age of the newest point."""
        return _of(self._accounts, known, now)

    def fill(self, known: Known, made: Filled, now: int) -> None:
        """Remembers runs and slots just made."""
        _keep(self._filled, _Held(known, now, _until(known, made, now), made))

    def keep(self, known: Known, made: ObjectLedger, case: Case, copied: Sequence[Copied]) -> None:
        """Remembers an account just made of what is remembered: it holds no longer than that."""
        filled, now = self._filled.get(known.one.name), case.now
        if filled is None or filled.made.runs is not case.runs:
            return  # somebody else's look came between
        dues = [at for one in copied for at in (one.state.due_ms, one.state.due_ms + DAY_MS + 1)]
        until = min([filled.until_ms, *(at for at in dues if at > now)])
        if any(one.first_provable_ms == now for one in made.problems):
            until = now + 1  # since nobody knows when: that is said with the instant itself
        _keep(self._accounts, _Held(known, now, until, (made, case)))


def _until(known: Known, made: Filled, now: int) -> int:
    """The first instant after now at which runs and slots, or what is told from them, can be others by time
    alone (but for copies that are due)."""
    runs, tomorrow = made.runs, start_of(day_of(now) + 1)
    # All but the newest few came, and went, long ago.
    near = [
        one
        for some in (runs.records, *runs.mates.values())
        for one in some
        if one.first_ms > now - DAY_MS or one.doubts or (one.gone_ms is not None and one.gone_ms > now)
    ]
    if any(_in_doubt(one, now) for one in near) or None in runs.parents.values():
        return now + 1  # what somebody else's fulls are is not known here
    found = [
        tomorrow,
        *_turns(known.one, now, tomorrow, known.changes),
        *(at for one in made.series for at in _next(one.table.deadlines, now)),
        *_next(runs.starts, now),
        *(at for one in near for at in (one.first_ms, one.first_ms + DAY_MS)),
        *(one.gone_ms for one in near if one.gone_ms is not None),
    ]
    return min(at for at in found if at > now)


def _in_doubt(record: Record, now: int) -> bool:
    return bool(record.doubts) and (record.gone_ms is None or record.gone_ms > now)


def _turns(one: BackupObject, now: int, tomorrow: int, changes: Iterable[Change]) -> Iterator[int]:
    """When versions of the policy begin, the next slot of each schedule that opens today, and events."""
    yield one.since_ms
    for index, policy in enumerate(one.policies):
        yield policy.from_ms
        following = one.policies[index + 1].from_ms if index + 1 < len(one.policies) else tomorrow
        for schedule in policy.schedules:
            table = slots(schedule, max(policy.from_ms, one.since_ms), min(following, tomorrow))
            yield from _next(table.opens, now)
            yield from (at for change in changes for at in (change.at_ms - schedule.within_ms, change.at_ms))


def _next(ascending: Sequence[int], now: int) -> Sequence[int]:
    """The first one after now, if there is any."""
    at = bisect_right(ascending, now)
    return ascending[at : at + 1]
