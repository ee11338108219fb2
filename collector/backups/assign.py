"""Runs into slots: which run serves which slot, and how each slot stands."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from checks.china import day_of
from collector.backups.calendar import Table, owed_until, slots
from collector.backups.ledger import SlotState
from collector.backups.observed import Change, Excuse, SealedPeriod
from collector.backups.policy import BackupObject, ObjectKind, Policy, Role, Schedule
from collector.backups.runs import CHAINED, WHOLE, Runs, where

_ALWAYS = 1 << 62


@dataclass(slots=True)
class Series:
    """The slots of one schedule under one version of the policy. `picks`: the run that serves each slot, -1
    none; `more`: further runs of a slot; `strays`: a run with no right to it that came nearest."""

    policy: Policy
    schedule: Schedule
    table: Table
    ids: tuple[str, ...] = ()  # of slots by event; by the calendar they are named by their days
    picks: list[int] = field(default_factory=list)
    more: dict[int, list[int]] = field(default_factory=dict)
    strays: dict[int, int] = field(default_factory=dict)
    states: list[SlotState] = field(default_factory=list)
    amended: dict[int, SlotState] = field(default_factory=dict)
    after_seal: dict[int, int] = field(default_factory=dict)

    def late(self, slot: int) -> tuple[int, ...]:
        """The run whose proof came after the slot's period was sealed."""
        return (self.after_seal[slot],) if slot in self.after_seal else ()

    @property
    def role(self) -> str:
        """`full`, `incremental` or `event`."""
        return self.schedule.role.value


@dataclass(frozen=True, slots=True)
class Scene:
    """What else decides how a slot stands. `looks`: instants of complete looks at any of its places."""

    now: int
    looks: Sequence[int]
    excuses: Sequence[Excuse]
    sealed: Sequence[SealedPeriod]


def series_of(one: BackupObject, changes: Sequence[Change], now: int) -> list[Series]:
    """All slots of an object up to the one that is open now (before events to come, those whose window is);
    each version's own."""
    made: list[Series] = []
    for index, policy in enumerate(one.policies):
        begin = max(policy.from_ms, one.since_ms)
        following = one.policies[index + 1].from_ms if index + 1 < len(one.policies) else _ALWAYS
        until = min(following, now + 1)
        for schedule in policy.schedules:
            if schedule.role is Role.EVENT:
                made.append(_by_event(policy, schedule, changes, (begin, following), now))
            else:
                made.append(Series(policy, schedule, slots(schedule, begin, until)))
    return made


def _by_event(
    policy: Policy, schedule: Schedule, changes: Sequence[Change], span: tuple[int, int], now: int
) -> Series:
    """A slot before each change; one that is announced is due as soon as its window opens."""
    mine = sorted(
        (
            change
            for change in changes
            if change.kind == schedule.before
            and span[0] <= change.at_ms < max(span[1], span[0])
            and change.at_ms - schedule.within_ms <= now
        ),
        key=lambda change: change.at_ms,
    )
    opens = tuple(change.at_ms - schedule.within_ms for change in mine)
    ends = tuple(change.at_ms for change in mine)
    days = tuple(day_of(at) for at in opens)
    table = Table(days, opens, ends, ends, owed_until(days, schedule.keep))
    return Series(policy, schedule, table, tuple(change.id for change in mine))


def assign(series: Series, runs: Runs, kind: ObjectKind, scene: Scene) -> None:
    """Fills in the slots of one series."""
    count = len(series.table.opens)
    series.picks = [-1] * count
    eligible = _eligible(series.schedule.role, runs, kind)
    if series.schedule.role is Role.EVENT:
        _assign_events(series, runs, eligible)
    else:
        _assign(series, runs, eligible)
    series.after_seal = _late_proof(series, runs, scene) if scene.sealed else {}
    series.states = _states(series, runs, scene)
    for slot, run in series.after_seal.items():
        series.states[slot] = SlotState.UNSEEN
        series.amended[slot] = _served(series, runs, slot, run)


def _eligible(role: Role, runs: Runs, kind: ObjectKind) -> Sequence[int]:
    """A full serves a day's incremental too: it holds all that the increment would."""
    wanted = WHOLE if role is Role.FULL else WHOLE | CHAINED
    if kind is not ObjectKind.LOG:
        wanted = wanted - {"log"}
    if runs.kinds <= wanted:
        return range(len(runs.records))
    return [index for index, one in enumerate(runs.records) if one.kind in wanted]


def _assign(series: Series, runs: Runs, eligible: Sequence[int]) -> None:
    opens, deadlines, picks, starts = series.table.opens, series.table.deadlines, series.picks, runs.starts
    strays: list[int] = []
    mine = starts if len(eligible) == len(starts) else [starts[run] for run in eligible]
    # Both ascend: one walk along them instead of a search for each run.
    bounds = (*opens, inf)
    slot, following = -1, bounds[0]
    for run, start in zip(eligible, mine, strict=True):
        while start >= following:
            slot += 1
            following = bounds[slot + 1]
        if slot < 0 or start >= deadlines[slot]:
            strays.append(run)
        elif picks[slot] < 0:
            picks[slot] = run
        else:
            series.more.setdefault(slot, []).append(run)
    for slot, more in series.more.items():
        _choose(series, runs, slot, more)
    for run in strays:
        _stray(series, starts[run], run)


def _choose(series: Series, runs: Runs, slot: int, more: list[int]) -> None:
    """Of several runs in a slot the first good one counts, else the first that may be, else the first."""
    every = sorted([series.picks[slot], *more])
    best = min(every, key=lambda run: ({True: 0, None: 1, False: 2}[runs.grades[run].good], run))
    series.picks[slot] = best
    series.more[slot] = [run for run in every if run != best]


def _stray(series: Series, start: int, run: int) -> None:
    """To the nearest open slot: before it, by no more than its grace, it serves; else it is only shown."""
    table = series.table
    after = bisect_right(table.opens, start)
    before = after - 1
    gaps = []
    if after < len(table.opens) and series.picks[after] < 0:
        gaps.append((table.opens[after] - start, after))
    if before >= 0 and series.picks[before] < 0:
        gaps.append((start - table.deadlines[before], before))
    if not gaps:
        return
    gap, slot = min(gaps)
    if slot == after and gap <= series.schedule.grace_ms:
        series.picks[slot] = run
    else:
        series.strays.setdefault(slot, run)


def _assign_events(series: Series, runs: Runs, eligible: Sequence[int]) -> None:
    """The newest run that ended before the event; a run may serve several events, and its own slot beside."""
    starts = [runs.starts[run] for run in eligible]
    for slot, (opens, event) in enumerate(zip(series.table.opens, series.table.closes, strict=True)):
        inside = eligible[bisect_left(starts, opens) : bisect_left(starts, event)]
        done = [run for run in inside if (runs.records[run].end or runs.starts[run]) <= event]
        if done:
            series.picks[slot] = done[0]
            series.more[slot] = list(done[1:])
            _choose(series, runs, slot, series.more[slot])
            if not series.more[slot]:
                del series.more[slot]


def _late_proof(series: Series, runs: Runs, scene: Scene) -> dict[int, int]:
    """Takes back what was proven only after its period was sealed; slot -> run."""
    taken: dict[int, int] = {}
    for period in scene.sealed:
        a, b = (bisect_left(series.table.opens, at) for at in (period.from_ms, period.to_ms))
        for slot in range(a, b):
            run = series.picks[slot]
            if run >= 0 and min(one.received_ms for one in runs.all_records(run)) > period.at_ms:
                taken[slot] = run
                series.picks[slot] = -1
    return taken


def _served(series: Series, runs: Runs, slot: int, run: int) -> SlotState:
    end = runs.records[run].end
    in_time = runs.starts[run] < series.table.closes[slot]
    if in_time and (end is None or end <= series.table.deadlines[slot]):
        return SlotState.ON_TIME
    return SlotState.LATE


def _states(series: Series, runs: Runs, scene: Scene) -> list[SlotState]:
    on_time, late, records, starts = SlotState.ON_TIME, SlotState.LATE, runs.records, runs.starts
    table = series.table
    states = [
        on_time
        if starts[run] < closes and (records[run].end or records[run].absent_ms or 0) <= until
        else late
        for run, closes, until in zip(series.picks, table.closes, table.deadlines, strict=True)
        if records
    ] or [late] * len(series.picks)
    for slot in where(series.picks, -1):
        states[slot] = _empty(series, slot, scene)
    for slot in series.more:
        good = [run for run in (series.picks[slot], *series.more[slot]) if run >= 0 and runs.grades[run].good]
        if len(good) > 1 and states[slot] is on_time:
            states[slot] = SlotState.DOUBLE
    newest = series.picks[-1] if states else -1
    if newest >= 0 and scene.now < series.table.deadlines[-1] and _running(runs, newest):
        states[-1] = SlotState.RUNNING
    return states


def _running(runs: Runs, run: int) -> bool:
    record = runs.records[run]
    words = {one.reason for one in record.verdicts}
    return record.trouble == "moving" or bool(words & {"unfinished", "moving"})


def _empty(series: Series, slot: int, scene: Scene) -> SlotState:
    deadline = series.table.deadlines[slot]
    if excused(scene.excuses, series.table.opens[slot]):
        return SlotState.EXCUSED
    if scene.now < deadline:
        return SlotState.DUE
    return SlotState.UNSEEN if looked_after(scene.looks, deadline) is None else SlotState.MISSED


def excused(excuses: Sequence[Excuse], opens: int) -> bool:
    """Signed, and told before the slot opened."""
    return any(
        one.entry is not None and not one.drill and one.from_ms <= opens < one.to_ms and one.given_ms < opens
        for one in excuses
    )


def looked_after(looks: Sequence[int], at: int) -> int | None:
    """The first complete look at or after an instant."""
    index = bisect_left(looks, at)
    return looks[index] if index < len(looks) else None
