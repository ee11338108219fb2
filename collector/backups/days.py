"""Days: which can be restored, which are lost, and what that says of retention.

A day is restorable if some path ends in one of its slots. It is owed from its slot on until its schedule's
retention lets it go; what is lost after that had its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.backups.assign import Series
from collector.backups.calendar import day_of, expires, iso, longest, promised_from
from collector.backups.ledger import DayState, Retention, SlotState
from collector.backups.policy import Keep, Role
from collector.backups.runs import CHAINED, Runs

_LENGTHS = {"day": 1, "week": 7, "fortnight": 14, "month": 31, "quarter": 92, "year": 366}
_RANKS = {
    DayState.RESTORABLE: 6,
    DayState.EXPIRED: 5,
    DayState.UNPROVEN: 4,
    DayState.OPEN: 3,
    DayState.LOST: 2,
    DayState.EXCUSED: 1,
    DayState.NONE: 0,
}
_EMPTY = {
    SlotState.DUE: DayState.OPEN,
    SlotState.RUNNING: DayState.OPEN,
    SlotState.EXCUSED: DayState.EXCUSED,
    SlotState.MISSED: DayState.NONE,
    SlotState.UNSEEN: DayState.UNPROVEN,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A day's standing. `run`: what gives it, or what would; -1 none. `keep`: how long it is owed."""

    state: DayState
    run: int
    keep: Keep


@dataclass(slots=True)
class Days:
    """All days with a slot. `lost`: run that is the cause -> days lost by it before their time."""

    cells: dict[int, Cell]
    lost: dict[int, list[int]] = field(default_factory=dict)


def days_of(series: Sequence[Series], runs: Runs) -> Days:
    """Every day that a slot is anchored on; of several slots the best counts."""
    found: dict[int, Cell] = {}
    ranks: dict[int, int] = {}
    for one in series:
        for slot, day in enumerate(one.table.days):
            run = one.picks[slot]
            if run >= 0 and runs.paths[run].good is True:
                cell = Cell(DayState.RESTORABLE, run, one.schedule.keep)
            else:
                cell = _cell(one, runs, slot, day)
            rank = _RANKS[cell.state]
            if ranks.get(day, -1) < rank:
                found[day], ranks[day] = cell, rank
    return Days(dict(sorted(found.items())), _lost(found, runs))


def _cell(one: Series, runs: Runs, slot: int, day: int) -> Cell:
    keep = one.schedule.keep
    tried = [run for run in (one.picks[slot], *one.more.get(slot, ()), *one.late(slot)) if run >= 0]
    if not tried:
        return Cell(_EMPTY[one.states[slot]], -1, keep)
    cells = [_of_run(runs, run, day, keep, one.states[slot]) for run in tried]
    return max(cells, key=lambda cell: _RANKS[cell.state])


def _of_run(runs: Runs, run: int, day: int, keep: Keep, state: SlotState) -> Cell:
    path = runs.paths[run]
    if path.good is True:
        return Cell(DayState.RESTORABLE, run, keep)
    if path.good is None:
        return Cell(DayState.OPEN if state is SlotState.RUNNING else DayState.UNPROVEN, run, keep)
    if not path.ever:
        return Cell(_EMPTY.get(state, DayState.NONE), run, keep)
    if path.lost_ms is not None and day_of(path.lost_ms) >= expires(day, keep):
        return Cell(DayState.EXPIRED, run, keep)
    return Cell(DayState.LOST, run, keep)


def _lost(cells: Mapping[int, Cell], runs: Runs) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for day, cell in cells.items():
        if cell.state is DayState.LOST:
            found.setdefault(runs.paths[cell.run].cause, []).append(day)
    return found


def fulls_needed(keep: Keep, every: str) -> int:
    """How many fulls must stand so that each promised day has one below it: from the newest back to the one
    before the oldest promised day (weekly, 3 months: 92 days, 14 weeks, 15 fulls)."""
    return -(-longest(keep) // _LENGTHS[every]) + 1


def retention(series: Sequence[Series], runs: Runs, days: Days, today: int, eating: bool) -> Retention:
    """The promise as of today, by the newest version of the policy."""
    newest = max((one.policy.version for one in series), default=0)
    current = [one for one in series if one.policy.version == newest and one.schedule.every]
    reach = min((promised_from(today, one.schedule.keep) for one in current), default=today)
    owed = {
        day: cell
        for day, cell in days.cells.items()
        if day >= promised_from(today, cell.keep) and cell.state is not DayState.OPEN
    }
    good = [day for day, cell in owed.items() if cell.state is DayState.RESTORABLE]
    fulls = [one for one in current if one.schedule.role is Role.FULL]
    need = max((_needed(one, current) for one in fulls), default=0)
    told = [one.schedule.fulls_kept for one in fulls if one.schedule.fulls_kept is not None]
    over = sum(1 for day, cell in days.cells.items() if day < reach and cell.state is DayState.RESTORABLE)
    return Retention(
        from_day=iso(max(reach, min(days.cells, default=today))),
        oldest=_oldest(days),
        promised_days=len(owed),
        restorable_days=len(good),
        short_days=sum(1 for cell in owed.values() if cell.state is DayState.LOST),
        fulls_needed=need,
        fulls_have=_fulls(runs),
        fulls_set=min(told, default=None),
        eating=eating,
        over_days=over,
    )


def _needed(full: Series, current: Sequence[Series]) -> int:
    keeps = [one.schedule.keep for one in current if one.schedule.role is not Role.EVENT]
    return max(fulls_needed(keep, full.schedule.every) for keep in keeps)


def _fulls(runs: Runs) -> int:
    return sum(
        1
        for run, record in enumerate(runs.records)
        if record.kind not in CHAINED and runs.paths[run].good is True
    )


def _oldest(days: Days) -> str:
    oldest = ""
    for day in reversed(days.cells):
        state = days.cells[day].state
        if state is DayState.RESTORABLE:
            oldest = iso(day)
        elif state not in (DayState.OPEN, DayState.EXCUSED):
            break
    return oldest


def eaten(runs: Runs) -> list[tuple[int, int, int | None]]:
    """Good points that were purged while everything newer was bad: (run, when, until a good one came)."""
    bad = [run for run, grade in enumerate(runs.grades) if grade.good is False]
    if not bad:
        return []
    purged = [
        (run, stands.lost_ms)
        for run, stands in enumerate(runs.standings)
        if stands.gone and stands.lost_ms is not None
    ]
    return [(run, at, _relief(runs, at)) for run, at in purged if _newest_is_bad(runs, at) and run not in bad]


def _newest_is_bad(runs: Runs, at: int) -> bool:
    """Whether the newest run that stood at an instant was no point."""
    for run in range(len(runs.records) - 1, -1, -1):
        if runs.records[run].first_ms <= at:
            grade = runs.grades[run]
            return grade.good is False and not runs.standings[run].ever
    return False


def _relief(runs: Runs, at: int) -> int | None:
    later = [
        record.first_ms
        for run, record in enumerate(runs.records)
        if record.first_ms > at and runs.standings[run].ever
    ]
    return min(later, default=None)
