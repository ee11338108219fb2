"""Batches read back from the log, as they were handed on when they were taken in."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from checks.wire import entry, lines
from checks.wire import header as headers
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.evidence.accepted import Accepted
from collector.evidence.looks import read_back
from collector.store import content, evidence, forks, packs
from collector.store.evidence import BodyRow, Damaged, EntryRow, body_table, entry_table

_CHUNK = 512


def read_batches(conn: Connection, from_idx: int, limit: int) -> Iterator[Accepted]:
    """Batches among the entries [from_idx, from_idx + limit), in log order; other kinds are passed over.

    A batch whose body was pruned comes without rows. The reader's cursor moves by `limit`, never
    beyond `log_size`.
    """
    quarantine = _Quarantine(conn)
    end = min(from_idx + limit, log_size(conn))
    for begin in range(from_idx, end, _CHUNK):
        upto = min(begin + _CHUNK, end)
        # Bodies by one query a chunk, not one a batch.
        found = {row.idx: row for row in packs.body_rows(conn, begin, upto)}
        for row in packs.entry_rows(conn, begin, upto):
            if row.kind == EntryKind.BATCH:
                yield _accepted(row, found.get(row.idx), quarantine)


def read_places(conn: Connection, places: Sequence[int]) -> list[Accepted]:
    """The batches at these positions, few enough for one query."""
    quarantine = _Quarantine(conn)
    entries = entry_table.c.idx.in_(places)
    rows = [EntryRow(*row) for row in conn.execute(select(entry_table).where(entries).order_by("idx"))]
    bodies = conn.execute(select(body_table).where(body_table.c.idx.in_(places)))
    found = {row[0]: BodyRow(*row) for row in bodies}
    made = []
    for row in rows:
        whole = row if row.data is not None else row._replace(data=packs.data_of(conn, row))
        made.append(_accepted(whole, found.get(row.idx) or packs.body(conn, row.idx), quarantine))
    return made


def log_size(conn: Connection) -> int:
    """How many entries the log has."""
    return evidence.size(conn)


def lines_of(conn: Connection, idx: int) -> list[bytes]:
    """The lines of a batch, as signed; none if its body was pruned."""
    body = packs.body(conn, idx)
    return [] if body is None else lines.split(content.content(body))


def _accepted(row: EntryRow, body: BodyRow | None, quarantine: "_Quarantine") -> Accepted:
    try:
        header = headers.parse(entry.parse(row.data or b"").header)
        rows = read_back(content.content(body), header.n) if header.n and body is not None else ()
    except WireError as error:
        raise Damaged(f"entry {row.idx} cannot be read ({error}): run fsck") from error
    scored = quarantine.scored(header.agent, header.epoch, row.idx)
    return Accepted(row.idx, header.agent, header.epoch, header.seq, row.received, header, rows, scored)


class _Quarantine:
    """From which entry to which an agent's batches do not score: from a fork to its release."""

    def __init__(self, conn: Connection) -> None:
        self._spans: dict[tuple[str, int], list[tuple[int, bool]]] = {}
        for idx, forked, agent, epoch in forks.changes(conn):
            self._spans.setdefault((agent, epoch), []).append((idx, forked))

    def scored(self, agent: str, epoch: int, idx: int) -> bool:
        """Whether the newest change before this entry was a release, or there was none."""
        spans = self._spans.get((agent, epoch), [])
        before = [forked for at, forked in spans if at < idx]
        return not before or not before[-1]
