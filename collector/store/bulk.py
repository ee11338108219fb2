"""Many rows at once, past the compiler: the deriver's writes."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

_SIZES = (64, 16, 4, 1)  # rows of one SQLite statement; each size is compiled once a connection


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[tuple[Any, ...]],
    when: str = "",
    *,
    fixed: tuple[str, ...] = (),
) -> None:
    """Insert rows (all columns, in the table's order), or replace the row with the same key.

    `when` is a condition on the row that is there, without which it stays as it is. `fixed` names
    columns that are known not to differ from the row that is there: their indexes are left alone.
    """
    if conn.dialect.name != "sqlite":
        if rows:
            conn.exec_driver_sql(_text(table, "%s", 1, when, fixed), list(rows))
        return
    # The driver lets go of the interpreter once a statement, and other threads take it for a while each
    # time: with a statement for each row, the intake would wait long for the end of the transaction.
    for some in _pieces(rows):
        conn.exec_driver_sql(_text(table, "?", len(some), when, fixed), tuple(chain.from_iterable(some)))


def _pieces(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    at = 0
    for size in _SIZES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


@lru_cache(maxsize=256)
def _text(table: Table, mark: str, count: int, when: str, fixed: tuple[str, ...]) -> str:
    columns = [column.name for column in table.c]
    keys = [column.name for column in table.primary_key]
    values = f"({','.join([mark] * len(columns))})"
    kept = {*keys, *fixed}
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in kept)
    # Names are ours, values are bound.
    text = (
        f'INSERT INTO "{table.name}" ({_quoted(columns)}) VALUES {",".join([values] * count)}'  # noqa: S608  # names of ours
        f" ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {changed}"
    )
    return f"{text} WHERE {when}" if when else text


def _quoted(names: Sequence[str]) -> str:
    return ",".join(f'"{name}"' for name in names)
