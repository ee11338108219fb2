"""Days: which can be restored, which are lost, and what that says of retention.

A day is restorable if some path ends in one of its slots. It is owed from its slot on until its schedule's
retention lets it go; what is lost after that had its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from collector.backups.assign import Series
from collector.backups.calendar import Table, expires, iso, longest, promised_from, start_of
from collector.backups.ledger import DayState, Retention, SlotState
from collector.backups.policy import Keep, Role
from collector.backups.runs import CHAINED, Runs

_LENGTHS = {"day": 1, "week": 7, "fortnight": 14, "month": 31, "quarter": 92, "year": 366}
# Of several slots on a day the best counts; also a code, for columns.
_ORDER = (
    DayState.NONE,
    DayState.EXCUSED,
    DayState.LOST,
    DayState.OPEN,
    DayState.UNPROVEN,
    DayState.EXPIRED,
    DayState.RESTORABLE,
)
NONE, EXCUSED, LOST, OPEN, UNPROVEN, EXPIRED, RESTORABLE = range(7)
_EMPTY = {
    SlotState.DUE: OPEN,
    SlotState.RUNNING: OPEN,
    SlotState.EXCUSED: EXCUSED,
    SlotState.MISSED: NONE,
    SlotState.UNSEEN: UNPROVEN,
}
Cell = tuple[int, int, Keep]
"""A day's standing: code of its state, the run that gives it or would (-1 none), how long it is owed."""


def word(code: int) -> DayState:
    """The state of a code."""
    return _ORDER[code]


@dataclass(slots=True)
class Days:
    """All days with a slot. `lost`: run that is the cause -> days lost by it before their time."""

    cells: dict[int, Cell]
    lost: dict[int, list[int]] = field(default_factory=dict)


def days_of(series: Sequence[Series], runs: Runs) -> Days:
    """Every day that a slot is anchored on; of several slots the best counts."""
    found: dict[int, Cell] = {}
    for one in series:
        cells = _cells(one, runs)
        if not found:
            found = cells
            continue
        for day, cell in cells.items():
            if day not in found or found[day][0] < cell[0]:
                found[day] = cell
    ordered = found if len(series) < 2 else dict(sorted(found.items()))
    return Days(ordered, _lost(ordered, runs))


def _cells(one: Series, runs: Runs) -> dict[int, Cell]:
    """Days of one series. Most runs stand and are good, or had their time: those two without a detour."""
    found: dict[int, Cell] = {}
    keep, paths, more, picks = one.schedule.keep, runs.paths, one.more, one.picks
    ends = owed_until(one.table, keep)
    for slot, day in enumerate(one.table.days):
        run = picks[slot]
        if run >= 0 and slot not in more:
            path = paths[run]
            if path.good:
                found[day] = (RESTORABLE, run, keep)
                continue
            if path.ever and path.lost_ms is not None and path.lost_ms >= ends[slot]:
                found[day] = (EXPIRED, run, keep)
                continue
        found[day] = _cell(one, runs, slot, ends[slot])
    return found


@lru_cache(maxsize=256)
def owed_until(table: Table, keep: Keep) -> tuple[int, ...]:
    """For each slot the instant from which its day is owed no more (UTC ms)."""
    return tuple(start_of(expires(day, keep)) for day in table.days)


def _cell(one: Series, runs: Runs, slot: int, until: int) -> Cell:
    tried = [run for run in (one.picks[slot], *one.more.get(slot, ()), *one.late(slot)) if run >= 0]
    empty = _EMPTY.get(one.states[slot], NONE)
    found = [(_code(runs, run, until, empty), -run, run) for run in tried]
    code, _, run = max(found, default=(empty, 0, -1))
    return code, run, one.schedule.keep


def _code(runs: Runs, run: int, until: int, empty: int) -> int:
    path = runs.paths[run]
    if path.good is True:
        return RESTORABLE
    if path.good is None:
        return OPEN if empty == OPEN else UNPROVEN
    if not path.ever:
        return empty
    return EXPIRED if path.lost_ms is not None and path.lost_ms >= until else LOST


def _lost(cells: Mapping[int, Cell], runs: Runs) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for day, (code, run, _) in cells.items():
        if code == LOST:
            found.setdefault(runs.paths[run].cause, []).append(day)
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
    owed, over = _owed(days, today, reach)
    fulls = [one for one in current if one.schedule.role is Role.FULL]
    need = max((_needed(one, current) for one in fulls), default=0)
    told = [one.schedule.fulls_kept for one in fulls if one.schedule.fulls_kept is not None]
    return Retention(
        from_day=iso(max(reach, min(days.cells, default=today))),
        oldest=_oldest(days),
        promised_days=len(owed),
        restorable_days=owed.count(RESTORABLE),
        short_days=owed.count(LOST),
        fulls_needed=need,
        fulls_have=_fulls(runs),
        fulls_set=min(told, default=None),
        eating=eating,
        over_days=over,
    )


def _owed(days: Days, today: int, reach: int) -> tuple[list[int], int]:
    """Codes of the promised days whose slot is over; and how many older days can still be restored."""
    owed: list[int] = []
    over = 0
    for day, (code, _, keep) in days.cells.items():
        if day < reach:
            over += code == RESTORABLE
        elif code != OPEN and day >= promised_from(today, keep):
            owed.append(code)
    return owed, over


def _needed(full: Series, current: Sequence[Series]) -> int:
    keeps = [one.schedule.keep for one in current if one.schedule.role is not Role.EVENT]
    return max(fulls_needed(keep, full.schedule.every) for keep in keeps)


def _fulls(runs: Runs) -> int:
    standing = [run for run, path in enumerate(runs.paths) if path.good]
    return sum(1 for run in standing if runs.records[run].kind not in CHAINED)


def _oldest(days: Days) -> str:
    oldest = ""
    for day in reversed(days.cells):
        code = days.cells[day][0]
        if code == RESTORABLE:
            oldest = iso(day)
        elif code not in (OPEN, EXCUSED):
            break
    return oldest


def eaten(runs: Runs) -> list[tuple[int, int, int | None]]:
    """Good points that were purged while everything newer was bad: (run, when, until a good one came)."""
    spells = _bad_spells(runs)
    if not spells:
        return []
    return [
        (run, stands.lost_ms, to)
        for run, stands in enumerate(runs.standings)
        if stands.gone and stands.lost_ms is not None
        for first, at, to in spells
        if run < first and at <= stands.lost_ms and (to is None or stands.lost_ms < to)
    ]


def _bad_spells(runs: Runs) -> list[tuple[int, int, int | None]]:
    """Stretches in which the newest run was no good from the beginning: (first such run, from, to)."""
    found: list[tuple[int, int, int | None]] = []
    for run, held in enumerate(runs.grades):
        if held.good is not False or runs.standings[run].ever:
            continue
        after = run + 1
        while after < len(runs.grades) and not runs.standings[after].ever:
            after += 1
        to = runs.records[after].first_ms if after < len(runs.grades) else None
        if not found or found[-1][2] != to:
            found.append((run, runs.records[run].first_ms, to))
    return found
