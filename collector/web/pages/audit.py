"""What people did with accounts, agents and estates: entries of the evidence log itself."""

import json
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, select

from checks.wire import entry
from checks.wire.numbers import EntryKind
from collector.documents.tables import Column, Kind, Table
from collector.store import packs
from collector.store.accounts import Role
from collector.store.evidence import EntryRow, entry_table
from collector.store.messages import message_table
from collector.web.catalogue import TEXTS
from collector.web.pages.base import context, t, table

NEWEST = 200
_COLUMNS = (
    Column("when", Kind.WHEN),
    Column("event"),
    Column("by"),
    Column("subject"),
    Column("entry", Kind.ENTRY),
)


def note(
    event: str, account: str | None, act: Callable[[Connection], None] | None = None, /, **fields: str
) -> int:
    """Log an event of an account, and do in the same transaction what it tells of (`act`). Never a password,
    never what somebody typed at the door."""
    header = {"event": event, "account": account, **fields}
    effect = None if act is None else lambda conn, _idx: act(conn)
    return context().append_collector_entry(EntryKind.COLLECTOR, header, effect=effect)


@table("audit", Role.ADMIN)
def audit_table(_args: Mapping[str, str]) -> Table:
    """The newest events, newest first."""
    sent = select(message_table.c.idx)  # what became of messages has a table of its own
    newest = select(entry_table).where(
        entry_table.c.kind == EntryKind.COLLECTOR, entry_table.c.idx.not_in(sent)
    )
    with context().read() as conn:
        found = [
            EntryRow(*row) for row in conn.execute(newest.order_by(entry_table.c.idx.desc()).limit(NEWEST))
        ]
        rows = [_row(row, packs.data_of(conn, row)) for row in found]
    return Table("audit", t("audit.title"), _COLUMNS, rows, t("audit.empty"))


def _row(row: EntryRow, data: bytes) -> tuple[object, ...]:
    header = json.loads(entry.parse(data).header)
    event = str(header.get("event", "-"))
    subject = next(
        (str(header[key]) for key in ("subject", "agent", "asset", "digest") if header.get(key)), None
    )
    return row.received, event_words(event), _by(header), subject, row.idx


def _by(header: Mapping[str, object]) -> object:
    """The account; without one, where it was done."""
    by = header.get("by")
    return header.get("account") or (t("audit.command_line") if by == "command line" else by)


def event_words(event: str) -> str:
    """An event in words; one that has none here is shown as logged."""
    return t(f"event.{event}") if f"event.{event}" in TEXTS else event
