"""Documents that the collector logged (`report`), as deeds `report:KIND` of the ledger of obligations."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.inspection.cadence_model import Deed, Span
from collector.inspection.deadlines import day_of, shanghai
from collector.store import evidence, packs
from collector.store.evidence import entry_table
from collector.store.rounds import record_table

_YEAR_MS = 300 * 86_400_000  # a span of that length is an analysis of the year, no quarter's
_OF_A_YEAR = frozenset({"quarterly-operation", "service-year"})


def reported(conn: Connection, span: Span, as_of_ms: int, size: int) -> Iterator[Deed]:
    """Those received in the span up to an instant, of the first `size` entries; about the middle of the
    period that they name. One that was made before that period was over is there and does not count."""
    table = entry_table
    rounds = select(record_table.c.idx)
    # Receipt times never fall: the span is a stretch of the log, and no entry in front of it is looked at.
    begin = evidence.first_received(conn, span[0])
    end = evidence.first_received(conn, min(span[1], as_of_ms + 1))
    if begin is None:
        return
    wanted = (
        table.c.idx >= begin,
        table.c.idx < (size if end is None else min(end, size)),
        table.c.kind == int(EntryKind.RECORD),
        table.c.idx.not_in(rounds),
    )
    for (idx,) in conn.execute(select(table.c.idx).where(*wanted).order_by(table.c.idx)).all():
        yield from _known(conn, idx)


def _known(conn: Connection, idx: int) -> tuple[Deed, ...]:
    """What an entry tells; each is read once by a process, for none ever changes."""
    held = _READ.setdefault(conn.engine, {})
    if idx not in held:
        row = packs.entry(conn, idx)
        header = {} if row is None or row.data is None else strict_json.loads(entry.parse(row.data).header)
        told = row is not None and isinstance(header.get("document"), str)
        held[idx] = tuple(_deeds(header, row.idx, row.received)) if told and row is not None else ()
    return held[idx]


_READ: WeakKeyDictionary[Engine, dict[int, tuple[Deed, ...]]] = WeakKeyDictionary()
"""What entries of a store tell, by index."""


def _deeds(header: dict[str, object], idx: int, received: int) -> Iterator[Deed]:
    begins, ends, as_of = (header.get(name) for name in ("from", "to", "as_of"))
    if not (isinstance(begins, int) and isinstance(ends, int) and isinstance(as_of, int)):
        return
    kind, yearly = str(header["document"]), ends - begins >= _YEAR_MS
    words = [] if yearly and kind == "quarterly-operation" else [kind]
    words += ["operation-year"] if yearly and kind in _OF_A_YEAR else []
    whole, about = as_of >= ends, day_of((begins + ends) // 2, shanghai())
    for word in words:
        reason = "" if whole else "provisional"
        yield Deed(
            f"report:{word}", received, received, idx, counts=whole, reason=reason, about=about, signer="log"
        )
