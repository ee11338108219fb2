"""Triggers that refuse to change or remove evidence, on SQLite and PostgreSQL alike.

They slow a careless hand down; what proves that nothing was changed is the tree.
Allowed: `entry.data` set to NULL once the group of 256 stands in `pack`, nothing else changing;
such a row taken out, to be laid elsewhere (SQLite; the pack holds every byte of it, and fsck misses the row);
a body removed once its group is packed, or once a `prune` entry (kind 11) stands behind it in the log.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, Table, event

_NEVER = ("tile", "checkpoint", "pack")

_SQLITE = [
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in _NEVER
        for verb in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry WHEN NOT ("
    " old.data IS NULL AND EXISTS (SELECT 1 FROM pack WHERE n = old.idx / 256))"
    " BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END",
    "CREATE TRIGGER entry_only_packing BEFORE UPDATE ON entry WHEN NOT ("
    " new.data IS NULL AND new.idx = old.idx AND new.kind = old.kind AND new.agent IS old.agent"
    " AND new.epoch IS old.epoch AND new.seq IS old.seq AND new.received = old.received"
    " AND EXISTS (SELECT 1 FROM pack WHERE n = old.idx / 256))"
    " BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END",
    "CREATE TRIGGER body_no_update BEFORE UPDATE ON body"
    " BEGIN SELECT RAISE(ABORT, 'body is append-only'); END",
    "CREATE TRIGGER body_only_packing BEFORE DELETE ON body WHEN NOT ("
    " EXISTS (SELECT 1 FROM pack WHERE n = old.idx / 256)"
    " OR EXISTS (SELECT 1 FROM entry WHERE kind = 11 AND idx > old.idx))"
    " BEGIN SELECT RAISE(ABORT, 'body is append-only'); END",
]

_POSTGRES = [
    "CREATE OR REPLACE FUNCTION evidence_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$",
    "CREATE OR REPLACE FUNCTION entry_only_packing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF new.data IS NULL AND new.idx = old.idx AND new.kind = old.kind"
    " AND new.agent IS NOT DISTINCT FROM old.agent AND new.epoch IS NOT DISTINCT FROM old.epoch"
    " AND new.seq IS NOT DISTINCT FROM old.seq AND new.received = old.received"
    " AND EXISTS (SELECT 1 FROM pack WHERE n = old.idx / 256) THEN RETURN new; END IF;"
    " RAISE EXCEPTION 'entry is append-only'; END $$",
    "CREATE OR REPLACE FUNCTION body_only_packing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF EXISTS (SELECT 1 FROM pack WHERE n = old.idx / 256)"
    " OR EXISTS (SELECT 1 FROM entry WHERE kind = 11 AND idx > old.idx) THEN RETURN old; END IF;"
    " RAISE EXCEPTION 'body is append-only'; END $$",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION evidence_refuse()"
        for table in _NEVER
    ),
    "CREATE TRIGGER entry_no_delete BEFORE DELETE OR TRUNCATE ON entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION evidence_refuse()",
    "CREATE TRIGGER entry_only_packing BEFORE UPDATE ON entry"
    " FOR EACH ROW EXECUTE FUNCTION entry_only_packing()",
    "CREATE TRIGGER body_no_update BEFORE UPDATE OR TRUNCATE ON body"
    " FOR EACH STATEMENT EXECUTE FUNCTION evidence_refuse()",
    "CREATE TRIGGER body_only_packing BEFORE DELETE ON body"
    " FOR EACH ROW EXECUTE FUNCTION body_only_packing()",
]


def renew(conn: Connection) -> None:
    """Bring triggers that an older release made up to date."""
    if conn.dialect.name != "sqlite":
        return
    rows = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    held: dict[str, str] = {name: text for name, text in rows}
    for text in _SQLITE:
        name = text.split()[2]
        if name in held and held[name] != text:
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
            conn.exec_driver_sql(text)


def guard(metadata: MetaData) -> None:
    """Have the triggers made together with the tables, once."""
    event.listen(metadata, "after_create", _make)


def _make(_target: MetaData, conn: Connection, *, tables: Sequence[Table], **_: object) -> None:
    if not any(table.name == "entry" for table in tables):
        return  # the evidence tables were there already, and with them their triggers
    for text in _SQLITE if conn.dialect.name == "sqlite" else _POSTGRES:
        conn.exec_driver_sql(text)
