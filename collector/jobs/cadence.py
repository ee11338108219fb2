"""The cadence and obligation ledger over the store, as of an instant.

It reads rows that are kept as rounds close (by unit and by check), the account of backups, reports of
scanners and statements: a new result costs the same however long the log is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from collector.availability import calendar_cn
from collector.faults.model import Finding
from collector.inspection.cadence_due import Ask, turns
from collector.inspection.cadence_model import Breach, Deed, Event, Observed, Span, Timed
from collector.inspection.cadence_terms import Every
from collector.inspection.obligations import ObligationLine
from collector.inspection.obligations import ledger as lines_of
from collector.inspection.obligations_backups import announced, restoring, troubles, untold
from collector.inspection.obligations_backups import breaches as backup_breaches
from collector.inspection.obligations_backups import deeds as backup_deeds
from collector.inspection.obligations_changes import breaches as change_breaches
from collector.inspection.obligations_changes import changed
from collector.inspection.obligations_changes import deeds as change_deeds
from collector.inspection.obligations_changes import events as change_events
from collector.inspection.obligations_counted import (
    Counting,
    backups_since,
    counting,
    reach_of,
    rounds_since,
    seen,
    span_of,
    term_of,
)
from collector.inspection.obligations_faults import Troubles
from collector.inspection.obligations_faults import extra as of_faults
from collector.inspection.obligations_looks import breaches, deeds
from collector.inspection.obligations_seen import BLIND, Extra, watched_too
from collector.jobs import backups as backup_jobs
from collector.jobs import faults, scans, scorecards
from collector.jobs.as_of import applied_at, size_at
from collector.jobs.backups import Account
from collector.jobs.logged_reports import reported
from collector.jobs.said import all_said
from collector.jobs.scorecards import services_seen
from collector.judging import judge
from collector.judging.asked import Asked
from collector.judging.backups import NOTHING, Stood, stood
from collector.judging.changes import changes
from collector.judging.ground import Applied, EarlierRounds, Ground, ServiceSeen, UnitRound, scope_at
from collector.judging.judge import Chosen
from collector.judging.scans import scan_of
from collector.scoring.model import PackPeriod
from collector.statements.model import Said
from collector.store import backups as backup_rows
from collector.store import cadence as store
from collector.store import evidence, messages, rounds
from collector.store import scorecards as unit_rounds

_DAY_MS = 86_400_000
_BELOW = 80  # points, LH-43
NONE = Extra()


class NoLedger(LookupError):
    """There is nothing to account for: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Told:
    """The ledger of a period (or of the whole term): by which pack, of how much of the log."""

    pack: str
    digest: str
    estate: str
    period: PackPeriod
    as_of_ms: int
    size: int
    lines: tuple[ObligationLine, ...]
    observed: Observed


@dataclass(frozen=True, slots=True)
class _Question:
    chosen: Chosen
    asked: Asked
    counting: Counting
    applied: tuple[Applied, ...]
    size: int


def ledger(conn: Connection, as_of_ms: int, period: str | None = None, *, whole_term: bool = False) -> Told:
    """The ledger of a period by name or number (the running one, else the last), or of the whole term.

    NoScorecard without a pack or such a period; NoLedger where the pack names no obligations.
    """
    asked = _question(conn, as_of_ms, period, whole_term)
    account = _account(conn, asked)
    ground = _ground(conn, asked, account)
    extra = _machine(conn, asked, account)
    for more in (_faults(conn, asked, ground), _availability(conn, asked), _moves(conn, asked, ground)):
        extra = _joined(extra, more)
    extra = _joined(extra, _below(conn, asked))
    observed = seen(asked.counting, ground, extra)
    observed = watched_too(observed, _before(conn, asked, observed))
    lines = lines_of(asked.counting.terms, observed, asked.counting.frame, asked.counting.span, ground.said)
    one = asked.chosen
    return Told(
        one.pack.pack.pack,
        one.pack.digest,
        one.applied.terms.estate,
        one.period,
        as_of_ms,
        asked.size,
        lines,
        observed,
    )


def _question(conn: Connection, as_of_ms: int, period: str | None, whole_term: bool) -> _Question:
    size = size_at(conn, as_of_ms)
    applied = tuple(one for one in applied_at(conn, as_of_ms) if one.at_ms <= as_of_ms)
    every = judge.periods(applied, as_of_ms)
    begun = [one for one in every if one.from_ms <= as_of_ms] or [every[0]]
    chosen = judge.chosen(applied, period or begun[-1].name, as_of_ms)
    every = chosen.periods
    if whole_term:
        term = replace(chosen.period, name="term", number=0, from_ms=every[0].from_ms, to_ms=every[-1].to_ms)
        chosen = replace(chosen, period=replace(term, first=every[0].first, end=every[-1].end))
    asked = judge.asked(chosen, as_of_ms)
    made = counting(
        chosen.pack.pack,
        asked.options,
        term_of(every),
        (chosen.period.from_ms, chosen.period.to_ms),
        as_of_ms,
        calendar_cn.shipped(),
    )
    if made is None:
        raise NoLedger("no_obligations", f"the pack {chosen.pack.pack.pack} names no obligations")
    return _Question(chosen, asked, made, applied, size)


def _ground(conn: Connection, asked: _Question, account: Account | None) -> Ground:
    """What had been received of the span, with as much before and after it as its rows reach."""
    span, as_of, size = reach_of(asked.counting), asked.counting.as_of_ms, asked.size
    within = unit_rounds.Within(*span, as_of, size)
    held, earlier = _rounds(conn, asked.counting, within)
    open_ = scorecards.pending_of(conn, held, span, (as_of, size))
    closed = unit_rounds.recorded(conn, within, [one.window for one in open_])
    stood = _backups(conn, asked.counting, account, span)
    return Ground(
        size=size,
        applied=asked.applied,
        rounds=held,
        pending=tuple(one for one in open_ if one.window not in closed),
        backups=stood.backups,
        unseen=stood.unseen,
        earlier=stood.earlier,
        earlier_rounds=earlier,
        scans=tuple(
            scan_of(one.idx, one.received, one.header) for one in scans.logged(conn) if one.idx < size
        ),
        said=tuple(one for one in all_said(conn, as_of) if one.entry < size),
    )


def _rounds(
    conn: Connection, asked: Counting, within: unit_rounds.Within
) -> tuple[tuple[UnitRound, ...], EarlierRounds | None]:
    """The rounds that turns of the span are told from; earlier ones are left to be read where a lapse reaches
    so far: of them it matters for the rest only when somebody was there."""
    since = rounds_since(asked)
    if since <= within.from_ms:
        return unit_rounds.rounds(conn, *within), None
    since = unit_rounds.unparted(conn, within, since)
    waited = unit_rounds.waited(conn, within, since)
    earlier = EarlierRounds(since, partial(unit_rounds.done, conn, within), waited)
    return unit_rounds.done(conn, within, since), earlier


def _account(conn: Connection, asked: _Question) -> Account | None:
    if not any(one.terms.backups is not None for one in asked.applied):
        return None
    try:
        return backup_jobs.account_at(conn, asked.counting.as_of_ms, asked.size)
    except backup_jobs.NoBackups:
        return None


def _backups(conn: Connection, asked: Counting, account: Account | None, span: Span) -> Stood:
    if account is None:
        return NOTHING
    since = backups_since(asked)
    near = asked.span[0] if since is None else since
    return stood(account.ledger, account.entries, partial(backup_rows.signers, conn), span, near)


def _special(conn: Connection) -> Extra:
    """Rounds that are due before occasions only."""
    special = {
        name
        for name, rules in rounds.rules(conn).items()
        if any(rule.plan is not None for rule in rules)
        and all(not rule.plan.every for rule in rules if rule.plan is not None)
    }
    return Extra(special=frozenset(special))


def _machine(conn: Connection, asked: _Question, account: Account | None) -> Extra:
    """Looks by check, drills and lines of the backup account, and the days on which anything came."""
    span, as_of = span_of(asked.counting), asked.counting.as_of_ms
    found = store.looked(conn, *span, as_of, asked.size)
    ledger = None if account is None else account.ledger
    scope = asked.applied[-1].terms.scope
    systems = dict(scope.objects) if scope is not None else {}
    failed, told = ((), False) if ledger is None else restoring(ledger)
    entries = {} if account is None else account.rows.newest
    return Extra(
        deeds=(
            *deeds(found),
            *_regular(conn, asked),
            *(backup_deeds(ledger, systems, entries, as_of) if ledger else ()),
            *announced(messages.every(conn, as_of, asked.size)),
            *reported(conn, span, as_of, asked.size),
        ),
        events=tuple(troubles(ledger, systems, entries)) if ledger else (),
        breaches=(
            *breaches(found),
            *_crit(conn, asked),
            *failed,
            *(backup_breaches(ledger, systems, entries) if ledger else ()),
        ),
        perhaps=tuple(untold(ledger, systems, entries)) if ledger else (),
        blind=BLIND - {"restore_success"} if told else BLIND,
        special=_special(conn).special,
        watched=tuple(_watched(conn, span, as_of)),
    )


def _regular(conn: Connection, asked: _Question) -> Iterator[Deed]:
    """Looks outside of rounds (probes): of each check the first and the last answer in each 31 days.

    What lies between is not claimed: a day or week of its own needs a round.
    """
    begins, ends = asked.counting.span
    for one in store.regular(conn, begins, min(ends, asked.counting.as_of_ms + 1), asked.size):
        for at in sorted({one.first, one.last}):
            yield Deed(f"check:{one.check}", at, at, one.idx, signer="log")


def _crit(conn: Connection, asked: _Question) -> Iterator[Breach]:
    """Looks outside of rounds that were crit, of checks that an obligation says must not be."""
    begins, ends = asked.counting.span
    named = {
        kind.removeprefix("crit:")
        for one in asked.counting.terms.obligations
        for held in one.cadences
        for kind in held.breach
        if kind.startswith("crit:")
    }
    until = min(ends, asked.counting.as_of_ms + 1)
    for one in store.crit(conn, sorted(named), begins, until, asked.size) if named else ():
        at = max(one.first, begins)
        yield Breach(f"crit:{one.check}", at, at, one.idx, line=one.line, what=one.target, until_ms=one.last)


def _before(conn: Connection, asked: _Question, observed: Observed) -> Iterator[Span]:
    """The first thing that came to the log in each stretch before an occasion: those are short."""
    one = asked.counting
    for cadence in (held for obligation in one.terms.obligations for held in obligation.cadences):
        if cadence.every is Every.BEFORE:
            for turn in turns(Ask(cadence, one.terms, one.frame, one.span), observed):
                first = evidence.first_entry(conn, turn.from_ms)
                if first is not None and first[1] < min(turn.due_ms, one.as_of_ms + 1):
                    yield first[1], first[1] + 1


def _watched(conn: Connection, span: Span, as_of: int) -> Iterator[Span]:
    """In each week the first day (UTC) on which anything came to the log: then the collector was there, on
    the log's own first day since its first entry.

    Days between are told by the rounds that closed; looking up each of them would cost more than it tells.
    """
    at = span[0]
    while at < min(span[1], as_of + 1):
        idx, received = evidence.first_entry(conn, at) or (0, as_of + 1)
        if received > as_of:
            return
        day = received // _DAY_MS * _DAY_MS
        yield (day if idx else received), day + _DAY_MS
        at = day + 7 * _DAY_MS


def _faults(conn: Connection, asked: _Question, ground: Ground) -> Extra:
    """Faults, vulnerabilities, findings, incidents of the span with their clocks; changes that were seen."""
    pack = asked.chosen.pack.pack
    if pack.faults is None and pack.vulnerabilities is None and pack.findings is None:
        return NONE
    zone_term = span_of(asked.counting)
    question = faults.Asked(
        asked.chosen.applied,
        pack,
        asked.asked.options,
        (min(zone_term[0], asked.counting.span[0]), asked.counting.span[1]),
        asked.counting.span,
        asked.counting.as_of_ms,
        asked.size,
    )
    account, _, _ = faults.account(conn, question, asked.chosen.period)
    troubles = Troubles(account.faults, account.incidents, account.vulnerabilities, account.findings)
    made = of_faults(troubles, asked.counting.as_of_ms)
    return made if pack.findings is None else _joined(made, _changed(asked, account.findings, ground))


def _changed(asked: _Question, findings: Sequence[Finding], ground: Ground) -> Extra:
    """Drifts and systems that left the estate, and who reported them."""
    rounds, earlier = ground.rounds, ground.earlier_rounds
    if earlier is not None and any(one.kind == "change_requested" for one in ground.said):
        # Whether a change was over is told by the rounds after it, however old it is.
        rounds = (*earlier.read(-(2**53), earlier.to_ms), *rounds)
    found = changes(findings, ground.said, rounds, asked.counting.span)
    seen_ = changed(found, asked.applied, ground.said, asked.counting.span)
    return Extra(
        deeds=tuple(change_deeds(seen_)),
        events=tuple(change_events(seen_)),
        breaches=tuple(change_breaches(found)),
        blind=BLIND - {"unapproved_change"},
    )


def _moves(conn: Connection, asked: _Question, ground: Ground) -> Extra:
    """Systems that move to the cloud: a clock over the stated window, kept by being up all through it."""
    begins, ends = asked.counting.span
    clocks = []
    for one in ground.said:
        window = one.fields.get("from"), one.fields.get("to")
        if one.kind != "migration" or not isinstance(window[0], int) or not isinstance(window[1], int):
            continue
        if begins <= window[0] < ends:
            clocks.append(_move(conn, asked, one, (window[0], window[1])))
    return Extra(clocks=tuple(clocks))


def _move(conn: Connection, asked: _Question, one: Said, window: Span) -> Timed:
    system, as_of = str(one.fields.get("system")), asked.counting.as_of_ms
    state, entries = "running" if as_of < window[1] else "unknown", [one.entry]
    if window[0] < as_of:
        period = replace(asked.asked.period, from_ms=window[0], to_ms=window[1])
        every = services_seen(conn, asked.applied, replace(asked.asked, period=period), asked.size)
        seen_ = next((found for found in every if found.system == system), None)
        if seen_ is not None:
            entries += sorted({proof.entry for proof in seen_.proofs})
            if seen_.high is not None and seen_.high < 1:
                state = "late"
            elif as_of >= window[1] and seen_.low == 1:
                state = "kept"
    reason = "not_observed" if state == "unknown" else "interrupted" if state == "late" else ""
    done = window[1] if state == "kept" else None
    unit = next((held.unit for held in scope_at(asked.applied, window[0]).systems if held.id == system), None)
    return Timed(
        "migration.uninterrupted",
        str(one.entry),
        state,
        *window,
        done,
        tuple(entries),
        unit,
        system,
        reason=reason,
    )


def _below(conn: Connection, asked: _Question) -> Extra:
    """Sealed scorecards below 80 points (LH-43): the event is the seal."""
    wanted = {
        limit.start_event
        for one in asked.counting.terms.obligations
        for limit in (cadence.deadline for cadence in one.cadences)
        if limit is not None
    }
    if "score_below_80" not in wanted:
        return NONE
    begins, ends = asked.counting.span
    made = {}
    for row in unit_rounds.sealed(conn, upto=asked.counting.as_of_ms):
        if begins <= row.received < ends and row.idx < asked.size and row.period not in made:
            total = scorecards.read_sealed(conn, row).scorecard.total
            if total is not None and total < _BELOW:
                made[row.period] = Event("score_below_80", row.period, row.received, row.received, row.idx)
    return Extra(events=tuple(made.values()))


def _availability(conn: Connection, asked: _Question) -> Extra:
    """Systems whose availability misses the estate's target even at best; blind where one may have kept it
    or not, or where nothing was promised."""
    targets = {one.id: one.target for one in asked.chosen.applied.terms.services if one.target is not None}
    if not targets:
        return NONE
    every = services_seen(conn, asked.applied, asked.asked, asked.size)
    found = [one for one in every if one.system in targets]
    if not found or asked.counting.span[0] >= asked.counting.as_of_ms:
        return NONE
    at = min(asked.counting.span[1], asked.counting.as_of_ms) - 1
    missed = tuple(
        Breach("availability_missed", at, at, _newest(one), system=one.system, what=f"{one.high}")
        for one in found
        if one.high is not None and one.high < targets[one.system]
    )
    kept = all(one.low is not None and one.low >= targets[one.system] for one in found)
    return Extra(breaches=missed, blind=BLIND - {"availability_missed"} if kept or missed else BLIND)


def _newest(one: ServiceSeen) -> int:
    return max((proof.entry for proof in one.proofs), default=-1)


def _joined(one: Extra, other: Extra) -> Extra:
    return Extra(
        deeds=(*one.deeds, *other.deeds),
        events=(*one.events, *other.events),
        breaches=(*one.breaches, *other.breaches),
        perhaps=(*one.perhaps, *other.perhaps),
        clocks=(*one.clocks, *other.clocks),
        special=one.special | other.special,
        watched=(*one.watched, *other.watched),
        blind=one.blind & other.blind,
    )
