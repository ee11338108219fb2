"""The inbox: frames that are durable but have no place in the log yet (several collectors, one log).

A collector that does not hold the sequencer's lease keeps what it receives here and answers `accepted`;
the holder gives places and settles in the same transaction. SQLite and PostgreSQL, one SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    delete,
    select,
)

from checks.wire import entry, frame
from checks.wire import header as headers
from checks.wire.frame import Frame
from checks.wire.header import Header
from checks.wire.numbers import EntryKind
from collector.evidence.answers import Ack, Status
from collector.evidence.intake import AgentKey, LogId
from collector.store import evidence, packs
from collector.store.engine import Database
from collector.store.metadata import metadata

inbox_table = Table(
    "inbox",
    metadata,
    Column("log", Text),
    Column("agent", Text),
    Column("epoch", Integer),
    Column("seq", BigInteger),
    Column("digest", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("frame", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log", "agent", "epoch", "seq"),
)


class SqlIntake:
    """`Intake` in the collector's database."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now

    def append(self, frames: Sequence[Frame]) -> list[Ack]:
        """Keep frames, durable when it returns: accepted, known or fork for each."""
        with self._database.write(first=True) as conn:
            return [self._keep(conn, one) for one in frames]

    def _keep(self, conn: Connection, one: Frame) -> Ack:
        header, digest = headers.parse(one.header), sha256(one.header).hexdigest()
        logged = evidence.find(conn, header.agent, header.epoch, header.seq, EntryKind.BATCH)
        if logged is not None:
            same = entry.parse(packs.data_of(conn, logged)).header == one.header
            return _ack(header, Status.KNOWN if same else Status.FORK, logged.idx if same else None)
        row = (header.log, header.agent, header.epoch, header.seq, digest, self._now(), frame.encode(one))
        mark = ",".join(["?" if conn.dialect.name == "sqlite" else "%s"] * len(row))
        # Names are constants, values are bound.
        text = (
            "INSERT INTO inbox (log, agent, epoch, seq, digest, received, frame)"  # noqa: S608  # marks of ours
            f" VALUES ({mark}) ON CONFLICT DO NOTHING"
        )
        if conn.exec_driver_sql(text, row).rowcount == 1:
            return _ack(header, Status.ACCEPTED)
        table = inbox_table
        wanted = (
            table.c.log == header.log,
            table.c.agent == header.agent,
            table.c.epoch == header.epoch,
            table.c.seq == header.seq,
        )
        kept = conn.execute(select(table.c.digest).where(*wanted)).scalar()
        return _ack(header, Status.KNOWN if kept == digest else Status.FORK)

    def pending(self, log: LogId, limit: int) -> list[Frame]:
        """Accepted frames without a place, in seq order within an agent."""
        table = inbox_table
        order = (table.c.agent, table.c.epoch, table.c.seq)
        rows = select(table.c.frame).where(table.c.log == log).order_by(*order).limit(limit)
        with self._database.read() as conn:
            return [frame.decode(data) for (data,) in conn.execute(rows)]

    def settle(self, log: LogId, upto: Mapping[AgentKey, int]) -> None:
        """Forget pending frames up to these seqs."""
        with self._database.write(first=True) as conn:
            settle(conn, log, upto)


def settle(conn: Connection, log: LogId, upto: Mapping[AgentKey, int]) -> None:
    """The same inside a transaction that also holds their entries."""
    table = inbox_table
    for key, seq in upto.items():
        wanted = (
            table.c.log == log,
            table.c.agent == key.agent,
            table.c.epoch == key.epoch,
            table.c.seq <= seq,
        )
        conn.execute(delete(table).where(*wanted))


def _ack(header: Header, status: Status, idx: int | None = None) -> Ack:
    return Ack(status, header.agent, header.epoch, header.seq, idx=idx)
