"""What there is to tell people: faults, limits, findings, silent agents, missed rounds, backups.

Each kind is asked for only where a rule wants it. Nothing here decides whom to tell, or whether again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from sqlalchemy import Connection

from collector.availability import calendar_cn
from collector.availability.estate_terms import EstateTerms
from collector.faults.account import account
from collector.faults.counted import days_of, terms_of
from collector.faults.model import Clock, ClockState, Fault
from collector.faults.said import onset_of
from collector.faults.terms import Terms
from collector.jobs import faults as fault_jobs
from collector.jobs import scorecards
from collector.judging import judge
from collector.notify.due import Subject
from collector.notify.rules import CLOCK, FAULT

_DAY_MS = 86_400_000
BACK_MS = 7 * _DAY_MS
MOST_BACK_MS = 60 * _DAY_MS
SOON_MS = 1_800_000
"""A limit is told of so long before it runs out."""


def subjects(
    conn: Connection, now: int, kinds: Collection[str], open_ids: Collection[str], terms: EstateTerms
) -> list[Subject]:
    """What stands, or stood lately, of these kinds. `open_ids`: told of and not told to be over."""
    made: list[Subject] = []
    if {FAULT, CLOCK} & set(kinds):
        made += _of_faults(conn, now, open_ids, terms)
    for kind, tell in _OTHERS.items():
        if kind in kinds:
            made += tell(conn, now, terms)
    return [one for one in made if one.kind in kinds]


_Tell = Callable[[Connection, int, EstateTerms], Iterator[Subject]]
_OTHERS: Mapping[str, _Tell] = {}


def faults_since(conn: Connection, now: int, from_ms: int) -> tuple[Fault, ...]:
    """Faults with their onset in [from, now]; none where no contract says what a fault is."""
    size = scorecards.size_at(conn, now)
    applied = scorecards.applied(conn, size)
    try:
        every = judge.periods(applied, now)
        running = [one for one in every if one.from_ms <= now] or every
        chosen = judge.chosen(applied, running[-1].name, now)
    except judge.NoScorecard:
        return ()
    term = every[0].from_ms, every[-1].to_ms
    asked = fault_jobs.Asked(
        *(chosen.applied, chosen.pack.pack, chosen.options, term, (from_ms, now + 1), now, size),
        latest=True,
    )
    terms = Terms(terms_of(chosen.pack.pack, chosen.options).faults)
    ground = fault_jobs.ground(conn, asked, terms)
    made = account(terms, ground, now, days_of(chosen.pack.pack, calendar_cn.shipped())).faults
    return tuple(one for one in made if one.moments.onset_ms >= from_ms)


def _of_faults(
    conn: Connection, now: int, open_ids: Collection[str], terms: EstateTerms
) -> Iterator[Subject]:
    named = [found[1] for found in map(onset_of, open_ids) if found is not None]
    begin = max(min([now - BACK_MS, *(at - 600_000 for at in named)]), now - MOST_BACK_MS)
    names = {one.id: one.name for one in terms.scope.systems} if terms.scope is not None else {}
    for fault in faults_since(conn, now, begin):
        level = fault.judged.level if fault.judged.level is not None else fault.judged.proposed
        words = {
            "name": names.get(fault.system or "") or fault.system or fault.id.rpartition("@")[0],
            "title": fault.title,
            "level": level,
            "since": fault.moments.onset_ms,
            "over": fault.moments.recovered_ms,
            "limits": [[c.id, c.due_ms] for c in fault.clocks if _runs(c)],
        }
        yield Subject(
            FAULT,
            fault.id,
            fault.moments.onset_ms,
            fault.moments.recovered_ms,
            fault.moments.acknowledged_ms,
            fault.system or fault.id.rpartition("@")[0],
            fault.unit,
            level,
            words,
        )
        yield from _clocks(fault, level, words, now)


def _runs(clock: Clock) -> bool:
    return clock.state is ClockState.RUNNING and clock.due_ms is not None


def _clocks(fault: Fault, level: int | None, words: Mapping[str, object], now: int) -> Iterator[Subject]:
    """Limits that end soon or have run out; over once they are neither."""
    for one in fault.clocks:
        if one.due_ms is None or now < one.due_ms - SOON_MS:
            continue
        pending = one.state in (ClockState.RUNNING, ClockState.UNKNOWN) and one.stop_ms is None
        late = one.state is ClockState.LATE and one.stop_ms is None
        if pending or late:
            more = {**words, "limit": one.id, "due": one.due_ms, "late": now >= one.due_ms}
            key = f"{fault.id}/{one.id}"
            at = max(one.due_ms - SOON_MS, fault.moments.onset_ms)
            yield Subject(CLOCK, key, at, None, None, fault.system, fault.unit, level, more)
