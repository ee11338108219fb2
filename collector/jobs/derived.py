"""Whether all of the log is derived: a command that has nothing to derive need not load what derives."""

from sqlalchemy import Connection

from collector.context import Context
from collector.store import evidence, late, series


def is_whole(conn: Connection) -> bool:
    """Whether the derived tables have seen every entry, and nothing that came late waits."""
    return evidence.size(conn) <= series.cursor(conn) and not late.count(conn)


def catch_up(context: Context) -> None:
    """Derive what the log has beyond the cursor (for commands; a server beside them does it too)."""
    with context.read() as conn:
        if is_whole(conn):
            return
    from collector.jobs import derive

    derive.catch_up(context)
