"""Which tables this version of the program has, and with which the database was derived.

Derived tables come and go with versions; what an older one derived lacks what a newer one counts, and would
pass for "nothing there". So the shape is noted when a database is made or rebuilt, and compared at opening.
"""

from hashlib import sha256

from sqlalchemy import Column, Connection, Integer, String, Table, delete, insert, select

from collector.backups import kept
from collector.judging import inspections
from collector.store.metadata import metadata

shape_table = Table(
    "shape", metadata, Column("id", Integer, primary_key=True), Column("digest", String(64), nullable=False)
)


def digest() -> str:
    """SHA-256 (hex) over names, columns and types of all tables of this version, and the forms of documents
    that are kept in them."""
    lines = sorted(
        f"{table.name} {column.name} {column.type!r}"
        for table in metadata.tables.values()
        for column in table.c
    )
    lines.append(f"backup_fold {kept.VERSION}")
    lines.append(f"unit_round {inspections.VERSION}")
    return sha256("\n".join(lines).encode()).hexdigest()


def same(conn: Connection) -> bool:
    """Whether the database was derived with the tables of this version."""
    return conn.execute(select(shape_table.c.digest)).scalar() == digest()


def note(conn: Connection) -> None:
    """From now on it is."""
    conn.execute(delete(shape_table))
    conn.execute(insert(shape_table).values(id=1, digest=digest()))
