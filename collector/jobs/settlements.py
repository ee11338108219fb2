"""What is paid over a term, from sealed scorecards, else from those of now; `seal` logs what is final."""

from collections.abc import Iterator

from sqlalchemy import Connection

from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs import projection
from collector.jobs import scorecards as jobs
from collector.jobs.as_of import applied_at
from collector.judging import judge, paid
from collector.judging.ground import Applied
from collector.judging.paid import Paid, Seals
from collector.judging.payments import payments
from collector.judging.settling import Part, Settled, settled
from collector.scoring.model import PackPeriod
from collector.store import estates, evidence, packs
from collector.store import scorecards as store
from collector.store.content import content
from collector.store.scorecards import SettledRow


def settlements(context: Context, as_of_ms: int | None = None) -> tuple[Settled, ...]:
    """The settlement of every payment of which a period has begun, as the log stood at an instant (now): of
    replaced contracts first.

    NoScorecard without a pack, or where a seal was made by another pack than its contract's.
    """
    now = context.now()
    at = now if as_of_ms is None else as_of_ms
    if at > now:
        raise judge.NoScorecard("future", "that instant lies in the future: nothing is known of it")
    made: list[Settled] = []
    with context.read() as conn:
        held = applied_at(conn, at)
        for one in payments(held, at):
            parts = dict(_parts(conn, one.group.periods, at))
            try:
                made += settled(one.chosen.pack, (one.group,), parts, one.chosen.options, judge.texts(held))
            except ValueError as error:
                raise judge.NoScorecard("other_pack", str(error)) from None
    return tuple(made)


def _parts(conn: Connection, every: tuple[PackPeriod, ...], at: int) -> Iterator[tuple[str, Part]]:
    for period in every:
        if period.from_ms > at:
            return
        rows = jobs.history(conn, period.name, at)
        if rows:
            sealed = jobs.read_sealed(conn, rows[-1])
            yield period.name, Part(sealed.scorecard, sealed.facts, True)
        else:
            made = jobs.scorecard_on(conn, period.name, at)
            yield period.name, Part(made.scorecard, made.facts, False)


def seal(context: Context, *, by: str, name: str | None = None) -> tuple[tuple[int, Paid], ...]:
    """Log the settlement of every payment of which all periods are sealed (or of this one), as far as it is
    not in the log already; with the entry of each.

    NoScorecard without a pack, for a payment that is not sealed, or where something was sealed meanwhile.
    """
    with context.read() as conn:
        now = evidence.instant(conn, context.now())
        held, seals, newest = _held(conn), _seals(conn), _newest(conn)
        wanted = paid.names(held, now, tuple(seals)) if name is None else (name,)
        before = {row.name: row for row in store.settled(conn)}
        made = [_made(before.get(one), held, seals, (now, one)) for one in wanted]
        new = [(old, one) for old, one in made if old is None or not paid.same(read(conn, old), one)]
    if not new:
        return ()

    def guard(conn: Connection) -> None:
        if _newest(conn) != newest:
            raise judge.NoScorecard("sealed_meanwhile", "something was sealed or applied meanwhile")

    entries = [
        (
            EntryKind.RECORD,
            {**paid.header_of(one, None if old is None else old.idx), "by": by},
            paid.encode(one),
        )
        for old, one in new
    ]
    idxs = projection.log(context, entries, guard)
    return tuple(zip(idxs, (one for _, one in new), strict=True))


def logged(conn: Connection) -> list[tuple[SettledRow, Paid]]:
    """Every settlement in the log, oldest first."""
    return [(row, read(conn, row)) for row in store.settled(conn)]


def read(conn: Connection, row: SettledRow) -> Paid:
    """A settlement, from the log."""
    body = packs.body(conn, row.idx)
    if body is None:
        raise evidence.Damaged(f"the document of the settlement's entry {row.idx} is missing")
    return paid.parse(content(body))


def _made(
    old: SettledRow | None, held: tuple[Applied, ...], seals: Seals, wanted: tuple[int, str]
) -> tuple[SettledRow | None, Paid]:
    """What is logged of a payment so far, and what it is now."""
    return old, paid.make(held, wanted[0], seals, wanted[1], 0 if old is None else old.number + 1)


def _newest(conn: Connection) -> tuple[int, ...]:
    """The newest entries of all that a settlement stands on."""
    known = (estates.every(conn), store.sealed(conn), store.settled(conn))
    return tuple(max((row.idx for row in rows), default=-1) for rows in known)


def _held(conn: Connection) -> tuple[Applied, ...]:
    known = estates.every(conn)
    return tuple(Applied(one.idx, one.applied_ms, estates.terms(conn, one.idx)) for one in known)


def _seals(conn: Connection) -> Seals:
    rows = {row.period: row for row in store.sealed(conn)}
    return {period: (row.idx, jobs.read_sealed(conn, row)) for period, row in rows.items()}
