"""The log as it stood at an instant: how much of it had come, the estates so far, what people had said."""

from sqlalchemy import Connection

from collector.jobs.said import all_said
from collector.judging.ground import Applied
from collector.statements.model import Said
from collector.store import estates, evidence, series


def size_at(conn: Connection, as_of_ms: int) -> int:
    """How much of the log had been received at an instant (UTC ms), as far as it is derived."""
    after = evidence.first_received(conn, as_of_ms + 1)
    derived = series.cursor(conn)
    return derived if after is None else min(after, derived)


def applied(conn: Connection, size: int) -> tuple[Applied, ...]:
    """Every estate below `size`."""
    known = [one for one in estates.every(conn) if one.idx < size]
    return tuple(Applied(one.idx, one.applied_ms, estates.terms(conn, one.idx)) for one in known)


def applied_at(conn: Connection, as_of_ms: int) -> tuple[Applied, ...]:
    """Every estate that had been received at an instant (UTC ms)."""
    return applied(conn, size_at(conn, as_of_ms))


def said_of(conn: Connection, as_of_ms: int, size: int) -> tuple[Said, ...]:
    """What stands of people's statements at an instant (UTC ms), in the first `size` entries."""
    return tuple(one for one in all_said(conn, as_of_ms) if one.entry < size)
