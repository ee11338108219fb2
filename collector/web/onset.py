"""From a fault to its evidence: the entry of the first bad look."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, tuple_

from collector.store.runs import run_table
from collector.store.series import series_table


def entry_of(conn: Connection, keys: Sequence[tuple[str, str]], from_ms: int) -> int | None:
    """The entry with the observation that a fault beginning at `from_ms` begins with."""
    series, run = series_table, run_table
    bad = (run.c.outcome.in_(("fail", "degraded")), run.c.last >= from_ms)
    ours = tuple_(series.c.check, series.c.target).in_(list(keys))
    wanted = select(run.c.first_idx).join(series, series.c.id == run.c.series).where(ours, *bad)
    found = conn.execute(wanted.order_by(run.c.first).limit(1)).scalar()
    return None if found is None else int(found)
