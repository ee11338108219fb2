"""What there is to tell people: faults, limits, findings, silent agents, missed rounds, backups.

Each kind is asked for only where a rule wants it. Nothing here decides whom to tell, or whether again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.availability import calendar_cn
from collector.availability.estate_terms import EstateTerms
from collector.backups.ledger import Outcome
from collector.evidence.agents import AgentState
from collector.faults.account import account
from collector.faults.clocks import ALERT_SLACK_MS
from collector.faults.counted import days_of, terms_of
from collector.faults.model import Account, Clock, ClockState, Fault, Finding
from collector.faults.said import Extent, fault_id, onset_of
from collector.faults.terms import ClockStart, Terms
from collector.jobs import as_of, backups
from collector.jobs import faults as fault_jobs
from collector.judging import judge
from collector.notify.due import Subject, Told
from collector.notify.receipts import Known, problem_id
from collector.notify.rules import BACKUP, CLOCK, FAULT, FINDING, MISSED, SILENT
from collector.store import agents, evidence, rounds, series

_DAY_MS = 86_400_000
BACK_MS = 7 * _DAY_MS
MOST_BACK_MS = 60 * _DAY_MS
SILENT_MS = 300_000
"""Agents flush at least once a minute; five missed flushes are silence."""
PROBLEM = "problem"
"""Start of a limit that a message may set (docs/faults.md, Clocks)."""
SOON_MS = 1_800_000
"""A limit is told of so long before it runs out."""


@dataclass(frozen=True, slots=True)
class SubjectsAsked:
    """What is asked for: now, by the terms in force. `running`: what was told of and is not told to be over;
    `told`: all that was told; `up_ms`: since when anybody could have been heard here."""

    now: int
    terms: EstateTerms
    running: tuple[Told, ...] = ()
    up_ms: int = 0
    told: tuple[Told, ...] = ()

    def ids(self, kind: str) -> list[str]:
        """Those of a kind."""
        return [one.id for one in self.running if one.kind == kind]


def groups(kinds: Collection[str]) -> list[frozenset[str]]:
    """These kinds, apart where they are looked for apart: what cannot be looked for hides no other."""
    wanted = frozenset(kinds)
    made = [wanted & {FAULT, CLOCK}, *(wanted & {kind} for kind in _OTHERS)]
    return [one for one in made if one]


def subjects(conn: Connection, asked: SubjectsAsked, kinds: Collection[str]) -> list[Subject]:
    """What stands, or stood lately, of these kinds."""
    made: list[Subject] = []
    if {FAULT, CLOCK} & set(kinds):
        made += _of_faults(conn, asked)
    for kind, tell in _OTHERS.items():
        if kind in kinds:
            made += tell(conn, asked)
    return [one for one in made if one.kind in kinds]


def _faults(conn: Connection, now: int, from_ms: int) -> tuple[tuple[Fault, ...], bool] | None:
    """Faults with their onset in [from, now], and whether a message starts their limits; None without a
    contract that says what a fault is."""
    made = _account(conn, now, (from_ms, now + 1), lambda terms: Terms(terms.faults))
    if made is None:
        return None
    found, terms = made
    alerts = terms.faults is not None and terms.faults.clock_start is ClockStart.ANNOUNCED
    return tuple(one for one in found.faults if one.moments.onset_ms >= from_ms), alerts


def findings_now(conn: Connection, now: int) -> tuple[Finding, ...]:
    """All findings of the term; none where the contract knows none."""
    made = _account(conn, now, None, lambda terms: Terms(findings=terms.findings))
    return made[0].findings if made is not None else ()


def _account(
    conn: Connection, now: int, window: tuple[int, int] | None, part: Callable[[Terms], Terms]
) -> tuple[Account, Terms] | None:
    """One part of the account, of a window or the whole term, and its terms; None without a contract."""
    size = as_of.size_at(conn, now)
    applied = as_of.applied(conn, size)
    try:
        every = judge.periods(applied, now)
        running = [one for one in every if one.from_ms <= now] or every
        chosen = judge.chosen(applied, running[-1].name, now)
    except judge.NoScorecard:
        return None
    term = every[0].from_ms, every[-1].to_ms
    asked = fault_jobs.Asked(
        chosen.applied, chosen.pack.pack, chosen.options, term, window or term, now, size, latest=True
    )
    terms = part(terms_of(chosen.pack.pack, chosen.options))
    ground = fault_jobs.ground(conn, asked, terms)
    return account(terms, ground, now, days_of(chosen.pack.pack, calendar_cn.shipped())), terms


def _of_faults(conn: Connection, asked: SubjectsAsked) -> Iterator[Subject]:
    now, terms = asked.now, asked.terms
    named = [found[1] for found in map(onset_of, asked.ids(FAULT)) if found is not None]
    begin = max(min([now - BACK_MS, *(at - 600_000 for at in named)]), now - MOST_BACK_MS)
    names = {one.id: one.name for one in terms.scope.systems} if terms.scope is not None else {}
    made = _faults(conn, now, begin)
    found, alerts = ((), False) if made is None else made
    if made is not None and series.cursor(conn) >= evidence.size(conn):
        yield from _void(found, asked, begin, names)
    for fault in found:
        level = fault.judged.level if fault.judged.level is not None else fault.judged.proposed
        words = {
            "name": names.get(fault.system or "") or fault.system or fault.id.rpartition("@")[0],
            "title": fault.title,
            "level": level,
            "since": fault.moments.onset_ms,
            "over": fault.moments.recovered_ms,
            "limits": [[c.id, c.due_ms] for c in fault.clocks if _runs(c)],
            **_counted(fault, alerts),
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


def _counted(fault: Fault, alerts: bool) -> dict[str, int]:
    """`start`: from when its running limits count (UTC ms), where all of them do from the same instant;
    `start_until`: until when the receipt of a first message would have them count from there instead."""
    running = [one for one in fault.clocks if _runs(one)]
    start = running[0].start_ms if running else None
    if start is None or any(one.start != PROBLEM for one in running):
        return {}
    moments = fault.moments
    told = moments.announced_ms is not None or moments.reported_ms is not None
    return {"start": start} if told or not alerts else {"start": start, "start_until": start + ALERT_SLACK_MS}


def _void(
    found: Sequence[Fault], asked: SubjectsAsked, begin: int, names: Mapping[str, str]
) -> Iterator[Subject]:
    """Faults that people were told of and that are none by what the log holds now: late evidence showed
    otherwise, or a window was approved. Only once all that was logged has been worked into the figures."""
    known = Known(
        Extent(one.id, one.system, one.moments.onset_ms, one.moments.recovered_ms)
        for one in found
        if one.system is not None
    )
    told = {one.id: one for one in asked.told if one.kind == FAULT}
    for key, one in told.items():
        named = onset_of(key)
        # A day beside the edge: what began before it is not looked at, and may reach over it.
        if named is None or named[0] not in names or not begin + _DAY_MS <= named[1] <= asked.now:
            continue
        if known.about(key, one.stage, one.made_ms) is None:
            words = {"name": names[named[0]] or named[0], "since": named[1]}
            yield Subject(FAULT, key, named[1], system=named[0], words=words, void=True)


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
            if one.start != PROBLEM:
                more.pop("start", None)
            key = f"{fault.id}/{one.id}"
            at = max(one.due_ms - SOON_MS, fault.moments.onset_ms)
            place = (fault.system, fault.unit, level)
            yield Subject(CLOCK, key, at, None, None, *place, words=more, late=now >= one.due_ms)


def _silent(conn: Connection, asked: SubjectsAsked) -> Iterator[Subject]:
    """Approved agents of which nothing came for five minutes; the id holds when they were last heard."""
    marks = series.marks(conn)
    told = asked.ids(SILENT)
    for one in agents.every(conn):
        mark = marks.get(one.agent)
        if one.state is not AgentState.APPROVED or one.epoch != one.newest_epoch or mark is None:
            continue
        key = fault_id(one.agent, mark.received)
        words = {"name": one.agent, "since": mark.received}
        if asked.now - max(mark.received, asked.up_ms) > SILENT_MS:
            yield Subject(SILENT, key, mark.received + SILENT_MS, words=words)
        for before in told:
            if before.rpartition("@")[0] == one.agent and before != key:
                yield Subject(SILENT, before, 0, mark.received, words={**words, "over": mark.received})


def _missed(conn: Connection, asked: SubjectsAsked) -> Iterator[Subject]:
    """Rounds that were closed with looks missing."""
    for row in rounds.closed_after(conn, asked.now - BACK_MS):
        if row.missed:
            name = asked.terms.rounds.get(row.round) or row.round
            words = {
                "name": f"{name} {row.window.partition('/')[2]}: {row.missed}/{row.due}",
                "since": row.opened,
            }
            yield Subject(MISSED, row.window, row.closed, words=words)


def _findings(conn: Connection, asked: SubjectsAsked) -> Iterator[Subject]:
    """Findings that are open, or were closed lately."""
    for one in findings_now(conn, asked.now):
        if one.closed_ms is None or one.closed_ms > asked.now - BACK_MS:
            words = {
                "name": one.target,
                "check": one.check,
                "since": one.opened_ms,
                "over": one.closed_ms,
            }
            yield Subject(
                FINDING, one.id, one.opened_ms, one.closed_ms, None, one.system, one.unit, words=words
            )


def _backups(conn: Connection, asked: SubjectsAsked) -> Iterator[Subject]:
    """What is wrong with backups: late, missing, damaged; from when on anybody could have known."""
    try:
        account_ = backups.account(conn, asked.now)
    except backups.NoBackups:
        return
    for one in account_.ledger.problems:
        lately = one.until_ms is None or one.until_ms > asked.now - BACK_MS
        if one.outcome is Outcome.BAD and lately:
            named = account_.of(one.object)
            words = {
                "name": named.name or one.object,
                "reason": one.reason,
                "since": one.first_provable_ms,
                "over": one.until_ms,
            }
            yield Subject(
                BACKUP,
                problem_id(one),
                one.first_provable_ms,
                one.until_ms,
                None,
                named.system or None,
                words=words,
            )


_Tell = Callable[[Connection, SubjectsAsked], Iterator[Subject]]
_OTHERS: Mapping[str, _Tell] = {
    SILENT: _silent,
    MISSED: _missed,
    FINDING: _findings,
    BACKUP: _backups,
}
