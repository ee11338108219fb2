"""Many rows at once, past the compiler: the deriver's writes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def upsert(conn: Connection, table: Table, rows: Sequence[tuple[Any, ...]], when: str = "") -> None:
    """Insert rows (all columns, in the table's order), or replace the row with the same key.

    `when` is a condition on the row that is there, without which it stays as it is.
    """
    if not rows:
        return
    columns = [column.name for column in table.c]
    keys = [column.name for column in table.primary_key]
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    values = ",".join([mark] * len(columns))
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    # Names are ours, values are bound.
    text = (
        f'INSERT INTO "{table.name}" ({_quoted(columns)}) VALUES ({values})'  # noqa: S608
        f" ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {changed}"
    )
    conn.exec_driver_sql(f"{text} WHERE {when}" if when else text, list(rows))


def _quoted(names: Sequence[str]) -> str:
    return ",".join(f'"{name}"' for name in names)
