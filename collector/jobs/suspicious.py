"""Figures that look made up, from the records of finished rounds."""

from sqlalchemy import Connection

from collector.jobs import rounds, scorecards
from collector.judging import suspicious
from collector.judging.judge import NoScorecard
from collector.store import rounds as store


def suspicions(conn: Connection, period: str, as_of_ms: int) -> tuple[suspicious.Suspicion, ...]:
    """Those that reach into a period, from all records of the term up to its end; NoScorecard."""
    every = scorecards.periods(conn, as_of_ms)
    chosen = next((one for one in every if period in (one.name, str(one.number))), None)
    if chosen is None:
        names = ", ".join(one.name for one in every)
        raise NoScorecard("no_such_period", f"there is no period {period}; there are {names}")
    rows = store.records(conn, every[0].from_ms, chosen.to_ms)
    made = (rounds.read_record(conn, row) for row in rows)
    return suspicious.suspicions(made, chosen.from_ms, chosen.to_ms)
