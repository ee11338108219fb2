"""Accounts of objects that are remembered: what nothing has changed since is not evaluated again.

An account is a function of what is known of its object and of the instant. It is good as long as all that is
known is the same, from the instant at which it was made until the first one at which any of it can change by
time alone: a day begins, a slot opens or its deadline passes, a copy is due, a doubt runs out.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.china import start_of
from collector.backups.calendar import slots
from collector.backups.case import Case
from collector.backups.copies import Copied
from collector.backups.ledger import ObjectLedger
from collector.backups.observed import Change, Drill, Epoch, Excuse, Fingerprint, Place, Record, SealedPeriod
from collector.backups.policy import DAY_MS, BackupObject

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
                *(other.one, other.fingerprints, other.drills, other.excuses),
                *(other.changes, other.epochs, other.sealed),
            )
            and self.seeds == other.seeds
        )


@dataclass(frozen=True, slots=True)
class _Held:
    known: Known
    from_ms: int
    until_ms: int
    made: ObjectLedger
    case: Case


@dataclass(slots=True)
class Memory:
    """The newest account of each object. One is as good as no memory at all, only slower."""

    _held: dict[str, _Held] = field(default_factory=dict)

    def of(self, known: Known, now: int) -> tuple[ObjectLedger, Case] | None:
        """What was remembered and holds at `now`, but for the age of the newest point."""
        held = self._held.get(known.one.name)
        if held is None or not held.from_ms <= now < held.until_ms or not held.known.same(known):
            return None
        return held.made, held.case

    def keep(self, known: Known, made: ObjectLedger, case: Case, copied: Sequence[Copied]) -> None:
        """Remembers an account just made."""
        until = _until(case, known.changes, copied)
        if any(one.first_provable_ms == case.now for one in made.problems):
            until = case.now + 1  # since nobody knows when: that is said with the instant itself
        if len(self._held) >= _MOST and known.one.name not in self._held:
            self._held.clear()
        self._held[known.one.name] = _Held(known, case.now, until, made, case)


def _until(case: Case, changes: Iterable[Change], copied: Iterable[Copied]) -> int:
    """The first instant after now at which the account can be another one by time alone."""
    now, runs = case.now, case.runs
    mates = [one for held in runs.mates.values() for one in held]
    if any(_in_doubt(one, now) for one in (*runs.records, *mates)) or None in runs.parents.values():
        return now + 1  # what somebody else's fulls are is not known here
    found = [
        start_of(case.today + 1),
        *_turns(case.one, now, start_of(case.today + 1), changes),
        *(at for one in case.series for at in _next(one.table.deadlines, now)),
        *_next(runs.starts, now),
        *(at for one in (*runs.records, *mates) for at in (one.first_ms, one.first_ms + DAY_MS)),
        *(one.gone_ms for one in (*runs.records, *mates) if one.gone_ms is not None),
        *(at for one in copied for at in (one.state.due_ms, one.state.due_ms + DAY_MS + 1)),
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
