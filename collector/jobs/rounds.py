"""Rounds: what is due and what became of it; closes a round with its record when nothing more can come."""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from checks import registry
from checks import result as results
from checks.api import Check
from checks.plan import Window
from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.inspection import record as records
from collector.inspection.due import (
    BY_HAND,
    History,
    Issued,
    Owed,
    Part,
    RuleSpan,
    governing,
    history,
    keys,
    occurrences,
    owed,
)
from collector.inspection.human import HumanRound
from collector.inspection.human import governing as governed
from collector.inspection.record import Frame, Place, Record, Seen
from collector.jobs import human, projection
from collector.jobs.batches import lines_of
from collector.jobs.human import NOBODY, Standing
from collector.jobs.timer import Timer
from collector.judging.judge import NoScorecard
from collector.judging.version import JUDGING
from collector.store import estates, packs, plans, rounds, series
from collector.store import human as stored_human
from collector.store.content import content
from collector.store.evidence import Damaged, entry_table
from collector.store.rounds import DoneRow, RecordRow, Rule

log = logging.getLogger(__name__)
GRACE_MS = 120_000  # what was signed in time may still be on its way
TICK_S = 5.0


class NoRound(LookupError):
    """There is no such round or window: stable `code`, detail for people."""

    code = "no_such_round"


@dataclass(frozen=True, slots=True)
class Occasion:
    """One window of a round. state: planned, due, late (its window is over), done, missed, incomplete.

    The counts are of machines and people together; `human` says how it stands for people while it is open.
    """

    round: str
    window: Window
    state: str
    due: int
    done: int
    errors: int
    missed: int
    record: RecordRow | None
    human: Standing = NOBODY


def ledger(conn: Connection, now: int, from_ms: int, to_ms: int) -> list[Occasion]:
    """Every window with a part in [from, to), by start: closed ones by their record, others as they stand."""
    closed = {row.window: row for row in rounds.records(conn)}
    due = _Due(conn)
    made = []
    for round_id, rules in rounds.rules(conn).items():
        for window in occurrences(_spans(rules), from_ms, to_ms):
            row = closed.get(window.id)
            made.append(_closed(row) if row else _open(conn, round_id, window, now, due))
    return sorted(made, key=lambda one: (one.window.from_ms, one.window.id))


class _Due:
    """What windows owe; plans are read once, and windows under the same plans owe the same."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._plans: History | None = None
        self._keys: dict[tuple[int, ...], frozenset[tuple[str, str, str]]] = {}
        self._applied = stored_human.applied(conn)

    def parts(self, round_id: str, window: Window) -> tuple[Part, ...]:
        if self._plans is None:
            every = plans.every(self._conn)
            self._plans = history(Issued(plans.of_issued(self._conn, one), one.issued_ms) for one in every)
        return governing(round_id, window, self._plans)

    def human(self, round_id: str, window: Window) -> HumanRound | None:
        return governed(round_id, window, self._applied)

    def keys(self, round_id: str, window: Window) -> frozenset[tuple[str, str, str]]:
        parts = self.parts(round_id, window)
        name = tuple(id(part) for _, part in parts)
        if name not in self._keys:
            self._keys[name] = keys(parts)
        return self._keys[name]


def find(conn: Connection, window_id: str, now: int) -> Occasion:
    """The window of this id, or the newest window of the round of this id; NoRound if there is none."""
    round_id = window_id.partition("/")[0]
    every = rounds.rules(conn).get(round_id)
    if every is None:
        raise NoRound(f"no round {round_id}")
    if "/" in window_id:
        known = [window for window in occurrences(_spans(every), 0, _later(now)) if window.id == window_id]
    else:
        known = occurrences(_spans(every), 0, now + 1)
    if not known:
        raise NoRound(f"round {round_id} has had no window {window_id if '/' in window_id else 'yet'}")
    window = known[-1]
    row = rounds.record(conn, window.id)
    return _closed(row) if row else _open(conn, round_id, window, now, _Due(conn))


def windows_of(conn: Connection, round_id: str, from_ms: int, to_ms: int) -> list[Window]:
    """Windows of a round with a part in [from, to), by start; none of a round that there is not."""
    return occurrences(_spans(rounds.rules(conn).get(round_id, [])), from_ms, to_ms)


def _later(now: int) -> int:
    return now + 400 * 86_400_000


def _spans(rules: list[Rule]) -> list[RuleSpan]:
    ends: list[int | None] = [rule.since_ms for rule in rules[1:]]
    return [
        RuleSpan(rule.plan, rule.timezone, rule.since_ms, end)
        for rule, end in zip(rules, [*ends, None], strict=True)
        if rule.plan is not None
    ]


def _closed(row: RecordRow) -> Occasion:
    word = "done"
    if row.missed or row.errors:
        word = "missed" if row.done == 0 else "incomplete"
    elif row.late:
        word = "late"
    window = rounds.to_window(row)
    return Occasion(row.round, window, word, row.due, row.done, row.errors, row.missed, row)


def _open(conn: Connection, round_id: str, window: Window, now: int, due: _Due) -> Occasion:
    mine = due.keys(round_id, window)
    looks = _looks(conn, window, mine) if now >= window.from_ms else []
    pairs = len({key[:2] for key in mine})
    answered = {(row.check, row.target) for row in looks}
    done = len({(row.check, row.target) for row in looks if row.error is None})
    people = human.standing(conn, due.human(round_id, window), window.id)
    pairs, done = pairs + people.due, done + people.done
    word = "planned" if now < window.from_ms else "due" if now < window.to_ms else "late"
    if pairs and done == pairs and not people.unsigned:
        word = "done"
    elif now >= window.until_ms:
        word = "missed" if done == 0 else "incomplete"
    errors = len(answered) + people.done - done
    return Occasion(round_id, window, word, pairs, done, errors, pairs - done - errors, None, people)


def _looks(conn: Connection, window: Window, mine: frozenset[tuple[str, str, str]]) -> list[DoneRow]:
    """The looks in a window of those who owed them."""
    return [row for row in rounds.done(conn, window.id) if row[1:4] in mine]


def draft(context: Context, conn: Connection, round_id: str, window: Window) -> Record:
    """The record as it would be closed now; EmptyRecord when nothing is owed."""
    applied = estates.newest(conn, window.from_ms) or estates.newest(conn)
    if applied is None:
        raise NoRound("no estate has been applied")
    terms = estates.terms(conn, applied.idx)
    parts = _Due(conn).parts(round_id, window)
    before = rounds.last_record(conn, round_id, window.from_ms)
    name = terms.rounds.get(round_id) or round_id
    frame = Frame(round_id, name, window, terms.timezone, applied.digest, context.now())
    seen = _seen(conn, _looks(conn, window, keys(parts)))
    previous = read_record(conn, before) if before else None
    by_people = human.by_people(conn, round_id, window)
    return records.make_record(frame, owed(parts), seen, previous, lookup, by_people)


def owed_in(conn: Connection, round_id: str, window: Window) -> tuple[Owed, ...]:
    """The looks that agents owe in a window, with their parameters, by the plans in the log."""
    return owed(_Due(conn).parts(round_id, window))


def _seen(conn: Connection, rows: list[DoneRow]) -> dict[tuple[str, str, str], Seen]:
    """The results of these looks, from the log; each batch is read once."""
    made = {}
    lines: list[bytes] = []
    at = -1
    for row in sorted(rows, key=lambda row: (row.idx, row.line)):
        if row.idx != at:
            at, lines = row.idx, lines_of(conn, row.idx)
        if row.line >= len(lines):
            raise Damaged(f"line {row.line} of entry {row.idx} is missing")
        place = Place(row.idx, row.line)
        made[row.check, row.target, row.vantage] = Seen(results.decode(lines[row.line]), row.t, place)
    return made


def lookup(check_id: str) -> Check[Any, Any] | None:
    """An installed check."""
    try:
        return registry.get(check_id)
    except registry.UnknownCheckError:
        return None


def read_record(conn: Connection, row: RecordRow) -> Record:
    """A closed round's record, from the log."""
    body = packs.body(conn, row.idx)
    if body is None:
        raise Damaged(f"the document of the record's entry {row.idx} is missing")
    return records.parse(content(body))


def close_due(context: Context, now: int | None = None) -> list[str]:
    """Close every round for which nothing more can come; ids of the windows that were closed.

    NoScorecard where the log holds what a newer version of judging made: they wait for that program.
    """
    at = context.now() if now is None else now
    with context.read() as conn:
        derived = min(at, _derived(conn, at))
        ripe = [one for one in ledger(conn, at, 0, at + 1) if one.record is None and _ripe(one, derived)]
    for one in ripe:
        # One after the other: each record carries over what the one before it left open.
        with context.read() as conn:
            record = draft(context, conn, one.round, one.window)
        _close(context, record)
    return [one.window.id for one in ripe]


def _derived(conn: Connection, now: int) -> int:
    """Up to when the log's batches have been derived: the receipt time of the first that has not."""
    table = entry_table
    waiting = (table.c.idx >= series.cursor(conn), table.c.kind == int(EntryKind.BATCH))
    first = conn.execute(select(table.c.received).where(*waiting).order_by(table.c.idx).limit(1)).scalar()
    return now if first is None else int(first)


def _ripe(one: Occasion, now: int) -> bool:
    """Everything was read; or everything was answered and the window is over (somebody who has a round run
    now does not wait for that: an agent that could not look has said why); or it is too late. What people
    entered waits for its sign-off, and for nothing once it is too late."""
    if one.due == 0:
        return False
    if now >= one.window.until_ms + GRACE_MS:
        return True
    if one.human.unsigned:
        return False
    if one.done == one.due or (one.missed == 0 and BY_HAND in one.window.id):
        return True
    return now >= one.window.to_ms + GRACE_MS and one.missed == 0


def _close(context: Context, record: Record) -> None:
    counts = record.overview
    header = {
        "window": record.window.id,
        "round": record.round,
        "from": record.window.from_ms,
        "to": record.window.to_ms,
        "until": record.window.until_ms,
        "estate": record.estate,
        "counts": {
            "due": counts.due,
            "done": counts.done,
            "late": counts.late,
            "missed": counts.missed,
            "errors": counts.errors,
            "problems": counts.problems,
        },
        "judging": JUDGING,
    }

    def guard(conn: Connection) -> None:
        if rounds.record(conn, record.window.id) is not None:
            raise _AlreadyClosed

    try:
        projection.log(context, [(EntryKind.RECORD, header, records.encode(record))], guard)
    except _AlreadyClosed:
        return
    log.info("round %s closed: %d of %d", record.window.id, counts.done, counts.due)


class _AlreadyClosed(Exception):
    """Somebody else closed it meanwhile: nothing is to be done."""


class Rounds:
    """The server's timer for rounds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._timer = Timer("rounds", TICK_S, self._turn)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _turn(self) -> None:
        try:
            close_due(self._context)
        except (SQLAlchemyError, Damaged, NoScorecard) as error:
            log.error("rounds cannot be closed for now: %s", error)
        except Exception:
            # One round that cannot be closed must not end the timer for all others.
            log.exception("closing rounds failed")
