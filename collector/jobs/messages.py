"""Telling people: what is due goes into the outbox, what waits there goes out, what became of it is logged.

A line of the outbox stands before anything is sent, so a crash anywhere sends it again rather than never; its
entry and its end are one transaction. Whoever is being sent to holds up nobody else, and never the intake.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.availability.estate_terms import EstateTerms
from collector.context import Context, token_key
from collector.crash_points import crash_point
from collector.evidence.intake import Fenced
from collector.jobs import projection
from collector.jobs.message_status import held
from collector.jobs.message_subjects import SubjectsAsked, groups, subjects
from collector.jobs.timer import Timer
from collector.jobs.writer import NotDurable, Overload
from collector.notify.child import ACCEPTED
from collector.notify.due import REMINDER, Subject, Told, wanted
from collector.notify.means import Means, MeansError, address_digest
from collector.notify.receipts import MOST_ITEMS, OVER, PAST, VOID, Item, Message, header, said_of
from collector.notify.rules import CLOCK, FAULT, MISSED, Rule, channel_of, digest_of
from collector.notify.sending import DEADLINE_S, Text, send
from collector.reports.messages import Place, text_of
from collector.store import estates, messages, series, statements
from collector.store.evidence import Damaged
from collector.store.messages import ACCEPTED as TAKEN
from collector.store.messages import FAILED, Line

log = logging.getLogger(__name__)
TICK_S = 1.0
SHARE = 20  # looking for what is due may take a twentieth of the time
MOST_QUIET_MS = 30_000  # nothing new in the log: what is due by the clock alone
MOST_AT_ONCE = 4
LAST_S = 2.0
BACKOFF_MS = (30_000, 60_000, 120_000, 300_000, 600_000, 900_000)
GIVE_UP_MS = 86_400_000
KEPT_MS = 90 * 86_400_000
"""So long at least a line of the outbox is kept: longer than anything that passes is looked for."""
PASSING = (FAULT, CLOCK, MISSED)
"""Kinds that are not looked for any more after a while (MOST_BACK_MS), whether they are over or not."""
PRUNE_MS = 3_600_000
_RETRY = (Fenced, NotDurable, Overload, SQLAlchemyError)

Sender = Callable[[Means, str, Text, float], str]


@dataclass(frozen=True, slots=True)
class Due:
    """One message: to whom, what it tells, its text."""

    rule: Rule
    estate: str
    lines: tuple[Line, ...]
    text: Text


def prepare(context: Context, now: int | None = None, up_ms: int = 0) -> int:
    """Put what is due into the outbox; how many lines it were. `up_ms`: since when this server runs."""
    at = context.now() if now is None else now
    with context.read() as conn:
        terms = _terms(context, conn)
        if terms is None or not terms.notify:
            return 0
        before = messages.told(conn)
        known, blind = messages.counted(conn), messages.blind(conn)
    found, failed = _found(context, SubjectsAsked(at, terms, _running(before), up_ms, tuple(before)))
    # Outside of the transaction that writes: what another one put there meanwhile is refused by its key.
    rules = [(rule, known.get(_name(rule), at)) for rule in terms.notify]
    due = list(wanted(rules, found, before, at, zone(terms.timezone)))
    new = {name for name in map(_name, terms.notify) if name not in known}
    if not due and not new and failed.keys() == blind.keys():
        return 0
    with context.write() as conn:
        for name in sorted(new):
            messages.since(conn, name, at)
        messages.note_blind(conn, failed, at)
        made = 0
        for one in due:
            words = strict_json.dumps(dict(one.subject.words)).decode()
            item = (one.rule.to, one.subject.kind, one.subject.id, one.stage)
            made += messages.put(conn, (*item, at, one.not_before_ms, words))
    return made


def _running(before: Sequence[Told]) -> tuple[Told, ...]:
    """What was told of and, as far as was told, stands."""
    last: dict[tuple[str, str, str], str] = {}
    for one in before:
        if not one.stage.startswith(REMINDER):
            last[one.to, one.kind, one.id] = said_of(one.stage)
    return tuple(one for one in before if last.get((one.to, one.kind, one.id)) not in (OVER, PAST, VOID))


def _found(context: Context, asked: SubjectsAsked) -> tuple[list[Subject], dict[str, str]]:
    """What stands, of every kind that a rule names; and why what kinds cannot be looked for."""
    found: list[Subject] = []
    failed: dict[str, str] = {}
    for kinds in groups({rule.when for rule in asked.terms.notify}):
        try:
            with context.read() as conn:  # one each: a statement that fails spoils the transaction it is in
                found += subjects(conn, asked, kinds)
        except Exception as error:
            # Whatever it is: one kind that cannot be looked for must not silence the others.
            log.exception("%s cannot be looked for, nobody is told of it", ", ".join(sorted(kinds)))
            failed |= dict.fromkeys(kinds, type(error).__name__.lower())
    return found, failed


def prune(context: Context, now: int) -> int:
    """Drop lines of the outbox that nothing asks for any more; how many."""
    with context.write() as conn:
        return messages.prune(conn, now - KEPT_MS, PASSING)


def _terms(context: Context, conn: Connection) -> EstateTerms | None:
    """The terms in force; reading them is dear, and they are asked for every second."""
    applied = estates.newest(conn)
    if applied is None:
        return None
    key = (str(context.directory), applied.idx, applied.digest)
    if key not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[key] = estates.terms(conn, applied.idx)
    return _KNOWN[key]


_KNOWN: dict[tuple[str, int, str], EstateTerms] = {}


def _name(rule: Rule) -> str:
    """What makes a rule another one, so that it begins anew: whom it tells, of what, of where."""
    parts = (rule.when, rule.to, *rule.units, "|", *rule.systems, "|", *map(str, rule.levels))
    return sha256("\n".join(parts).encode()).hexdigest()


def outgoing(context: Context, now: int, busy: frozenset[str] = frozenset()) -> list[Due]:
    """A message for each recipient who is not being sent to, of all that waits for him."""
    with context.read() as conn:
        terms = _terms(context, conn)
        waiting = messages.waiting(conn, now) if terms is not None else []
    if terms is None:
        return []
    by_to: dict[str, list[Line]] = {}
    for line in waiting:
        by_to.setdefault(line.to, []).append(line)
    rules = {one.to: one for one in reversed(terms.notify)}
    _withdraw(context, [line.id for to, lines in by_to.items() if to not in rules for line in lines], now)
    free = [(rules[to], lines) for to, lines in by_to.items() if to in rules and to not in busy]
    return [_due(context, rule, terms, lines[:MOST_ITEMS], now) for rule, lines in free]


def _withdraw(context: Context, ids: Sequence[int], now: int) -> None:
    """What the estate does not ask for any more is not sent, and nothing is claimed of it."""
    if ids:
        with context.write() as conn:
            messages.done(conn, ids, now, FAILED, "withdrawn")


def _due(context: Context, rule: Rule, terms: EstateTerms, lines: Sequence[Line], now: int) -> Due:
    place = Place(context.settings.url, zone(terms.timezone), rule.lang)
    told = [(Item(one.kind, one.item, one.stage), one.words) for one in lines]
    return Due(rule, terms.estate, tuple(lines), text_of(told, now, place))


def deliver(context: Context, due: Due, sender: Sender = send, deadline_s: float = DEADLINE_S) -> str:
    """Send one message and keep what became of it; the code word."""
    crash_point("message-before")
    code = sender(Means(context.directory), due.rule.to, due.text, deadline_s)
    crash_point("message-sent")
    now = context.now()
    # What waited for a day is given up; what was put to it since has a day of its own.
    again = [one for one in due.lines if code != ACCEPTED and now < one.made_ms + GIVE_UP_MS]
    if again:
        wait = _wait_ms(max(one.tries for one in again))
        with context.write() as conn:
            messages.tried(conn, [one.id for one in again], now, code, now + wait)
        log.warning("a message by %s was not taken (%s): again in %d s", _channel(due), code, wait // 1000)
    ended = [one for one in due.lines if one not in again]
    if ended:
        _log(context, due, code, now, ended)
    return code


def _wait_ms(tries: int) -> int:
    """How long after so many tries that failed before this one."""
    return BACKOFF_MS[min(tries, len(BACKOFF_MS) - 1)]


def _log(context: Context, due: Due, code: str, now: int, lines: Sequence[Line]) -> None:
    """The entry and the end of the lines, together or not at all."""
    ids = [one.id for one in lines]
    state = TAKEN if code == ACCEPTED else FAILED
    made = Message(
        entry=-1,
        received_ms=now,
        estate=due.estate,
        to=digest_of(due.rule.to),
        address=_address(context, due.rule.to),
        channel=_channel(due),
        accepted=code == ACCEPTED,
        at_ms=now,
        tries=max(one.tries for one in lines) + 1,
        text=sha256(f"{due.text.title}\n\n{due.text.body}".encode()).hexdigest(),
        items=tuple(Item(one.kind, one.item, one.stage) for one in lines),
        whose=due.rule.whose,
    )

    def guard(conn: Connection) -> None:
        if not messages.done(conn, ids, now, state, "" if code == ACCEPTED else code):
            raise _DoneAlready

    try:
        projection.log(context, [(EntryKind.COLLECTOR, header(made), None)], guard)
    except _DoneAlready:
        return
    crash_point("message-logged")
    log.info("a message by %s of %d items: %s", made.channel, len(ids), code)


def _address(context: Context, to: str) -> str:
    try:
        address = Means(context.directory).address(to)
    except MeansError:
        address = ""
    return address_digest(token_key(context.directory), address)


def _channel(due: Due) -> str:
    return channel_of(due.rule.to)


class _DoneAlready(Exception):
    """Another process has logged these lines meanwhile: nothing is to be done."""


class Messages:
    """The server's thread for messages, and at most four more that wait for channels."""

    def __init__(
        self,
        context: Context,
        *,
        tick_s: float = TICK_S,
        sender: Sender = send,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._context, self._sender, self._deadline_s = context, sender, deadline_s
        self._timer = Timer("messages", tick_s, self._turn)
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Thread] = {}
        # By recipient: how often running what became of a message could not be kept, and until when he waits.
        self._unkept: dict[str, tuple[int, int]] = {}
        self._mark: tuple[int, ...] = ()
        self._held = ""
        self._next = 0.0
        self._prepared_ms, self._pruned_ms, self._up_ms = 0, 0, context.now()

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> None:
        """End after the turn at hand; what is on its way is sent again after the next start, at worst."""
        self._timer.stop()
        with self._lock:
            left = list(self._busy.values())
        for thread in left:
            thread.join(LAST_S)

    def _turn(self) -> None:
        if not self._context.writer.held and not self._context.database.sqlite:
            return
        if self._still():
            return
        # What cannot be looked for holds up nothing that waits already.
        for step in (self._prepare, self._send, self._prune):
            try:
                step()
            except (*_RETRY, Damaged) as error:
                log.error("messages wait: %s", error)
            except Exception:
                # One that cannot be told must not end the thread for all others.
                log.exception("telling people failed")

    def _still(self) -> bool:
        """Whether this is a restored copy of which nobody knows yet whether it is the living collector."""
        before, self._held = self._held, held(self._context.directory)
        if self._held != before:
            log.warning("%s", self._held or "people are told again: the restore is settled")
        return bool(self._held)

    def _prepare(self) -> None:
        """Look for what is due where something came in, within a share of the time."""
        if time.monotonic() < self._next:
            return
        now = self._context.now()
        with self._context.read() as conn:
            mark = self._marked(conn)
        if mark == self._mark and now < self._prepared_ms + MOST_QUIET_MS:
            return
        begun = time.monotonic()
        try:
            prepare(self._context, now, self._up_ms)
            self._mark, self._prepared_ms = mark, now
        finally:  # a dear look that fails takes no more of the time than one that does not
            self._next = time.monotonic() + SHARE * (time.monotonic() - begun)

    def _prune(self) -> None:
        now = self._context.now()
        if not self._pruned_ms <= now < self._pruned_ms + PRUNE_MS:
            prune(self._context, now)
            self._pruned_ms = now

    @staticmethod
    def _marked(conn: Connection) -> tuple[int, ...]:
        applied = estates.newest(conn)
        return (series.cursor(conn), -1 if applied is None else applied.idx, statements.newest_said(conn))

    def _send(self) -> None:
        with self._lock:
            free, busy = MOST_AT_ONCE - len(self._busy), frozenset(self._busy)
            now = self._context.now()
            # The upper bound: a clock that was set back holds nobody up for longer than a try does.
            waits = {to for to, (_, until) in self._unkept.items() if now < until <= now + BACKOFF_MS[-1]}
        if free <= 0:
            return
        for due in outgoing(self._context, now, busy | waits)[:free]:
            thread = threading.Thread(target=self._deliver, args=(due,), name="message", daemon=True)
            with self._lock:
                self._busy[due.rule.to] = thread
            thread.start()

    def _deliver(self, due: Due) -> None:
        kept = False
        try:
            deliver(self._context, due, self._sender, self._deadline_s)
            kept = True
        except _RETRY as error:
            log.error("what became of a message could not be kept, it is sent again: %s", error)
        except Exception:
            log.exception("a message could not be sent")
        finally:
            with self._lock:
                del self._busy[due.rule.to]
                self._keep(due.rule.to, kept)

    def _keep(self, to: str, kept: bool) -> None:
        """Who was sent to in vain waits, or he would get it every second as long as the disk is full."""
        failed, _ = self._unkept.pop(to, (0, 0))
        if not kept:
            self._unkept[to] = failed + 1, self._context.now() + _wait_ms(failed)
