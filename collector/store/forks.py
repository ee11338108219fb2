"""Forks and their releases, found without walking the whole log."""

from sqlalchemy import Connection, event

from checks.wire.numbers import EntryKind
from collector.store.evidence import entry_table

# Written out as numbers: a partial index is used only where the query says the very same.
_WHERE = f"kind IN ({int(EntryKind.RESET)}, {int(EntryKind.FORK)})"
# As text: an Index with a condition loads the dialects of both databases, which each command would wait for.
_INDEX = f"CREATE INDEX entry_fork ON entry (idx, kind, agent, epoch) WHERE {_WHERE}"


def _make(_table: object, conn: Connection, **_: object) -> None:
    conn.exec_driver_sql(_INDEX)


event.listen(entry_table, "after_create", _make)


def changes(conn: Connection) -> list[tuple[int, bool, str, int]]:
    """(idx, whether it is a fork or else a reset, agent, epoch) of each, in log order."""
    wanted = f"SELECT idx, kind, agent, epoch FROM entry WHERE {_WHERE} ORDER BY idx"  # noqa: S608 - ours
    rows = conn.exec_driver_sql(wanted)
    return [
        (idx, kind == EntryKind.FORK, agent, epoch)
        for idx, kind, agent, epoch in rows
        if agent is not None and epoch is not None
    ]
