"""Days: which can be restored, which are lost, and what that says of retention.

A day is restorable if some path ends in one of its slots. It is owed from its slot on until its schedule's
retention lets it go; what is lost after that had its time.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt

from collector.backups.assign import Series
from collector.backups.calendar import iso, longest, promised_from
from collector.backups.ledger import DayState, Retention, SlotState
from collector.backups.observed import Record
from collector.backups.policy import DAY_MS, Keep, Role
from collector.backups.runs import CHAINED, GOOD, NEVER, Runs, where
from collector.backups.runs import LOST as WAS_GOOD
from collector.backups.runs import UNPROVEN as NOT_PROVEN

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
_ASK = -1  # no code yet
_EMPTY = {
    SlotState.DUE: OPEN,
    SlotState.RUNNING: OPEN,
    SlotState.EXCUSED: EXCUSED,
    SlotState.MISSED: NONE,
    SlotState.UNSEEN: UNPROVEN,
}


def word(code: int) -> DayState:
    """The state of a code."""
    return _ORDER[code]


@dataclass(slots=True)
class Days:
    """All days with a slot, in columns, ascending: the code of its state, the run that gives it or would (-1
    none), the series that says how long it is owed. `lost`: run that is the cause -> days lost by it."""

    days: Sequence[int]
    codes: Sequence[int]
    runs: Sequence[int]
    owners: Sequence[int]
    series: Sequence[Series]
    lost: dict[int, list[int]] = field(default_factory=dict)

    def keep(self, day: int) -> Keep:
        """How long the day is owed."""
        return self.series[self.owners[bisect_left(self.days, day)]].schedule.keep


def days_of(series: Sequence[Series], runs: Runs) -> Days:
    """Every day that a slot is anchored on; of several slots the best counts."""
    columns = [_column(one, runs) for one in series]
    filled = [index for index, one in enumerate(series) if one.table.days]
    if len(filled) == 1 and _rising(series[filled[0]].table.days):
        only = filled[0]
        codes, picks = columns[only]
        made = Days(series[only].table.days, codes, picks, [only] * len(codes), series)
    else:
        made = _merged(series, columns)
    made.lost = _lost(made, runs)
    return made


def _rising(days: Sequence[int]) -> bool:
    return all(map(lt, days, islice(days, 1, None)))


def _merged(series: Sequence[Series], columns: Sequence[tuple[list[int], list[int]]]) -> Days:
    found: dict[int, tuple[int, int, int]] = {}
    for index, (codes, picks) in enumerate(columns):
        for day, code, run in zip(series[index].table.days, codes, picks, strict=True):
            if day not in found or found[day][0] < code:
                found[day] = code, run, index
    days = sorted(found)
    held = [found[day] for day in days]
    return Days(days, [c for c, _, _ in held], [r for _, r, _ in held], [o for _, _, o in held], series)


def _column(one: Series, runs: Runs) -> tuple[list[int], list[int]]:
    """Codes and runs of one series. Most runs stand and are good, or had their time: no detour for those."""
    picks, ends = one.picks, one.table.owed
    paths, causes, lost = runs.codes, runs.causes, runs.lost
    codes = [
        _ASK
        if run < 0
        else RESTORABLE
        if (path := paths[run]) == GOOD
        else EXPIRED
        if path == WAS_GOOD and (lost[causes[run]] or 0) >= end
        else _ASK
        for run, end in zip(picks, ends, strict=True)
    ]
    for slot in sorted({*where(codes, _ASK), *one.more}):
        codes[slot], better = _detour(one, runs, slot, ends[slot])
        if better != picks[slot]:
            picks = list(picks) if picks is one.picks else picks
            picks[slot] = better
    return codes, picks


def _detour(one: Series, runs: Runs, slot: int, until: int) -> tuple[int, int]:
    tried = [run for run in (one.picks[slot], *one.more.get(slot, ()), *one.late(slot)) if run >= 0]
    empty = _EMPTY.get(one.states[slot], NONE)
    found = [(_code(runs, run, until, empty), -run) for run in tried]
    code, run = max(found, default=(empty, 1))
    return code, -run


def _code(runs: Runs, run: int, until: int, empty: int) -> int:
    path = runs.path(run)
    if path.good is True:
        return RESTORABLE
    if path.good is None:
        return OPEN if empty == OPEN else UNPROVEN
    if not path.ever:
        return empty
    return EXPIRED if path.lost_ms is not None and path.lost_ms >= until else LOST


def _lost(days: Days, runs: Runs) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for index in where(days.codes, LOST):
        found.setdefault(runs.causes[days.runs[index]], []).append(days.days[index])
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
        from_day=iso(max(reach, min(days.days, default=today))),
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
    first = bisect_left(days.days, reach)
    keeps = [promised_from(today, one.schedule.keep) for one in days.series]
    owed = [
        days.codes[index]
        for index in range(first, len(days.days))
        if days.codes[index] != OPEN and days.days[index] >= keeps[days.owners[index]]
    ]
    return owed, days.codes[:first].count(RESTORABLE)


def _needed(full: Series, current: Sequence[Series]) -> int:
    keeps = [one.schedule.keep for one in current if one.schedule.role is not Role.EVENT]
    return max(fulls_needed(keep, full.schedule.every) for keep in keeps)


def _fulls(runs: Runs) -> int:
    if not runs.kinds & CHAINED:
        return runs.codes.count(GOOD)
    return sum(1 for run in where(runs.codes, GOOD) if runs.records[run].kind not in CHAINED)


def _oldest(days: Days) -> str:
    oldest = ""
    for day, code in zip(reversed(days.days), reversed(days.codes), strict=True):
        if code == RESTORABLE:
            oldest = iso(day)
        elif code not in (OPEN, EXCUSED):
            break
    return oldest


def eaten(runs: Runs, now: int) -> list[tuple[int, int, int | None]]:
    """Good points that were purged while everything newer was bad: (run, when, until a good one came)."""
    spells = _bad_spells(runs, now)
    if not spells:
        return []
    last = max(first for first, _, _ in spells)
    gone = [
        (run, at) for run, at in enumerate(runs.lost[:last]) if at is not None and runs.own[run] == WAS_GOOD
    ]
    return [
        (run, at, to)
        for first, since, to in spells
        for run, at in gone
        if run < first and since <= at and (to is None or at < to) and runs.standing(run).gone
    ]


def _being_made(record: Record, now: int) -> bool:
    """Under a temporary name: gone since, or not a day old yet."""
    if all(one.reason != "unfinished" for one in record.verdicts):
        return False
    return record.gone_ms is not None or now - record.first_ms < DAY_MS


def _bad_spells(runs: Runs, now: int) -> list[tuple[int, int, int | None]]:
    """Stretches in which the newest run was no good from the beginning: (first such run, from, to)."""
    found: list[tuple[int, int, int | None]] = []
    for run in sorted([*where(runs.own, NEVER), *where(runs.own, NOT_PROVEN)]):
        if runs.grades[run].good is not False or _being_made(runs.records[run], now):
            continue
        after = run + 1
        while after < len(runs.grades) and not runs.ever(after):
            after += 1
        to = runs.records[after].first_ms if after < len(runs.grades) else None
        if not found or found[-1][2] != to:
            found.append((run, runs.records[run].first_ms, to))
    return found
