"""Forks and their releases, found without walking the whole log."""

from sqlalchemy import Connection, Index, text

from checks.wire.numbers import EntryKind
from collector.store.evidence import entry_table

# Written out as numbers: a partial index is used only where the query says the very same.
_WHERE = f"kind IN ({int(EntryKind.RESET)}, {int(EntryKind.FORK)})"
Index(
    "entry_fork",
    entry_table.c.idx,
    entry_table.c.kind,
    entry_table.c.agent,
    entry_table.c.epoch,
    sqlite_where=text(_WHERE),
    postgresql_where=text(_WHERE),
)


def changes(conn: Connection) -> list[tuple[int, bool, str, int]]:
    """(idx, whether it is a fork or else a reset, agent, epoch) of each, in log order."""
    wanted = f"SELECT idx, kind, agent, epoch FROM entry WHERE {_WHERE} ORDER BY idx"  # noqa: S608 - ours
    rows = conn.exec_driver_sql(wanted)
    return [
        (idx, kind == EntryKind.FORK, agent, epoch)
        for idx, kind, agent, epoch in rows
        if agent is not None and epoch is not None
    ]
