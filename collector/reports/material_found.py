"""What judging knows of a period, for its documents: everything that the estate's contract asks for."""

from collector.context import Context
from collector.documents.judged import Judged
from collector.faults.model import Account
from collector.inspection.obligations import ObligationLine
from collector.jobs import cadence, faults, scorecards, spans
from collector.jobs.as_of import size_at
from collector.jobs.cadence import NoLedger
from collector.jobs.faults import Told
from collector.jobs.scorecards import Made
from collector.judging.judge import NoScorecard
from collector.reports.judging_found import archive_of, judged_of
from collector.reports.material import Found, Span
from collector.scoring.model import PackPeriod
from collector.store import evidence, late, packs, series

_ZONE = "Asia/Shanghai"


def span_of(context: Context, name: str) -> Span:
    """The pack's period of this name, or any other (`2026-Q3`, `A/B`), as of the newest instant up to which
    all that was received is derived. PeriodError for what is none; NoScorecard while late results are
    derived."""
    made = spans.span_of(context, name, _ZONE)
    with context.read() as conn:
        if late.count(conn):
            raise NoScorecard("not_settled", "results that came late are still being derived: try again")
        # As of the log's own clock: the machine's may have been ahead, and was set right since.
        at = evidence.instant(conn, context.now())
        row = packs.entry(conn, series.cursor(conn))
        at = at if row is None else min(at, row.received - 1)
        return Span(made.name, made.from_ms, made.to_ms, at, size_at(conn, at))


def found_in(context: Context, span: Span) -> Found:
    """Scorecard, archive, ledger and faults of a span; the first three only of a period of the pack."""
    with context.read() as conn:
        try:
            periods = scorecards.every_period(conn, span.as_of_ms)
        except NoScorecard:
            return Found()
    period = next((one for one in periods if one.name == span.name), None)
    faults_ = _faults(context, periods, span)
    if period is None:
        return Found(faults=faults_)
    made, judged, seal = _judged(context, period, span)
    with context.read() as conn:
        archive = archive_of(conn, period, span.as_of_ms)
    return Found(judged, archive, _ledger(context, period, span), faults_, seal, made.size)


def _judged(context: Context, period: PackPeriod, span: Span) -> tuple[Made, Judged, tuple[int, int] | None]:
    """What was sealed last, else how it stands: a document never says more than the seal."""
    with context.read() as conn:
        rows = scorecards.history(conn, period.name)  # a seal is not derived: it may be newer than the rest
        if rows:
            held = scorecards.read_sealed(conn, rows[-1])
            made = Made(held.scorecard, held.facts, held.estate, held.size)
            return made, judged_of(conn, made), (rows[-1].idx, rows[-1].number)
        made = scorecards.scorecard_on(conn, period.name, span.as_of_ms)
        return made, judged_of(conn, made), None


def _ledger(context: Context, period: PackPeriod, span: Span) -> tuple[ObligationLine, ...] | None:
    with context.read() as conn:
        try:
            return cadence.ledger(conn, span.as_of_ms, period.name).lines
        except NoLedger:
            return None


def _faults(context: Context, periods: tuple[PackPeriod, ...], span: Span) -> Account:
    """Of the pack's period where it is one, else of the whole term."""
    name = next((one.name for one in periods if one.name == span.name), None)
    with context.read() as conn:
        told: Told = faults.told(conn, span.as_of_ms, name)
    return told.account
