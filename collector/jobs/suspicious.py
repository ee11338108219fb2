"""Figures that look made up, from the records of finished rounds."""

from sqlalchemy import Connection

from collector.jobs import rounds
from collector.jobs.as_of import applied_at
from collector.judging import judge, suspicious
from collector.store import rounds as store


def suspicions(conn: Connection, period: str, as_of_ms: int) -> tuple[suspicious.Suspicion, ...]:
    """Those that reach into a period, from all records of the term up to its end; NoScorecard."""
    chosen = judge.chosen(applied_at(conn, as_of_ms), period, as_of_ms)
    rows = store.records(conn, chosen.periods[0].from_ms, chosen.period.to_ms)
    made = (rounds.read_record(conn, row) for row in rows)
    return suspicious.suspicions(made, chosen.period.from_ms, chosen.period.to_ms)
