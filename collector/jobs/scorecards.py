"""Scorecards over the store: what the log says of a period, counted, sealed and amended.

`gather` reads the tables that are kept day by day (closed rounds by unit, looks at backups, runs), so a new
result costs the same however old the log is. The offline verifier fills the same `Ground` from a bundle.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from checks.wire.numbers import EntryKind
from collector.availability import calendar_cn
from collector.context import Context
from collector.faults.counted import terms_of
from collector.faults.ground import Ground as Troubles
from collector.jobs import backups as backup_jobs
from collector.jobs import faults, scans
from collector.jobs.as_of import applied, applied_at, said_of, size_at
from collector.jobs.said import all_said, approvals, book_of
from collector.judging import backups, judge, ledgers, pending, sealed, services
from collector.judging.asked import Asked
from collector.judging.backups import NOTHING, Stood
from collector.judging.changes import Changes
from collector.judging.changes import changes as changes_of
from collector.judging.estates import Estates
from collector.judging.ground import (
    Applied,
    Ground,
    Pending,
    ServiceSeen,
    UnitRound,
)
from collector.judging.judge import Chosen, NoScorecard
from collector.judging.scans import scan_of
from collector.judging.sealed import Change, Sealed
from collector.judging.services import Keys, Looks
from collector.judging.version import FRESH_MS, UNNAMED
from collector.scoring.model import PackPeriod, PeriodFacts, Scorecard
from collector.scoring.terms import Option, Value, Weights
from collector.statements.fields import FieldsError
from collector.statements.kind import written
from collector.statements.kinds import KINDS
from collector.statements.lateness import instant_of
from collector.statements.model import Said, Through
from collector.store import backups as looks
from collector.store import evidence, late, packs, rounds, runs, series
from collector.store import scorecards as store
from collector.store.content import content
from collector.store.scorecards import SealedRow

SUPPOSED = -1


@dataclass(frozen=True, slots=True)
class Made:
    """A scorecard with what it counts. `estate`: digest of the one whose pack judges; `size`: of the log."""

    scorecard: Scorecard
    facts: PeriodFacts
    estate: str
    size: int
    weights: Weights | None = None
    """How units count in their mean, by the pack that judged."""


@dataclass(frozen=True, slots=True)
class Status:
    """provisional (it runs), over (and not sealed), or sealed: by which entries, and what changed since.

    `judging`: the version of judging of the newest of them (version.py).
    """

    word: str
    entries: tuple[SealedRow, ...]
    changes: tuple[Change, ...]
    judging: int = UNNAMED


def ground_of(conn: Connection, chosen: Chosen, asked: Asked, supposed: tuple[Said, ...] = ()) -> Ground:
    """What had been received up to an instant, of the term up to the end of a period."""
    as_of_ms = asked.as_of_ms
    size = size_at(conn, as_of_ms)
    every = applied(conn, size)
    span = chosen.periods[0].from_ms, asked.period.to_ms
    stood = _backups(conn, every, span, (as_of_ms, size), ledgers.backups_from(asked))
    said = said_of(conn, as_of_ms, size)
    held = store.rounds(conn, *span, as_of_ms, size)
    return Ground(
        size=size,
        applied=every,
        rounds=held,
        pending=pending_of(conn, held, span, (as_of_ms, size)),
        backups=stood.backups,
        unseen=stood.unseen,
        earlier=stood.earlier,
        scans=tuple(
            scan_of(one.idx, one.received, one.header) for one in scans.logged(conn) if one.idx < size
        ),
        services=tuple(services_seen(conn, every, asked, size)) if services.wanted(asked.kinds) else (),
        said=(*said, *supposed),
        troubles=_troubles(conn, chosen, asked, size, supposed),
        special=_special(conn, size),
    )


def pending_of(
    conn: Connection, held: Sequence[UnitRound], span: tuple[int, int], at: tuple[int, int]
) -> tuple[Pending, ...]:
    """Rounds of a span without a record; `at`: as of when, and of how much of the log."""
    rules = {
        name: [pending.Rule(name, one.since_ms, one.timezone, one.plan) for one in every if one.idx < at[1]]
        for name, every in rounds.rules(conn).items()
    }
    return pending.pending(rules, held, span, at[0])


def _special(conn: Connection, size: int) -> frozenset[str]:
    """Rounds that are due before occasions only, by all their rules so far."""
    known = {
        name: [one.plan for one in rules if one.plan is not None and one.idx < size]
        for name, rules in rounds.rules(conn).items()
    }
    return frozenset(name for name, plans in known.items() if plans and not any(p.every for p in plans))


def _troubles(
    conn: Connection, chosen: Chosen, asked: Asked, size: int, supposed: tuple[Said, ...]
) -> Troubles:
    question = faults.Asked(
        applied=chosen.applied,
        pack=asked.pack,
        options=asked.options,
        term=(chosen.periods[0].from_ms, chosen.periods[-1].to_ms),
        window=(asked.period.from_ms, asked.period.to_ms),
        as_of_ms=asked.as_of_ms,
        size=size,
        supposed=supposed,
    )
    return faults.ground(conn, question, terms_of(asked.pack, asked.options))


def _backups(
    conn: Connection, held: tuple[Applied, ...], span: tuple[int, int], at: tuple[int, int], since: int
) -> Stood:
    if not any(one.terms.backups is not None for one in held):
        return NOTHING
    try:
        seen = backup_jobs.seen_at(conn, *at)
    except backup_jobs.NoBackups:
        return NOTHING
    return backups.stood(seen.account, seen.entries, partial(looks.signers, conn), span, since)


def services_seen(
    conn: Connection, held: tuple[Applied, ...], asked: Asked, size: int
) -> Iterator[ServiceSeen]:
    """The availability of each system, each stretch by the estate then in force, then of all together."""
    span = asked.period.from_ms, asked.period.to_ms
    end = min(asked.as_of_ms, asked.period.to_ms)
    estates_then = Estates.of(held, said_of(conn, asked.as_of_ms, size))
    given = services.Measured(estates_then, approvals(conn, size), calendar_cn.shipped(), span, end)

    def looks_at(keys: Keys) -> Looks:
        return {
            key: {
                vantage: [(row.run, row.last_idx) for row in rows if row.lo_idx < size]
                for vantage, rows in by_vantage.items()
            }
            for key, by_vantage in runs.for_leaves(conn, keys, *span).items()
        }

    yield from services.measured(given, looks_at)


def periods(conn: Connection, as_of_ms: int) -> tuple[PackPeriod, ...]:
    """The periods of the contract in force: its term; NoScorecard."""
    return judge.periods(applied_at(conn, as_of_ms), as_of_ms)


def every_period(conn: Connection, as_of_ms: int) -> tuple[PackPeriod, ...]:
    """All that can be asked for: those of contracts that were replaced first, then `periods`; NoScorecard."""
    return judge.every_period(applied_at(conn, as_of_ms), as_of_ms)


def options(conn: Connection, period: str, as_of_ms: int) -> tuple[Option, ...]:
    """The ambiguities of the pack that judges a period; NoScorecard."""
    return judge.chosen(applied_at(conn, as_of_ms), period, as_of_ms).pack.pack.options


def changes(conn: Connection, period: str, as_of_ms: int) -> Changes:
    """Drifts first seen in a period, and which of them somebody had approved; NoScorecard."""
    told = faults.told(conn, as_of_ms, period)
    size = size_at(conn, as_of_ms)
    found = judge.chosen(applied(conn, size), period, as_of_ms)
    span = found.period.from_ms, found.period.to_ms
    rounds_by_unit = store.rounds(conn, found.periods[0].from_ms, span[1], as_of_ms, size)
    return changes_of(told.account.findings, all_said(conn, as_of_ms), rounds_by_unit, span)


def scorecard(
    context: Context, name: str, as_of_ms: int | None = None, options: Mapping[str, Value] | None = None
) -> Made:
    """The scorecard of a period, as the log stood at an instant (now).

    NoScorecard without such a period, OptionError for a reading that the pack doesn't have.
    """
    now = context.now()
    at = now if as_of_ms is None else as_of_ms
    if at > now:
        raise NoScorecard("future", "that instant lies in the future: nothing is known of it")
    with context.read() as conn:
        return scorecard_on(conn, name, at, options)


def scorecard_on(
    conn: Connection, name: str, as_of_ms: int, options: Mapping[str, Value] | None = None
) -> Made:
    """The same on one snapshot."""
    return _made(conn, name, as_of_ms, options or {}, ())


def _made(
    conn: Connection, name: str, as_of_ms: int, options: Mapping[str, Value], supposed: tuple[Said, ...]
) -> Made:
    chosen = judge.chosen(applied_at(conn, as_of_ms), name, as_of_ms)
    judge.begun(chosen.period, as_of_ms)
    question = judge.asked(chosen, as_of_ms, options)
    ground = ground_of(conn, chosen, question, supposed)
    facts, card = judge.judged(chosen, ground, question)
    weights = chosen.pack.pack.scoring.weights
    return Made(card, facts, chosen.applied.terms.estate, ground.size, weights)


def history(conn: Connection, period: str, as_of_ms: int | None = None) -> list[SealedRow]:
    """The seal of a period and its amendments, oldest first."""
    return store.sealed(conn, period, as_of_ms)


def read_sealed(conn: Connection, row: SealedRow) -> Sealed:
    """A sealed scorecard, from the log."""
    body = packs.body(conn, row.idx)
    if body is None:
        raise evidence.Damaged(f"the document of the scorecard's entry {row.idx} is missing")
    return sealed.parse(content(body))


def status(conn: Connection, made: Made) -> Status:
    """Whether a period is provisional or sealed as of the scorecard's instant, and what has changed since."""
    card = made.scorecard
    rows = history(conn, card.period.name, card.as_of_ms)
    if not rows:
        return Status("over" if card.as_of_ms >= card.period.to_ms else "provisional", (), ())
    newest = read_sealed(conn, rows[-1])
    return Status("sealed", tuple(rows), sealed.changes(newest.scorecard, card), newest.judging)


def suppose(context: Context, made: Made, text: str, options: Mapping[str, Value] | None = None) -> Made:
    """The scorecard as if something had been stated now: `KIND:field=value,field=value`.

    It is held to all that a statement is, but for the future: what is not over yet may be supposed.
    FieldsError for an unknown kind, field or value, or what the estate or the pack has not.
    """
    from collector.jobs.known import unfit  # what is only shown supposes nothing

    kind, _, rest = text.partition(":")
    at = made.scorecard.as_of_ms
    said = supposed(kind, dict(part.partition("=")[::2] for part in rest.split(",") if part), at)
    with context.read() as conn:
        told = {one.entry: one for one in book_of(conn, at).said}
        for code, name, detail in unfit(conn, KINDS[kind], said.fields, told, at, ahead=True):
            raise FieldsError(code, name, detail)
        return _made(conn, made.scorecard.period.name, at, options or {}, (said,))


def supposed(kind: str, fields: Mapping[str, str], at_ms: int) -> Said:
    """A statement that nobody has made: entry -1, signed by nobody; FieldsError."""
    known = KINDS.get(kind)
    if known is None or known.older:
        raise FieldsError(
            "unknown_kind", "kind", f"no statement {kind}; there are {', '.join(sorted(KINDS))}"
        )
    made = written(known, fields)
    when = instant_of(made.get(known.when)) if known.when else None
    role = "buyer" if "buyer" in known.who else sorted(known.who)[0]
    return Said(kind, SUPPOSED, at_ms, "?", role, Through.SESSION, made, at_ms=when)


def seal(context: Context, name: str, *, by: str) -> tuple[int, Sealed] | None:
    """Log the seal of a period that is over, or its next amendment; None where nothing has changed since.

    NoScorecard for a period that still runs, or while late results are still being derived.
    """
    from collector.jobs import projection  # what only writes is not loaded to show a scorecard

    with context.read() as conn:
        if late.count(conn):
            raise NoScorecard("not_settled", "results that came late are still being derived: try again")
        at = evidence.instant(conn, context.now())
        now = _derived_to(conn, at)
        if at - now > FRESH_MS:  # it would leave out what came since, and whoever verifies finds that
            raise NoScorecard("not_settled", "what came lately is still being derived: try again")
        made = scorecard_on(conn, name, now)
        period = made.scorecard.period
        if min(now, context.now()) < period.to_ms:  # the log's newest instant is of a clock that was ahead
            raise NoScorecard("period_open", f"{period.name} is not over")
        rows = history(conn, period.name)
        before = read_sealed(conn, rows[-1]) if rows else None
    changed = () if before is None else sealed.changes(before.scorecard, made.scorecard)
    if before is not None and sealed.same(before.scorecard, made.scorecard):
        return None
    number = len(rows)
    whole = sealed.now(made.size, made.estate, (made.facts, made.scorecard), number, changed)
    header = {**sealed.header_of(whole, rows[-1].idx if rows else None), "by": by}

    def guard(conn: Connection) -> None:
        if len(history(conn, period.name)) != number:
            raise NoScorecard("sealed_meanwhile", f"somebody else sealed {period.name} meanwhile")
        # Something that came in the very millisecond would be left out, and found by whoever verifies.
        if (evidence.first_received(conn, now + 1) or evidence.size(conn)) > made.size:
            raise NoScorecard("not_settled", "something came while it was made: try again")

    idx = projection.log(context, [(EntryKind.RECORD, header, sealed.encode(whole))], guard)[0]
    return idx, whole


def _derived_to(conn: Connection, now: int) -> int:
    """The newest instant up to which all that was received is derived: a seal may leave nothing out."""
    row = packs.entry(conn, series.cursor(conn))
    return now if row is None else min(now, row.received - 1)
