"""Applied estates, as a projection of their entries; the document itself is the entry's body in the log."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Connection, Table, Text, insert, select

from collector.availability.estate_terms import EstateTerms, parse
from collector.store import packs
from collector.store.content import content
from collector.store.evidence import BodyRow, Damaged
from collector.store.metadata import BIG, metadata

if TYPE_CHECKING:
    from collector.estate.loading import Loaded

estate_table = Table(
    "estate",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Applied:
    """An applied estate: its entry, the digest of its files, when and by whom."""

    idx: int
    digest: str
    name: str
    applied_ms: int
    by: str


def add(conn: Connection, applied: Applied) -> None:
    """Follow an estate's entry."""
    row = (applied.idx, applied.digest, applied.name, applied.applied_ms, applied.by)
    conn.execute(insert(estate_table).values(row))


def newest(conn: Connection, at_ms: int | None = None) -> Applied | None:
    """The estate in force: the newest one, or the newest that was applied at `at_ms`."""
    table = estate_table
    wanted = select(table).order_by(table.c.idx.desc()).limit(1)
    if at_ms is not None:
        wanted = wanted.where(table.c.applied <= at_ms)
    found = conn.execute(wanted).first()
    return Applied(*found) if found else None


def every(conn: Connection) -> list[Applied]:
    """All applied estates, oldest first."""
    return [Applied(*row) for row in conn.execute(select(estate_table).order_by(estate_table.c.idx))]


def terms(conn: Connection, idx: int) -> EstateTerms:
    """The document of an estate's entry."""
    return _unpacked(_body(conn, idx))


def loaded(conn: Connection, idx: int) -> "Loaded":
    """The estate of an entry, read again from its files with the checks of this program."""
    return loaded_of(document(conn, idx))


def agent_of_asset(conn: Connection, asset: str) -> str:
    """The agent id for an asset: what the estate says, else the asset's own id."""
    applied = newest(conn)
    if applied is None:
        return asset
    found = next((one for one in loaded(conn, applied.idx).estate.assets if one.id == asset), None)
    return found.agent if found is not None and found.agent else asset


def document(conn: Connection, idx: int) -> bytes:
    """The document of an estate's entry as it was logged."""
    return content(_body(conn, idx))


def _body(conn: Connection, idx: int) -> BodyRow:
    body = packs.body(conn, idx)
    if body is None:
        raise Damaged(f"the document of the estate's entry {idx} is missing")
    return body


@lru_cache(maxsize=8)  # a page of many systems asks for it once for each
def _unpacked(body: BodyRow) -> EstateTerms:
    return _parsed(content(body))


@lru_cache(maxsize=8)
def _parsed(document: bytes) -> EstateTerms:
    return parse(document)


@lru_cache(maxsize=4)
def loaded_of(document: bytes) -> "Loaded":
    """The estate of a document, read again from its files; EstateError."""
    # A scorecard needs no checks and none of what reads estate files: half of what its command would import.
    from collector.estate.catalog import installed
    from collector.estate.loading import packed, reread

    files = _parsed(document).files
    return reread(packed({name: text.encode() for name, text in files.items()}), installed())
