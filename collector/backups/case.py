"""One object's evaluation so far, and problems in its words."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from checks.artefacts.levels import REASONS, Level
from checks.china import day_of
from collector.backups.assign import Series
from collector.backups.calendar import iso
from collector.backups.clauses import broken
from collector.backups.copies import policy_at
from collector.backups.days import Days
from collector.backups.ledger import Outcome, Problem
from collector.backups.observed import Record
from collector.backups.policy import BackupObject, Policy, Role
from collector.backups.runs import CHAINED, Runs


class Details(TypedDict, total=False):
    """What may be said of any problem beside its reason and since when; see `Problem`."""

    outcome: Outcome
    place: str
    last_good_ms: int | None
    until_ms: int | None
    numbers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the problems and the account are made of. `looks`: instants at which a run would have been
    seen."""

    one: BackupObject
    runs: Runs
    series: Sequence[Series]
    days: Days
    looks: Sequence[int]
    now: int

    @property
    def today(self) -> int:
        """Number of the day that holds now."""
        return day_of(self.now)

    def slot_of(self, run: int) -> tuple[Series, int] | None:
        """The slot it serves or was tried for; of several the one of its own role."""
        found = [(one, slot) for one in self.series if (slot := slot_with(one, run, self.runs)) is not None]
        if len(found) > 1:
            chained = self.runs.records[run].kind in CHAINED
            found.sort(key=lambda held: (held[0].schedule.role is Role.INCREMENTAL) is not chained)
        return found[0] if found else None

    def slot_id(self, run: int) -> str:
        """`full/2026-03-01`, "" for a run outside all slots."""
        held = self.slot_of(run)
        return "" if held is None else slot_id(*held)

    def policy(self, run: int) -> Policy:
        """The version the run is held to."""
        held = self.slot_of(run)
        return policy_at(self.one, self.runs.starts[run]) if held is None else held[0].policy

    def about(
        self,
        run: int,
        reason: str,
        first: int,
        *,
        record: Record | None = None,
        level: Level | None = None,
        **more: Unpack[Details],
    ) -> Problem:
        """A problem of an artefact, first provable at `first`."""
        held = record or self.runs.records[run]
        more.setdefault("place", held.place)
        return self.itself(
            self.policy(run),
            reason,
            first,
            slot=self.slot_id(run),
            role="incremental" if held.kind in CHAINED else "full",
            level=level,
            artefact=held.name,
            **more,
        )

    def itself(
        self,
        policy: Policy,
        reason: str,
        first: int,
        *,
        slot: str = "",
        role: str = "",
        level: Level | None = None,
        artefact: str = "",
        **more: Unpack[Details],
    ) -> Problem:
        """A problem of the object, a slot, an artefact or a drill. `role`: whose schedule it breaks."""
        grave = REASONS.get(reason, Level.PRESENT) if level is None else level
        # What nobody could look at may be missing.
        asked = reason if reason in REASONS else "missing"
        more.setdefault("outcome", Outcome.BAD)
        more.setdefault("place", self.one.place)
        return Problem(
            object=self.one.name,
            level=int(grave),
            reason=reason,
            slot=slot,
            artefact=artefact,
            first_provable_ms=first,
            clause=broken(policy.clause, asked, int(grave), role),
            policy=policy.version,
            **more,
        )


def slot_with(series: Series, run: int, runs: Runs) -> int | None:
    """The slot of a series that a run serves, was tried for, or would serve by proof that came too late."""
    near = bisect_right(series.table.opens, runs.starts[run])
    # Its own by its start, or the next one, for which it came early.
    for slot in (near - 1, near):
        if 0 <= slot < len(series.picks):
            tried = (series.picks[slot], *series.more.get(slot, ()), *series.late(slot))
            if run in tried:
                return slot
    return _by_event(series, run)


def _by_event(series: Series, run: int) -> int | None:
    """Windows before events may overlap: any of them may have taken it."""
    return series.picks.index(run) if series.ids and run in series.picks else None


def slot_id(series: Series, slot: int) -> str:
    """`full/2026-03-01`; a slot by event carries the event's id."""
    if series.ids:
        return f"{series.role}/{series.ids[slot]}"
    return f"{series.role}/{iso(series.table.days[slot])}"
