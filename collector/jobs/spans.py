"""The period that a name means to whoever asks: the contract's own of that name, else one of the calendar."""

from contextlib import suppress

from checks.recurrence import zone
from collector.context import Context
from collector.evidence.bundle import Period
from collector.evidence.periods import PeriodError, parse_period
from collector.jobs import scorecards
from collector.judging.judge import NoScorecard
from collector.scoring.model import PackPeriod
from collector.store import estates


def span_of(context: Context, text: str, local: str) -> Period:
    """The pack's period of this name or number, or any other (`2026-Q3`, `A/B`) in the zone of the estate in
    force, else `local`; PeriodError for what is none, naming the pack's."""
    now = context.now()
    with context.read() as conn:
        applied = estates.newest(conn)
        named = zone(local if applied is None else estates.terms(conn, applied.idx).timezone)
        known: tuple[PackPeriod, ...] = ()
        with suppress(NoScorecard):  # without a contract there are only the calendar's
            known = scorecards.every_period(conn, now)
    for one in known[::-1]:  # a number is one of the contract in force
        if text in (one.name, str(one.number)):
            return Period(one.name, one.from_ms, one.to_ms)
    try:
        return parse_period(text, named, now)
    except PeriodError as error:
        more = f"; the contract's are {', '.join(one.name for one in known)}" if known else ""
        raise PeriodError(f"{error}{more}") from None
