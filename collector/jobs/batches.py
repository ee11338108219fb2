"""Batches read back from the log, as they were handed on when they were taken in."""

from collections.abc import Iterator

from sqlalchemy import Connection

from checks.wire import entry, lines
from checks.wire import header as headers
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.evidence.accepted import Accepted
from collector.evidence.rows import Rows, read_lines
from collector.store import content, evidence, packs
from collector.store.evidence import Damaged, EntryRow

_CHUNK = 512


def read_batches(conn: Connection, from_idx: int, limit: int) -> Iterator[Accepted]:
    """Batches among the entries [from_idx, from_idx + limit), in log order; other kinds are passed over.

    A batch whose body was pruned comes without rows. The reader's cursor moves by `limit`, never
    beyond `log_size`.
    """
    quarantine = _Quarantine(conn)
    end = min(from_idx + limit, log_size(conn))
    for begin in range(from_idx, end, _CHUNK):
        for row in packs.entry_rows(conn, begin, min(begin + _CHUNK, end)):
            if row.kind == EntryKind.BATCH:
                yield _accepted(conn, row, quarantine)


def log_size(conn: Connection) -> int:
    """How many entries the log has."""
    return evidence.size(conn)


def lines_of(conn: Connection, idx: int) -> list[bytes]:
    """The lines of a batch, as signed; none if its body was pruned."""
    body = packs.body(conn, idx)
    return [] if body is None else lines.split(content.content(body))


def _accepted(conn: Connection, row: EntryRow, quarantine: "_Quarantine") -> Accepted:
    try:
        header = headers.parse(entry.parse(row.data or b"").header)
        rows = Rows(read_lines(lines_of(conn, row.idx))) if header.n else ()
    except WireError as error:
        raise Damaged(f"entry {row.idx} cannot be read ({error}): run fsck") from error
    scored = quarantine.scored(header.agent, header.epoch, row.idx)
    return Accepted(row.idx, header.agent, header.epoch, header.seq, row.received, header, rows, scored)


class _Quarantine:
    """From which entry to which an agent's batches do not score: from a fork to its release."""

    def __init__(self, conn: Connection) -> None:
        self._spans: dict[tuple[str, int], list[tuple[int, bool]]] = {}
        for row in evidence.of_kinds(conn, (EntryKind.FORK, EntryKind.RESET)):
            if row.agent is not None and row.epoch is not None:
                change = (row.idx, row.kind == EntryKind.FORK)
                self._spans.setdefault((row.agent, row.epoch), []).append(change)

    def scored(self, agent: str, epoch: int, idx: int) -> bool:
        """Whether the newest change before this entry was a release, or there was none."""
        spans = self._spans.get((agent, epoch), [])
        before = [forked for at, forked in spans if at < idx]
        return not before or not before[-1]
