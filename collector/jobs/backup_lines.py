"""Result lines of backup checks on their way into the derived table: what the policy engine needs of them."""

from collections.abc import Iterable, Iterator
from itertools import chain

from sqlalchemy import Connection

from checks.codec import FieldError
from checks.plan import Plan
from checks.result import Result, decode
from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.availability.clock import FUTURE_MS, shift_ms
from collector.backups.lines import PREFIX, distilled
from collector.evidence.accepted import Accepted
from collector.evidence.rows import Rows
from collector.jobs.batches import lines_of
from collector.store import backups
from collector.store.backups import LookRow

_MARK = PREFIX.encode()


def asks_for(plan: Plan) -> bool:
    """Whether a plan has backup checks: batches under any other plan are not gone through line by line."""
    owed = (item.check for part in plan.rounds for item in part.items)
    return any(check.startswith(PREFIX) for check in chain((item.check for item in plan.items), owed))


def found_in(batch: Accepted) -> Iterator[tuple[Accepted, int]]:
    """The lines of a batch that are looks at backups; an agent speaks for itself only."""
    packed = batch.rows.packed if isinstance(batch.rows, Rows) else None
    # Most batches hold none, and are packed: to open them costs more than all else that is derived of them.
    if batch.scored and (packed is None or _MARK in packed.who):
        latest = batch.received_ms + FUTURE_MS
        shift = shift_ms(batch.header.clock.offset_us)
        lines = batch.rows.lines if isinstance(batch.rows, Rows) else batch.rows
        for number, line in enumerate(lines):
            if line.check.startswith(PREFIX) and line.vantage == batch.agent and line.t0 - shift <= latest:
                yield batch, number


def rows_of(conn: Connection, found: Iterable[tuple[Accepted, int]]) -> list[LookRow]:
    """The rows of these lines; each batch is opened once. What was seen just before is not said again."""
    made, at, lines = [], -1, list[bytes]()
    known: dict[tuple[str, str, str], str | None] = {}
    for batch, number in found:
        if batch.idx != at:
            at, lines = batch.idx, lines_of(conn, batch.idx)
        if number < len(lines) and (result := _read(lines[number])) is not None:
            row = _row(batch, number, result)
            made.append(row if row.error is not None else _once(conn, row, known))
    return made


def _once(conn: Connection, row: LookRow, known: dict[tuple[str, str, str], str | None]) -> LookRow:
    series = row.check, row.target, row.vantage
    if series not in known:
        last = backups.last_look(conn, series)
        known[series] = None if last is None else last.seen
    if known[series] == row.seen:
        return row._replace(seen=backups.SAME)
    known[series] = row.seen
    return row


def _read(line: bytes) -> Result | None:
    try:
        return decode(line)
    except (WireError, FieldError):
        return None


def _row(batch: Accepted, number: int, result: Result) -> LookRow:
    return LookRow(
        idx=batch.idx,
        line=number,
        check=result.check,
        target=result.target,
        vantage=result.vantage,
        t=result.t0 - shift_ms(batch.header.clock.offset_us),
        received=batch.received_ms,
        offset_us=batch.header.clock.offset_us,
        error=None if result.error is None else str(result.error),
        seen=strict_json.dumps(distilled(result)).decode(),
    )
