"""What is paid over a term, from sealed scorecards, else from those of now; nothing is written."""

from collections.abc import Iterator

from sqlalchemy import Connection

from collector.context import Context
from collector.jobs import scorecards as jobs
from collector.judging import judge
from collector.judging.settling import Part, Settled, groups, settled
from collector.scoring.model import PackPeriod


def settlements(context: Context, as_of_ms: int | None = None) -> tuple[Settled, ...]:
    """The settlement of every payment of which a period has begun, as the log stood at an instant (now).

    NoScorecard without a pack, or where a seal was made by another pack than the one in force.
    """
    now = context.now()
    at = now if as_of_ms is None else as_of_ms
    if at > now:
        raise judge.NoScorecard("future", "that instant lies in the future: nothing is known of it")
    with context.read() as conn:
        every = jobs.periods(conn, at)
        chosen = judge.chosen(jobs.applied(conn, jobs.size_at(conn, at)), every[-1].name, at)
        parts = dict(_parts(conn, every, at))
        try:
            return tuple(settled(chosen.pack, groups(chosen.pack.pack, every), parts, chosen.options))
        except ValueError as error:
            raise judge.NoScorecard("other_pack", str(error)) from None


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
